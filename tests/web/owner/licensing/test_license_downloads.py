"""The files of licenses are kept for a while, fetched again, and shown to nobody else."""

import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from affiliate.web.owner import license_downloads, license_recovery
from tests.simulator import (
    Simulator,
    hold,
    platform,
    run_first,
)
from tests.simulator import answer_with as http_says
from tests.support.license_desk import (
    LicenseDesk,
    copy_browser,
    read_form,
    read_notes,
)
from tests.support.owner_account import make_original
from tests.support.purchase_desk import (
    lock_database,
)
from tests.support.waiting import wait_until

PATIENCE = 20.0
PATH = "/v2/images/licenses"


def test_a_file_that_comes_once_is_kept(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path
) -> None:
    """It is fetched with the purchase, and sent from here as often as wanted."""
    agency.subscribe(platform("pl"))
    answer = desk.buy(account="real", subscription="pl", price="9", customer_id="c1")
    [bought] = agency.purchases
    [kept] = (tmp_path / "licensed").iterdir()
    assert kept.read_bytes() == make_original(bought)
    for _ in range(2):
        file = desk.client.get(answer.headers["Location"] + "/file", buffered=True)
        assert file.data == make_original(bought)
        assert file.headers["Content-Disposition"] == f"attachment; filename={kept.name}"
        assert file.headers["Cache-Control"] == "no-store"
    assert [seen.path for seen in agency.requests if seen.path.endswith("/downloads")] == []


def test_a_file_is_fetched_again_when_wanted(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path
) -> None:
    """Other files come from the agency by way of this site; no page has the agency's address."""
    answer = desk.buy(account="real", size="small")
    page = desk.client.get(answer.headers["Location"])
    assert "http" not in read_notes(page)
    assert agency.url not in page.text
    [bought] = agency.purchases
    for _ in range(2):
        file = desk.client.get(answer.headers["Location"] + "/file", buffered=True)
        assert file.status_code == 200
        assert file.mimetype == "image/jpeg"
        assert file.data == make_original(bought)
    assert len([s for s in agency.requests if s.path.endswith("/downloads")]) == 1
    agency.misbehave(http_says(404), on="/v2/images/licenses/*/downloads", times=2)
    for copy in (tmp_path / "licensed" / "again").iterdir():
        copy.unlink()
    failed = desk.client.get(answer.headers["Location"] + "/file", buffered=True)
    assert failed.status_code == 502
    assert "The file was not fetched" in read_notes(failed)


def test_two_tabs_get_the_file_that_is_fetched_once(
    desk: LicenseDesk, agency: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second click, too, waits for the file that the first has begun to fetch."""
    begun: list[bool] = []
    monkeypatch.setattr(license_downloads, "_prune_copies", lambda: begun.append(True))
    url = desk.buy(account="real", size="small").headers["Location"] + "/file"
    order = agency.misbehave(hold("body", 100), on="/gatekeeper/*")
    tabs = [desk.client, copy_browser(desk.client)]
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(tabs[0].get, url, buffered=True)
        assert order.reached.wait(PATIENCE)
        busy = threads.submit(tabs[1].get, url, buffered=True)
        wait_until(lambda: len(begun) > 1)
        order.release.set()
        files = [first.result(PATIENCE), busy.result(PATIENCE)]
    assert [file.status_code for file in files] == [200, 200]
    assert {file.data for file in files} == {make_original(agency.purchases[0])}
    assert len([s for s in agency.requests if s.path.endswith("/downloads")]) == 1


def test_a_once_file_that_failed_is_fetched_later(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its link stays in the journal, on no page, and the next look fetches the file."""
    monkeypatch.setattr(license_recovery, "WAIT_SECONDS", PATIENCE)
    agency.subscribe(platform("pl"))
    agency.misbehave(http_says(404), on="/gatekeeper/*", times=3)
    page = desk.buy(account="real", subscription="pl", price="9", customer_id="c1")
    assert page.status_code == 503
    assert "Bought, but not finished" in page.text
    assert "/gatekeeper/" not in page.text
    [purchase] = re.findall("/owner/licenses/([0-9a-f]{32})", page.text)
    agency.orders.clear()
    shown = desk.client.get(f"/owner/licenses/{purchase}")
    assert "its file is here now" in read_notes(shown)
    assert len(list((tmp_path / "licensed").iterdir())) == 1


def test_no_page_waits_long_for_the_host_of_an_earlier_file(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The purchase is listed meanwhile, one thread fetches, and a later page has the result."""
    agency.subscribe(platform("pl"))
    agency.misbehave(http_says(404), on="/gatekeeper/*", times=3)
    page = desk.buy(account="real", subscription="pl", price="9", customer_id="c1")
    [purchase] = re.findall("/owner/licenses/([0-9a-f]{32})", page.text)
    agency.orders.clear()
    order = agency.misbehave(hold("read"), on="/gatekeeper/*")
    monkeypatch.setattr(license_recovery, "WAIT_SECONDS", 0.01)
    for path in ("/owner/licenses", f"/owner/licenses/{purchase}", desk.path):
        shown = desk.client.get(path)
        assert shown.status_code == 200
        assert license_recovery.UNDER_WAY in read_notes(shown)
        assert order.reached.wait(PATIENCE)
    assert [thread.name for thread in threading.enumerate()].count("license-files") == 1
    order.release.set()
    monkeypatch.setattr(license_recovery, "WAIT_SECONDS", PATIENCE)
    assert "its file is here now" in read_notes(desk.client.get("/owner/licenses"))
    assert len(list((tmp_path / "licensed").iterdir())) == 1


def test_no_page_has_the_link_of_a_file(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path
) -> None:
    """Also where file and database fail at once, and the journal alone knows the purchase."""
    agency.subscribe(platform("pl"))
    form = read_form(desk.review(account="real", subscription="pl", price="9", customer_id="c1"))
    agency.misbehave(http_says(404), on="/gatekeeper/*", times=9)
    lock = lock_database(tmp_path)
    agency.misbehave(run_first(lock.__enter__), on=PATH, method="POST")
    pages = [desk.send(form), desk.client.get(f"/owner/licenses/{form['purchase']}")]
    lock.__exit__(None, None, None)
    for page in pages:
        assert page.status_code == 503
        assert "its file comes once; the next run fetches it too" in read_notes(page)
        assert "/gatekeeper/" not in page.text


def test_copies_go_after_a_day_and_files_that_come_once_stay(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the agency gives again takes no room for ever; downloads at once are few."""
    answer = desk.buy(account="real", size="small")
    copies = tmp_path / "licensed" / "again"
    copies.mkdir(parents=True)
    old, new, once = copies / "old.jpg", copies / "new.jpg", tmp_path / "licensed" / "once.jpg"
    for path in (old, new, once):
        path.touch()
    for path in (old, once):
        os.utime(path, (1, 1))
    url = answer.headers["Location"] + "/file"
    with monkeypatch.context() as patched:
        patched.setattr(license_downloads, "_fetches", threading.Semaphore(0))
        assert "Other files are being fetched" in read_notes(desk.client.get(url))
    assert desk.client.get(url, buffered=True).status_code == 200
    assert [path.exists() for path in (old, new, once)] == [False, True, True]
    assert len(agency.purchases) == 1
