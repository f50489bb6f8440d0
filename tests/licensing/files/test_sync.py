"""A folder holds every license's file once, however often and however badly runs end."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from affiliate.errors import AgencyDown, BadCredentials, DiskFailed, DownloadFailed
from affiliate.licensing.files.captions import Captions
from affiliate.licensing.files.manifest import Manifest, ManifestLine, iter_lines
from affiliate.licensing.files.sync import MAX_FAILURES_IN_A_ROW, Sync, SyncReport, _lock_folder
from affiliate.licensing.files.xmp import Tags
from affiliate.licensing.models import MediaKind
from tests.simulator import Simulator, answer_with, hang_up, run_first, simulator
from tests.support.owner_account import make_original, owner
from tests.support.synced import check_folder, count_link_requests
from tests.support.tags import read_scan, read_texts, read_xmp

HOST = "/gatekeeper/*"
DOWNLOADS = "/v2/images/licenses/*/downloads"
HISTORY = "/v2/images/licenses"
VIDEO: dict[str, Any] = {"media": "video", "media_id": "20000000", "size": "web"}


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(500) as one:
        yield one


def no_tags(_media: MediaKind, _ids: Sequence[str]) -> Mapping[str, Tags]:
    return {}


def run(agency: Simulator, folder: Path, media: Sequence[MediaKind] = ("image",)) -> SyncReport:
    """One run without tags."""
    with owner(agency) as (account, downloads):
        return Sync(account, downloads, folder, describe=no_tags).run(media)


def pages_asked(agency: Simulator) -> list[str]:
    return [one.first("page") for one in agency.requests if one.path == HISTORY]


def test_everything_comes_newest_first(agency: Simulator, tmp_path: Path) -> None:
    """Images and videos of all kinds are fetched and listed with what is known of them."""
    bought = [
        agency.buy(0, metadata={"client": "A"}),
        agency.buy(1, size="vector"),
        agency.buy(2),
        agency.buy(**VIDEO),
    ]
    report = run(agency, tmp_path / "new" / "dam", ("image", "video"))
    listed = check_folder(agency, tmp_path / "new" / "dam")
    assert [one.license for one in listed] == [bought[n].id for n in (2, 1, 0, 3)]
    assert listed[2].metadata == {"client": "A"}
    assert listed[2].path == f"1000000-small-{bought[0].id}.jpg"
    assert (tmp_path / "new" / "dam" / str(listed[2].path)).read_bytes() == make_original(bought[0])
    assert (report.fetched, report.without, report.failures) == (4, 0, [])
    assert report.bytes == sum(len(make_original(one)) for one in bought)


def test_a_custom_size_comes_as_it_was(agency: Simulator, tmp_path: Path) -> None:
    """A redownload can't name a size of one's own, so the license's is left to it."""
    agency.buy(0, size="custom", dimensions=(300, 200))
    assert run(agency, tmp_path).failures == []
    assert [one.size for one in check_folder(agency, tmp_path)] == ["custom"]


def test_an_empty_history_is_no_fault(agency: Simulator, tmp_path: Path) -> None:
    """Without a license there is an empty manifest."""
    assert run(agency, tmp_path).fetched == 0
    assert list(iter_lines(tmp_path)) == []


def test_a_second_run_stops_at_the_first_known(agency: Simulator, tmp_path: Path) -> None:
    """Only what is new is fetched, and the history no further looked through."""
    for number in range(450):
        agency.buy(number, downloadable=number % 50 == 0)
    run(agency, tmp_path)
    assert pages_asked(agency) == ["1", "2", "3"] * 2
    agency.requests.clear()
    assert run(agency, tmp_path).fetched == 0
    newer = agency.buy(7)
    assert run(agency, tmp_path).fetched == 1
    assert pages_asked(agency) == ["1", "1"]
    assert count_link_requests(agency) == 1
    assert check_folder(agency, tmp_path)[-1].license == newer.id


def test_a_stopped_run_leaves_no_hole(agency: Simulator, tmp_path: Path) -> None:
    """What a stopped run did not reach is fetched, though newer licenses are known by then."""
    for number in range(6):
        agency.buy(number)

    def stop(report: SyncReport) -> None:
        if report.fetched == 3:
            raise KeyboardInterrupt

    with owner(agency) as (account, downloads), pytest.raises(KeyboardInterrupt):
        Sync(account, downloads, tmp_path, describe=no_tags, watch=stop).run(["image"])
    agency.buy(6)
    agency.requests.clear()
    assert run(agency, tmp_path).fetched == 4
    assert count_link_requests(agency) == 4
    check_folder(agency, tmp_path)


def test_a_failure_is_made_up_for(agency: Simulator, tmp_path: Path) -> None:
    """One file's failure doesn't stop the others, and the next run fetches it."""
    for number in range(4):
        agency.buy(number)
    agency.misbehave(answer_with(500), on=DOWNLOADS, method="POST", skip=1)
    report = run(agency, tmp_path)
    assert (report.fetched, len(report.failures)) == (3, 1)
    assert agency.purchases[2].id in report.failures[0]
    assert run(agency, tmp_path).fetched == 1
    check_folder(agency, tmp_path)


def test_failures_in_a_row_end_the_run(agency: Simulator, tmp_path: Path) -> None:
    """When nothing works any more the run ends with the last reason, soon."""
    for number in range(20):
        agency.buy(number)
    agency.misbehave(answer_with(503), on=DOWNLOADS, times=None)
    with pytest.raises(AgencyDown):
        run(agency, tmp_path)
    assert count_link_requests(agency) == MAX_FAILURES_IN_A_ROW


def test_a_token_that_is_not_taken_ends_the_run(agency: Simulator, tmp_path: Path) -> None:
    """An expired token is said at once, not for each file."""
    for number in range(3):
        agency.buy(number)
    agency.misbehave(answer_with(401), on=DOWNLOADS, times=None)
    with pytest.raises(BadCredentials):
        run(agency, tmp_path)
    assert count_link_requests(agency) == 1


def test_what_has_no_file_is_listed_with_its_reason(agency: Simulator, tmp_path: Path) -> None:
    """Platform licenses and withdrawn images are listed once, and not asked for again."""
    agency.buy(0, downloadable=False, license="enhanced_platform")
    agency.buy(1, media_id="99")
    agency.buy(2)
    report = run(agency, tmp_path)
    assert (report.fetched, report.without, report.failures) == (1, 2, [])
    reasons = [one.reason for one in check_folder(agency, tmp_path)]
    assert reasons[0] is None
    assert "has it no more" in str(reasons[1])
    assert "platform" in str(reasons[2])
    agency.requests.clear()
    run(agency, tmp_path)
    assert count_link_requests(agency) == 0


@pytest.mark.parametrize("stage", ["unread", "read", "acted", "body"])
def test_connections_lost_anywhere_lose_nothing(
    agency: Simulator, tmp_path: Path, stage: str
) -> None:
    """Whatever call is cut off at whatever moment, runs in the end bring everything once."""
    for number in range(3):
        agency.buy(number)
    for path in (HISTORY, DOWNLOADS, HOST):
        agency.misbehave(hang_up(stage, 10), on=path, times=2)  # type: ignore[arg-type]
    for _ in range(6):
        try:
            if not run(agency, tmp_path).failures:
                break
        except AgencyDown:
            continue
    check_folder(agency, tmp_path)


def test_a_history_that_grows_meanwhile(agency: Simulator, tmp_path: Path) -> None:
    """Purchases made between two pages push rows on; none is missed and none fetched twice."""
    for number in range(410):
        agency.buy(number, downloadable=number > 400)

    def buy_more() -> None:
        for number in range(3):
            agency.buy(number)

    for skip in (1, 0):
        agency.misbehave(run_first(buy_more), on=HISTORY, skip=skip)
    newer = len(agency.purchases)
    run(agency, tmp_path)
    run(agency, tmp_path)
    assert len(agency.purchases) > newer
    check_folder(agency, tmp_path)


def test_a_history_that_shrinks_meanwhile(agency: Simulator, tmp_path: Path) -> None:
    """A license that leaves the history between two pages lets no other slip past."""
    for number in range(410):
        agency.buy(number, downloadable=number > 400)
    bought = {one.id for one in agency.purchases}
    agency.misbehave(run_first(agency.drop_newest), on=HISTORY, skip=1)
    run(agency, tmp_path)
    assert len(agency.purchases) == 409
    assert {one.license for one in iter_lines(tmp_path)} == bought


def test_a_mark_that_left_the_history_costs_a_look(agency: Simulator, tmp_path: Path) -> None:
    """Where the license that ended the last run is gone, the whole history is looked through."""
    for number in range(3):
        agency.buy(number)
    run(agency, tmp_path)
    gone: dict[str, Any] = {"image": "1", "media": "image", "size": "small"}
    gone |= {"license_name": "standard", "licensed_at": "2026-03-01"}
    with Manifest(tmp_path, agency.url) as manifest:
        manifest.add(ManifestLine(license="gone", **gone))
        manifest.set_complete("image", "gone")
    agency.buy(3)
    assert run(agency, tmp_path).fetched == 1
    bought = [one.id for one in agency.purchases]
    assert sorted(one.license for one in iter_lines(tmp_path)) == sorted([*bought, "gone"])


def test_a_manifest_that_lost_lines_gets_them_back(agency: Simulator, tmp_path: Path) -> None:
    """Cut in mid-line after a whole run, it has every license again; no file is fetched twice."""
    for number in range(3):
        agency.buy(number)
    run(agency, tmp_path)
    text = (tmp_path / "manifest.jsonl").read_bytes()
    (tmp_path / "manifest.jsonl").write_bytes(text[: len(text) // 2])
    asked = count_link_requests(agency)
    run(agency, tmp_path)
    check_folder(agency, tmp_path)
    assert count_link_requests(agency) == asked


def test_the_sandbox_never_mixes_with_paid_files(agency: Simulator, tmp_path: Path) -> None:
    """A folder of real files takes none of the sandbox's, which carry a watermark."""
    bought = agency.buy()
    run(agency, tmp_path)
    with simulator(5, sandbox=True) as sandbox:
        sandbox.buy(1)
        with pytest.raises(DownloadFailed, match="give each one of its own"):
            run(sandbox, tmp_path)
    assert [one.license for one in check_folder(agency, tmp_path)] == [bought.id]


@pytest.mark.parametrize("suffix", [".part", ".part.json", ".part.json.new", ".tagged", ".xmp.new"])
def test_links_in_the_folder_lead_nowhere(agency: Simulator, tmp_path: Path, suffix: str) -> None:
    """Whatever others put there under our names, nothing outside of the folder is written."""
    bought = agency.buy(size="vector" if suffix == ".xmp.new" else "small")
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    folder = tmp_path / "dam"
    folder.mkdir()
    link = folder / f"{bought.media_id}-{bought.size}-{bought.id}{suffix}"
    link.symlink_to(precious)
    with owner(agency) as (account, downloads):
        sync = Sync(account, downloads, folder, describe=Captions(account).fetch_tags)
        with suppress(DownloadFailed):
            sync.run(["image"])
    assert precious.read_bytes() == b"mine"
    assert bool(list(iter_lines(folder))) is (suffix != ".part")


def test_a_file_that_was_placed_but_not_listed_is_taken(agency: Simulator, tmp_path: Path) -> None:
    """After a kill between rename and manifest the file isn't fetched again."""
    bought = agency.buy()
    stem = tmp_path / f"1000000-small-{bought.id}"
    stem.with_suffix(".jpg").write_bytes(make_original(bought))
    for left in (".part", ".part.json", ".tagged"):
        stem.with_name(stem.name + left).write_bytes(b"left over")
    run(agency, tmp_path)
    assert count_link_requests(agency) == 0
    check_folder(agency, tmp_path)


def test_files_have_their_tags(agency: Simulator, tmp_path: Path) -> None:
    """Images carry title, keywords and credit, others have them beside; pixels are untouched."""
    jpeg, vector = agency.buy(0), agency.buy(1, size="vector")
    with owner(agency) as (account, downloads):
        Sync(account, downloads, tmp_path, describe=Captions(account).fetch_tags).run(["image"])
    by_id = {one.license: one for one in check_folder(agency, tmp_path)}
    content = (tmp_path / str(by_id[jpeg.id].path)).read_bytes()
    details = agency.library.find("image", jpeg.media_id)
    assert details is not None
    titles, words, [credit] = read_texts(read_xmp(content))
    assert (titles, words) == ([details["description"]], details["keywords"])
    assert credit.endswith("Shutterstock.com")
    assert read_scan(content) == read_scan(make_original(jpeg))
    assert by_id[jpeg.id].tags == by_id[jpeg.id].path
    beside = by_id[vector.id].tags
    assert beside == f"1000001-vector-{vector.id}.xmp"
    assert (tmp_path / str(by_id[vector.id].path)).read_bytes() == make_original(vector)


def test_titles_are_asked_for_together(agency: Simulator, tmp_path: Path) -> None:
    """Twenty files cost one call for their titles."""
    for number in range(25):
        agency.buy(number)
    with owner(agency) as (account, downloads):
        Sync(account, downloads, tmp_path, describe=Captions(account).fetch_tags).run(["image"])
    assert sum(one.path == "/v2/images" for one in agency.requests) == 2


def test_one_run_at_a_time(agency: Simulator, tmp_path: Path) -> None:
    """A second run in the same folder is told so, and asks for nothing."""
    agency.buy()
    with _lock_folder(tmp_path), pytest.raises(DownloadFailed, match="Another run is at work"):
        run(agency, tmp_path)
    assert agency.requests == []


def test_a_full_disk_stops_the_run(agency: Simulator, small_disk: Path) -> None:
    """The disk's failure is said at once; with room the rest comes."""
    for number in range(20):
        agency.buy(number)
    with pytest.raises(DiskFailed, match="stay free"):
        run(agency, small_disk)
    fetched = count_link_requests(agency)
    assert fetched < 20
    with pytest.raises(DiskFailed):
        run(agency, small_disk)
