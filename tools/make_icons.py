#!/usr/bin/env python3
"""Draw the site's PNG icons from ``static/icon.svg``.

Needed: Chromium, and ``playwright`` as the tests have it. Run from the top of the repository::

    .venv/bin/python tools/make_icons.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page, sync_playwright

STATIC = Path(__file__).resolve().parents[1] / "static"
CHROMIUM = "/usr/bin/chromium"
MOST_BYTES = 10_000


class Icon(NamedTuple):
    """An icon file: its side in pixels, and the drawing's share of the side.

    A ``full`` icon has the drawing's ground up to its edges, for platforms that cut out a shape of
    their own.
    """

    name: str
    side: int
    share: float = 1
    full: bool = False


ICONS = (
    Icon("icon-48.png", 48),
    Icon("icon-192.png", 192),
    Icon("icon-512.png", 512),
    Icon(
        "icon-maskable.png", 512, share=0.85, full=True
    ),  # the whole drawing within the safe circle
    Icon("apple-touch-icon.png", 180, share=0.9, full=True),
)


def markup(icon: Icon, svg: str) -> str:
    """Return a page that shows the icon alone."""
    ground = re.search(r'<rect [^>]*fill="([^"]+)"', svg)
    if ground is None:
        raise ValueError("the drawing has no ground")
    color = ground[1] if icon.full else "transparent"
    return (
        "<!doctype html><style>"
        "body { margin: 0; display: grid; place-items: center; height: 100vh }"
        f"body {{ background: {color} }}"
        f"svg {{ display: block; width: {icon.side * icon.share}px }}"
        f"</style>{svg}"
    )


def draw(page: Page, icon: Icon, svg: str) -> None:
    """Write an icon's file."""
    page.set_viewport_size({"width": icon.side, "height": icon.side})
    page.set_content(markup(icon, svg))
    png = page.screenshot(omit_background=True)
    if len(png) > MOST_BYTES:
        raise ValueError(f"{icon.name} has {len(png)} bytes")
    (STATIC / icon.name).write_bytes(png)
    print(f"{icon.name}: {len(png)} bytes")


def main() -> None:
    """Draw all icons."""
    svg = (STATIC / "icon.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        for icon in ICONS:
            draw(page, icon, svg)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
