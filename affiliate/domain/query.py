"""What a visitor asks, in its canonical form, and the one parser that reads it."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Self
from urllib.parse import unquote_to_bytes, urlencode

import msgspec

from affiliate.domain import language_tags, words
from affiliate.domain.site_names import read_host
from affiliate.errors import BadQuery

MEDIA: Final = ("image", "video")
TYPES: Final = ("photo", "illustration", "vector")
ORIENTATIONS: Final = ("horizontal", "vertical", "square")
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
LANGUAGES: Final = (  # what the widest agency (Shutterstock, OpenAPI 1.1.32) takes as `language`
    *("ar bg bn cs da de el en es fi fr gu he hi hr hu id it ja kn ko ml mr nb nl or pl".split()),
    *("pt ro ru sk sl sv ta te th tr uk ur vi zh zh-Hant".split()),
)
FOOTAGE_FILTERS: Final = ("duration", "resolution", "aspect", "fps")

MAX_WORDS: Final = 500
MAX_NAME: Final = 100
MAX_QUERY_STRING: Final = 16_384
"""Bytes of the longest query string: the longest words, to find and to exclude, percent-encoded."""
MAX_PARAMETERS: Final = 100
"""Parameters of an address, those that nobody reads among them."""

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
    color: str | None = None
    people: int | None = None
    age: str | None = None
    gender: str | None = None
    ethnicity: str | None = None
    category: str | None = None
    contributor: str | None = None
    license: str | None = None
    released: bool = False
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
        agencies = (_parse_name("agency", one).casefold() for one in parameters.get("agency", ()))
        fields["agency"] = tuple(sorted(set(filter(None, agencies))))
        if fields.get("media", "image") != "video":
            for name in FOOTAGE_FILTERS:
                fields.pop(name, None)
        query = cls(**fields)
        if not query.has_criteria():
            raise BadQuery("q", "Type a word to search for, or choose a category or a color.")
        return query

    def has_criteria(self) -> bool:
        """Return whether there is something to search by: words, category, contributor or color."""
        return bool(self.q or self.category or self.contributor or self.color)

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters that differ from their defaults, in canonical order."""
        return [
            (name, str(int(one) if isinstance(one, bool) else one))
            for name, value in msgspec.to_builtins(self).items()
            if value != DEFAULTS[name]  # msgspec leaves out the very same object alone
            for one in (value if isinstance(value, list | tuple) else (value,))
        ]

    def to_query_string(self) -> str:
        """The query string of this search as it was spelled, ready to stand in an address."""
        return urlencode(self.pairs())

    def key(self) -> str:
        """Return what all spellings of this search share, whatever page and agencies are asked for.

        The text is a query string, for cache keys and comparison alone; no visitor or agency is
        told.
        """
        lang = self.lang or ""
        keyed = {
            "q": words.to_key(self.q, lang),
            "exclude": words.to_excluded_key(self.exclude, lang),
        }
        return self.replace(page=1, agency=(), **keyed).to_query_string()

    def to_counted(self) -> Self:
        """Return the search as it is counted, whatever page and agencies are asked for.

        Words are in small letters, and what may be a personal detail is masked.
        """
        lang = self.lang or ""
        named = {name: getattr(self, name) for name in ("category", "contributor")}
        masked = {name: words.mask_personal(value) for name, value in named.items() if value}
        counted = {name: words.to_counted(getattr(self, name), lang) for name in ("q", "exclude")}
        return self.replace(page=1, agency=(), **counted, **masked)

    def replace(self, **changes: Any) -> Self:  # noqa: ANN401 - any field's own type
        """The same search with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def without_field(self, name: str) -> Self:
        """The first page of the same search with one field as by default."""
        return self.replace(**{"page": 1, name: DEFAULTS[name]})

    def filters(self) -> frozenset[str]:
        """The names of what an agency must be able to express to answer this search."""
        asked = {name for name, _ in self.pairs()} - {"q", "lang", "agency", "page", "safe"}
        asked.discard("media" if self.media == "image" else "")
        return frozenset(asked)


def read_parameters(raw: str | bytes, *, lenient: bool = False) -> dict[str, list[str]]:
    """Decode a query string strictly: a byte that isn't UTF-8 is a fault, never replaced.

    A ``site`` of such bytes is left out (`read_site`); a ``lenient`` reader leaves all such out.
    The raw length comes first, so that nobody has long texts worked on.

    Raises:
        BadQuery: names the parameter whose name or value isn't UTF-8, the longest parameter of a
            query string that is too long, or the first of too many.
    """
    found: dict[str, list[str]] = {}
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    parts = data.split(b"&", MAX_PARAMETERS)
    if len(data) > MAX_QUERY_STRING:
        longest = max(parts[:MAX_PARAMETERS], key=len)
        raise BadQuery(
            _field_for_error(longest), "Use at most %(limit)s characters.", limit=MAX_WORDS
        )
    if len(parts) > MAX_PARAMETERS:
        raise BadQuery(
            _field_for_error(parts[-1].partition(b"&")[0]), "Give this parameter only once."
        )
    for part in parts:
        name_bytes, _, value_bytes = part.replace(b"+", b" ").partition(b"=")
        name = unquote_to_bytes(name_bytes).decode("utf-8", "replace")
        try:
            value = unquote_to_bytes(value_bytes).decode("utf-8")
            unquote_to_bytes(name_bytes).decode("utf-8")
        except UnicodeDecodeError:
            if lenient or name == "site":  # nothing but figures goes by a site
                continue
            raise BadQuery(name or "q", "This is not UTF-8 text.") from None
        if name:
            found.setdefault(name, []).append(value)
    return found


def _field_for_error(part: bytes) -> str:
    """Return the name of a parameter for an error; "q" stands for one without a plain name."""
    text = part.partition(b"=")[0].decode("ascii", "replace")
    return text if re.fullmatch(r"[a-z_]{1,20}", text) else "q"


def read_single(parameters: Parameters, name: str) -> str | None:
    """The value of a parameter that may stand only once beside blank ones; None when none is.

    Invisible characters are as good as blanks.
    """
    values = [value for value in parameters.get(name, ()) if not words.is_blank(value)]
    if len(values) > 1:
        raise BadQuery(name, "Give this parameter only once.")
    return values[0] if values else None


def read_site(parameters: Parameters) -> str:
    """Return the host name of the site that shows the pictures (``site``); empty if unreadable.

    The name is for links and figures alone, so that no spelling of it costs an answer; of several
    names none is believed.
    """
    names = {read_host(value) for value in parameters.get("site", ()) if not words.is_blank(value)}
    return names.pop() if len(names) == 1 else ""


def read_flag(parameters: Parameters, name: str) -> bool:
    """A parameter that is 1 or 0; absent is 0."""
    return _parse_flag(name, read_single(parameters, name) or "0")


def _check_text(name: str, text: str, limit: int) -> str:
    """Return a text of bounded length without control characters; what was typed is counted."""
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
    """Return the parameters without a language that can't be read; the site's own holds then.

    Templates of other sites fill it in, and their pictures are worth more than an error.
    """
    try:
        _parse_language("lang", read_single(parameters, "lang") or "*")
    except BadQuery:
        return {name: values for name, values in parameters.items() if name != "lang"}
    return parameters


def choice_parser(allowed: Iterable[str]) -> Callable[[str, str], str]:
    """Reads a parameter that is one of some words, in any case."""
    table = {a.casefold(): a for a in allowed}

    def read(name: str, text: str) -> str:
        value = table.get(text.strip().casefold())
        if value is None:
            raise BadQuery(name, "Use one of: %(values)s.", values=", ".join(table.values()))
        return value

    return read


def _parse_flag(name: str, text: str) -> bool:
    return choice_parser(("0", "1"))(name, text) == "1"


def integer_parser(low: int, high: int) -> Callable[[str, str], int]:
    """Reads a parameter that is a whole number within bounds."""

    def read(name: str, text: str) -> int:
        digits = text.strip()
        if not re.fullmatch(r"[0-9]{1,9}", digits) or not low <= int(digits) <= high:
            raise BadQuery(name, "Use a whole number from %(low)s to %(high)s.", low=low, high=high)
        return int(digits)

    return read


def _parse_color(name: str, text: str) -> str:
    color = text.strip().removeprefix("#").casefold()
    if color != "grayscale" and not re.fullmatch(r"[0-9a-f]{6}", color):
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
    "media": choice_parser(MEDIA),
    "type": choice_parser(TYPES),
    "orientation": choice_parser(ORIENTATIONS),
    "color": _parse_color,
    "people": integer_parser(0, 4),
    "age": choice_parser(AGES),
    "gender": choice_parser(GENDERS),
    "ethnicity": choice_parser(ETHNICITIES),
    "category": _parse_name,
    "contributor": _parse_name,
    "license": choice_parser(LICENSES),
    "released": _parse_flag,
    "safe": _parse_flag,
    "sort": choice_parser(SORTS),
    "duration": _parse_range,
    "resolution": choice_parser(RESOLUTIONS),
    "aspect": choice_parser(ASPECTS),
    "fps": _parse_range,
    "lang": _parse_language,
    "page": integer_parser(1, 999_999_999),
}
