"""Interaction: how soon a page with 300 tiles answers a visitor, and what 20 pages keep in memory.

The latency of an interaction is the time from the input to the next frame:
https://web.dev/articles/inp.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, Final

from bench.pictures import HOST
from bench.report import Goal, Table, format_milliseconds
from bench.servers import MissingProgram, Servers, find_program, run_process, wait_for

SLOWDOWN: Final = 4
TILES: Final = 300
FEW_PAGES, MANY_PAGES = 10, 20
WAIT_MS: Final = 30_000
SETTLE_MS: Final = 700
"""Milliseconds in which a frame and its event entries come for certain."""
INP_SECONDS: Final = 0.1
LINEAR: Final = MANY_PAGES / FEW_PAGES

WATCH: Final = """
window.inputs = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (one.interactionId) inputs.push(one.duration);
}).observe({ type: "event", durationThreshold: 16, buffered: true });
"""
COUNT_LIVE: Final = """() => {
  const walker = document.createTreeWalker(document);
  let nodes = 1;
  while (walker.nextNode()) nodes += 1;
  return nodes;
}"""
TILE: Final = ".tile .picture"
NEXT: Final = ".pages [rel=next]"


def run(servers: Servers, *, quick: bool) -> Table:
    """Interact with a page of 300 tiles in several rounds; then scroll through 20 pages."""
    rounds = 1 if quick else 3
    table = Table(
        title="Interaction",
        how=f"Chromium, 1440 pixels wide, the processor slowed {SLOWDOWN} times, at least {TILES}"
        " tiles on the page; pictures come from another origin. *Latency*: the longest time from"
        f" an input to the next frame (the `duration` of event entries); medians of {rounds}"
        f" pages. *Memory*: after a garbage collection with {FEW_PAGES} and with {MANY_PAGES}"
        " pages of results; *left over* is what the browser holds and the document does not.",
        columns=["", "latency", f"{FEW_PAGES} pages", f"{MANY_PAGES} pages", "ratio"],
    )
    with browse(servers) as open_page:
        turns = []
        for _ in range(rounds):
            page, _ = open_page()
            turns.append(interact(page))
            page.context.close()
        for case in turns[0]:
            seconds = median(turn[case] for turn in turns)
            table.rows.append([case, format_milliseconds(seconds), "", "", ""])
            table.figures[case] = {"latency": seconds, "all": [turn[case] for turn in turns]}
            table.goals.append(Goal(f"{case}, in seconds", seconds, INP_SECONDS, at_least=False))
        page, session = open_page()
        fill_memory(table, page, session)
    return table


@contextmanager
def browse(servers: Servers) -> Iterator[Callable[[], tuple[Any, Any]]]:
    """Start the site, its agency and a browser; yield a function that opens a page of results."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the bench's own alone
    except ImportError:
        raise MissingProgram("Playwright is missing: see bench/requirements.txt") from None
    folder = servers.create_folder("pictures")
    log = folder / "log"
    command = [sys.executable, "-m", "bench.pictures", str(folder)]
    with (
        servers.run_upstream() as upstream,
        servers.run_site(upstream) as site,
        run_process(command, {}, log) as host,
        sync_playwright() as playwright,
    ):
        port = wait_for(host, log, lambda: log.read_text().partition("\n")[0])
        browser = playwright.chromium.launch(
            executable_path=find_program("chromium"),
            args=[
                *("--no-sandbox", "--no-first-run", "--disable-background-networking"),
                f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{port}",
            ],
        )

        def open_page() -> tuple[Any, Any]:
            """Return a page of results, its processor slowed, and a session of CDP."""
            context = browser.new_context(
                viewport={"width": 1440, "height": 900}, ignore_https_errors=True
            )
            context.add_init_script(WATCH)
            page = context.new_page()
            page.set_default_timeout(WAIT_MS)
            page.goto(f"{site.url}/search?q=harbor&lang=en&wait=1", wait_until="networkidle")
            session = context.new_cdp_session(page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
            return page, session

        yield open_page
        browser.close()


def append_pages(page: Any, tiles: int) -> None:  # noqa: ANN401 - Playwright's
    """Append pages, by scrolling and by the link, until the page has so many tiles."""
    while (before := page.locator(TILE).count()) < tiles:
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.evaluate(f"document.querySelector('{NEXT}')?.click()")
        page.wait_for_function(
            f"() => document.querySelectorAll('{TILE}').length > {before}", polling=100
        )


def interact(page: Any) -> dict[str, float]:  # noqa: ANN401 - Playwright's
    """Return the longest latency of each kind of interaction, in seconds."""
    append_pages(page, TILES)
    page.wait_for_load_state("networkidle")

    def measure(act: Callable[[], None]) -> float:
        page.wait_for_timeout(SETTLE_MS)
        page.evaluate("inputs.length = 0")
        act()
        page.wait_for_timeout(SETTLE_MS)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(SETTLE_MS)
        return max(page.evaluate("inputs"), default=0.0) / 1000

    def look() -> None:
        page.evaluate("scrollTo(0, 2000)")
        page.wait_for_timeout(SETTLE_MS)
        x, y = page.evaluate(
            f"""() => [...document.querySelectorAll("{TILE}")].map((one) =>
            one.getBoundingClientRect()).filter(({{ top }}) => top > 300).map(
            ({{ x, y, width, height }}) => [x + width / 2, y + height / 2])[0]"""
        )
        page.mouse.move(x, y)
        link = page.evaluate_handle(
            f"document.elementFromPoint({x}, {y}).closest('.tile').querySelector('[data-look]')"
        )
        page.evaluate("inputs.length = 0")
        link.as_element().click()

    def type_words() -> None:
        page.locator("#q").fill("")
        page.evaluate("inputs.length = 0")
        page.locator("#q").press_sequentially("harbor boat", delay=180)

    cases = {"opening quick look": measure(look)}
    cases["the next picture in quick look"] = measure(lambda: page.keyboard.press("ArrowRight"))
    cases["closing quick look"] = measure(lambda: page.keyboard.press("Escape"))
    cases["typing with suggestions"] = measure(type_words)
    page.locator("#q").fill("harbor")
    page.keyboard.press("Escape")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(SETTLE_MS)
    page.locator(NEXT).hover()  # the next page comes before the click
    page.wait_for_load_state("networkidle")
    cases["appending a page"] = measure(lambda: page.locator(NEXT).click())
    cases["opening the filters"] = measure(lambda: page.locator(".filters > summary").click())
    choice = page.locator(".fields select[name=orientation]")
    choice.focus()
    cases["changing a filter"] = measure(lambda: page.keyboard.press("ArrowDown"))
    return cases


def fill_memory(table: Table, page: Any, session: Any) -> None:  # noqa: ANN401 - Playwright's
    """Add the rows of memory, after few pages and after many."""
    found = []
    for pages in (FEW_PAGES, MANY_PAGES):
        append_pages(page, 48 * pages)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(SETTLE_MS)
        session.send("HeapProfiler.enable")
        session.send("HeapProfiler.collectGarbage")
        nodes = session.send("Memory.getDOMCounters")["nodes"]
        heap = session.send("Runtime.getHeapUsage")["usedSize"]
        found.append((heap, nodes, nodes - page.evaluate(COUNT_LIVE)))
    for place, name in enumerate(("JS heap, bytes", "DOM nodes", "nodes left over")):
        few, many = found[0][place], found[1][place]
        ratio = many / few
        table.rows.append([name, "", f"{few:,}", f"{many:,}", f"{ratio:.2f}"])
        table.figures[name] = {"few": few, "many": many}
        if name != "nodes left over":
            table.goals.append(Goal(f"{name}: ratio", ratio, LINEAR, at_least=False))
    more = (found[1][2] - found[0][2]) / (48 * (MANY_PAGES - FEW_PAGES))
    table.goals.append(Goal("nodes left over for each tile", more, 1, at_least=False))
