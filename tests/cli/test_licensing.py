"""What owners see when they license, from subscriptions to the file."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.simulator import (
    FIRST_EDITORIAL,
    FIRST_ID,
    Simulator,
    hang_up,
    platform,
    premier,
    reports,
    revenue_share,
    simulator,
    standard,
)
from tests.simulator import (
    answer_with as http_says,
)
from tests.support.licensing_command import make_site, run

PATH = "/v2/images/licenses"


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=20) as server:
        yield server


@pytest.fixture
def app(agency: Simulator, tmp_path: Path) -> Flask:
    return make_site(agency, tmp_path)


def find_ordinary_id(agency: Simulator) -> str:
    rows = (agency.library.find("image", str(FIRST_ID + n)) for n in range(20))
    return next(str(row["id"]) for row in rows if row and not row["is_editorial"])


def editorial(agency: Simulator) -> str:
    rows = (agency.library.find("image", str(FIRST_ID + n)) for n in range(20))
    return next(str(row["id"]) for row in rows if row and row["is_editorial"])


def posts(agency: Simulator) -> int:
    return sum(seen.method == "POST" for seen in agency.requests)


def test_subscriptions_with_what_is_left(agency: Simulator, app: Flask) -> None:
    """Each with formats, downloads and end; those that are over are marked."""
    agency.subscribe(standard("old", days=-3), premier("pr"), revenue_share("rs"))
    shown = run(app, "subscriptions", "--live").output
    lines = {line.split()[0]: line for line in shown.splitlines() if not line.startswith(" ")}
    assert "EXPIRED" in lines["old"]
    assert "10 of 10 left" in lines["pr"]
    assert "needs client" in lines["pr"]
    assert "2.50 USD each" in lines["rs"]
    assert "EXPIRED" not in lines["pr"]


def test_a_dry_run_says_what_it_would_cost_and_sends_nothing(agency: Simulator, app: Flask) -> None:
    """No POST, no record, no question."""
    shown = run(app, "license", find_ordinary_id(agency), "--dry-run", "--live")
    assert shown.exit_code == 0
    assert "1 download" in shown.output
    assert posts(agency) == 0


def test_the_sandbox_is_the_default(agency: Simulator, tmp_path: Path) -> None:
    """Without --live the purchase goes to SHUTTERSTOCK_LICENSE_URL, with it to SHUTTERSTOCK_URL."""
    with simulator(size=20, sandbox=True) as sandbox:
        app = make_site(agency, tmp_path, SHUTTERSTOCK_LICENSE_URL=sandbox.url)
        one = find_ordinary_id(agency)
        assert run(app, "license", one, "--yes").exit_code == 0
        assert (len(sandbox.purchases), len(agency.purchases)) == (1, 0)
        assert "sandbox" in run(app, "license", editorial(agency), "--yes").output
        assert run(app, "license", one, "--yes", "--live").exit_code == 0
        assert (len(sandbox.purchases), len(agency.purchases)) == (1, 1)


@pytest.mark.parametrize(
    "disguise",
    [
        "https://api.shutterstock.com",
        "https://API.shutterstock.com",
        "http://api.shutterstock.com.",
    ],
)
def test_the_real_account_is_never_called_the_sandbox(
    agency: Simulator, tmp_path: Path, disguise: str
) -> None:
    """Where the sandbox's address is the agency's own, nothing is bought without --live."""
    app = make_site(agency, tmp_path, SHUTTERSTOCK_LICENSE_URL=disguise)
    shown = run(app, "license", find_ordinary_id(agency), "--yes")
    assert shown.exit_code == 1
    assert "SHUTTERSTOCK_LICENSE_URL is the real account's address" in shown.output
    assert agency.requests == []


@pytest.mark.parametrize("live", [(), ("--live",)])
def test_a_test_server_is_never_called_the_real_account(
    agency: Simulator, app: Flask, live: tuple[str, ...]
) -> None:
    """Each line says it, with --live as without."""
    agency.misbehave(http_says(400), on=PATH, method="POST")
    for _ in range(3):  # refused, licensed, refused as bought
        shown = run(app, "license", find_ordinary_id(agency), "--yes", *live).output
        assert "real account" not in shown
        assert "1 to license at a test server (127.0.0.1)" in shown
        assert shown.splitlines()[-1].endswith(" [a test server (127.0.0.1)]")
    assert len(agency.purchases) == 1


def test_a_sandbox_purchase_hides_and_settles_no_real_one(
    agency: Simulator, tmp_path: Path
) -> None:
    """Neither what was bought in the sandbox nor what is unknown there stands in the way."""
    with simulator(size=20, sandbox=True) as sandbox:
        app = make_site(agency, tmp_path, SHUTTERSTOCK_LICENSE_URL=sandbox.url)
        one = find_ordinary_id(agency)
        sandbox.misbehave(hang_up("read"), on=PATH, method="POST")
        assert run(app, "license", one, "--yes").exit_code == 3
        agency.misbehave(hang_up("read"), on=PATH, method="POST")
        assert run(app, "license", one, "--yes", "--live").exit_code == 3
        sandbox.buy(int(one) - FIRST_ID, size="huge")
        assert "The same was bought at" in run(app, "license", one, "--yes").output
        assert "is unknown" in run(app, "license", one, "--yes", "--live").output
        assert agency.purchases == []


def test_where_the_money_goes_is_said(agency: Simulator, app: Flask) -> None:
    """Before the question stands the host that will be asked."""
    shown = run(app, "license", find_ordinary_id(agency), "--live", says="n\n").output
    assert "1 to license at a test server (127.0.0.1) as jdoe (the token in" in shown
    assert "In all: 1 download.\n" in shown


def test_a_dry_run_of_an_api_subscription(agency: Simulator, app: Flask) -> None:
    """It says that a price is to be said, what each costs, and all else that will be asked."""
    agency.subscribe(revenue_share("rs"))
    options = ("license", find_ordinary_id(agency), "--subscription", "rs", "--live", "--dry-run")
    shown = run(app, *options).output
    assert "price to be said to the customer, 2.50 USD each by the subscription" in shown
    assert "needs price, customer_id" in shown
    assert "price 9.90 to the customer" in run(app, *options, "--price", "9.90").output
    assert posts(agency) == 0


@pytest.mark.parametrize(("wanted", "size"), [("eps", "vector"), ("jpg", "huge")])
def test_a_format_can_be_asked_for(agency: Simulator, app: Flask, wanted: str, size: str) -> None:
    """EPS is the vector, JPEG the best of the rest."""
    rows = (agency.library.find("image", str(FIRST_ID + n)) for n in range(20))
    one = next(r["id"] for r in rows if r and not r["is_editorial"] and "vector_eps" in r["assets"])
    assert run(app, "license", one, "--format", wanted, "--live", "--yes").exit_code == 0
    assert [bought.size for bought in agency.purchases] == [size]


@pytest.mark.parametrize(
    "options",
    [
        ("--video", "--custom", "800x"),
        ("--video", "--format", "jpg"),
        ("--size", "small", "--format", "eps"),
    ],
)
def test_what_does_not_go_together_is_refused(
    agency: Simulator, app: Flask, options: tuple[str, ...]
) -> None:
    """Nothing is sent for what the agency would not understand."""
    one = "20000000" if "--video" in options else find_ordinary_id(agency)
    assert run(app, "license", one, *options, "--live", "--yes").exit_code == 1
    assert posts(agency) == 0


def test_without_a_folder_for_the_file_nothing_is_bought(
    agency: Simulator, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform license's file has to be kept at once, so there must be a place for it first."""
    agency.subscribe(platform("pl"))
    (tmp_path / "file").write_text("no folder")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    options = ("--subscription", "pl", "--price", "9", "--customer-id", "c1", "--live", "--yes")
    for folder in ((), ("--dir", str(tmp_path / "file" / "in"))):
        shown = run(app, "license", find_ordinary_id(agency), *options, *folder)
        assert shown.exit_code == 1
        assert "can't be written" in shown.output
    assert posts(agency) == 0


def test_a_title_gives_a_terminal_no_orders(agency: Simulator, app: Flask) -> None:
    """A title that would hide the notice on the screen is shown as plain text."""
    one = editorial(agency)
    found = agency.library.find("image", one)
    assert found
    body = json.dumps({**found, "description": "Cat\x1b[8m\x9b8m"}).encode()
    agency.misbehave(http_says(200, body), on=f"/v2/images/{one}")
    shown = run(app, "license", one, "--live", "--yes", says="n\n").output
    assert "Cat" in shown
    assert "\x1b" not in shown
    assert "\x9b" not in shown


def test_nothing_is_bought_without_a_yes(agency: Simulator, app: Flask) -> None:
    """No, and no answer at all, buy nothing."""
    for says in ("n\n", ""):
        assert run(app, "license", find_ordinary_id(agency), "--live", says=says).exit_code == 1
    assert posts(agency) == 0
    assert run(app, "license", find_ordinary_id(agency), "--live", says="y\n").exit_code == 0
    assert len(agency.purchases) == 1


def test_editorial_notices_are_agreed_to_one_by_one(agency: Simulator, app: Flask) -> None:
    """Even with --yes the notice is shown; who doesn't agree buys nothing."""
    one = editorial(agency)
    for says in ("n\n", ""):
        shown = run(app, "license", one, "--live", "--yes", says=says)
        assert "Editorial Use Only. Use of this image in advertising" in shown.output
        assert posts(agency) == 0
    assert run(app, "license", one, "--live", "--yes", says="y\n").exit_code == 0
    [post] = [seen.json() for seen in agency.requests if seen.method == "POST"]
    assert post["images"][0]["editorial_acknowledgement"] is True


def test_the_separate_editorial_collections(
    agency: Simulator, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go by the subscription's own license, for a country; the file comes at once."""
    monkeypatch.chdir(tmp_path)
    agency.subscribe(reports())
    one = f"{FIRST_EDITORIAL}b"
    options = ("license", one, "--editorial", "--live", "--yes")
    assert "country" in run(app, *options).output
    shown = run(app, *options, "--country", "usa", says="y\n")
    assert shown.exit_code == 0, shown.output
    assert [p.media_id for p in agency.purchases] == [one]
    assert agency.purchases[0].id in shown.output
    assert [path.suffix for path in tmp_path.glob(f"{one}*")] == [".jpg"]


def test_what_is_missing_is_named(agency: Simulator, app: Flask) -> None:
    """Away from a terminal nothing can be asked, so the command ends and says what it needs."""
    agency.subscribe(revenue_share("rs"))
    options = ("license", find_ordinary_id(agency), "--subscription", "rs", "--live", "--yes")
    shown = run(app, *options)
    assert (shown.exit_code, posts(agency)) == (1, 0)
    assert "price, customer_id" in shown.output
    shown = run(app, *options, "--price", "1.00", "--customer-id", "c1")
    assert "price 5.00 USD" in shown.output


def test_metadata_reaches_the_agency(agency: Simulator, app: Flask) -> None:
    """NAME=VALUE as often as wanted."""
    agency.subscribe(premier("pr"))
    options = ("license", find_ordinary_id(agency), "--subscription", "pr", "--live", "--yes")
    fields = ("--metadata", "client=A=B", "--metadata", "job=7")
    assert run(app, *options, *fields).exit_code == 0
    assert agency.purchases[0].metadata == {"client": "A=B", "job": "7"}
    assert run(app, *options, "--metadata", "client").exit_code == 2


def test_platform_licenses_are_fetched_at_once(
    agency: Simulator, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their file can't be downloaded later, so it is there when the command ends."""
    monkeypatch.chdir(tmp_path)
    agency.subscribe(platform("pl"))
    options = ("--subscription", "pl", "--price", "9", "--customer-id", "c1", "--live", "--yes")
    shown = run(app, "license", find_ordinary_id(agency), *options)
    assert shown.exit_code == 0, shown.output
    assert [path.suffix for path in tmp_path.glob(f"{find_ordinary_id(agency)}*")] == [".jpg"]


def test_files_go_where_they_are_wanted(agency: Simulator, app: Flask, tmp_path: Path) -> None:
    """--dir fetches the file of any license."""
    folder = tmp_path / "files"
    assert (
        run(
            app, "license", find_ordinary_id(agency), "--dir", str(folder), "--live", "--yes"
        ).exit_code
        == 0
    )
    assert [path.suffix for path in folder.iterdir()] == [".jpg"]


def test_an_unknown_outcome_has_a_status_of_its_own(agency: Simulator, app: Flask) -> None:
    """3, and the next purchase is refused with the reason."""
    agency.misbehave(hang_up("read"), on=PATH, method="POST")
    shown = run(app, "license", find_ordinary_id(agency), "--live", "--yes")
    assert shown.exit_code == 3
    assert "UNKNOWN" in shown.output
    shown = run(app, "license", str(FIRST_ID + 9), "--live", "--yes")
    assert shown.exit_code == 1
    assert "unknown" in shown.output


def test_a_repeat_is_refused_unless_forced(agency: Simulator, app: Flask) -> None:
    """The second says when it was bought; --force buys it again."""
    command = ("license", find_ordinary_id(agency), "--live", "--yes")
    run(app, *command)
    assert "The same was bought at" in run(app, *command).output
    assert run(app, *command, "--force").exit_code == 0
    assert len(agency.purchases) == 2


def test_history_is_shown_and_written(agency: Simulator, app: Flask, tmp_path: Path) -> None:
    """Every license is a row, with its metadata, and no cell is a formula."""
    agency.buy(0, metadata={"client": "A"}, license="=enhanced")
    agency.clock.move(days=3)
    newest = agency.buy(1, price=5.0)
    _, *shown = run(app, "history", "--live").output.splitlines()
    assert shown[0].split() == ["licensed", "license", "id", "item", "size", "license"]
    assert newest.id in shown[1]
    assert "5.00 USD" in shown[2]
    assert "client=A" in shown[4]
    file = tmp_path / "h.csv"
    assert run(app, "history", "--live", "--csv", str(file)).exit_code == 0
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    assert [row["id"] for row in rows] == [one.id for one in reversed(agency.purchases)]
    assert (rows[0]["price"], rows[0]["currency"]) == ("5.00", "USD")
    assert rows[1]["metadata"] == '{"client":"A"}'
    assert rows[1]["license"] == "'=enhanced"
    day = f"{newest.time:%Y-%m-%d}"
    for options in (("--since", day, "--until", day), ("--image", str(FIRST_ID)), ("--limit", "1")):
        assert len(json.loads(run(app, "history", "--live", "--json", *options).output)) == 1
    assert run(app, "history", "--live", "--image", "99").output.endswith("There is no license.\n")


@pytest.mark.parametrize("size", [("--size", "small"), ("--custom", "800x"), ("--format", "eps")])
def test_another_size_of_what_was_bought_is_asked_about(
    agency: Simulator, app: Flask, size: tuple[str, str]
) -> None:
    """A no buys nothing, --yes is refused, and a yes or --force buy it."""
    rows = (agency.library.find("image", str(FIRST_ID + n)) for n in range(20))
    one = next(r["id"] for r in rows if r and not r["is_editorial"] and "vector_eps" in r["assets"])
    assert run(app, "license", one, "--live", "--yes").exit_code == 0
    name = "vector" if size[1] == "eps" else size[1]
    command = ("license", one, *size, "--live")
    shown = run(app, *command, says="n\n")
    assert f"you bought this in huge at {agency.purchases[0].time:%H:%M} UTC" in shown.output
    assert f"buy {name} too?" in shown.output
    assert shown.exit_code == 1
    refused = run(app, *command, "--yes")
    assert refused.exit_code == 1
    assert f"in the size huge (license {agency.purchases[0].id}). --force buys {name}" in (
        refused.output
    )
    assert len(agency.purchases) == 1
    assert run(app, *command, says="y\ny\n").exit_code == 0
    assert run(app, *command, "--yes", "--force").exit_code == 0
    assert len(agency.purchases) == 3


def test_another_size_that_was_bought_elsewhere_is_asked_about(
    agency: Simulator, app: Flask
) -> None:
    """As the agency's history has it; a day later, or another item, is nobody's question."""
    one, other = find_ordinary_id(agency), str(FIRST_ID + 9)
    there = agency.buy(int(one) - FIRST_ID, size="huge")
    command = ("license", one, "--size", "small", "--live")
    shown = run(app, *command, says="n\n").output
    assert f"{one}: you bought this in huge at {there.time:%H:%M} UTC (license {there.id})" in shown
    refused = run(app, *command, "--yes").output
    assert (
        f"bought the same elsewhere at {there.time:%Y-%m-%d %H:%M} UTC in the size huge" in refused
    )
    assert run(app, "license", other, "--size", "small", "--live", "--yes").exit_code == 0
    assert [bought.media_id for bought in agency.purchases] == [one, other]


def test_addresses_and_lists_name_what_to_license(agency: Simulator, app: Flask) -> None:
    """Each once; an address of elsewhere sends nothing."""
    one, other = [str(FIRST_ID + n) for n in (1, 9)]
    address = f"https://www.shutterstock.com/image-photo/red-rose-{one}"
    refused = run(app, "license", "https://stock.adobe.com/5", other, "--live", "--yes")
    assert refused.exit_code == 1
    assert "say --agency adobe-stock" in refused.output
    assert run(app, "license", ",", "--live", "--yes").exit_code == 2
    shown = run(app, "license", address, f"{one},{other}", "--live", "--yes")
    assert shown.exit_code == 0, shown.output
    assert "In all: 2 downloads." in shown.output
    assert [bought.media_id for bought in agency.purchases] == [one, other]


def test_programs_read_what_became_of_each(agency: Simulator, app: Flask, tmp_path: Path) -> None:
    """JSON alone stands on standard output, of a dry run as of a purchase."""
    one = find_ordinary_id(agency)
    command = ("license", one, "99", "--live", "--json", "--dir", str(tmp_path / "files"))
    dry = json.loads(run(app, *command, "--dry-run").stdout)
    assert [(row["id"], row["state"]) for row in dry] == [("99", "refused"), (one, "offered")]
    assert (dry[1]["cost"], dry[1]["size"]) == ("1 download", "huge")
    shown = run(app, *command, "--yes")
    assert shown.exit_code == 1
    [gone, row] = json.loads(shown.stdout)
    assert gone["error"]
    [bought] = agency.purchases
    assert (row["state"], row["license_id"], row["downloads"]) == ("licensed", bought.id, 1)
    assert row["is_recorded"]
    assert Path(row["file"]).suffix == ".jpg"
    again = json.loads(run(app, *command, "--yes").stdout)[1]
    assert again["state"] == "refused"
    assert "The same was bought" in again["error"]
    agency.misbehave(hang_up("read"), on=PATH, method="POST")
    other = str(FIRST_ID + 9)
    lost = run(app, "license", other, str(FIRST_ID + 8), "--live", "--json", "--yes")
    assert lost.exit_code == 3
    assert json.loads(lost.stdout)[0]["state"] == "unknown"
