"""The checks of ``flask doctor`` for an agency: key, address, limits, suspension and links."""

from collections.abc import Iterator
from typing import Final

from affiliate.agencies.hosts import find_foreign_host, parse_host
from affiliate.agencies.limits import MINUTE
from affiliate.agencies.link_earnings import assess_links
from affiliate.checks import live_search
from affiliate.checks.findings import OK, WARN, Finding
from affiliate.checks.live_search import NOT_FOLLOWED
from affiliate.domain.affiliate_links import build_affiliate_link
from affiliate.domain.media import Media, Thumbnail
from affiliate.errors import (
    AgencyError,
    CallsSpent,
    describe_suspension,
)
from affiliate.search.federation import EnabledAgency
from affiliate.search.gateway import AgencyGateway
from affiliate.services import Services
from affiliate.transport.client import allow_longer_calls

SAMPLE_ID: Final = "108559295"
"""The id in sample links, taken from the official example."""
SAMPLE_PAGE: Final = "https://agency.example/picture"
"""The target of sample links at agencies that give a page address with each picture."""


def check_agency(
    enabled: EnabledAgency, services: Services, *, calls: bool, live: bool
) -> Iterator[Finding]:
    """Yield the findings about an agency that is set up, be it switched on or off.

    With ``calls`` the agency is asked whether it accepts the key, with ``live`` also for pictures;
    both count in its quota.
    """
    name = enabled.agency.name
    if name in services.registry.switched_off():
        yield Finding(WARN, name, "switched off, so nobody searches it")
        return
    if calls:
        yield _check_key(enabled, services.gateway)
    yield from _check_address(enabled)
    yield from _check_suspension(enabled, services.gateway)
    yield from _check_calls_left(enabled, services.gateway)
    if enabled.agency.experimental:
        words = "experimental: no answer of a living API has been seen lately"
        yield Finding(WARN, name, words)
    yield from _check_links(enabled)
    if live:
        yield from live_search.check_search(enabled, services)


def _check_key(enabled: EnabledAgency, gateway: AgencyGateway) -> Finding:
    """Return a finding on whether an agency answers and accepts the key."""
    try:
        with allow_longer_calls(live_search.CALL_SECONDS), gateway.count_calls(enabled):
            return Finding(OK, enabled.agency.name, enabled.agency.check_key().words)
    except CallsSpent as error:
        words = f"whether it takes the key was not asked: {error.message}"
        return Finding(WARN, enabled.agency.name, words)
    except AgencyError as error:
        kind = "no key" if error.kind == "credentials" and not enabled.agency.keys else error.kind
        return Finding(
            "FAULT", enabled.agency.name, f"{_FAILURE_PREFIXES.get(kind, '')}{error.message}"
        )


def _check_address(enabled: EnabledAgency) -> Iterator[Finding]:
    """Warn of an agency whose configured address is not the agency's own."""
    if host := find_foreign_host(enabled.agency.name, enabled.agency.url):
        own_host = parse_host(type(enabled.agency).api)
        words = (
            f"asked at {host}, not at the agency's own address ({own_host}), so what is found there"
        )
        yield Finding(WARN, enabled.agency.name, f"{words} may be for trials alone")


def _check_suspension(enabled: EnabledAgency, gateway: AgencyGateway) -> Iterator[Finding]:
    """Warn of an agency that is suspended, with the reason and the seconds that are left."""
    if suspension := gateway.get_suspension(enabled):
        seconds, kind = suspension
        words = f"left alone for another {seconds:.0f} s, as {describe_suspension(kind)}"
        hint = f"`flask agency on {enabled.agency.name}` asks it again at once"
        yield Finding(WARN, enabled.agency.name, f"{words}; {hint}")


def _check_calls_left(enabled: EnabledAgency, gateway: AgencyGateway) -> Iterator[Finding]:
    """Report the calls that are left of each limit of a minute or more."""
    for quota in gateway.list_spent_calls(enabled):
        limit = quota.limit
        if limit.seconds < MINUTE:
            continue
        words = f"{quota.left} of {limit.calls} calls are left this {limit.window}"
        state = WARN if quota.is_nearly_spent else OK
        if not quota.left:
            words += f"; for another {quota.rest / MINUTE:.0f} min only cached answers are shown"
        yield Finding(state, enabled.agency.name, words)


_FAILURE_PREFIXES = {
    "credentials": "it does not take the key; it says: ",
    "no key": "it gives nothing without a key; it says: ",
    "timeout": "it is too slow or out of reach: ",
    "down": "it is out of reach: ",
}


def _check_links(enabled: EnabledAgency) -> Iterator[Finding]:
    """Report an agency's sample links, the source of their form, and whether links earn."""
    name = enabled.agency.name
    source = "your own template" if enabled.link.is_owner_template else enabled.agency.link_source
    for media in ("image", "video") if enabled.agency.video_filters else ("image",):
        thumbnail = Thumbnail("https://example.com", 3, 2)
        sample = Media(
            agency=enabled.agency.name,
            id=SAMPLE_ID,
            media=media,
            thumbnail=thumbnail,
            page_url=SAMPLE_PAGE,
        )
        link = build_affiliate_link(
            enabled.link, sample, enabled.agency.build_landing_url(sample), site="blog.example"
        )
        if link and link != SAMPLE_PAGE:
            note = f"{NOT_FOLLOWED}; {source}" if source else NOT_FOLLOWED
            yield Finding(OK, name, f"links to {media}s are such as {link} ({note})")
        if enabled.link.is_owner_template and media == "image":
            yield from live_search.check_link_host(
                enabled, link, enabled.agency.build_landing_url(sample)
            )
    status = assess_links(type(enabled.agency), enabled.link)
    yield Finding(status.state, name, status.words)
