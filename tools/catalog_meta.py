"""Words of the demo catalog: titles, keywords, authors and dates.

Used by ``make_catalog.py``.  Reads the RDF of an Open Clip Art Library file
and cleans its texts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from defusedxml import ElementTree  # type: ignore[import-untyped, unused-ignore]

if TYPE_CHECKING:
    from pathlib import Path

DC = "{http://purl.org/dc/elements/1.1/}"
NO_AUTHOR = "Open Clip Art"
PUBLIC_DOMAIN = "PublicDomain"

#: Keywords that say nothing (folders, themes, foreign folder names, noise).
NOISE = frozenset(
    """
    unsorted people recreation icon icons symbol symbols signs sign theme application
    clip art clipart svg externalsource unchecked vector raster hash dvb voip
    satellite-dvb bodypart common activities musicstuff weathersym religholiday
    transport airtravel roadtravel mathsymbol foodfruits vegitable deserts
    plantsvegetablesonion headohones maetgrinder djambe mallot bypasspruner
    roundpoint magnifing felini felino animali animale farfalla papillon ours
    fest xmass vanoce noel automne piment utensile engrenagem mecanica lotas
    kamal aoste valle saint brisgeek ebay snap wine pimp common shape desktop
    thought fun things place places experiences lemon_theme_icon hardware-dvb
    genealogy rod apparatus cultural ethnic fanart vgcats pudim calebasse
    crepuscular picture architettura carbohydrate protein menu container
    containers navigation colour unit day en mid break airbus windows doors
    lumen trimmer tigerorangegreenvector illustration entertainment christma
    smilie santa kit hopper d'aosta nimbochromis venustus peperoncino pop xmas
    eiffeltower fireengine firestation midautumn indigenous aboriginal
    """.split()
)

#: Other spellings of the same people, and names that look like addresses.
ALIASES = {
    "A.J. Ashton": "AJ Ashton",
    "Andrew Fitzsimon": "Andy Fitzsimon",
    "Francesco Rollandin": "Architetto Francesco Rollandin",
    "Jean-Vitor Balin": "Jean-Victor Balin",
    "andremarcel.de": "Andre Marcel",
    "mo": "Mo",
}

STOP = frozenset(
    """
    a an and as at by for from in into its of on or over the to with one two three four
    up down under behind among against close seen like long busy sounding
    above across below between near through out
    """.split()
)


@dataclass
class Rdf:
    """The metadata in a drawing's RDF."""

    title: str = ""
    author: str = ""
    date: str = ""
    license: str = ""
    keywords: list[str] = field(default_factory=list)


def read_rdf(path: Path) -> Rdf:
    """Read title, author, date, license and keywords of a drawing."""
    rdf = Rdf()
    root = ElementTree.parse(path).getroot()
    for node in root.iter():
        tag = str(node.tag)
        if tag == f"{DC}title" and not rdf.title:
            rdf.title = " ".join("".join(node.itertext()).split())
        elif tag == f"{DC}creator" and not rdf.author:
            rdf.author = " ".join(" ".join(node.itertext()).split())
        elif tag == f"{DC}date" and not rdf.date:
            rdf.date = (node.text or "").strip()
        elif tag.endswith("}li") and node.text:
            rdf.keywords.append(node.text.strip().lower())
        elif tag.endswith("}license") and not rdf.license:
            rdf.license = " ".join(str(value) for value in node.attrib.values())
    return rdf


def clean_author(raw: str) -> str:
    """Return an author's name without addresses, or `NO_AUTHOR`."""
    name = re.sub(r"[(\[][^)\]]*(@|www|http)[^)\]]*[)\]]", " ", raw)
    name = re.sub(r"\S*(@|https?:|www\.)\S*", " ", name)
    name = re.sub(r"\s+", " ", name).strip(" -,;.")
    name = re.sub(r"\bet al$", "et al.", name)
    if name.endswith(" G"):
        name += "."
    if not name or re.fullmatch(r"(?i)(unknown|anonymous|\W*)", name):
        return NO_AUTHOR
    if name.islower() and " " in name:
        name = name.title()
    return ALIASES.get(name, name)


def split_words(text: str) -> list[str]:
    """Return the words of a title without stop words."""
    words = re.findall(r"[a-z][a-z-]+", text.lower().replace("'s", ""))
    return [word for word in words if word not in STOP]


def is_telling(word: str, author: str) -> bool:
    """Return whether a keyword of the RDF is worth keeping."""
    if word in NOISE or not re.fullmatch(r"[a-z][a-z' -]{2,24}", word):
        return False
    if any(part in NOISE for part in word.split()):
        return False
    own = set(author.lower().split())
    return not (set(word.split()) & own) and len(word.split()) <= 2


def make_keywords(title: str, chosen: list[str], rdf: Rdf, folders: list[str]) -> list[str]:
    """Join hand-made, title, RDF and folder words into 3 to 20 keywords."""
    words = split_words(title) + chosen
    words += [word for word in rdf.keywords if is_telling(word, rdf.author)]
    words += [word for word in folders if is_telling(word, "")]
    unique = list(dict.fromkeys(word.strip().lower() for word in words if word.strip()))
    return unique[:20]


def derive_number(key: str, salt: str, below: int) -> int:
    """Return a number that depends on key and salt alone."""
    digest = hashlib.sha256(f"{salt}:{key}".encode()).hexdigest()
    return int(digest[:12], 16) % below


def make_id(key: str) -> str:
    """Return the stable seven-digit id of a source path."""
    return str(1_000_000 + derive_number(key, "id", 9_000_000))


def derive_popularity(number: str, *, photo: bool) -> int:
    """Return a popularity of 0 to 9999; a photograph is more popular than every drawing."""
    raw = derive_number(number, "popularity", 10_000)
    return raw * raw // 20_000 + (5_000 if photo else 0)


def derive_date(raw: str, key: str, first: dt.date = dt.date(2004, 6, 1), days: int = 640) -> str:
    """Return the RDF's date if valid, else a plausible date."""
    match = re.match(r"(20\d\d)-(\d\d)-(\d\d)", raw)
    if match:
        try:
            return dt.date(*(int(part) for part in match.groups())).isoformat()
        except ValueError:
            pass
    return (first + dt.timedelta(days=derive_number(key, "added", days))).isoformat()
