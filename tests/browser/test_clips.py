"""A clip of footage plays, muted, for whoever looks at its tile, and for nobody else."""

import base64
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.support.shutterstock import TOKEN, shutterstock
from tests.support.site_server import SiteServer, running_site

DAY = 86400
ADDRESS = "/search?q=waves&media=video&lang=en&wait=1"
RECORD = """async () => {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm" });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start();
  for (let n = 0; n < 10; n += 1) {
    pen.fillStyle = `hsl(${36 * n} 80% 50%)`;
    pen.fillRect(0, 0, 300, 150);
    await new Promise(requestAnimationFrame);
  }
  recorder.stop();
  await ended;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""
"""Makes a small clip, in the browser itself."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    """Yield a site with footage."""
    with shutterstock() as agency:
        settings = {"SHUTTERSTOCK_URL": agency.url, "SHUTTERSTOCK_API_TOKEN": TOKEN}
        with running_site(tmp_path_factory.mktemp("footage"), settings) as server:
            yield server


@pytest.fixture(scope="module")
def clip(browser: Browser) -> bytes:
    with browser.new_context() as context:
        return base64.b64decode(context.new_page().evaluate(RECORD))


@pytest.fixture
def context(browser: Browser, site: SiteServer) -> Iterator[BrowserContext]:
    with browser.new_context(base_url=site.url, reduced_motion="no-preference") as opened:
        yield opened


@pytest.fixture
def asked(context: BrowserContext, clip: bytes) -> list[str]:
    """Return a list of the clips that the browser requests."""
    found: list[str] = []

    def serve(route: Route) -> None:
        if not route.request.url.endswith(".mp4"):
            return route.fulfill(status=404)
        found.append(route.request.url)
        return route.fulfill(body=clip, content_type="video/webm")

    context.route(re.compile("^https:"), serve)
    return found


@pytest.fixture
def page(context: BrowserContext, asked: list[str]) -> Page:
    """Return a page of footage whose time stands still."""
    opened = context.new_page()
    opened.clock.install(time=0)
    opened.goto(ADDRESS)
    opened.evaluate("() => import('/static/clip.js')")  # so that the first tile doesn't wait
    opened.clock.pause_at(DAY)
    assert asked == []
    return opened


def test_a_clip_plays_while_it_is_looked_at(page: Page, asked: list[str]) -> None:
    """It begins 300 ms after the pointer came, without sound, and ends when that leaves."""
    first = page.locator("a[data-clip]").first
    video = first.locator("video")
    first.hover()
    page.clock.run_for(290)
    expect(video).to_have_count(0)
    page.clock.run_for(20)
    expect(video).to_have_js_property("paused", value=False)
    assert video.evaluate("v => v.muted && v.loop && v.playsInline")
    box, seen = first.locator(".crop").bounding_box(), video.bounding_box()
    assert box == seen
    assert asked == [first.get_attribute("data-clip")]
    page.mouse.move(0, 0)
    expect(video).to_have_count(0)
    first.hover()
    page.clock.run_for(310)
    expect(video).to_have_js_property("paused", value=False)


def test_the_keyboard_plays_it_too(page: Page) -> None:
    """Focus is as good as the pointer, and the pointer's leaving takes nothing from it."""
    first = page.locator("a[data-clip]").first
    page.keyboard.press("Tab")
    first.focus()
    page.clock.run_for(310)
    expect(first.locator("video")).to_have_js_property("paused", value=False)
    first.hover()
    page.mouse.move(0, 0)
    expect(first.locator("video")).to_have_count(1)
    page.locator("#q").focus()
    expect(first.locator("video")).to_have_count(0)


def test_quick_look_takes_a_playing_clip_out_of_its_tile(page: Page) -> None:
    """Opened by Space while the clip plays; the tile shows its still picture again, each time."""
    tile = page.locator(".tile:has(a[data-clip])").first
    page.keyboard.press("Tab")
    for _ in range(2):
        tile.locator("a[data-clip]").focus()
        page.clock.run_for(310)
        expect(tile.locator("video")).to_have_count(1)
        page.keyboard.press(" ")
        expect(page.locator("dialog[open]")).to_be_visible()
        expect(tile.locator("video")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        page.locator("#q").focus()


def test_a_played_clip_keeps_keys_and_swipes_for_its_controls(page: Page) -> None:
    """Where a clip has the focus, arrows seek; a swipe over a played clip moves its slider."""
    page.keyboard.press("Tab")
    page.locator("a[data-clip]").nth(1).focus()
    page.keyboard.press(" ")
    video = page.locator("dialog[open] video")
    video.wait_for()
    address = page.url
    video.focus()
    page.keyboard.press("ArrowRight")
    assert page.url == address
    clip = page.locator("a[data-clip]").first.get_attribute("data-clip")
    video.evaluate("async (video, src) => { video.src = src; await video.play() }", clip)
    for name, x in (("pointerdown", 300), ("pointerup", 200)):
        values = {"clientX": x, "pointerType": "touch", "isPrimary": True, "bubbles": True}
        video.evaluate(
            "(video, [name, values]) => video.dispatchEvent(new PointerEvent(name, values))",
            [name, values],
        )
    assert page.url == address
    page.locator("dialog .close").focus()
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(address)


def test_only_tiles_with_a_clip_load_the_player(context: BrowserContext, asked: list[str]) -> None:
    """Pages of pictures, and of footage that nobody looks at, go without its script."""
    page, loaded = context.new_page(), list[str]()
    page.on("request", lambda request: loaded.append(request.url))
    page.goto(ADDRESS.replace("media=video&", ""))
    page.locator(".tile .picture").first.hover()
    page.goto(ADDRESS)
    page.locator(".tile .picture").first.wait_for()
    assert not any(url.endswith("/clip.js") for url in loaded)
    played = page.expect_response(lambda response: response.url.endswith(".mp4"))
    with page.expect_response("**/clip.js") as response, played:
        page.locator("a[data-clip]").first.hover()
    assert response.value.ok
    expect(page.locator("a[data-clip] video").first).to_have_js_property("paused", value=False)
    assert len(asked) == 1


def test_a_glance_loads_nothing(page: Page, asked: list[str]) -> None:
    """A pointer that only passes by asks for no clip."""
    first = page.locator("a[data-clip]").first
    first.hover()
    page.clock.run_for(200)
    page.mouse.move(0, 0)
    page.clock.run_for(1000)
    assert page.locator("video").count() == 0
    assert asked == []


@pytest.mark.parametrize("wish", ["motion", "data"])
def test_who_wants_no_motion_or_little_data_gets_none(
    page: Page, asked: list[str], wish: str
) -> None:
    """Reduced motion and Save-Data are heeded."""
    if wish == "motion":
        page.emulate_media(reduced_motion="reduce")
    else:
        page.evaluate(
            "Object.defineProperty(navigator, 'connection', { value: { saveData: true }})"
        )
    page.locator("a[data-clip]").first.hover()
    page.clock.run_for(1000)
    assert page.locator("video").count() == 0
    assert asked == []
