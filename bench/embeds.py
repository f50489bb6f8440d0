"""The bytes that a blog loads to show pictures, beside the bytes of other embeds."""

from typing import Final

from bench.lighthouse import format_kilobytes, measure_bytes, run_demo
from bench.report import Goal, Table
from bench.servers import Servers

ELEMENT_KILOBYTES, FRAME_KILOBYTES = 5, 0.5
PEERS: Final = {
    "lite-youtube-embed 0.3.4": (3939, 1251, "`src/lite-yt-embed.js` and `.css`; one video"),
    "Algolia Autocomplete 1.19.12": (22430, 0, "`dist/umd/index.production.js`; without its theme"),
    "Algolia InstantSearch 4.118.1": (
        *(150_341, 0),
        "`dist/instantsearch.production.min.js`; all widgets, without a theme",
    ),
}
"""Bytes of script and styles in the npm packages, by ``gzip -9``, and the files measured."""


def run(servers: Servers, *, quick: bool) -> Table:
    """Measure the sizes of the site's scripts."""
    del quick
    table = Table(
        title="Embeds",
        how="What a page elsewhere loads before any picture, gzipped: ours as the site sends it,"
        " the peers' files as their packages on npm have them.",
        columns=["", "script", "styles", "what"],
    )
    with run_demo(servers) as site:
        element, source = measure_bytes(frozenset([f"{site.url}/embed.js"]))
        frame, _ = measure_bytes(frozenset([f"{site.url}/embed-frame.js"]))
    inside = "the element with its styles, all kinds"
    table.rows.append(["ours, `/embed.js`", format_kilobytes(element), "in it", inside])
    table.rows.append(["ours, iframe", "none", "none", "a page of its own, height told beforehand"])
    helper = "gives iframes the height that they ask for; optional"
    table.rows.append(["ours, `/embed-frame.js`", format_kilobytes(frame), "none", helper])
    for name, (script, styles, what) in PEERS.items():
        table.rows.append(
            [name, format_kilobytes(script), format_kilobytes(styles) if styles else "none", what]
        )
    table.goals += [
        Goal("element in kB, gzipped", element / 1000, ELEMENT_KILOBYTES, at_least=False),
        Goal("parent's script in kB", frame / 1000, FRAME_KILOBYTES, at_least=False),
    ]
    table.notes.append(f"Not compressed: `/embed.js` {format_kilobytes(source)}.")
    table.figures = {"element": element, "frame": frame}
    return table
