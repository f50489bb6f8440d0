#!/usr/bin/env python3
"""Check the demo catalog: files, sizes, bars, words; print its counts.

Run from anywhere: ``python tools/check_catalog.py``.  Exits with 1 if
anything is wrong.  Needs ``pillow``.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image, ImageStat

REPO = Path(__file__).resolve().parent.parent
CATALOG = REPO / "affiliate" / "agencies" / "demo" / "catalog.jsonl"
FOLDER = REPO / "static" / "demo"
BAR = 20
KEYS = (
    "id title keywords contributor type width height preview_width preview_height color colors "
    "categories added popularity license source credit"
).split()
LEAKS = re.compile(r"https?:|(?<![_a-z])www\.|@(?!stdlib|2x)|/usr/|/home/|node_modules")

Entry = dict[str, Any]


def is_bar(image: Image.Image, box: tuple[int, int, int, int]) -> bool:
    """Return whether a strip is mostly white and has gray letters."""
    strip = image.crop(box).convert("L")
    stat = ImageStat.Stat(strip)
    lowest = strip.getextrema()[0]
    return stat.median[0] >= 250 and stat.mean[0] > 225 and float(str(lowest)) < 200


def check_thumb(entry: Entry) -> list[str]:
    """Check one thumbnail's size and bar."""
    number, width, height = entry["id"], entry["width"], entry["height"]
    with Image.open(FOLDER / f"{number}.webp") as image:
        image.load()
        size = image.size
        if size == (width, height + BAR):
            good = is_bar(image, (0, height, width, height + BAR))
        elif size == (width + BAR, height) and width < height:
            good = is_bar(image, (width, 0, width + BAR, height))
        else:
            return [f"{number}: thumbnail is {size}, declared {width}x{height}"]
    return [] if good else [f"{number}: no bar"]


def check_preview(entry: Entry) -> list[str]:
    """Check one preview's size and ratio."""
    number = entry["id"]
    declared = (entry["preview_width"], entry["preview_height"])
    with Image.open(FOLDER / f"{number}-large.webp") as image:
        image.load()
        size = image.size
    wrong = [] if size == declared else [f"{number}: preview is {size}, declared {declared}"]
    ratio = entry["width"] / entry["height"]
    if abs(size[0] / size[1] / ratio - 1) > 0.01:
        wrong.append(f"{number}: preview and thumbnail differ in ratio")
    return wrong


def check_words(entry: Entry) -> list[str]:
    """Check an entry's keys and texts."""
    number = entry["id"]
    wrong = [] if list(entry) == KEYS else [f"{number}: keys {list(entry)}"]
    if not re.fullmatch(r"\d{7}", number):
        wrong.append(f"{number}: not a seven-digit id")
    if not 3 <= len(entry["keywords"]) <= 20:
        wrong.append(f"{number}: {len(entry['keywords'])} keywords")
    if entry["height"] != 260 or entry["type"] not in {"photo", "vector", "illustration"}:
        wrong.append(f"{number}: height or type")
    wrong += [
        f"{number}: color {color}"
        for color in [entry["color"], *entry["colors"]]
        if not re.fullmatch(r"[0-9a-f]{6}", color)
    ]
    if LEAKS.search(json.dumps(entry)):
        wrong.append(f"{number}: an address or machine path")
    return wrong


def count_matches(entries: list[Entry], query: str) -> int:
    """Count the entries that have every word of a query."""
    count = 0
    for entry in entries:
        text = " ".join([entry["title"], *entry["keywords"]]).lower()
        words = set(re.findall(r"[a-z]+", text))
        count += all(part in words for part in query.split())
    return count


def report(entries: list[Entry]) -> None:
    """Print the counts of the catalog."""
    files = sorted(FOLDER.glob("*.webp"))
    total = sum(path.stat().st_size for path in files) + CATALOG.stat().st_size
    shape = Counter(
        "square" if e["width"] == 260 else "horizontal" if e["width"] > 260 else "vertical"
        for e in entries
    )
    print(f"{len(entries)} pictures, {len(files)} files, {total / 1e6:.2f} MB with the catalog")
    print("types:", dict(Counter(e["type"] for e in entries)))
    print("shapes:", dict(shape))
    print("categories:", dict(Counter(c for e in entries for c in e["categories"]).most_common()))
    print("licenses:", dict(Counter(e["license"] for e in entries)))
    for query in ("mountain", "space", "sunset", "snow", "clouds", "sea", "city", "cat", "flower"):
        print(f"  {query}: {count_matches(entries, query)}")


def main() -> int:
    """Check all entries and files; return 1 if anything is wrong."""
    lines = CATALOG.read_text(encoding="utf-8").splitlines()
    entries: list[Entry] = [json.loads(line) for line in lines]
    numbers = [entry["id"] for entry in entries]
    wrong = [] if numbers == sorted(set(numbers)) else ["ids not unique or not sorted"]
    for entry in entries:
        wrong += check_thumb(entry) + check_preview(entry) + check_words(entry)
    expected = {f"{n}{tail}.webp" for n in numbers for tail in ("", "-large")}
    stray = {path.name for path in FOLDER.iterdir()} - expected
    wrong += [f"stray file {name}" for name in sorted(stray)]
    right = sum(Image.open(FOLDER / f"{e['id']}.webp").width == e["width"] + BAR for e in entries)
    report(entries)
    print(f"bars at the right: {right}")
    for line in wrong:
        print("WRONG", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
