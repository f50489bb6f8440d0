"""Details of a picture that another call brings: behind its own page, and after a connection."""

from playwright.sync_api import Page, Route, expect

from tests.support.search_page import read_tiles

ARTICLE = '<article class="image results"'


def test_a_pictures_page_loads_the_details_it_lacks(page: Page) -> None:
    """What the page has is shown at once; the list of facts is replaced in place."""
    page.goto("/search?q=flower&lang=en")
    address = f"/image/demo/{read_tiles(page)[0]}?lang=en"

    def lack_details(route: Route) -> None:
        page_without = route.fetch().text()
        more = page_without.replace(ARTICLE, f'{ARTICLE} data-more="/ajax{address}"')
        route.fulfill(body=more, content_type="text/html")

    def answer_late(route: Route) -> None:
        details = route.fetch().text()
        route.fulfill(body=details.replace("<dl>", "<dl><dt>Late</dt>"), content_type="text/html")

    page.route(f"**{address}", lack_details)
    page.route(f"**/ajax{address}", answer_late)
    page.goto(address)
    expect(page.locator("main article dl")).to_contain_text("Late")


def test_quick_look_opened_without_a_connection_loads_when_it_is_back(page: Page) -> None:
    """Neither details nor their script came: title and agency stand, and all comes by itself."""
    page.goto("/search?q=flower&lang=en")
    read_tiles(page)
    page.context.set_offline(True)
    page.locator("main .tile .picture").nth(1).press("Space")
    look = page.get_by_role("dialog", name="Quick look")
    expect(look.locator(".facts .note")).to_have_text("The details could not be loaded. Try again")
    title = page.locator("main .tile .title bdi").nth(1).text_content() or ""
    expect(look.get_by_role("heading", level=1)).to_have_text(title)
    expect(page).to_have_title(title)
    expect(look.locator(".facts")).to_contain_text("Demo catalogue")
    page.context.set_offline(False)
    expect(look.locator(".facts dl")).to_be_visible()
    expect(look.get_by_role("link", name="Share")).to_be_visible()
