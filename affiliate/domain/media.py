"""Media, results and pages of a search as data, and the cleaning of texts from agencies."""

import html
import re
from collections.abc import Iterable
from html.entities import html5
from typing import Any, Final, NamedTuple, TypeGuard
from urllib.parse import quote, urlsplit

import msgspec

from affiliate.domain.query import SearchQuery
from affiliate.domain.words import strip_invisible

__all__ = [
    "LINK_FIELDS",
    "STATUSES",
    "AgencyStatus",
    "Collection",
    "Contributor",
    "Failure",
    "License",
    "Media",
    "SearchPage",
    "SearchQuery",
    "SearchResult",
    "Seller",
    "Sides",
    "Size",
    "Thumbnail",
    "clean_id",
    "clean_text",
    "clean_texts",
    "drop_repeats",
    "read_web_address",
]


LINK_FIELDS = ("affiliate_id", "id", "landing", "landing_url", "media", "site", "query")
"""The fields that a template of an affiliate link may hold."""

TAGS: Final = re.compile(
    r"""<(?:[!?][^<>]*|/?([a-zA-Z][\w:-]*)(?:\s(?:"[^"<]*"|'[^'<]*'|[^<>"'])*|\s[^<>]*|/)?)>"""
)
"""A tag, a comment or a declaration of HTML; the first group is a tag's name."""
STYLES: Final = re.compile(r"<style\b[^<>]*>[^<]*</style\s*>", re.IGNORECASE)
"""A style sheet, which some texts of Wikimedia begin with."""
PHRASING: Final = frozenset(
    (
        *("a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label".split()),
        *("mark q s samp script small span strike strong sub sup time tt u var wbr".split()),
    )
)
"""Tags that stand inside of a word or a line, where they are no space."""
USUAL_ADDRESS: Final = re.compile(r"https?://[a-z0-9.-]+(?:[/?#][!-\[\]-~]*)?")
"""Addresses of a host by name and ASCII without a backslash, as nearly all that agencies send."""
CLEAN_LINES: Final = re.compile(r"[!-%'-;=-~]+(?:[ \n][!-%'-;=-~]+)*")
"""Lines of ASCII without signs of HTML, with single spaces between their words."""
ENTITIES: Final = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,40});")


class Thumbnail(msgspec.Struct, frozen=True):
    """A rendition: its address and the declared size in pixels, which is the box to crop to."""

    url: str
    width: int | float
    height: int | float


class Seller(msgspec.Struct, frozen=True, omit_defaults=True):
    """One agency that sells a picture, and the link to it there.

    ``width`` and ``height`` are the pixels of the original, left out of JSON where they are not
    known.
    """

    agency: str
    id: str
    link: str
    width: int = 0
    height: int = 0


class Sides(msgspec.Struct, frozen=True):
    """The sides of a whole picture in pixels."""

    width: int
    height: int


class Size(msgspec.Struct, frozen=True):
    """A size in which a picture is sold: its sides in pixels, the file's ``bytes`` where known.

    ``name`` is the agency's word for it, such as medium; ``format`` the kind of file, such as jpg;
    ``credits`` the price in credits of the agency, where the answer tells a price.
    """

    name: str
    width: int
    height: int
    format: str
    bytes: int | None = None
    credits: int | None = None


class MediaPick(NamedTuple):
    """A picture or clip of an agency by its id."""

    agency: str
    id: str
    media: str = "image"

    def __str__(self) -> str:
        """Return the pick as addresses of boards hold it, before the encoding of the address."""
        kind = "" if self.media == "image" else f":{self.media}"
        return f"{self.agency}:{quote(self.id, safe='')}{kind}"


class License(msgspec.Struct, frozen=True):
    """A public license by its short name, such as CC BY 2.0; ``url`` is its deed, where known."""

    name: str
    url: str | None = None


class Media(msgspec.Struct, frozen=True, kw_only=True):
    """A picture or clip as an agency describes it.

    ``link`` and ``sellers`` are empty until a page is put together: they hold the owner's
    affiliate id, which never enters the cache. ``referral`` is the affiliate link that the agency
    itself put into its answer; it names the account of the key that was asked with, stays in the
    cached answer of that key, and is None again on a page, whose ``link`` is made of it. ``color``
    is the average color, six hex digits.
    ``original`` are the sides of the whole picture, where an answer tells them beside or without
    the ``sizes`` that are sold.
    ``renditions`` are the files that may stand in a tile, cropped like the thumbnail.
    ``released`` says that the people in it have agreed, ``property_released`` the owners of what
    is in it; ``categories`` are names. ``clip`` is the
    address of a small video that a tile may play; ``attribution`` is the whole sentence that a
    ``license`` asks for, ``contributor_url`` a page of the contributor's; ``search_id`` is the
    agency's number of the search that found it, which a license may name.
    """

    agency: str
    id: str
    media: str = "image"
    type: str | None = None
    title: str = ""
    keywords: tuple[str, ...] = ()
    link: str = ""
    page_url: str = ""
    referral: str | None = None
    contributor: str | None = None
    editorial: bool = False
    duration: float | None = None
    contributor_url: str | None = None
    attribution: str | None = None
    license: License | None = None
    sellers: tuple[Seller, ...] = ()
    thumbnail: Thumbnail
    preview: Thumbnail | None = None
    renditions: tuple[Thumbnail, ...] = ()
    color: str | None = None
    original: Sides | None = None
    sizes: tuple[Size, ...] = ()
    released: bool = False
    property_released: bool = False
    categories: tuple[str, ...] = ()
    clip: str | None = None
    search_id: str | None = None

    @property
    def is_own(self) -> bool:
        """Return whether the link leads to the picture's page on this site, not to an agency."""
        return self.link.endswith(f"/{self.media}/{self.agency}/{self.id}")

    @property
    def contributor_name(self) -> str:
        """Return the contributor's name for people; empty where the agency gives a bare number.

        The number stays the value of the filter ``contributor``.
        """
        name = self.contributor or ""
        return "" if name.isdecimal() else name

    @property
    def largest(self) -> Sides | None:
        """Return the sides of the original, or of the largest size sold; None if unknown."""
        if self.original or not self.sizes:
            return self.original
        size = max(self.sizes, key=lambda size: size.width * size.height)
        return Sides(size.width, size.height)


class Contributor(msgspec.Struct, frozen=True, kw_only=True):
    """A contributor of pictures or clips; ``page_url`` is their page at the agency, if any."""

    agency: str
    id: str
    name: str = ""
    about: str = ""
    page_url: str | None = None


class SearchResult(msgspec.Struct, frozen=True):
    """One chunk of an agency's ranking; ``total`` is None where the agency gives no count.

    ``corrected`` holds words that would find more, where the agency suggests some; ``applied`` says
    that the items are already those of the corrected words. ``capped`` says that the agency's count
    ends at ``total``, so that there may be more items. ``search_id`` is the agency's own number of
    this search.
    """

    items: tuple[Media, ...]
    total: int | None = None
    corrected: str | None = None
    search_id: str | None = None
    applied: bool = False
    capped: bool = False


class Collection(msgspec.Struct, frozen=True):
    """A named collection of pictures or clips that an agency shows to everybody.

    ``cover`` is the address of a picture that stands for the collection, of any size; ``total`` is
    the number of its items, where the agency gives one.
    """

    agency: str
    id: str
    name: str
    media: str = "image"
    cover: str | None = None
    total: int | None = None


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an agency did not answer: the error's kind, a sentence, and seconds to wait.

    Of one that was left alone, ``why`` is the kind of the failure before.
    """

    kind: str
    message: str
    retry_after: float
    why: str = ""


STATUSES: Final = ("fresh", "stale", "fetched", "late", "failed", "suspended", "unsupported")
"""States of an agency on a page; see `AgencyStatus`."""


class AgencyStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How one agency did on a page.

    ``status`` is fresh, stale, fetched, late, failed, suspended or unsupported; ``fetched_at``
    is Unix time in seconds. ``capped`` says that the agency counts no further than ``total``;
    ``searched`` holds the words that it looked for in place of those typed, ``search_link`` the
    link to the same search on the agency's own site. All three are left out of JSON where they
    say nothing.
    """

    agency: str
    status: str
    total: int | None = None
    fetched_at: float | None = None
    error: Failure | None = None
    capped: bool | msgspec.UnsetType = msgspec.UNSET
    searched: str | msgspec.UnsetType = msgspec.UNSET
    search_link: str | msgspec.UnsetType = msgspec.UNSET


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a search over all agencies, as the page and the JSON API show it.

    ``corrected`` holds words that would find more: those of the first agency that has some.
    """

    query: SearchQuery
    page: int
    pages: int
    total: int | None
    items: tuple[Media, ...]
    agencies: tuple[AgencyStatus, ...]
    corrected: str | msgspec.UnsetType = msgspec.UNSET


def read_web_address(value: object) -> str | None:
    """Return the value if it is an absolute http or https address, else None.

    Other addresses (``javascript:``, ``data:``, relative) must not reach an ``href`` or ``src``.
    """
    if not isinstance(value, str):
        return None
    if USUAL_ADDRESS.fullmatch(value):  # in a quarter of the time
        return value
    if re.search(r"[\s\x00-\x1f\x7f\\]", value):
        return None
    try:
        value.encode()
        parts = urlsplit(value)
        return value if parts.scheme in {"http", "https"} and parts.hostname else None
    except ValueError:
        return None


def clean_text(value: object) -> str:
    """Return the text of an agency on one line, safe to show.

    Tags are stripped, then entities of HTML that end with a semicolon are decoded once; lone
    surrogates are replaced, control and invisible characters removed. Tags that entities hid
    (``&lt;b&gt;``) stay text.
    """
    if not isinstance(value, str):
        return ""
    if value.isascii() and value.isprintable() and "<" not in value and "&" not in value:
        return " ".join(value.split())  # most texts, as keywords
    text = STYLES.sub(" ", value) if "<" in value else value
    text = TAGS.sub(_replace_tag, text) if "<" in text else text
    text = ENTITIES.sub(_decode_entity, text) if "&" in text else text
    line = clean_id(text)
    return line if line.isascii() else strip_invisible(line)


def _decode_entity(match: re.Match[str]) -> str:
    """Return the characters of an entity; a name that only begins like an entity of HTML stays."""
    name = match[0][1:]
    return html.unescape(match[0]) if name.startswith("#") else html5.get(name, match[0])


def clean_id(value: object) -> str:
    """Return an agency's id on one line of Unicode.

    Lone surrogates are replaced and control characters removed; all other characters stay.
    """
    if not isinstance(value, str):
        return ""
    text = value
    if not value.isprintable():  # most texts are, which this check finds in a tenth of the time
        text = re.sub("[\ud800-\udfff]", "\ufffd", value)
        text = re.sub("[\x00-\x1f\x7f-\x9f]", " ", text)
    return " ".join(text.split())


def _replace_tag(match: re.Match[str]) -> str:
    """Return the replacement of a tag: nothing inside of words, else the space of a new line."""
    return "" if (match[1] or "").casefold() in PHRASING else " "


def clean_texts(values: Iterable[object]) -> tuple[str, ...]:
    """Return keywords or names as safe texts, each once."""
    texts = list(values)
    return tuple(texts) if _are_clean(texts) else drop_repeats(map(clean_text, texts))


def _are_clean(texts: list[Any]) -> TypeGuard[list[str]]:
    """Return whether `clean_texts` would change nothing, as with most keywords of agencies.

    Joined texts are checked in a fifth of the time that cleaning takes.
    """
    try:
        joined = "\n".join(texts)
    except TypeError:
        return False
    if not CLEAN_LINES.fullmatch(joined):
        return False
    lines = joined.lower().split("\n")
    return len(lines) == len(texts) == len(set(lines))


def drop_repeats(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the texts that are not empty, each once, without repeats in another case."""
    by_folded: dict[str, str] = {}
    for text in texts:
        if text:
            by_folded.setdefault(text.casefold(), text)
    return tuple(by_folded.values())
