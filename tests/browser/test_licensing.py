"""In a real browser an owner goes from a picture to its file; visitors see none of that."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.simulator import CLIENT, TOKEN, Simulator, simulator
from tests.support.owner_account import make_original
from tests.support.owner_browser import check_page, log_in
from tests.support.owner_desk import PASSWORD, SECRET
from tests.support.purchase_desk import find_editorial_id, list_ordinary_ids
from tests.support.site_server import SiteServer, running_site


@pytest.fixture
def shutterstock() -> Iterator[Simulator]:
    with simulator(size=20) as server:
        yield server


@pytest.fixture
def owned(tmp_path: Path, shutterstock: Simulator) -> Iterator[SiteServer]:
    """Yield a site of Shutterstock with a desk; the sandbox is the same server."""
    settings = {
        "AGENCIES": "shutterstock",
        "OWNER_PASSWORD": PASSWORD,
        "SECRET_KEY": SECRET,
        "SHUTTERSTOCK_URL": shutterstock.url,
        "SHUTTERSTOCK_LICENSE_URL": shutterstock.url,
        "SHUTTERSTOCK_API_TOKEN": TOKEN,
        "SHUTTERSTOCK_CLIENT_ID": CLIENT[0],
        "SHUTTERSTOCK_CLIENT_SECRET": CLIENT[1],
    }
    with running_site(tmp_path, settings) as server:
        yield server


@pytest.fixture
def visit(browser: Browser, owned: SiteServer) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=owned.url)
    yield opened
    opened.close()


def test_from_a_picture_to_its_file(
    visit: BrowserContext, shutterstock: Simulator, tmp_path: Path
) -> None:
    """Only in the owner's browser a picture has the link; two clicks later the file is here."""
    one = list_ordinary_ids(shutterstock)[0]
    page = visit.new_page()
    wrong: list[object] = []
    page.on("pageerror", lambda error: wrong.append(error))  # noqa: PLW0108 - Playwright marks it
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/image/shutterstock/{one}?lang=en")
    expect(page.get_by_role("link", name="See at Shutterstock").first).to_be_visible()
    expect(page.get_by_role("link", name="License, shutterstock")).to_have_count(0)
    assert [url for url in asked if "license-links" in url or "/owner/" in url] == []
    log_in(page)
    page.goto(f"/image/shutterstock/{one}?lang=en")
    page.get_by_role("link", name="License, shutterstock").click()
    expect(page.get_by_text("Sandbox: charges nothing")).to_be_visible()
    page.get_by_label("Real account").check()
    page.get_by_label("Size").select_option("small")
    page.get_by_role("button", name="Review the purchase").click()
    expect(page.get_by_role("heading", name="License this now?")).to_be_visible()
    page.get_by_role("button", name="License now").dblclick()
    expect(page.get_by_role("heading", name="Licensed", exact=True)).to_be_visible()
    [bought] = shutterstock.purchases
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the file").click()
    file = tmp_path / "file"
    download.value.save_as(file)
    assert file.read_bytes() == make_original(bought)
    assert download.value.suggested_filename.startswith(f"{one}-small-")
    page.reload()
    page.go_back()
    assert len(shutterstock.purchases) == 1
    page.goto("/owner/licenses")
    expect(page.get_by_role("row").filter(has_text=one)).to_have_count(1)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(f"/image/shutterstock/{one}?lang=en")
    expect(page.get_by_role("link", name="See at Shutterstock").first).to_be_visible()
    expect(page.get_by_role("link", name="License, shutterstock")).to_have_count(0)
    assert wrong == []


def test_quick_look_has_the_link_too(visit: BrowserContext) -> None:
    """For the picture that is shown, and once, however often quick look moves on."""
    page = visit.new_page()
    log_in(page)
    page.goto("/search?q=made-up&lang=en&wait=1")
    page.locator("main .tile [data-look]").first.click()
    look = page.get_by_role("dialog")
    link = look.get_by_role("link", name="License, shutterstock")
    expect(link).to_have_count(1)
    first = link.get_attribute("href")
    assert first
    page.keyboard.press("ArrowRight")
    expect(link).not_to_have_attribute("href", first)
    expect(link).to_have_count(1)
    assert page.url.rpartition("/")[2].partition("?")[0] in (link.get_attribute("href") or "")


def test_the_steps_break_no_rule(
    browser: Browser, owned: SiteServer, shutterstock: Simulator
) -> None:
    """All pages of licensing keep the rules that axe-core can check, and fit a phone."""
    context = browser.new_context(
        base_url=owned.url,
        bypass_csp=True,  # for the checker's own script
    )
    page = context.new_page()
    log_in(page)
    one, editorial = list_ordinary_ids(shutterstock)[0], find_editorial_id(shutterstock)
    paths = [
        "/owner/license",
        f"/owner/license/shutterstock/{one}",
        f"/owner/license/shutterstock/{editorial}/review?account=real",
        f"/owner/license/shutterstock/{one}/review?account=real&size=small",
    ]
    for path in paths:
        page.goto(path)
        check_page(page, 375)
    page.get_by_role("button", name="License now").click()
    expect(page.get_by_role("heading", name="Licensed", exact=True)).to_be_visible()
    check_page(page, 375)
    other_size = f"/owner/license/shutterstock/{one}/review?account=real&size=medium"
    lists = ("/owner/licenses", "/owner/licenses/months", "/owner/licenses/history")
    for path in (other_size, *lists):
        page.goto(path)
        check_page(page, 375)
    context.close()
