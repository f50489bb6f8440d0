"""Readers of the texts of settings; each says in a ValueError what the text must be."""

import logging
import re
import string
from collections.abc import Callable
from datetime import UTC, tzinfo
from ipaddress import IPv4Address
from typing import Final
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from affiliate.config.database_address import read_database_address
from affiliate.config.placeholders import GAP, is_blanked, is_placeholder
from affiliate.config.redis_address import read_redis_address
from affiliate.config.setting_texts import JOINERS, has_hidden, quote_excerpt
from affiliate.domain.media import LINK_FIELDS
from affiliate.domain.query import LANGUAGES, SearchQuery
from affiliate.domain.site_names import read_host
from affiliate.domain.words import FLAG, to_shown
from affiliate.errors import BadQuery

log = logging.getLogger(__name__)

MAX_NAME: Final = 100
"""Characters of the longest name of a site; headings and titles repeat the name."""
MAX_TAGLINE: Final = 200
"""Characters of the longest sentence about the site, about three lines of a page."""
MAX_ID: Final = 128
"""Characters of the longest affiliate id; those of networks are far shorter."""
ID_WORD: Final = r"""[^\s"'\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb<>{}\[\]()|\\^`/?#&=%:;,$]+"""
"""A word without signs of addresses, quotations and placeholders."""
HOST_NAME: Final = r"www\..+|(.+\.)?[^.]+\.(com|net|org|io|co|hn|market|link)"
"""Host names that people paste with a link that has lost its scheme and path."""
COMMAS: Final = r"[,;\u060c\u061b\u3001\uff0c\uff1b\ufe50\ufe51\ufe54\uff64]"
"""Commas and semicolons of Latin, Arabic, Chinese and Japanese keyboards, and small ones."""


class Secret:
    """A secret value that prints as stars; only ``reveal()`` returns the value."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Secret(***)"

    def reveal(self) -> str:
        """Return the value itself, for a header or a signature and nothing else."""
        return self._value


def make_integer_reader(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of a whole number within bounds."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def make_address_reader(*schemes: str) -> Callable[[str], str]:
    """Return a reader of an absolute address of given schemes, without a slash at its end."""

    def read(text: str) -> str:
        try:
            parts = urlsplit(text)
            good = (
                not re.search(r"\s", text)
                and not has_hidden(text)
                and parts.scheme in schemes
                and parts.hostname
                and (parts.port or 1)
            )
        except ValueError:
            good = False
        if not good:
            raise ValueError(f"must be an address that begins with {' or '.join(schemes)}://")
        return f"{parts.scheme}{text[len(parts.scheme) :]}".rstrip("/")

    return read


def read_origin(text: str) -> str:
    """Return the address of a whole site: scheme, host and perhaps a port, in canonical form.

    Nothing else can be served or may be published: no user, password, path, query or fragment.
    """
    parts = urlsplit(make_address_reader("https", "http")(text))
    extra = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    host = read_host(parts.netloc)
    if (
        extra
        or not host
        or "?" in text
        or "#" in text
        or parts.port == 0
        or not _is_reachable(host)
    ):
        raise ValueError(
            "must be https:// or http:// and a host name, perhaps with a port: no user, path or"
            " question"
        )
    usual = {"https": 443, "http": 80}[parts.scheme]
    port = f":{parts.port}" if parts.port and parts.port != usual else ""
    return f"{parts.scheme}://{host}{port}"


def _is_reachable(host: str) -> bool:
    """Return whether browsers reach a host by its name as written.

    Browsers take a name that ends in a number for an IPv4 address, in any of its old forms
    (https://url.spec.whatwg.org/#ends-in-a-number-checker), and write the address in four numbers.
    """
    if not re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2]):
        return True
    try:
        return str(IPv4Address(host)) == host
    except ValueError:
        return False


def read_redis(text: str) -> str:
    """Return the address of a Redis, a Sentinel or a Cluster, if every part can be read."""
    read_redis_address(text)
    return text


def read_switch(text: str) -> bool:
    """Return True for 1 and False for 0."""
    if text not in {"0", "1"}:
        raise ValueError("must be 1 or 0")
    return text == "1"


def make_choice_reader(*words: str) -> Callable[[str], str]:
    """Return a reader of one of some words, in any case."""

    def read(text: str) -> str:
        for word in words:
            if text.casefold() == word.casefold():
                return word
        raise ValueError(f"must be one of {', '.join(words)}")

    return read


def read_database(text: str) -> str:
    """Return the address of a database for SQLAlchemy; log the parameters left out."""
    address, left_out = read_database_address(text)
    if left_out:
        log.warning(
            "DATABASE_URL: left out %s, which this site has no use for", ", ".join(left_out)
        )
    return address


def read_language(text: str) -> str:
    """Return a language of searches."""
    if text not in LANGUAGES:
        raise ValueError(f"must be one of {', '.join(LANGUAGES)}")
    return text


def read_time_zone(text: str) -> tzinfo:
    """Return a time zone of the IANA's database; UTC needs no database."""
    if text == "UTC":
        return UTC
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be a time zone such as Europe/Amsterdam or UTC") from None


def read_accent(text: str) -> str:
    """Return a color of six hexadecimal digits."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError("must be a color such as #0b6e4f")
    return text


def read_name(text: str) -> str:
    """Return a name for pages, XML and JSON, which may hold joiners and flags of regions."""
    return _read_line(text, "a name", MAX_NAME)


def read_tagline(text: str) -> str:
    """Return a sentence for pages, on one line."""
    return _read_line(text, "a sentence", MAX_TAGLINE)


def _read_line(text: str, noun: str, max_length: int) -> str:
    """Return a text without signs that can't be seen, beside joiners and flags of regions."""
    if not to_shown(text) or len(text) > max_length:
        raise ValueError(f"must be {noun} on one line, of at most {max_length} characters")
    if has_hidden(re.sub(f"{FLAG}|[{JOINERS}]", "", text)):
        raise ValueError(
            f"must be {noun} on one line, without signs that can't be seen or turn the text around;"
            " write it anew"
        )
    return text


def split_list(text: str) -> tuple[str, ...]:
    """Return the items of a comma list."""
    return tuple(w.strip() for w in text.split(",") if w.strip())


def read_topics(text: str) -> tuple[str, ...]:
    """Return a list of searches as pages show them; invisible searches are left out.

    Commas and semicolons of all keyboards part the searches.
    """
    topics = tuple(filter(None, map(to_shown, re.split(COMMAS, text))))
    for topic in topics:
        try:
            SearchQuery.from_query_string(urlencode({"q": topic}, errors="surrogateescape"))
        except BadQuery as error:
            why = str(error).removeprefix("q: ").rstrip(".")
            raise ValueError(
                f"must be searches, which {quote_excerpt(topic)} is not: {why}"
            ) from None
    return topics


def read_hosts(text: str) -> tuple[str, ...]:
    """Return the host names of a comma list, in small letters, with ports that are not usual.

    Browsers leave usual ports out of an origin. ``*.blog.example`` names all hosts below
    ``blog.example`` but not ``blog.example``, as in a Content-Security-Policy.
    """
    names = tuple(re.sub(r":(80|443)$", "", _to_ascii_host(name)) for name in split_list(text))
    form = r"(?=.{1,253}\Z)(\*(?=\.[^.]+\.[^.])\.)?[a-z0-9-][a-z0-9.-]*(:[0-9]{1,5})?"
    if not all(re.fullmatch(form, name) for name in names):
        raise ValueError(
            "must be a comma list of host names, such as blog.example or *.blog.example"
        )
    return names


def _to_ascii_host(name: str) -> str:
    """Return a name in small ASCII letters as browsers write names, with its star and its port.

    Other scripts are left to UTS 46, which keeps letters that case folding replaces.
    """
    star, host, port = re.fullmatch(r"(\*\.)?(.*?)(:[0-9]+)?", name, re.DOTALL).groups("")  # type: ignore[union-attr] # all match
    return name.lower() if host.isascii() else f"{star}{read_host(host)}{port}"


def read_sub_ids(text: str) -> frozenset[str]:
    """Return the names of the values that sub ids of links carry."""
    names = frozenset(text.replace(",", " ").split()) - {"none"}
    if not names <= {"site", "query", "id"}:
        raise ValueError("must be none, or a comma list of site, query and id")
    return names


def read_affiliate_id(text: str) -> str:
    """Return an id in an affiliate network: a word that is no address and no placeholder.

    `affiliate_links.describe_id_fault` checks the form of the ids of each network.
    """
    is_word = re.fullmatch(ID_WORD, text) and text.isprintable() and len(text) <= MAX_ID
    is_word = is_word and text.isascii()  # as no network's id has other letters or digits
    if not is_word or re.fullmatch(HOST_NAME, text.casefold()) or is_placeholder(text):
        raise ValueError(
            "must be your own id in the agency's affiliate network, as the network shows it: no"
            " link, no blank, no quotation mark and no placeholder"
        )
    return text


def read_credential(text: str, *, is_typed: bool) -> Secret:
    """Return a key of an agency; ``is_typed`` says that people type the key, as a password."""
    if is_blanked(text):
        raise ValueError("must be your own, as the agency shows it, not a placeholder")
    if has_hidden(text):
        raise ValueError("must be without signs that can't be seen; copy it anew")
    is_key = text.isascii() and not re.search(r"[\s\"'`]", text)
    if not is_typed and not is_key:
        raise ValueError(
            "must be as the agency shows it: no blank, no quotation mark, no letter but a to z"
        )
    return Secret(text)


def read_link_template(text: str) -> str:
    """Return a template of an affiliate link: an address with known fields only."""
    if any(re.fullmatch(GAP, part.casefold()) for part in re.split(r"[/?&=#:;,@]", text)):
        raise ValueError("must hold your own id or {affiliate_id}, not a placeholder")
    fields = list_fields(text)
    if not fields <= set(LINK_FIELDS):
        raise ValueError(f"may hold only the fields {', '.join(f'{{{f}}}' for f in LINK_FIELDS)}")
    if not fields & {"landing", "landing_url", "id"}:
        raise ValueError("must hold {landing}, {landing_url} or {id}, or every link is the same")
    if not text.startswith("{landing_url}"):
        make_address_reader("https", "http")(text)
    return text


def list_fields(template: str) -> set[str]:
    """Return the fields in braces, each with the conversion or format that Python reads there."""
    try:
        parts = [part[1:] for part in string.Formatter().parse(template)]
    except ValueError:
        return {"unbalanced"}
    return {
        f"{name}{spec}{conversion or ''}" for name, spec, conversion in parts if name is not None
    }
