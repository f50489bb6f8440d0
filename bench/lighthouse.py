"""Lighthouse on our pages: how fast, accessible, sound and findable they are, and their weight.

Its scores and audits: https://github.com/GoogleChrome/lighthouse/blob/main/docs/scoring.md
"""

import gzip
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from bench.report import Goal, Table, format_milliseconds
from bench.servers import (
    STOP_SECONDS,
    MissingProgram,
    Server,
    Servers,
    fetch,
    find_free_port,
    find_program,
    is_alive,
    run_process,
    wait_for,
)

FOLDER: Final = Path(__file__).parent
LIGHTHOUSE: Final = FOLDER / "node_modules" / "lighthouse"
BROWSER_FLAGS: Final = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
PATIENCE: Final = 180.0
"""The most seconds for opening a page."""
CATEGORIES: Final = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best-practices": "best practices",
    "seo": "SEO",
}
LCP, CLS, TBT = "largest-contentful-paint", "cumulative-layout-shift", "total-blocking-time"
WEIGHT: Final = "total-byte-weight"
START, SEARCH, TOPIC = "/?lang=en", "/search?q=flower&lang=en", "/topics/flower?lang=en"
NOINDEX: Final = "is-crawlable"
"""The audit that a page of results can't pass, since searches stay out of indexes on purpose."""
PERFECT: Final = (
    *((page, category) for page in (START, SEARCH) for category in list(CATEGORIES)[:3]),
    *((page, "seo") for page in (START, TOPIC)),
)
JS_KILOBYTES, CSS_KILOBYTES = 10, 8
PEERS: Final = {
    "SearXNG, its `simple` theme as built in searxng/searxng": "a page of results loads"
    " 164,058 characters of minified JavaScript, not compressed"
    " (`searx/static/themes/simple/sxng-core.min.js` at 0734ee6 and the chunks that it imports"
    " with the default plugins), of which 146,976 are the calculator's, which its documentation"
    " lists as active by default; and 85,754 of CSS (`sxng-ltr.min.css` at 019460e)",
    "Openverse, WordPress/openverse": "no figure: its sources hold neither built files nor a"
    " size limit; `.github/workflows/bundle_size.yml` reports sizes only below pull requests, and"
    " none of those reports was found",
}


class Visit(NamedTuple):
    """A visit of a page: scores of 0 to 1, figures in ms and bytes, files that the page loaded.

    ``failed`` has, for each category, the audits below 1; a broken audit counts as 0.
    """

    scores: dict[str, float]
    figures: dict[str, float]
    failed: dict[str, dict[str, float]]
    scripts: frozenset[str]
    styles: frozenset[str]
    tools: str


def run(servers: Servers, *, quick: bool) -> Table:
    """Open each page in turn, in several rounds."""
    rounds = 1 if quick else 5
    table = Table(
        title="Lighthouse",
        how="Lighthouse's default mobile preset (simulated slow 4G, processor slowed 4 times), a"
        f" fresh profile each time; medians of {rounds}, the pages in turn. The site is the one of"
        " the `Procfile`, on the demo catalogue, with its cache warm. *Weight* is all that the page"
        " transfers; *JS* and *CSS* are the site's own files that the page loads, gzipped as the"
        " site sends them.",
        columns=["", *CATEGORIES.values(), "LCP", "CLS", "TBT", "weight", "JS", "CSS"],
    )
    install_lighthouse()
    with run_demo(servers) as site:
        pages = warm(site, table)
        visits: dict[str, list[Visit]] = {page: [] for page in pages}
        for _ in range(rounds):
            for page in pages:
                visits[page].append(visit(servers, site.url + page))
        for page, page_visits in visits.items():
            fill_table(table, page, page_visits)
    judge(table)
    table.peers |= PEERS
    table.notes.append(next(iter(visits.values()))[0].tools)
    return table


def install_lighthouse() -> None:
    """Install the pinned Lighthouse beside the bench, unless it is there.

    Raises:
        Missing: Node.js or the network is missing; the message has npm's error.
    """
    pinned = json.loads((FOLDER / "package.json").read_text())["devDependencies"]["lighthouse"]
    with suppress(OSError):
        if json.loads((LIGHTHOUSE / "package.json").read_text())["version"] == pinned:
            return
    print("Making bench/node_modules ...", file=sys.stderr, flush=True)
    command = [find_program("npm"), "ci", "--prefix", str(FOLDER)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode:
        raise MissingProgram(f"Lighthouse can't be installed: {process.stderr.strip()[-500:]}")


@contextmanager
def run_demo(servers: Servers) -> Iterator[Server]:
    """Return the site on the demo catalogue, knowing its own address, for canonical links."""
    folder, port = servers.create_folder("demo"), find_free_port()
    log, url = folder / "log", f"http://127.0.0.1:{port}"
    settings = {"AGENCIES": "demo", "SITE_URL": url, "PORT": str(port), "DATA_DIR": str(folder)}
    with run_process([sys.executable, "app.py"], settings, log) as process:
        wait_for(process, log, lambda: is_alive(url))
        yield Server(process, url, log)


def warm(site: Server, table: Table) -> list[str]:
    """Return the pages to open, each requested twice; note the pages that the site lacks."""
    fetch(f"{site.url}/ajax{SEARCH}&wait=1")
    item = json.loads(fetch(f"{site.url}/api{SEARCH}&wait=1"))["items"][0]
    pages = []
    for page in (START, SEARCH, TOPIC, f"/image/{item['agency']}/{item['id']}?lang=en"):
        try:
            fetch(site.url + page)
            fetch(site.url + page)
        except urllib.error.HTTPError as error:
            table.note_missing(f"`{page}`", MissingProgram(f"it answers {error.code}"))
        else:
            pages.append(page)
    return pages


def visit(servers: Servers, url: str) -> Visit:
    """Open a page once."""
    folder = servers.create_folder("lighthouse")
    report, log = folder / "report.json", folder / "log"
    command = [find_program("node"), str(LIGHTHOUSE / "cli" / "index.js"), url, "--quiet"]
    command += [f"--chrome-flags={BROWSER_FLAGS}", "--no-enable-error-reporting"]
    command += ["--output=json", f"--output-path={report}"]
    settings = {"CHROME_PATH": find_program("chromium"), "TMPDIR": str(folder)}
    with run_process(command, settings, log) as process:
        try:
            code = process.wait(PATIENCE)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)  # at no other signal does it end the browser
                with suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_SECONDS)
    if code:
        raise RuntimeError(f"Lighthouse failed on {url}:\n{log.read_text()[-3000:]}")
    return read_report(json.loads(report.read_text()))


def read_report(report: dict[str, Any]) -> Visit:
    """Return the visit in a report of Lighthouse."""
    audits = report["audits"]
    requests = audits["network-requests"]["details"]["items"]
    browser = report["environment"]["hostUserAgent"].rpartition("Chrome/")[2].split(".")[0]

    def failed(category: str) -> dict[str, float]:
        ids = [reference["id"] for reference in report["categories"][category]["auditRefs"]]
        broken = {n: 0.0 for n in ids if audits[n]["scoreDisplayMode"] == "error"}
        scores = {n: audits[n]["score"] for n in ids if audits[n]["score"] is not None}
        return {n: score for n, score in scores.items() if score < 1} | broken

    def files(kind: str) -> frozenset[str]:
        return frozenset(
            request["url"] for request in requests if request.get("resourceType") == kind
        )

    return Visit(
        scores={name: report["categories"][name]["score"] or 0.0 for name in CATEGORIES},
        figures={name: audits[name]["numericValue"] for name in (LCP, CLS, TBT, WEIGHT)},
        failed={name: failed(name) for name in CATEGORIES},
        scripts=files("Script"),
        styles=files("Stylesheet"),
        tools=f"Lighthouse {report['lighthouseVersion']}, Chromium {browser}.",
    )


def fill_table(table: Table, page: str, visits: list[Visit]) -> None:
    """Add the row of a page and the audits that the page did not pass."""
    scores = {name: 100 * median(v.scores[name] for v in visits) for name in CATEGORIES}
    figures = {name: median(v.figures[name] for v in visits) for name in visits[0].figures}
    code = {
        "JS": measure_bytes(frozenset().union(*(v.scripts for v in visits))),
        "CSS": measure_bytes(frozenset().union(*(v.styles for v in visits))),
    }
    failed = {name: list_failures(visits, name) for name in CATEGORIES}
    times = (
        format_milliseconds(figures[LCP] / 1000),
        f"{figures[CLS]:.3g}",
        f"{figures[TBT]:.0f} ms",
    )
    sizes = (
        format_kilobytes(figures[WEIGHT]),
        *(format_kilobytes(sent) for sent, _ in code.values()),
    )
    table.rows.append([f"`{page}`", *(f"{score:.0f}" for score in scores.values()), *times, *sizes])
    plain = ", ".join(f"{name} {format_kilobytes(size)}" for name, (_, size) in code.items())
    lists = [
        f"{CATEGORIES[name]}: {', '.join(f'{n} {score:.2g}' for n, score in audits.items())}"
        for name, audits in failed.items()
        if audits
    ]
    below = "; ".join(lists) or "none"
    table.notes.append(f"`{page}`: audits below 1: {below}. Not compressed: {plain}.")
    table.figures[page] = {"scores": scores, **figures, "code": code, "failed": failed}


def list_failures(visits: list[Visit], category: str) -> dict[str, float]:
    """Return the audits of a category that most visits did not pass, with their median scores."""
    names = sorted({name for v in visits for name in v.failed[category]})
    scores = {name: median(v.failed[category].get(name, 1.0) for v in visits) for name in names}
    return {name: score for name, score in scores.items() if score < 1}


def measure_bytes(addresses: frozenset[str]) -> tuple[int, int]:
    """Return the bytes of files, as sent to a browser and unpacked."""
    sent = unpacked = 0
    for address in addresses:
        request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = answer.read()
            packed = answer.headers.get("Content-Encoding") == "gzip"
        sent += len(body)
        unpacked += len(gzip.decompress(body) if packed else body)
    return sent, unpacked


def judge(table: Table) -> None:
    """Add the goals for the pages that were opened."""
    pages = table.figures
    table.goals += [
        Goal(f"`{page}`: {CATEGORIES[category]}", pages[page]["scores"][category], 100)
        for page, category in PERFECT
        if page in pages
    ]
    bars = [("pages that did not open", len(table.rows) - len(pages), 0)]
    if SEARCH in pages:
        others = [name for name in pages[SEARCH]["failed"]["seo"] if name != NOINDEX]
        bars.append((f"`{SEARCH}`: SEO audits not passed beside {NOINDEX}", len(others), 0))
    js, css = (
        max(page_figures["code"][kind][0] for page_figures in pages.values()) / 1000
        for kind in ("JS", "CSS")
    )
    bars += [
        (
            "CLS, the most of all pages",
            max(page_figures[CLS] for page_figures in pages.values()),
            0,
        ),
        ("own JS of a page, in kB gzipped", js, JS_KILOBYTES),
        ("own CSS of a page, in kB gzipped", css, CSS_KILOBYTES),
    ]
    table.goals += [Goal(text, value, bar, at_least=False) for text, value, bar in bars]


def format_kilobytes(size: float) -> str:
    """Return a size in bytes for a cell."""
    return f"{size / 1000:.1f} kB"
