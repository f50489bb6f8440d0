"""Parses the ids to license: ids, lists of ids, and addresses of pictures' pages.

Addresses are those that a browser shows at the agencies, pages of this site, and affiliate links,
which hold the agency's address percent-encoded.
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
    """How an agency's addresses look: a pattern of its host and, of a path, of each kind of media.

    Each pattern of a path has the id as its group; ``parameter`` holds one elsewhere.
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
    """Return the ids that some arguments name, each once; what is no address is an id.

    Raises:
        PurchaseRefused: an address names no item, or one of another agency or kind of media.
    """
    parts = (part for text in texts for part in SEPARATORS.split(text) if part)
    return list(dict.fromkeys(_read_id(part, agency, media) for part in parts))


def _read_id(text: str, agency: str, media: MediaKind) -> str:
    if not WEB_ADDRESS.match(text):
        return text
    for address in _iter_addresses(text):
        if found := _parse_address(address):
            return _require_match(text, *found, agency, media)
    raise PurchaseRefused(f"{text[:200]} is no address of a picture or video that is known here.")


def _iter_addresses(text: str) -> Iterator[str]:
    """Yield the address, then those that stand percent-encoded in it, the innermost first."""
    yield text if "://" in text else f"https://{text}"
    plain = unquote(unquote(text))
    starts = [one.start() for one in re.finditer(r"https?://", plain, re.IGNORECASE)]
    for start in reversed(starts[1:]):
        yield plain[start:]


def _parse_address(address: str) -> tuple[str, MediaKind, str] | None:
    """Return agency, kind of media and id of an address; None where it names no item."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    for agency, form in ADDRESS_FORMS.items():
        if re.fullmatch(form.host, host):
            return _match_form(agency, form, parts.path, parse_qs(parts.query))
    own = OWN_PAGE.fullmatch(unquote(parts.path))
    if own is None:
        return None
    kind: MediaKind = "video" if own[1] == "video" else "image"
    return own[2], kind, own[3]


def _match_form(
    agency: str, form: AddressForm, path: str, query: Mapping[str, list[str]]
) -> tuple[str, MediaKind, str] | None:
    given = query.get(form.parameter, [""])[0]
    if re.fullmatch(r"[0-9]+", given, re.ASCII):
        return agency, "image", given
    for media, pattern in form.paths:
        if found := re.match(pattern, path):
            return agency, media, found[1]
        if found := re.match(rf"/[a-z]{{2}}(?:-[A-Za-z]{{2}})?{pattern}", path):  # a language's
            return agency, media, found[1]
    return None


def _require_match(  # noqa: PLR0913, PLR0917 - what is said, and what was asked for
    text: str, agency: str, media: MediaKind, media_id: str, wanted: str, kind: MediaKind
) -> str:
    """Return the id if the address is of the agency and kind of media asked for."""
    named = "shutterstock" if agency == "shutterstock-editorial" else agency
    if named != wanted:
        raise PurchaseRefused(f"{text[:200]} is of {named}; say --agency {named}.")
    own = agency != named
    media = ("editorial-video" if media == "video" else "editorial") if own else media
    if media != kind:
        says = {"image": "neither --video nor --editorial", "video": "--video"}
        says |= {"editorial": "--editorial", "editorial-video": "--editorial --video"}
        raise PurchaseRefused(f"{text[:200]} is of another kind of media; say {says[media]}.")
    return media_id
