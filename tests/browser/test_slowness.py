"""While a page asks late agencies by itself it invites nobody to do so."""

import re

from playwright.sync_api import Page, Route, expect


def test_the_invitation_comes_when_the_page_has_given_up(page: Page) -> None:
    """Without scripts it stands there from the beginning; what is late is asked for meanwhile."""
    asked: list[Route] = []

    def keep(route: Route) -> None:
        asked.append(route)

    page.route(re.compile(r"[0-9]/search\?q=zebra"), serve_waiting)
    page.route("**/ajax/search?*", keep)
    with page.expect_request("**/ajax/search?*"):
        page.goto("/search?q=zebra&lang=en&wait=1")
    again = page.get_by_role("link", name="Ask again and wait for them")
    expect(page.get_by_text("The agencies are slow today.")).to_be_visible()
    expect(again).to_be_hidden()
    asked[0].abort()
    expect(again).to_be_visible()


def serve_waiting(route: Route) -> None:
    """Serve the page as when its only agency is late."""
    answer = route.fetch()
    late = (
        '<section class="results" data-page="1" data-late="demo"><h1 class="count">Still looking'
        '</h1><p class="note">The agencies are slow today. <a class="again" href="/">'
        "Ask again and wait for them</a></p></section>"
    )
    body = re.sub(r'<section class="results".*</section>', late, answer.text(), flags=re.DOTALL)
    route.fulfill(response=answer, body=body)
