"""Parsing of the items to license: ids, lists of ids, and addresses of pictures' pages.

Known addresses are pages at the agencies, pages of this site, and affiliate links, which contain
the agency's address percent-encoded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from affiliate.errors import PurchaseRefused
from affiliate.licensing.models import MediaKind

SEPARATORS: Final = re.compile(r"[\s,;\uff0c\uff1b\u3001]+")
"""Separators of ids: commas and semicolons of any script, blanks, line ends."""
WEB_ADDRESS: Final = re.compile(r"https?://|(?:[\w-]+\.)+[a-z]{2,}/", re.IGNORECASE)
OWN_PAGE: Final = re.compile(r"/(image|video)/([^/]+)/([^/]+)/?")
"""A picture's page on this site: kind of media, agency, id."""


class AddressForm(NamedTuple):
    """The form of an agency's addresses: patterns of the host and of the path by kind of media.

    The group of a path's pattern is the id; ``parameter`` names a query parameter with an id.
    """

    host: str
    paths: tuple[tuple[MediaKind, str], ...]
    parameter: str = ""


ADDRESS_FORMS: Final[Mapping[str, AddressForm]] = {
    "shutterstock": AddressForm(
        r"(.+\.)?shutterstock\.com",
        (
            ("video", r"/video/clip-([0-9]+)"),
            ("editorial-video", r"/editorial/video/(?:.*-)?([0-9]+[a-z]*)/?$"),
            ("editorial", r"/editorial/(?:.*-)?([0-9]+[a-z]*)/?$"),
            ("image", r"/pic-([0-9]+)"),
            ("image", r"/image-[a-z]+/(?:.*-)?([0-9]+)/?$"),
        ),
        parameter="id",
    ),
    "adobe-stock": AddressForm(
        r"stock\.adobe\.com",
        (("video", r"/video/(?:.*/)?([0-9]+)/?$"), ("image", r"/(?:.*/)?([0-9]+)/?$")),
        parameter="asset_id",
    ),
    "depositphotos": AddressForm(
        r"(.+\.)?depositphotos\.com",
        (
            ("video", r"/(?:video/.*-)([0-9]+)\.html$"),
            ("video", r"/([0-9]+)/stock-video"),
            ("image", r"(?:/[a-z-]+)?/([0-9]+)(?:/|$)"),
            ("image", r"/.*-([0-9]+)\.html$"),
        ),
    ),
    "istock": AddressForm(
        r"(.+\.)?(?:istockphoto\.com|gettyimages\.[a-z.]+)",
        (
            ("video", r".*/(?:video|videos)/(?:.*-)?(?:gm)?([0-9]+)(?:-[0-9]+)?/?$"),
            ("image", r"/.*\bgm([0-9]+)"),
            ("image", r"/.*/([0-9]+)/?$"),
        ),
    ),
}


def read_ids(texts: Iterable[str], agency: str, media: MediaKind) -> list[str]:
    """Return the ids in some arguments, without duplicates; words other than addresses are ids.

    Raises:
        PurchaseRefused: an address names no item, or an item of another agency or kind of media.
    """
    parts = (part for text in texts for part in SEPARATORS.split(text) if part)
    return list(dict.fromkeys(_read_id(part, agency, media) for part in parts))


def find_item(text: str) -> tuple[str, MediaKind, str] | None:
    """Return agency, kind of media and id of a picture's address; None for any other text."""
    if not WEB_ADDRESS.match(text):
        return None
    return next(filter(None, map(_parse_address, _iter_addresses(text))), None)


def _read_id(text: str, agency: str, media: MediaKind) -> str:
    if not WEB_ADDRESS.match(text):
        return text
    for address in _iter_addresses(text):
        if item := _parse_address(address):
            return _require_match(text, *item, agency, media)
    raise PurchaseRefused(f"{text[:200]} is no address of a picture or video that is known here.")


def _iter_addresses(text: str) -> Iterator[str]:
    """Yield the address, then the addresses percent-encoded in it, the innermost first."""
    yield text if "://" in text else f"https://{text}"
    plain = unquote(unquote(text))
    starts = [match.start() for match in re.finditer(r"https?://", plain, re.IGNORECASE)]
    for start in reversed(starts[1:]):
        yield plain[start:]


def _parse_address(address: str) -> tuple[str, MediaKind, str] | None:
    """Return agency, kind of media and id of an address; None for an address without an item."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    for agency, form in ADDRESS_FORMS.items():
        if re.fullmatch(form.host, host):
            return _match_form(agency, form, parts.path, parse_qs(parts.query))
    match = OWN_PAGE.fullmatch(unquote(parts.path))
    if match is None:
        return None
    kind: MediaKind = "video" if match[1] == "video" else "image"
    return match[2], kind, match[3]


def _match_form(
    agency: str, form: AddressForm, path: str, query: Mapping[str, list[str]]
) -> tuple[str, MediaKind, str] | None:
    parameter = query.get(form.parameter, [""])[0]
    if re.fullmatch(r"[0-9]+", parameter, re.ASCII):
        return agency, "image", parameter
    for media, pattern in form.paths:
        if match := re.match(pattern, path):
            return agency, media, match[1]
        if match := re.match(rf"/[a-z]{{2}}(?:-[A-Za-z]{{2}})?{pattern}", path):  # under a language
            return agency, media, match[1]
    return None


def _require_match(  # noqa: PLR0913, PLR0917 - the address's parts, and the wanted ones
    text: str,
    agency: str,
    media: MediaKind,
    media_id: str,
    wanted_agency: str,
    wanted_media: MediaKind,
) -> str:
    """Return the id if the address is of the wanted agency and kind of media.

    Raises:
        PurchaseRefused: names the option for the address's agency or kind of media.
    """
    own_agency = "shutterstock" if agency == "shutterstock-editorial" else agency
    if own_agency != wanted_agency:
        raise PurchaseRefused(f"{text[:200]} is of {own_agency}; say --agency {own_agency}.")
    is_editorial = agency != own_agency
    media = ("editorial-video" if media == "video" else "editorial") if is_editorial else media
    if media != wanted_media:
        options = {"image": "neither --video nor --editorial", "video": "--video"}
        options |= {"editorial": "--editorial", "editorial-video": "--editorial --video"}
        raise PurchaseRefused(f"{text[:200]} is of another kind of media; say {options[media]}.")
    return media_id
