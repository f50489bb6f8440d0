"""The iframe on pages without script, its height, and the builder that makes all of it."""

import re
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from tests.support.axe import CHECK
from tests.support.embed_hosts import SETTLED, open_page
from tests.support.embed_page import element, find_pictures, script
from tests.support.host_pages import HostPages
from tests.support.site_server import SiteServer


def frame(site: SiteServer, query: str, more: str = 'width="600" height="342"') -> str:
    return f'<iframe src="{site.url}/embed?{query}" {more} title="Pictures"></iframe>'


def find_frame(page: Page) -> FrameLocator:
    """Return the content of the page's iframe, once there are pictures."""
    inside = page.frame_locator("iframe")
    inside.locator(".picture").first.wait_for()
    return inside


def test_a_frame_needs_no_script_on_the_page(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Under a policy that allows frames alone the pictures are there, at a height known before."""
    policy = f"default-src 'none'; frame-src {site.url}; style-src 'unsafe-inline'"
    html = f"{frame(site, 'q=flower')}<p>After</p>"
    page = open_page(reader, host.page(html, {"Content-Security-Policy": policy}))
    inside = find_frame(page)
    body = inside.locator("body").evaluate("e => [e.scrollHeight, document.body.clientHeight]")
    assert body == [342, 342]
    assert page.evaluate("shift") == 0
    link = inside.locator(".picture").first
    expect(link).to_have_attribute("rel", "sponsored nofollow noopener")


def test_links_in_a_frame_open_outside(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """A click leads out of the frame, into a tab of its own."""
    reader.route("https://shutterstock.7eer.net/**", lambda route: route.fulfill(body="shop"))
    page = open_page(reader, host.page(frame(site, "q=flower")))
    with reader.expect_page() as tab:
        find_frame(page).locator(".picture").first.click()
    tab.value.wait_for_url("https://shutterstock.7eer.net/**")


def test_a_frame_earns_for_the_page_around_it(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Links carry the host that shows the frame, unless the address names another."""
    for query, wanted in (("q=cat", "localhost"), ("q=cat&site=blog.example", "blog.example")):
        page = open_page(reader, host.page(frame(site, query)))
        ping = find_frame(page).locator(".picture").first.get_attribute("ping")
        assert ping
        assert parse_qs(urlsplit(ping).query)["site"] == [wanted]


def test_a_sandboxed_frame_works(reader: BrowserContext, host: HostPages, site: SiteServer) -> None:
    """A frame without an origin of its own, as WordPress makes of strangers', has its pictures.

    They earn for the page around it, too.
    """
    sandbox = 'sandbox="allow-scripts" width="600" height="342"'
    page = open_page(reader, host.page(frame(site, "q=cat", sandbox)))
    total = page.request.get(f"{site.url}/api/search?q=cat").json()["total"]
    expect(find_frame(page).locator(".picture")).to_have_count(total)
    ping = find_frame(page).locator(".picture").first.get_attribute("ping")
    assert ping
    assert parse_qs(urlsplit(ping).query)["site"] == ["localhost"]


@pytest.mark.parametrize(
    ("liked", "color"), [("dark", "rgb(255, 255, 255)"), ("light", "rgb(0, 0, 0)")]
)
def test_a_frame_follows_the_reader(
    browser: Browser, host: HostPages, site: SiteServer, liked: Literal["dark", "light"], color: str
) -> None:
    """With theme=auto a frame is dark where the reader likes it so, its text as its ground."""
    context = browser.new_context(color_scheme=liked)
    inside = find_frame(open_page(context, host.page(frame(site, "q=cat&theme=auto"))))
    expect(inside.locator(".earns")).to_have_css("color", color)
    context.close()


def test_a_frame_gets_the_height_it_asks_for(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """With the parent's script a frame is as high as its content, and grows with a search."""
    helper = f'<script type="module" async src="{site.url}/embed-frame.js"></script>'
    page = open_page(
        reader, host.page(helper + frame(site, "kind=search", 'width="600" height="99"'))
    )
    expect(page.locator("iframe")).to_have_attribute("height", "50")
    box = page.frame_locator("iframe").get_by_role("searchbox", name="Search pictures")
    box.fill("bird")
    box.press("Enter")
    find_frame(page)
    expect(page.locator("iframe")).to_have_attribute("height", "548")


def test_only_the_site_itself_sets_heights(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Messages of other origins, and nonsense of the site's own, change nothing."""
    evil = host.page(
        "<script>for (const height of [999, '9', NaN, -1, {}]) parent.postMessage("
        "{ affiliateHeight: height }, '*'); parent.postMessage(null, '*'); parent.told = 1</script>"
    )
    helper = f'<script type="module" async src="{site.url}/embed-frame.js"></script>'
    html = f'{helper}{frame(site, "q=cat")}<iframe src="{evil}" height="77"></iframe>'
    page = open_page(reader, host.page(html))
    page.frame_locator("iframe").first.locator(".picture").first.wait_for()
    page.evaluate(SETTLED)
    heights = page.locator("iframe").evaluate_all("all => all.map(one => one.height)")
    assert heights == ["342", "77"]


# -- by keyboard and to screen readers


def test_embeds_pass_the_checker(
    browser: Browser,
    host: HostPages,
    site: SiteServer,
    axe: str,
) -> None:
    """axe-core finds no fault in any kind of embed, in light and dark."""
    embeds = "".join(
        element(site, f"q={words} kind={kind} rows=1")
        for words, kind in (
            *(("flower", "grid"), ("flower", "strip"), ("cat", "image"), ("bird", "search")),
            ("qqzxw", "grid"),
        )
    )
    start = '<html lang="en"><title>Blog</title><meta name="color-scheme" content="light dark">'
    start += f'{script(site)}<body style="background: Canvas">'
    address = host.page(f"{start}<main><h1>Blog</h1>{embeds}</main>")
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = open_page(context, address)
        for at in range(4):
            find_pictures(page, at)
        page.locator("affiliate-search").last.get_by_role("link").wait_for()
        page.evaluate(axe)
        assert page.evaluate(CHECK) == []
        context.close()


def test_the_keyboard_reaches_what_is_seen(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Tab goes through the pictures of the visible rows, shows the title of each, and goes on."""
    html = f'{script(site)}{element(site, "q=flower rows=1")}<a href="/">After</a>'
    page = open_page(reader, host.page(html))
    find_pictures(page)
    page.evaluate(SETTLED)
    seen = page.locator("affiliate-search .tile:not([inert])").count()
    page.keyboard.press("Tab")
    expect(find_pictures(page).first).to_be_focused()
    expect(page.locator("affiliate-search .strip").first).to_have_css("opacity", "1")
    for _ in range(2 * seen):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="After")).to_be_focused()


# -- the builder


def test_choices_are_shown_at_once(page: Page, context: BrowserContext, site: SiteServer) -> None:
    """A choice changes preview, code and address; a kind brings its own rows.

    What can't be read is told beside its field, and no code stands beside it.
    """
    page.goto("/embed/builder")
    inside = page.frame_locator("iframe")
    inside.locator(".picture").first.wait_for()
    page.get_by_label("Kind").select_option("Strip")
    code = page.get_by_label("Code", exact=True)
    expect(code).to_have_value(re.compile('kind="strip"'))
    expect(page.get_by_label("Rows")).to_have_value("1")
    page.locator(".builder").get_by_label("Search pictures").fill("bird")
    wanted = "platform=html&q=bird&kind=strip&rows=1&lang=en&view=light"
    expect(page).to_have_url(f"{site.url}/embed/builder?{wanted}")
    accent = page.locator("#f-accent")
    accent.fill("red")
    expect(accent).to_have_accessible_description(re.compile("six hexadecimal digits"))
    expect(accent).to_have_attribute("aria-invalid", "true")
    expect(page.locator("textarea")).to_have_count(0)
    page.locator("[type=color]").fill("#ff8800")
    expect(code).to_have_value(re.compile('accent="#ff8800"'))
    expect(accent).to_have_value("#ff8800")
    expect(accent).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("radio", name="Dark").check()
    expect(page.locator(".ground.dark iframe")).to_have_attribute("src", re.compile("theme=dark"))
    page.locator("iframe").evaluate("e => { e.kept = true }")
    page.get_by_label("Where does it go?").select_option("Notion")
    expect(page.get_by_label("Address")).to_have_value(re.compile(f"^{site.url}/embed[?]q=bird"))
    page.get_by_label("Where does it go?").select_option("Newsletter")
    expect(code).to_have_value(re.compile("^<p><a href="))
    page.get_by_label("Where does it go?").select_option("WordPress")
    expect(page.get_by_text("In the editor add “Custom HTML”")).to_be_visible()
    assert page.locator("iframe").evaluate("e => e.kept")
    inside.locator(".picture[ping*=bird]").first.wait_for()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == code.input_value()


def test_filters_follow_the_kind_of_media(context_of_two: BrowserContext) -> None:
    """A fold holds the filters of pictures, or of footage; the fold stays open at the change."""
    page = context_of_two.new_page()
    page.goto("/embed/builder?q=flower&lang=en")
    code = page.get_by_label("Code", exact=True)
    page.get_by_label("Without AI").wait_for(state="attached")
    expect(page.get_by_label("Without AI")).to_be_hidden()
    page.locator("#filters summary").click()
    page.get_by_label("Without AI").check()
    expect(code).to_have_value(re.compile(' no_ai="1"'))
    page.get_by_label("Width").select_option("2000")
    page.get_by_label("Date added").select_option("week")
    expect(code).to_have_value(re.compile(' min_width="2000" added="week"'))
    page.get_by_label("Orientation").select_option("Panorama")
    expect(code).to_have_value(re.compile(' orientation="panorama"'))
    page.get_by_label("Media").select_option("Footage")
    expect(code).to_have_value(re.compile(' media="video"'))
    expect(page.get_by_label("Duration")).to_be_visible()
    page.get_by_label("Duration").fill("30-10")
    expect(page.get_by_label("Duration")).to_have_accessible_description(re.compile("a range"))
    page.get_by_label("Duration").fill("1-10")
    expect(code).to_have_value(re.compile(' duration="1-10"'))
    page.get_by_label("Media").select_option("Images")
    expect(page.get_by_label("Duration")).to_have_count(0)
    expect(code).not_to_have_value(re.compile("duration|video"))


def test_a_reason_for_no_pictures_follows_the_preview(page: Page) -> None:
    """The preview asks for the pictures; the page says then that there are none."""
    page.goto("/embed/builder?q=flower&lang=en")
    note = page.locator(".built .note")
    page.locator(".builder").get_by_label("Search pictures").fill("qq" + "z" * 80)
    expect(note).to_contain_text("Nothing found for “qqzz")
    link = page.frame_locator("iframe").get_by_role("link")
    assert link.evaluate("e => [...e.getClientRects()].every(r => r.right <= innerWidth)")


def test_hints_stand_below_their_fields(page: Page) -> None:
    """Sentences about a field begin where the field begins, close to it, as do faults of ticks."""
    page.goto("/embed/builder?q=flower&rows=9&no_ai=x&lang=en")
    for hint in page.locator(".builder form .hint").all():
        box, field = hint.bounding_box(), hint.locator("..").bounding_box()
        assert box
        assert field
        assert box["x"] == field["x"]
        before = hint.evaluate("e => e.previousElementSibling?.getBoundingClientRect().bottom")
        assert box["y"] - before <= 16
    tops = [
        page.locator(f"#f-{n}").evaluate("e => e.getBoundingClientRect().top")
        for n in ("kind", "rows")
    ]
    assert tops[0] == tops[1]


def test_pictures_are_chosen_in_the_preview(page: Page) -> None:
    """A click on a picture puts it into the code and leads nowhere; a second one takes it out."""
    page.goto("/embed/builder?q=flower&lang=en&view=choose")
    pictures = page.frame_locator("iframe").locator(".picture")
    ids = [pictures.nth(i).get_attribute("data-id") for i in range(3)]
    for i in (2, 0, 1, 1):
        pictures.nth(i).click(position={"x": 5, "y": 5})
    code = page.get_by_label("Code", exact=True)
    expect(code).to_have_value(re.compile(f' ids="demo:{ids[2]},demo:{ids[0]}" '))
    expect(pictures.nth(1).locator("..")).to_have_css("opacity", "0.4")
    assert len(page.context.pages) == 1
    page.get_by_role("radio", name="Light").check()
    expect(pictures).to_have_count(2)
    assert pictures.first.get_attribute("data-id") == ids[2]


def test_clicks_in_the_preview_are_not_counted(page: Page, site: SiteServer) -> None:
    """A blogger who tries a picture is no reader: it opens, and nothing is told of it."""
    told: list[str] = []
    page.context.route("https://**", lambda route: route.fulfill(body="there"))
    page.context.on("request", lambda one: told.append(one.url) if "/clicks" in one.url else None)
    before = len(site.clicks())
    page.goto("/embed/builder?q=flower&lang=en")
    picture = find_frame(page).locator(".picture").first
    expect(picture).to_have_attribute("href", re.compile("https?://"))
    for button in ("left", "middle"):
        with page.context.expect_page() as opening:
            picture.click(position={"x": 5, "y": 5}, button=button)
        opening.value.close()
    assert told == []
    assert len(site.clicks()) == before


def test_the_builder_works_without_script(browser: Browser, site: SiteServer) -> None:
    """Without JavaScript the form builds the same, in one step."""
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/embed/builder")
    page.locator(".builder").get_by_label("Search pictures").fill("bird")
    page.get_by_label("Kind").select_option("One picture")
    page.get_by_role("button", name="Show pictures").click()
    code = page.get_by_label("Code", exact=True).input_value()
    assert '<affiliate-search q="bird" lang="en" kind="image"' in code
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)
    context.close()


def test_pasted_code_shows_pictures(
    page: Page, reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """The builder's element and frame, pasted into another site's page, show their pictures."""
    page.goto("/embed/builder?q=cat&kind=strip&site=blog.example")
    codes = [one.input_value() for one in page.locator("textarea").all()]
    assert codes[2].startswith(f"{site.url}/search?q=cat")
    blog = open_page(reader, host.page("".join(codes[:2])))
    find_pictures(blog)
    find_frame(blog)
    assert blog.evaluate("shift") == 0
