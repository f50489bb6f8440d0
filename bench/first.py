"""First picture: the time from Enter to the first picture and to the first whole row.

A visitor types words on the start page, whose files the browser has. Every byte passes a slow link
(`bench.slow_link`); pictures come from another host with TLS (`bench.pictures`).
"""

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from math import inf
from statistics import median
from typing import Any, Final, NamedTuple

from bench.pictures import BYTES, HOST
from bench.report import Goal, Table, format_milliseconds
from bench.servers import (
    MissingProgram,
    Server,
    Servers,
    Upstream,
    find_program,
    run_process,
    wait_for,
)

BROWSER: Final = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0"
    " Mobile Safari/537.36"
)
WAITED_MS: Final = 30_000
ACTIONS: Final = ("back", "next page", "quick look")
USUAL_DELAY: Final = 0.5
"""Seconds that the agency takes, unless said otherwise."""
TO_LIMIT: Final = 1.15
TO_WAITING_PAGE: Final = 0.85
TO_BEFORE: Final = 0.6
BEFORE: Final = 1.57
"""The site's time to that of its page that waits, on 27 November 2026, before the head start."""

WATCH: Final = """
addEventListener("keydown", ({ key }) => {
  if (key !== "Enter") return;
  sessionStorage.setItem("pressed", performance.timeOrigin + performance.now());
}, true);
let first;
document.addEventListener("load", ({ target }) => {
  if (window.firstRow || target.tagName !== "IMG" || !target.currentSrc.includes("HOST")) return;
  requestAnimationFrame(() => {
    const pressed = sessionStorage.getItem("pressed") ?? performance.timeOrigin;
    const now = performance.timeOrigin + performance.now() - pressed;
    first ??= [now, target.currentSrc];
    const pictures = [...document.images].filter(({ src }) => src.includes("HOST"));
    const { top, height } = pictures[0].getBoundingClientRect();
    const row = pictures.filter((one) => one.getBoundingClientRect().top < top + height / 2);
    if (row.every((one) => one.complete)) window.firstRow ??= [...first, now];
  });
}, true);
""".replace("HOST", HOST)
WAITING: Final = """() => {
  const wait = document.createElement("input");
  Object.assign(wait, { type: "hidden", name: "wait", value: 1 });
  document.querySelector("input[name=q]").form.append(wait);
}"""


NEXT_PAGE: Final = """async () => {
  const button = document.querySelector(".pages a[rel=next], .pages .more");
  const began = performance.now();
  button.click();
  while (![...document.querySelectorAll(".tile img")].slice(48).some((one) => one.naturalWidth))
    await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
QUICK_LOOK: Final = """async () => {
  const began = performance.now();
  document.querySelector("[data-look]").click();
  const shown = () => document.querySelector("dialog[open] img")?.naturalWidth;
  while (!shown()) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
BACK: Final = """async () => {
  const began = Number(sessionStorage.getItem("left"));
  while (![...document.querySelectorAll(".tile img")].some((one) => one.naturalWidth))
    await new Promise(requestAnimationFrame);
  return performance.timeOrigin + performance.now() - began;
}"""
LEAVE: Final = """() => {
  sessionStorage.setItem("left", performance.timeOrigin + performance.now());
  setTimeout(() => history.back());
}"""


class Network(NamedTuple):
    """A visitor's link and device."""

    name: str
    round_trip: float
    bits: float
    slowdown: int
    width: int
    ratio: float


SLOW: Final = Network("slow 4G, phone", 0.15, 1.6e6, 4, 375, 2)
CONDITIONS: Final = (
    (SLOW, USUAL_DELAY),
    (SLOW, 0.1),
    (SLOW, 1.5),
    (Network("fast 4G, phone", 0.06, 9e6, 4, 375, 2), USUAL_DELAY),
    (Network("desk", 0.02, 50e6, 1, 1440, 1), USUAL_DELAY),
)
"""Links, each with the seconds that the agency takes."""


class Contender(NamedTuple):
    """A server under test; ``waits`` asks for the page that waits for the agency.

    With ``acts`` the next page, quick look and Back are measured, too.
    """

    name: str
    server: Server
    waits: bool = False
    acts: bool = False


class Times(NamedTuple):
    """Seconds to the first picture and the first row, and the first picture's rendition."""

    first: float
    row: float
    rendition: str


Visit = Callable[[Network, Contender], dict[str, Times]]


def run(servers: Servers, *, quick: bool) -> Table:
    """Measure every case in turn, in several rounds."""
    rounds, few = (1, 1) if quick else (5, 3)
    table = Table(
        title="First picture",
        how="Seconds from Enter to the first picture and to the first whole row, in Chromium;"
        f" medians of {rounds} on slow 4G with an agency of 0.5 s, else of {few}. A relay holds"
        " site and picture host to the link: slow 4G 150 ms and 1.6 Mbit/s, fast 4G 60 ms and 9"
        " Mbit/s, a desk 20 ms and 50 Mbit/s; phones have the processor slowed 4 times. Pictures"
        " come from another origin with TLS. *Limit*: a round trip for the page, the agency's"
        " time, a round trip and the transfer of the picture. *Landing*: a"
        " search opened by a link, with no file in the browser. *Back*, *next page* and *quick"
        " look* count from the click.",
        columns=["", "case", "link", "agency", "first picture", "first row", "to the limit"],
    )
    with measured(servers) as (contenders, upstream, visit):
        for network, delay in CONDITIONS:
            upstream.control(delay=delay)
            is_main = (network, delay) == (SLOW, USUAL_DELAY)
            chosen = contenders if is_main else contenders[:3]
            turns = [
                {contender.name: visit(network, contender) for contender in chosen}
                for _ in range(rounds if is_main else few)
            ]
            fill(table, network, delay, turns)
    judge(table)
    return table


@contextmanager
def measured(servers: Servers) -> Iterator[tuple[list[Contender], Upstream, Visit]]:
    """Start the servers; yield the contenders, the agency, and what measures a contender."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the bench's own alone
    except ImportError:
        raise MissingProgram("Playwright is missing: see bench/requirements.txt") from None
    folder = servers.create_folder("pictures")
    with ExitStack() as stack:
        enter = stack.enter_context
        upstream = enter(servers.run_upstream())
        site = enter(servers.run_site(upstream))
        stored = enter(servers.run_site(upstream, target="bench.site_without_memory:create_app"))
        peer = enter(servers.run_peer("create_ajax", upstream))
        log = folder / "log"
        command = [sys.executable, "-m", "bench.pictures", str(folder)]
        pictures = enter(run_process(command, {}, log))
        host_port = int(wait_for(pictures, log, lambda: log.read_text().partition("\n")[0]))
        contenders = [
            Contender("Affiliate Search", site, acts=True),
            Contender("its page that waits", site, waits=True),
            Contender("Flask with Ajax, Flask-Caching", peer),
            Contender("Affiliate Search, from the store", stored),
            Contender("the peer's page that waits, as a metasearch's", peer, waits=True),
        ]
        playwright = enter(sync_playwright())
        numbers = itertools.count()

        @contextmanager
        def open_visitor(network: Network, contender: Contender) -> Iterator[Visitor]:
            """Open a browser with an empty cache behind a link of its own."""
            log = servers.create_folder("link") / "log"
            command = [sys.executable, "-m", "bench.slow_link"]
            command += [str(network.round_trip), str(network.bits)]
            command += [contender.server.url.rpartition(":")[2], str(host_port)]
            with run_process(command, {}, log) as link:
                site_port, pictures_port = wait_for(
                    link, log, lambda: log.read_text().count("\n") > 1 and log.read_text()
                ).split()
                browser = playwright.chromium.launch(
                    executable_path=find_program("chromium"),
                    ignore_default_args=["--disable-back-forward-cache"],
                    args=[
                        *("--no-sandbox", "--no-first-run", "--disable-background-networking"),
                        f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{pictures_port}",
                    ],
                )
                try:
                    url = f"http://127.0.0.1:{site_port}"
                    yield Visitor(browser, network, url, waits=contender.waits)
                finally:
                    browser.close()

        def visit(network: Network, contender: Contender) -> dict[str, Times]:
            """Search for new words, for further words, and for words that others know."""
            number, times = next(numbers), {}
            with open_visitor(network, contender) as visitor:
                times["cold"] = visitor.start().search(f"picture{number}")
                visitor.settle()
                times["second search"] = visitor.search(f"another{number}")
            with open_visitor(network, contender) as visitor:
                times["known"] = visitor.start().search(f"picture{number}")
                if contender.acts:
                    visitor.settle()
                    times |= {case: visitor.act(case) for case in ACTIONS}
            with open_visitor(network, contender) as visitor:
                times["landing"] = visitor.land(f"landing{number}")
            return times

        yield contenders, upstream, visit


class Visitor:
    """A visitor with an empty browser."""

    def __init__(
        self,
        browser: Any,  # noqa: ANN401 - Playwright's
        network: Network,
        url: str,
        *,
        waits: bool,
    ) -> None:
        self.url = url
        self.waits = waits
        context = browser.new_context(
            viewport={"width": network.width, "height": 800},
            device_scale_factor=network.ratio,
            user_agent=BROWSER,
            ignore_https_errors=True,
        )
        context.add_init_script(WATCH)
        self.page = context.new_page()
        session = context.new_cdp_session(self.page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": network.slowdown})

    def start(self) -> "Visitor":
        """Open the start page, let its files come, and return the visitor."""
        self.page.goto(f"{self.url}/", wait_until="networkidle")
        return self

    def land(self, words: str) -> Times:
        """Open a search by a link, without the start page before."""
        waiting = "&wait=1" if self.waits else ""
        self.page.goto(f"{self.url}/search?q={words}{waiting}", wait_until="commit")
        return self.read_times()

    def settle(self) -> None:
        """Wait until nothing passes the link."""
        self.page.wait_for_load_state("networkidle")

    def act(self, case: str) -> Times:
        """Measure what follows a search in the page."""
        page = self.page
        if case == "back":
            page.goto(f"{self.url}/topics/", wait_until="networkidle")
            page.evaluate(LEAVE)
            page.wait_for_url("**/search?**", wait_until="commit")
            seconds = page.evaluate(BACK) / 1000
        else:
            seconds = page.evaluate({"next page": NEXT_PAGE, "quick look": QUICK_LOOK}[case]) / 1000
        self.settle()
        return Times(seconds, seconds, "")

    def search(self, words: str) -> Times:
        """Measure a search from the press of Enter."""
        page = self.page
        if self.waits:
            page.evaluate(WAITING)
        page.locator("input[name=q]").fill(words)
        page.evaluate("() => { window.firstRow = undefined; }")  # of the search before
        with page.expect_navigation(wait_until="commit", timeout=WAITED_MS):
            page.keyboard.press("Enter")
        return self.read_times()

    def read_times(self) -> Times:
        """Return the times of the page that loads, once the first row is whole."""
        row = self.page.wait_for_function("() => window.firstRow", polling=100, timeout=WAITED_MS)
        first, address, whole = row.json_value()
        rendition = address.rpartition("/")[2].partition("-")[0]
        return Times(first / 1000, whole / 1000, rendition)


def limit(network: Network, delay: float, case: str, rendition: str) -> float:
    """Return the least seconds to the first picture on a link with open connections."""
    if case == "landing":
        return inf
    agency = 0.0 if case == "known" else delay
    return 2 * network.round_trip + agency + 8 * BYTES[rendition] / network.bits


def fill(
    table: Table, network: Network, delay: float, turns: list[dict[str, dict[str, Times]]]
) -> None:
    """Add the rows of a link and a delay of the agency."""
    for name in turns[0]:
        for case in turns[0][name]:
            times = [turn[name][case] for turn in turns]
            first, row = median(one.first for one in times), median(one.row for one in times)
            least = limit(network, delay, case, times[0].rendition) if times[0].rendition else inf
            table.rows.append(
                [
                    *(name, case, network.name, f"{delay:g} s"),
                    *(format_milliseconds(first), format_milliseconds(row)),
                    f"{first / least:.2f}" if least < inf else "-",
                ]
            )
            key = f"{name}, {case}, {network.name}, {delay:g}"
            table.figures[key] = {"first": first, "row": row, "limit": least, "all": times}


def judge(table: Table) -> None:
    """Compare the figures with the goals."""
    ours, waiting = (
        table.figures[f"{name}, cold, {SLOW.name}, {USUAL_DELAY:g}"]
        for name in ("Affiliate Search", "its page that waits")
    )
    table.goals += [
        Goal("first picture to the limit", ours["first"] / ours["limit"], TO_LIMIT, at_least=False),
        Goal(
            "first picture to that of the page that waits",
            ours["first"] / waiting["first"],
            TO_WAITING_PAGE,
            at_least=False,
        ),
        Goal(
            "the same to that of 27 November",
            ours["first"] / waiting["first"] / BEFORE,
            TO_BEFORE,
            at_least=False,
        ),
    ]
