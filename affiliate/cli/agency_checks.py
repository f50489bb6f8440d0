"""What ``flask doctor`` looks at in an agency: key, address, limits, marks and links."""

from collections.abc import Iterator
from typing import Final

from affiliate.agencies.limits import Limit
from affiliate.agencies.link_earnings import link_status
from affiliate.cli import live_checks
from affiliate.cli.findings import OK, WARN, Finding
from affiliate.cli.hosts import foreign_host, host_of
from affiliate.cli.live_checks import BUILT
from affiliate.domain.affiliate_links import build_affiliate_link
from affiliate.domain.media import Media, Thumbnail
from affiliate.errors import DEFAULT_SUSPENSION_REASON, SUSPENSION_REASONS, AgencyError
from affiliate.search.federation import EnabledAgency
from affiliate.search.service import SearchService
from affiliate.transport.client import Transport, allow_longer_calls

SAMPLE: Final = "108559295"
"""The id in sample links: that of the picture in the official example."""
PAGE: Final = "https://agency.example/picture"
"""Where sample links lead at agencies that say with each picture where its page is."""
LITTLE: Final = 0.1
"""The share of a limit's calls that is little to have left."""
MINUTE: Final = 60


def findings(
    one: EnabledAgency, search: SearchService, transport: Transport, *, live: bool
) -> Iterator[Finding]:
    """Everything that is looked at in one agency that is on, or switched off."""
    name = one.agency.name
    if name in search.off():
        yield Finding(WARN, name, "switched off, so nobody searches it")
        return
    yield _answers(one)
    yield from _address(one)
    yield from _left_alone(one, search)
    yield from _calls(one, search)
    if one.agency.experimental:
        words = "experimental: no answer of a living API has been seen lately"
        yield Finding(WARN, name, words)
    yield from _links(one)
    if live:
        yield from live_checks.findings(one, transport, search)


def _answers(one: EnabledAgency) -> Finding:
    """Return whether an agency answers and takes the key."""
    try:
        with allow_longer_calls(live_checks.CALL_SECONDS):
            return Finding(OK, one.agency.name, one.agency.check_key().words)
    except AgencyError as error:
        kind = "no key" if error.kind == "credentials" and not one.agency.keys else error.kind
        return Finding("FAULT", one.agency.name, f"{_MEANS.get(kind, '')}{error.message}")


def _address(one: EnabledAgency) -> Iterator[Finding]:
    """Warn of an agency that is asked elsewhere than at its own address."""
    if asked := foreign_host(one.agency.name, one.agency.url):
        own = host_of(type(one.agency).api)
        words = f"asked at {asked}, not at the agency's own address ({own}), so what is found there"
        yield Finding(WARN, one.agency.name, f"{words} may be for trials alone")


def _left_alone(one: EnabledAgency, search: SearchService) -> Iterator[Finding]:
    """Tell that searches spare an agency just now, why, and for how long."""
    if mark := search.left_alone(one):
        seconds, why = mark
        because = (
            SUSPENSION_REASONS.get(why, DEFAULT_SUSPENSION_REASON)
            .rstrip(".")
            .replace("It ", "it ", 1)
        )
        words = f"left alone for another {seconds:.0f} s, as {because}"
        again = f"`flask agency on {one.agency.name}` asks it again at once"
        yield Finding(WARN, one.agency.name, f"{words}; {again}")


def _calls(one: EnabledAgency, search: SearchService) -> Iterator[Finding]:
    """Tell how many calls are left of each limit that lasts longer than a few seconds."""
    for limit, used, rest in search.spent(one):
        if limit.seconds < MINUTE:
            continue
        left = max(limit.calls - used, 0)
        words = f"{left} of {limit.calls} calls are left {_window(limit)}"
        state = WARN if left < max(LITTLE * limit.calls, 1) else OK
        if not left:
            words += f"; for another {rest / MINUTE:.0f} min only cached answers are shown"
        yield Finding(state, one.agency.name, words)


def _window(limit: Limit) -> str:
    names = {MINUTE: "this minute", 60 * MINUTE: "this hour", 24 * 60 * MINUTE: "today"}
    return names.get(limit.seconds, f"in {limit.seconds} s")


_MEANS = {
    "credentials": "it does not take the key; it says: ",
    "no key": "it gives nothing without a key; it says: ",
    "timeout": "it is too slow or out of reach: ",
    "down": "it is out of reach: ",
}


def _links(one: EnabledAgency) -> Iterator[Finding]:
    """Tell what an agency's links look like, what their form rests on, and if they earn."""
    name = one.agency.name
    form = "your own template" if one.link.owned else one.agency.link_source
    for media in ("image", "video") if one.agency.video_filters else ("image",):
        still = Thumbnail("https://example.com", 3, 2)
        sample = Media(
            agency=one.agency.name, id=SAMPLE, media=media, thumbnail=still, page_url=PAGE
        )
        link = build_affiliate_link(
            one.link, sample, one.agency.landing_url(sample), site="blog.example"
        )
        if link and link != PAGE:
            note = f"{BUILT}; {form}" if form else BUILT
            yield Finding(OK, name, f"links to {media}s are such as {link} ({note})")
        if one.link.owned and media == "image":
            yield from live_checks.reach(one, link, one.agency.landing_url(sample))
    told = link_status(type(one.agency), one.link)
    yield Finding(told.state, name, told.words)
