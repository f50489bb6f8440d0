"""Details of a picture that another call brings are loaded behind its own page."""

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
