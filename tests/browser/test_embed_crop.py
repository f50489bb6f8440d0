"""No embed shows an id bar, whatever its kind, width and screen."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.support.crop import EDGES, is_tinted, make_barred_picture, open_png
from tests.support.embed_page import element, find_pictures, script
from tests.support.host_pages import HostPages
from tests.support.site_server import SiteServer

KINDS = ("kind=grid rows=3", "kind=strip rows=2", "kind=image rows=3")
WIDTHS = (320, 479, 733)
DRAWN = """async e => {
    for (const tile of e.shadowRoot.querySelectorAll(".tile")) {
        tile.style.setProperty("--tint", "#808080");
    }
    const seen = [...e.shadowRoot.querySelectorAll(".tile:not([inert]) img")].filter(image =>
        image.getBoundingClientRect().left < innerWidth);
    await Promise.all(seen.map(image => image.decode()));
    await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
}"""


def with_bars(context: BrowserContext, site: SiteServer, edge: str) -> None:
    """Give every picture of flowers a bar beyond its declared size."""
    found = context.request.get(f"{site.url}/api/search?q=flower&wait=1").json()["items"]
    sizes = {one["id"]: (one["thumbnail"]["width"], one["thumbnail"]["height"]) for one in found}

    def fulfill(route: Route) -> None:
        width, height = sizes[re.sub(r".*/|(-large)?\.webp", "", route.request.url)]
        route.fulfill(body=make_barred_picture(width, height, edge), content_type="image/png")

    context.route("**/static/demo/*", fulfill)


def shows_bar(page: Page, at: int) -> bool:
    embed = page.locator("affiliate-search").nth(at)
    embed.evaluate(DRAWN)
    return is_tinted(open_png(embed.locator(".area").screenshot()))


@pytest.mark.parametrize("ratio", [1, 2.625])
@pytest.mark.parametrize("edge", EDGES)
def test_embeds_show_no_bar(
    browser: Browser, host: HostPages, site: SiteServer, ratio: float, edge: str
) -> None:
    """In every kind of embed, in narrow and wide columns, the bars fall outside of the tiles."""
    context = browser.new_context(
        device_scale_factor=ratio, viewport={"width": 800, "height": 1800}
    )
    with_bars(context, site, edge)
    page = context.new_page()
    embeds = "".join(element(site, f"q=flower {kind}") for kind in KINDS)
    column = '<body style="background: #808080"><main style="width: 320px">'
    page.goto(host.page(f"{script(site)}{column}{embeds}</main>"))
    for at in range(len(KINDS)):
        find_pictures(page, at)
    for width in WIDTHS:
        page.locator("main").evaluate("(main, width) => { main.style.width = `${width}px` }", width)
        assert [kind for at, kind in enumerate(KINDS) if shows_bar(page, at)] == [], width
    pictures = page.locator("affiliate-search").last.locator("img")
    pictures.evaluate_all("all => all.forEach(one => { one.style.objectFit = 'fill' })")
    assert shows_bar(page, len(KINDS) - 1)  # one that is there is seen
    context.close()
