"""The checks of ``flask doctor --live``: a search at an agency, and the first result's parts.

Meant for a daily run, so that a changed API is noticed before visitors notice.
"""

import re
import time
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import Final
from urllib.parse import urlsplit

from PIL import Image, UnidentifiedImageError

from affiliate.checks.findings import Finding
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import Media, SearchQuery
from affiliate.errors import AgencyError, AgencyTimeout, Suspended
from affiliate.search.chunk_sizes import LATE_SECONDS
from affiliate.search.federation import EnabledAgency, search_ranking
from affiliate.search.links import add_link
from affiliate.services import Services
from affiliate.transport.client import Transport, allow_longer_calls
from affiliate.transport.deadlines import has_address
from affiliate.transport.messages import Request

SAMPLE_QUERY: Final = SearchQuery(q="flower")
"""A search that every agency has pictures for."""
MAX_BYTES: Final = 2 * 1024 * 1024
MAX_SECONDS: Final = 10.0
"""The time for a thumbnail to load, as visitors would not wait longer."""
NOT_FOLLOWED: Final = "built, not followed"
"""The note on links, as following a link would count as a click at the network."""
CALL_SECONDS: Final = 60.0
"""The minimum timeout of a call, as no visitor waits."""
DNS_SECONDS: Final = 3.0
"""The time for the name service to find a host."""
RATIO_TOLERANCE: Final = 0.1
"""The allowed difference of a file's ratio from the declared ratio.

Shutterstock's id bar makes a difference of 0.07.
"""


def check_search(enabled: EnabledAgency, services: Services) -> Iterator[Finding]:
    """Yield findings on a search at an agency: pictures, thumbnails, links and fields."""
    name = enabled.agency.name
    start = time.monotonic()
    try:
        with allow_longer_calls(CALL_SECONDS):
            fetch = partial(search_ranking(enabled, SAMPLE_QUERY).fetch_chunk, 0)
            result = services.gateway.call_now(enabled, fetch)
    except Suspended:  # reported already, with the reason
        return
    except AgencyError as error:
        yield Finding("FAULT", name, f"a search fails: {error.message}")
        return
    if not result.items:
        yield Finding("FAULT", name, f"finds nothing for {SAMPLE_QUERY.q!r}")
        return
    seconds = time.monotonic() - start
    prefix = "more than " if result.capped else ""
    total = "" if result.total is None else f" of {prefix}{result.total}"
    count, slowness = f"{len(result.items)}{total}", describe_slowness(seconds)
    words = f"finds {count} pictures for {SAMPLE_QUERY.q!r} in {1000 * seconds:.0f} ms"
    yield Finding("warn" if slowness else "ok", name, words + slowness)
    if (result.total or enabled.agency.min_flowers) < enabled.agency.min_flowers:
        yield Finding("warn", name, f"finds only {result.total}; {enabled.agency.min_flowers_hint}")
    media = add_link(services.registry, result.items[0], SAMPLE_QUERY.q)
    if media.thumbnail.url.startswith("/"):
        yield Finding("ok", name, "shows pictures of this site itself")
    else:
        yield _check_picture_host(enabled, media)
        yield _check_thumbnail(enabled, media, services.transport)
    yield _check_link(enabled, media, result.items[0].referral)
    if not enabled.link.is_owner_template:  # the owner's own template is checked without a search
        yield from check_link_host(enabled, media.link, enabled.agency.build_landing_url(media))
    yield from _check_expected_fields(enabled, result.items)


def describe_slowness(seconds: float) -> str:
    """Return a note on a call that takes longer than visitors wait; empty for quicker calls."""
    if seconds <= LATE_SECONDS:
        return ""
    return f"; slow: {seconds:.1f} s, so that pages get its pictures by asking again"


def _check_picture_host(enabled: EnabledAgency, media: Media) -> Finding:
    """Check that the page's Content-Security-Policy lets browsers load the agency's pictures."""
    parts = urlsplit(media.thumbnail.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    hosts = (*enabled.agency.picture_hosts, enabled.agency.url.rstrip("/"))
    patterns = (re.escape(host).replace(r"\*", r"[\w.-]+") for host in hosts)
    if any(re.fullmatch(pattern, origin) for pattern in patterns):
        return Finding("ok", enabled.agency.name, f"shows pictures of {parts.netloc}")
    words = f"its pictures come from {parts.netloc} now, which pages do not allow"
    return Finding("FAULT", enabled.agency.name, words)


def _check_thumbnail(enabled: EnabledAgency, media: Media, transport: Transport) -> Finding:
    """Check that a thumbnail's address leads to a picture with the declared ratio."""
    name, box = enabled.agency.name, media.thumbnail
    try:
        width, height = Image.open(BytesIO(_fetch_beginning(name, box.url, transport))).size
    except AgencyError as error:
        return Finding("FAULT", name, f"a thumbnail can't be loaded: {error.message}")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError):
        width = height = 0
    if not (width and height):
        return Finding("FAULT", name, "a thumbnail's address leads to something else")
    difference = abs(width / height / (box.width / box.height) - 1)
    declared_size = f"{box.width:.0f}x{box.height:.0f}"
    if difference > RATIO_TOLERANCE:
        words = (
            f"a thumbnail is {width}x{height}, not {declared_size}; pages cut off too much of it"
        )
        return Finding("warn", name, words)
    return Finding("ok", name, f"a thumbnail loads, {width}x{height} for a box of {declared_size}")


def _fetch_beginning(name: str, url: str, transport: Transport) -> bytes:
    """Return the beginning of a picture file, which holds the picture's dimensions.

    Raises:
        AgencyError: the file can't be loaded, or takes too long.
    """
    data, deadline = bytearray(), time.monotonic() + MAX_SECONDS
    with transport.stream(Request(agency=name, url=url), MAX_SECONDS, redirects=3) as stream:
        for chunk in stream.iter_chunks():
            data += chunk
            if len(data) > MAX_BYTES:
                break
            if time.monotonic() > deadline:
                raise AgencyTimeout(name, "No answer in time.")
    return bytes(data)


def _check_link(enabled: EnabledAgency, media: Media, referral: str | None) -> Finding:
    """Check that a picture's link names the picture and the owner, without following the link."""
    name, landing = enabled.agency.name, enabled.agency.build_landing_url(media)
    if referral and not enabled.link.is_owner_template:
        words = f"a link is that of the answer, for your account, {NOT_FOLLOWED}: {media.link}"
        return Finding("ok", name, words)
    if not any(
        part in media.link for part in (landing, percent_encode(landing), percent_encode(media.id))
    ):
        return Finding("FAULT", name, f"a link does not lead to its picture: {media.link}")
    earns = (
        enabled.link.affiliate_id is not None
        and percent_encode(enabled.link.affiliate_id) in media.link
    )
    words = "with your affiliate id" if earns else "without an affiliate id"
    return Finding(
        "ok", name, f"a link is {NOT_FOLLOWED}; it names its picture, {words}: {media.link}"
    )


def check_link_host(enabled: EnabledAgency, link: str, landing: str) -> Iterator[Finding]:
    """Warn of links by way of a host without an address, as no click would arrive."""
    host = urlsplit(link).hostname or ""
    is_direct = host == urlsplit(landing).hostname
    if host and not is_direct and not has_address(host, DNS_SECONDS):
        words = f"{host}, where its links lead first, has no address, so that no click arrives"
        yield Finding("warn", enabled.agency.name, words)


def _check_expected_fields(enabled: EnabledAgency, items: tuple[Media, ...]) -> Iterator[Finding]:
    """Warn of fields that every answer of the agency used to have in some item."""
    missing = [
        name
        for name in enabled.agency.expected_fields
        if not any(getattr(media, name) for media in items)
    ]
    if missing:
        words = f"no picture has {' or '.join(missing)} any more; its API may have changed"
        yield Finding("warn", enabled.agency.name, words)
