"""A visitor's search in its canonical form, and the one parser of searches."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Self
from urllib.parse import unquote_to_bytes

import msgspec

from affiliate.domain import language_tags, masking, words
from affiliate.domain.site_names import read_host
from affiliate.domain.url_encoding import encode_pairs
from affiliate.errors import BadQuery

MEDIA: Final = ("image", "video")
TYPES: Final = ("photo", "illustration", "vector")
ORIENTATIONS: Final = ("horizontal", "vertical", "square", "panorama")
PANORAMA: Final = 2
"""Times that a panorama is at least as wide as high."""
MIN_WIDTHS: Final = ("1000", "2000", "4000", "6000")
"""Least widths of a picture, in pixels."""
ADDED: Final[Mapping[str, int]] = {"week": 7, "month": 30, "year": 365}
"""The days, today included, in which an agency has added a picture or clip, by their name."""
AGES: Final = ("infants", "children", "teenagers", "20s", "30s", "40s", "50s", "60s", "older")
GENDERS: Final = ("male", "female", "both")
ETHNICITIES: Final = (
    *("african", "african_american", "black", "brazilian", "chinese", "caucasian", "east_asian"),
    *("hispanic", "japanese", "middle_eastern", "native_american", "pacific_islander"),
    *("south_asian", "southeast_asian", "other"),
)
LICENSES: Final = ("commercial", "editorial", "enhanced")
SORTS: Final = ("popular", "relevance", "newest", "oldest", "random")
RESOLUTIONS: Final = ("4k", "high_definition", "standard_definition")
ASPECTS: Final = ("16:9", "4:3", "nonstandard")
LANGUAGES: Final = (  # the values of Shutterstock's `language` (OpenAPI 1.1.32), the longest list
    *("ar bg bn cs da de el en es fi fr gu he hi hr hu id it ja kn ko ml mr nb nl or pl".split()),
    *("pt ro ru sk sl sv ta te th tr uk ur vi zh zh-Hant".split()),
)
FOOTAGE_FILTERS: Final = ("duration", "resolution", "aspect", "fps")

MAX_WORDS: Final = 500
MAX_NAME: Final = 100
MAX_PEOPLE: Final = 4
MAX_INTEGER: Final = 999_999_999
"""Greatest whole number that a parameter may be."""
POSITION_DIGITS: Final = 6
POSITION: Final = rf"[1-9][0-9]{{0,{POSITION_DIGITS - 1}}}"
"""Pattern of a place among the results, in addresses and in clicks."""
HEX_COLOR: Final = r"[0-9a-f]{6}"
"""Pattern of a color that `normalize_color` returns."""
MAX_QUERY_STRING: Final = 16_384
"""Bytes of the longest query string: the longest words, to find and to exclude, percent-encoded."""
MAX_PARAMETERS: Final = 100
"""Parameters of an address, including those that nobody reads."""

Parameters = Mapping[str, list[str]]


class SearchQuery(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One search, with its words as they are shown and all else in its canonical form.

    Two addresses that mean the same have one `to_key`; they are equal where they are spelled alike,
    too. The order of the fields is the order of the canonical query string. ``lang`` is None where
    the address names no language that is known; the site's own holds then.
    """

    q: str = ""
    exclude: str = ""
    media: str = "image"
    type: str | None = None
    orientation: str | None = None
    min_width: str | None = None
    added: str | None = None
    color: str | None = None
    people: int | None = None
    age: str | None = None
    gender: str | None = None
    ethnicity: str | None = None
    category: str | None = None
    contributor: str | None = None
    license: str | None = None
    released: bool = False
    no_ai: bool = False
    safe: bool = True
    sort: str = "popular"
    duration: str | None = None
    resolution: str | None = None
    aspect: str | None = None
    fps: str | None = None
    lang: str | None = None
    agency: tuple[str, ...] = ()
    page: int = 1

    @classmethod
    def from_query_string(cls, raw: str | bytes) -> Self:
        """Read a query string as it stands in the address, without the question mark.

        Raises:
            BadQuery: names the first parameter that can't be read.
        """
        return cls.from_parameters(read_parameters(raw))

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """Read decoded parameters; unknown and empty ones are dropped."""
        fields: dict[str, Any] = {}
        for name, read in READERS.items():
            text = read_single(parameters, name)
            value = None if text is None else read(name, text)
            if value not in {None, ""}:
                fields[name] = value
        names = (_parse_name("agency", text).casefold() for text in parameters.get("agency", ()))
        fields["agency"] = tuple(sorted(set(filter(None, names))))
        if fields.get("media", "image") != "video":
            for name in FOOTAGE_FILTERS:
                fields.pop(name, None)
        query = cls(**fields)
        if not query.has_criteria():
            raise BadQuery("q", "Type a word to search for, or choose a category or a color.")
        return query

    def has_criteria(self) -> bool:
        """Return whether the search has words, a category, a contributor or a color."""
        return bool(self.q or self.category or self.contributor or self.color)

    def to_pairs(self) -> list[tuple[str, str]]:
        """Return the parameters that differ from their defaults, in canonical order."""
        return [
            (name, str(int(item) if isinstance(item, bool) else item))
            for name, value in msgspec.to_builtins(self).items()
            if value != DEFAULTS[name]  # msgspec leaves out only the identical object
            for item in (value if isinstance(value, list | tuple) else (value,))
        ]

    def to_query_string(self) -> str:
        """Return the query string of this search as it was spelled, encoded for an address."""
        return encode_pairs(self.to_pairs())

    def to_key(self) -> str:
        """Return a key that all spellings of this search share, for any page and agencies.

        The key is a query string, for cache keys and comparison alone; no visitor or agency gets
        the key.
        """
        lang = self.lang or ""
        keyed = {
            "q": words.to_key(self.q, lang),
            "exclude": words.to_excluded_key(self.exclude, lang),
        }
        return self.replace(page=1, agency=(), **keyed).to_query_string()

    def to_counted(self) -> Self:
        """Return the search as it is counted, for any page and agencies.

        Words are in small letters, and possible personal details are masked.
        """
        lang = self.lang or ""
        named = {name: getattr(self, name) for name in ("category", "contributor")}
        masked = {name: masking.mask_personal(value) for name, value in named.items() if value}
        counted = {name: words.to_counted(getattr(self, name), lang) for name in ("q", "exclude")}
        return self.replace(page=1, agency=(), **counted, **masked)

    def to_asked(self) -> Self:
        """Return the search for which agencies are asked, for any page and agencies.

        Personal details are left out of the words, and so are in no cached answer.
        """
        asked = {name: masking.remove_personal(getattr(self, name)) for name in ("q", "exclude")}
        return self.replace(page=1, agency=(), **asked)

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 - any field's own type
        """Return the same search with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def without_field(self, name: str) -> Self:
        """Return the first page of the same search with one field reset to its default."""
        return self.replace(**{"page": 1, name: DEFAULTS[name]})

    def list_filters(self) -> frozenset[str]:
        """Return the names of the filters that an agency must support to answer this search."""
        names = {name for name, _ in self.to_pairs()} - {"q", "lang", "agency", "page", "safe"}
        names.discard("media" if self.media == "image" else "")
        return frozenset(names)


def read_parameters(raw: str | bytes, *, lenient: bool = False) -> dict[str, list[str]]:
    """Decode a query string strictly: a byte that isn't UTF-8 is a fault, never replaced.

    A ``site`` of such bytes is left out (`read_site`); a ``lenient`` reader leaves out every such
    parameter. The raw length is checked first, before any work on a long text.

    Raises:
        BadQuery: names the parameter whose name or value isn't UTF-8, the longest parameter of a
            query string that is too long, or the first of too many.
    """
    parameters: dict[str, list[str]] = {}
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    parts = data.split(b"&", MAX_PARAMETERS)
    if len(data) > MAX_QUERY_STRING:
        longest = max(parts[:MAX_PARAMETERS], key=len)
        raise BadQuery(_name_field(longest), "Use at most %(limit)s characters.", limit=MAX_WORDS)
    if len(parts) > MAX_PARAMETERS:
        raise BadQuery(_name_field(parts[-1].partition(b"&")[0]), "Give this parameter only once.")
    for part in parts:
        name_bytes, _, value_bytes = part.replace(b"+", b" ").partition(b"=")
        name = unquote_to_bytes(name_bytes).decode("utf-8", "replace")
        try:
            value = unquote_to_bytes(value_bytes).decode("utf-8")
            unquote_to_bytes(name_bytes).decode("utf-8")
        except UnicodeDecodeError:
            if lenient or name == "site":  # which links and figures alone depend on
                continue
            raise BadQuery(name or "q", "This is not UTF-8 text.") from None
        if name:
            parameters.setdefault(name, []).append(value)
    return parameters


def _name_field(part: bytes) -> str:
    """Return the name of a parameter for an error; "q" for a parameter without a plain name."""
    text = part.partition(b"=")[0].decode("ascii", "replace")
    return text if re.fullmatch(r"[a-z_]{1,20}", text) else "q"


def read_single(parameters: Parameters, name: str) -> str | None:
    """Return the only value of a parameter that is not blank; None if all values are blank.

    Invisible characters count as blanks.
    """
    values = [value for value in parameters.get(name, ()) if not words.is_blank(value)]
    if len(values) > 1:
        raise BadQuery(name, "Give this parameter only once.")
    return values[0] if values else None


def read_site(parameters: Parameters) -> str:
    """Return the host name of the site that shows the pictures (``site``); empty if unreadable.

    The name is for links and figures alone, so no spelling of the name is an error; several
    different names are ignored.
    """
    names = {read_host(value) for value in parameters.get("site", ()) if not words.is_blank(value)}
    return names.pop() if len(names) == 1 else ""


def read_flag(parameters: Parameters, name: str) -> bool:
    """Return the value of a parameter that is 1 or 0; 0 if absent."""
    return _parse_flag(name, read_single(parameters, name) or "0")


def _check_text(name: str, text: str, limit: int) -> str:
    """Return a text of bounded length, counted as typed, without control characters."""
    if len(text) > limit:
        raise BadQuery(name, "Use at most %(limit)s characters.", limit=limit)
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in re.sub(r"[\t\n\f\r]", " ", text)):
        raise BadQuery(name, "Control characters can't be searched for.")
    return text


def _parse_words(name: str, text: str) -> str:
    return words.to_shown(_check_text(name, text, MAX_WORDS))


def _parse_excluded(name: str, text: str) -> str:
    return words.to_excluded(_check_text(name, text, MAX_WORDS))


def _parse_name(name: str, text: str) -> str:
    return words.to_shown(_check_text(name, text, MAX_NAME))


def _parse_language(name: str, text: str) -> str | None:
    """Return the nearest language of searches; None where a well-formed tag has none."""
    tag = text.strip()
    if not language_tags.is_well_formed(tag):
        raise BadQuery(name, "Use one of: %(values)s.", values=", ".join(LANGUAGES))
    return language_tags.find_nearest(tag, LANGUAGES)


def drop_unread_language(parameters: Parameters) -> Parameters:
    """Return the parameters without an unreadable language, so that the site's own holds.

    Templates of other sites fill in the language, and pictures are worth more than an error.
    """
    try:
        _parse_language("lang", read_single(parameters, "lang") or "*")
    except BadQuery:
        return {name: values for name, values in parameters.items() if name != "lang"}
    return parameters


def make_choice_parser(allowed: Iterable[str]) -> Callable[[str, str], str]:
    """Return a parser of a parameter that is one of some words, in any case."""
    table = {word.casefold(): word for word in allowed}

    def read(name: str, text: str) -> str:
        value = table.get(text.strip().casefold())
        if value is None:
            raise BadQuery(name, "Use one of: %(values)s.", values=", ".join(table.values()))
        return value

    return read


def _parse_flag(name: str, text: str) -> bool:
    return make_choice_parser(("0", "1"))(name, text) == "1"


def make_integer_parser(low: int, high: int) -> Callable[[str, str], int]:
    """Return a parser of a parameter that is a whole number within bounds."""

    def read(name: str, text: str) -> int:
        digits = text.strip()
        if not re.fullmatch(r"[0-9]{1,9}", digits) or not low <= int(digits) <= high:
            raise BadQuery(name, "Use a whole number from %(low)s to %(high)s.", low=low, high=high)
        return int(digits)

    return read


def normalize_color(text: str) -> str:
    """Return a typed color in small letters, without a hash sign before the digits."""
    return text.strip().removeprefix("#").casefold()


def _parse_color(name: str, text: str) -> str:
    color = normalize_color(text)
    if color != "grayscale" and not re.fullmatch(HEX_COLOR, color):
        raise BadQuery(name, "Use six hexadecimal digits, such as ff8800, or grayscale.")
    return color


def _parse_range(name: str, text: str) -> str:
    match = re.fullmatch(r"([0-9]{0,4})(-?)([0-9]{0,4})", text.strip())
    low, dash, high = match.groups() if match else ("", "", "")
    if not (low or high) or (low and high and (not dash or int(low) > int(high))):
        raise BadQuery(name, "Use a number or a range, such as 10, 10-30, 10- or -30.")
    return f"{int(low) if low else ''}{dash}{int(high) if high else ''}"


DEFAULTS: Final[Mapping[str, Any]] = dict(
    zip(SearchQuery.__struct_fields__, SearchQuery.__struct_defaults__, strict=True)
)
READERS: Final[Mapping[str, Callable[[str, str], Any]]] = {
    "q": _parse_words,
    "exclude": _parse_excluded,
    "media": make_choice_parser(MEDIA),
    "type": make_choice_parser(TYPES),
    "orientation": make_choice_parser(ORIENTATIONS),
    "min_width": make_choice_parser(MIN_WIDTHS),
    "added": make_choice_parser(ADDED),
    "color": _parse_color,
    "people": make_integer_parser(0, MAX_PEOPLE),
    "age": make_choice_parser(AGES),
    "gender": make_choice_parser(GENDERS),
    "ethnicity": make_choice_parser(ETHNICITIES),
    "category": _parse_name,
    "contributor": _parse_name,
    "license": make_choice_parser(LICENSES),
    "released": _parse_flag,
    "no_ai": _parse_flag,
    "safe": _parse_flag,
    "sort": make_choice_parser(SORTS),
    "duration": _parse_range,
    "resolution": make_choice_parser(RESOLUTIONS),
    "aspect": make_choice_parser(ASPECTS),
    "fps": _parse_range,
    "lang": _parse_language,
    "page": make_integer_parser(1, MAX_INTEGER),
}
