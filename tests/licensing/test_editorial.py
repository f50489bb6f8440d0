"""Licenses of the separate editorial collections, images and clips, by the same rules of money."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from affiliate.errors import PurchaseRefused
from affiliate.licensing.models import MEDIA_ENDPOINTS, MediaKind
from tests.simulator import (
    FIRST_EDITORIAL,
    Simulator,
    answer_with,
    hang_up,
    report_clips,
    reports,
    simulator,
)
from tests.support.licensing_command import make_site, run
from tests.support.purchase_desk import PurchaseDesk, agency, at, count_posts, open_counter, state

__all__ = ["agency", "at"]

IDS: dict[MediaKind, str] = {
    "editorial": f"{FIRST_EDITORIAL}b",
    "editorial-video": f"{FIRST_EDITORIAL}a",
}
BOTH = pytest.mark.parametrize("media", IDS)


def buy(at: PurchaseDesk, media: MediaKind, **asked: Any) -> Any:
    """License the item, its notice agreed to."""
    at.agency.subscribe(reports(), report_clips())
    [offer] = at.offer(IDS[media], media=media, country="USA", **asked)
    return list(at.desk.license([offer.with_notice_accepted()]))


def path(media: MediaKind) -> str:
    return f"{MEDIA_ENDPOINTS[media].path}/licenses"


@BOTH
def test_it_is_bought_by_its_own_call(at: PurchaseDesk, media: MediaKind) -> None:
    """License, country and size are sent, no subscription; the id comes from the history."""
    [done] = buy(at, media)
    assert state(done) == "licensed"
    [bought] = at.agency.purchases
    assert done.purchase.license_id == bought.id
    [post] = [seen for seen in at.agency.requests if seen.method == "POST"]
    assert post.path == path(media)
    assert post.json() == {
        "country": "USA",
        "editorial": [{"editorial_id": IDS[media], "size": "original", "license": bought.license}],
    }


@BOTH
def test_nothing_is_sent_without_agreement_or_country(at: PurchaseDesk, media: MediaKind) -> None:
    """The notice comes first, and so does the country."""
    at.agency.subscribe(reports(), report_clips())
    [offer] = at.offer(IDS[media], media=media, country="USA")
    with pytest.raises(PurchaseRefused, match="agree to the notice"):
        list(at.desk.license([offer]))
    with pytest.raises(PurchaseRefused, match="need a country"):
        at.offer(IDS[media], media=media)
    assert count_posts(at.agency) == 0


@BOTH
def test_the_sandbox_sells_none(tmp_path: Path, media: MediaKind) -> None:
    """It is said before anything is sent."""
    with simulator(size=20, sandbox=True) as sandbox, open_counter(sandbox, tmp_path) as at:
        sandbox.subscribe(reports(), report_clips())
        with pytest.raises(PurchaseRefused, match="sandbox refuses editorial"):
            at.offer(IDS[media], media=media, country="USA")
        assert count_posts(sandbox) == 0


@BOTH
def test_metadata_goes_with_it(at: PurchaseDesk, media: MediaKind) -> None:
    """The fields that were given reach the agency and its history."""
    buy(at, media, metadata={"job": "7"})
    assert at.agency.purchases[0].metadata == {"job": "7"}
    assert next(at.account.iter_history(media)).metadata == {"job": "7"}


@BOTH
@pytest.mark.parametrize(("stage", "found"), [("acted", "licensed"), ("read", "unknown")])
def test_a_lost_answer_is_settled(
    at: PurchaseDesk, media: MediaKind, stage: Any, found: str
) -> None:
    """By the history of its own kind; what it lacks is tried again once that is certain."""
    at.agency.misbehave(hang_up(stage), on=path(media), method="POST")
    [done] = buy(at, media)
    assert state(done) == found
    at.skip += timedelta(minutes=11)
    assert at.desk.settle() == []
    assert [state(one) for one in buy(at, media)] == [
        "refused" if found == "licensed" else "licensed"
    ]
    assert len(at.agency.purchases) == 1


@BOTH
def test_a_repeat_is_refused(at: PurchaseDesk, media: MediaKind) -> None:
    """Within a day, as everything else."""
    buy(at, media)
    assert [state(one) for one in buy(at, media)] == ["refused"]
    assert len(at.agency.purchases) == 1


@BOTH
def test_what_may_not_be_shown_there_is_refused(at: PurchaseDesk, media: MediaKind) -> None:
    """A 406 to the purchase leaves nothing unknown."""
    at.agency.misbehave(answer_with(406), on=path(media), method="POST")
    [done] = buy(at, media)
    assert state(done) == "failed"


def command(agency: Simulator, folder: Path, media: MediaKind, *options: str) -> Result:
    """Run the command of an owner who agrees."""
    agency.subscribe(reports(), report_clips())
    kind = ("--editorial", "--video") if media.endswith("video") else ("--editorial",)
    arguments = ("license", IDS[media], *kind, "--country", "USA", "--live", "--yes", *options)
    return run(make_site(agency, folder), *arguments, says="y\n")


@BOTH
def test_the_file_comes_with_the_purchase(
    agency: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, media: MediaKind
) -> None:
    """As the API gives editorial files once, it is there when the command ends, asked or not."""
    monkeypatch.chdir(tmp_path)
    shown = command(agency, tmp_path, media)
    assert shown.exit_code == 0, shown.output
    assert [one.suffix for one in tmp_path.glob(f"{IDS[media]}*")] == [
        ".mov" if media.endswith("video") else ".jpg"
    ]
    kind = ("--editorial", "--video") if media.endswith("video") else ("--editorial",)
    listed = run(make_site(agency, tmp_path), "history", *kind, "--live").output
    assert agency.purchases[0].id in listed
    assert "not downloadable" in listed


@BOTH
def test_a_file_that_is_lost_is_said_to_be(
    agency: Simulator, tmp_path: Path, media: MediaKind
) -> None:
    """Where its one link is refused, nobody is sent to a command that can't bring it."""
    agency.misbehave(answer_with(403), on="/gatekeeper/*", times=None)
    shown = command(agency, tmp_path, media, "--dir", str(tmp_path / "files"))
    assert shown.exit_code == 3
    assert "It can't be had later." in shown.output
    assert "flask download" not in shown.output
