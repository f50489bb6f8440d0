"""What ``flask doctor`` looks at in the program, its settings and the connected account."""

import ipaddress
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from affiliate import __version__
from affiliate.cli.context import (
    account_of_app,
    seller_of_app,
)
from affiliate.cli.findings import FAULT, OK, WARN, Finding
from affiliate.cli.license_target import owner_of
from affiliate.config.blocked_names import describe_blocking, find_blocked_label
from affiliate.domain.media import plain_text
from affiliate.errors import AgencyError, BadCredentials, NotConnected, RequestRefused
from affiliate.licensing.models import TokenDetails
from affiliate.licensing.oauth.flow import ACCOUNT
from affiliate.services import Services, current_services
from affiliate.transport.client import Transport
from affiliate.transport.messages import Request

ALIVE = "/healthz"
"""What a site answers that is up."""
ANSWER_SECONDS = 10.0


def program(_: Services) -> Iterator[Finding]:
    """Tell which version runs."""
    words = f"Affiliate Search {__version__}, on Python {platform.python_version()}"
    yield Finding(OK, "program", words)


def settings(services: Services) -> Iterator[Finding]:
    """Tell which agencies the settings name, and whether any is searched."""
    yield Finding(OK, "settings", f"complete, for {', '.join(services.config.agencies)}")
    yield from (Finding(WARN, "settings", note) for note in services.config.notes)
    off = services.search.off()
    if all(one.agency.name in off for one in services.search.configured):
        again = " or ".join(
            f"`flask agency on {one.agency.name}`" for one in services.search.configured
        )
        words = "none is switched on, so visitors find nothing"
        yield Finding(FAULT, "agencies", f"{words}; {again} changes that" if again else words)


def account(services: Services) -> Iterator[Finding]:
    """Ask the agency whether it takes the connected account's token."""
    own = services.config.agencies.get(ACCOUNT)
    token = current_services().tokens.read_token() if own else None
    if own is None or token is None:
        return
    try:
        details = account_of_app(live=True).fetch_token_details()
    except NotConnected as error:
        yield Finding(FAULT, "account", f"the connected account can't be used: {error.message}")
        details = TokenDetails()
    except AgencyError as error:
        yield Finding(FAULT, "account", f"the agency does not say whose it is: {error.message}")
        details = TokenDetails()
    else:
        since = f"{datetime.fromtimestamp(token.connected_at, UTC):%Y-%m-%d}"
        words = f"connected as {_name(details)} since {since}; its token is taken"
        yield Finding(OK, "account", words)
    if "API_TOKEN" in own.credentials:
        words = "an account is connected and SHUTTERSTOCK_API_TOKEN is set too: licenses are bought"
        more = f"in the connected account ({_name(details)}), whatever account the token is of"
        yield Finding(WARN, "account", f"{words} {more}")


def seller(services: Services, name: str) -> Iterator[Finding]:
    """Ask an agency where licenses are bought whether it takes what buys there, if that is set.

    A look at the newest license needs the same as buying, and costs nothing.
    """
    own = services.config.agencies.get(name)
    if own is None or not own.buyer:
        return
    try:
        account = seller_of_app(name, live=True)
        newest = next(account.iter_history("image"), None)
    except (BadCredentials, RequestRefused) as error:
        words = f"it lets nobody buy licenses {owner_of(name)}; it says: {error.message}"
        yield Finding(FAULT, name, words)
    except AgencyError as error:
        words = f"whether it lets you buy licenses {owner_of(name)} is not known: {error.message}"
        yield Finding(FAULT, name, words)
    else:
        last = f"the newest is of {newest.downloaded_at:%Y-%m-%d}" if newest else "there is none"
        words = f"licenses can be bought {owner_of(name)}; of images {last}"
        yield Finding(OK, name, words)


def _name(details: TokenDetails) -> str:
    return plain_text(details.username) or "an unnamed user"


def address(services: Services) -> Iterator[Finding]:
    """Tell what is wrong with the site's own address, for embeds and for what must last."""
    url = services.config.site_url
    if url is None:
        words = "not set, so addresses are those of each request, pages with one aren't kept, and"
        more = "codes for blogs lead to an address that may not last; set SITE_URL"
        yield Finding(WARN, "SITE_URL", f"{words} {more}")
        return
    if label := find_blocked_label(url):
        yield Finding(WARN, "SITE_URL", describe_blocking(label))
    if _is_local(urlsplit(url).hostname or ""):
        yield Finding(WARN, "SITE_URL", f"{url} leads to this machine alone; blogs can't reach it")
    elif url.startswith("http:"):
        words = f"{url} has no TLS, and browsers show no embed of it on pages that have; where a"
        more = "proxy in front has a certificate, set it to https://"
        yield Finding(WARN, "SITE_URL", f"{words} {more}")


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def answers(services: Services, transport: Transport) -> Iterator[Finding]:
    """Ask the site at its public address whether it is up."""
    url = services.config.site_url
    if url is None:
        return
    try:
        reply = transport.send(Request(agency="SITE_URL", url=url + ALIVE), ANSWER_SECONDS)
    except AgencyError as error:
        words = f"{url} does not answer this machine: {error.message}"
        yield Finding(WARN, "SITE_URL", words)
        return
    if reply.body.strip().startswith(b'{"status"'):
        yield Finding(OK, "SITE_URL", f"{url} answers")
    else:
        yield Finding(FAULT, "SITE_URL", f"{url}{ALIVE} is answered by another program")
