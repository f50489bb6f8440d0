"""On a real terminal the owner is asked for what is missing, and nothing is sent before."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.simulator import (
    CLIENT,
    FIRST_EDITORIAL,
    FIRST_ID,
    Simulator,
    answer_with,
    hold,
    platform,
    premier,
    report_clips,
    revenue_share,
    simulator,
)
from tests.support.killing import make_settings
from tests.support.terminal import open_terminal

GERMAN = "Nur zur redaktionellen Nutzung."


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=20) as server:
        yield server


def ids(agency: Simulator, *, editorial: bool) -> list[str]:
    rows = (agency.library.find("image", str(FIRST_ID + n)) for n in range(20))
    return [row["id"] for row in rows if row and row["is_editorial"] is editorial]


def posts(agency: Simulator) -> int:
    return sum(seen.method == "POST" for seen in agency.requests)


def test_price_and_customer_are_asked(agency: Simulator, tmp_path: Path) -> None:
    """A price that is none is asked for again; what was said is what is sent."""
    agency.subscribe(revenue_share("rs"))
    one = ids(agency, editorial=False)[0]
    command = ("license", one, "--subscription", "rs", "--live")
    with open_terminal(make_settings(agency, tmp_path), *command) as screen:
        for wrong in ("1,234", "1e3", "-5"):
            screen.wait_for_text(f"price for {one}: ")
            screen.type_line(wrong)
            screen.wait_for_text("is no price")
        screen.wait_for_text(f"price for {one}: ")
        screen.type_line("12.34")
        screen.wait_for_text(f"customer_id for {one}: ")
        screen.type_line("   ")
        screen.wait_for_text("must not be blank")
        screen.type_line("c 7")
        screen.wait_for_text("price 12.34 to the customer")
        screen.wait_for_text("License them? [y/N]: ")
        assert posts(agency) == 0
        screen.type_line("y")
        screen.wait_for_text("price 12.34 USD")
        assert screen.wait_for_end() == 0
    [bought] = agency.purchases
    assert (bought.price, bought.metadata) == (12.34, {"customer_id": "c 7"})


def test_required_metadata_is_asked(agency: Simulator, tmp_path: Path) -> None:
    """Of the fields of a Premier plan those that it requires, for each item."""
    agency.subscribe(premier("pr"))
    wanted = ids(agency, editorial=False)[:2]
    command = ("license", *wanted, "--subscription", "pr", "--live", "--yes")
    with open_terminal(make_settings(agency, tmp_path), *command) as screen:
        for number, one in enumerate(wanted):
            screen.wait_for_text(f"client for {one}: ")
            screen.type_line(f"Kunde {number} 猫")
        assert screen.wait_for_end() == 0
    assert [one.metadata for one in agency.purchases] == [
        {"client": "Kunde 0 猫"},
        {"client": "Kunde 1 猫"},
    ]
    assert "job for" not in screen.shown


@pytest.mark.parametrize(("answer", "bought"), [("y", 2), ("n", 0), ("", 0)])
def test_each_editorial_notice_is_agreed_to(
    agency: Simulator, tmp_path: Path, answer: str, bought: int
) -> None:
    """In the owner's language, asset by asset; who refuses the last one buys none."""
    wanted = ids(agency, editorial=True)[:2]
    environ = make_settings(agency, tmp_path, SITE_LANGUAGE="de")
    with open_terminal(environ, "license", *wanted, "--live", "--yes") as screen:
        for one, typed in zip(wanted, ("y", answer), strict=True):
            before = screen.wait_for_text("Agree? [y/N]: ")
            assert one in before
            assert before.count(GERMAN) == 1
            assert posts(agency) == 0
            screen.type_line(typed)
        assert screen.wait_for_end() == int(not bought)
    assert len(agency.purchases) == bought
    sent = [seen.json()["images"] for seen in agency.requests if seen.method == "POST"]
    assert all(item["editorial_acknowledgement"] for items in sent for item in items)


def test_the_notice_of_a_clip_speaks_of_video(agency: Simulator, tmp_path: Path) -> None:
    """An editorial video is licensed after its own notice, for a country."""
    agency.subscribe(report_clips())
    one = f"{FIRST_EDITORIAL}a"
    command = ("license", one, "--editorial", "--video", "--country", "USA", "--live", "--yes")
    with open_terminal(
        make_settings(agency, tmp_path), *command, "--dir", str(tmp_path / "clips")
    ) as screen:
        screen.wait_for_text(
            "Use of this video in advertising or for promotional purposes is prohibited."
        )
        screen.type_line("y")
        assert screen.wait_for_end() == 0
    assert [(p.media, p.media_id) for p in agency.purchases] == [("editorial_video", one)]


def test_a_file_that_comes_once_is_tried_until_it_is_there(
    agency: Simulator, tmp_path: Path
) -> None:
    """A platform license's link broken, the owner may say how long it is tried."""
    agency.subscribe(platform("pl"))
    one = ids(agency, editorial=False)[0]
    agency.misbehave(answer_with(403), on="/gatekeeper/*", times=2)
    options = ("--subscription", "pl", "--price", "9", "--customer-id", "c", "--live", "--yes")
    command = ("license", one, *options, "--dir", str(tmp_path / "files"))
    with open_terminal(make_settings(agency, tmp_path), *command) as screen:
        for _ in range(2):
            screen.wait_for_text("It can't be had later.")
            screen.wait_for_text("Try again? [Y/n]: ")
            screen.type_line("")
        assert screen.wait_for_end() == 0
    assert [path.suffix for path in (tmp_path / "files").iterdir()] == [".jpg"]
    assert len(agency.purchases) == 1


def test_no_is_no(agency: Simulator, tmp_path: Path) -> None:
    """Whoever doesn't want to buy after all, buys nothing."""
    with open_terminal(
        make_settings(agency, tmp_path), "license", str(FIRST_ID + 1), "--live"
    ) as screen:
        screen.wait_for_text("License them? [y/N]: ")
        screen.type_line("n")
        assert screen.wait_for_end() == 1
    assert (posts(agency), agency.purchases) == (0, [])


def test_ctrl_c_amid_a_purchase_is_settled(agency: Simulator, tmp_path: Path) -> None:
    """The request being on its way, the owner is told that it's open; the next run finds it."""
    one = ids(agency, editorial=False)[0]
    order = agency.misbehave(hold("acted"), on="/v2/images/licenses", method="POST")
    with open_terminal(
        make_settings(agency, tmp_path), "license", one, "--live", "--yes"
    ) as screen:
        assert order.reached.wait(60)
        screen.interrupt()
        screen.wait_for_text("Again ends at once.")
        screen.interrupt()
        screen.wait_for_text(f"{one}: UNKNOWN whether it was bought; the next run settles it")
        assert screen.wait_for_end() == 3
    order.release.set()
    with open_terminal(
        make_settings(agency, tmp_path), "license", one, "--live", "--yes"
    ) as screen:
        screen.wait_for_text("The same was bought at")
        assert screen.wait_for_end() == 1
    assert len(agency.purchases) == 1


def test_a_pasted_code_is_not_shown(agency: Simulator, tmp_path: Path) -> None:
    """Connecting an account, the address with the code is typed unseen."""
    environ = {
        "DATA_DIR": str(tmp_path),
        "SHUTTERSTOCK_URL": agency.url,
        "SHUTTERSTOCK_CLIENT_ID": CLIENT[0],
        "SHUTTERSTOCK_CLIENT_SECRET": CLIENT[1],
        "SECRET_KEY": "a secret of no less than thirty-two signs",
    }
    with open_terminal(environ, "account", "connect") as screen:
        found = re.search(rf"{agency.url}\S+", screen.wait_for_text("the code: "))
        assert found
        answer = requests.get(found[0], allow_redirects=False, timeout=5)
        address = answer.headers["Location"]
        code = urlsplit(address).query.removeprefix("code=").partition("&")[0]
        screen.type_line(address)
        screen.wait_for_text("Connected as jdoe.")
        assert screen.wait_for_end() == 0
    assert code
    assert code not in screen.shown


def test_sync_shows_its_progress_on_one_line(agency: Simulator, tmp_path: Path) -> None:
    """On a terminal the line is written over, and ends with what was done."""
    for number in range(3):
        agency.buy(number)
    with open_terminal(make_settings(agency, tmp_path), "sync", str(tmp_path / "dam")) as screen:
        assert screen.wait_for_end() == 0
    assert re.search(r"\r\x1b\[K3 files, [0-9.]+ MB\r\n$", screen.shown)
