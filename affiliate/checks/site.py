"""The checks of ``flask doctor`` for the program, its settings, accounts and public address."""

import ipaddress
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from affiliate import __version__
from affiliate.checks.findings import FAULT, OK, WARN, Finding
from affiliate.config.blocked_names import describe_blocking, find_blocked_label
from affiliate.domain.media import clean_text
from affiliate.errors import AgencyError, BadCredentials, NotConnected, RequestRefused
from affiliate.licensing.accounts.opening import (
    describe_buyer,
    open_seller,
    open_shutterstock_account,
)
from affiliate.licensing.models import TokenDetails
from affiliate.licensing.oauth.flow import ACCOUNT
from affiliate.services import Services
from affiliate.transport.client import Transport
from affiliate.transport.messages import Request

HEALTH_PATH = "/healthz"
"""The path that a running site answers."""
ANSWER_SECONDS = 10.0


def check_program(_: Services) -> Iterator[Finding]:
    """Report the running version."""
    words = f"Affiliate Search {__version__}, on Python {platform.python_version()}"
    yield Finding(OK, "program", words)


def check_settings(services: Services) -> Iterator[Finding]:
    """Report the agencies in the settings, and check that an agency is switched on."""
    yield Finding(OK, "settings", f"complete, for {', '.join(services.config.agencies)}")
    yield from (Finding(WARN, "settings", note) for note in services.config.notes)
    if not services.registry.enabled:
        remedy = " or ".join(f"`flask agency on {name}`" for name in services.registry.names)
        words = "none is switched on, so visitors find nothing"
        yield Finding(FAULT, "agencies", f"{words}; {remedy} changes that" if remedy else words)


def check_alerts(services: Services) -> Iterator[Finding]:
    """Report by which ways the owner is told what is wrong."""
    config = services.config
    set_up = {"mail": config.smtp_url, "webhook": config.alert_webhook_url}
    names = [name for name, way in set_up.items() if way]
    words = f"told by {' and '.join(names)}; `flask alerts test` sends a test"
    if not names:
        words = "nobody is told; SMTP_URL and ALERT_TO, or ALERT_WEBHOOK_URL, change that"
    yield Finding(OK, "alerts", words)


def check_account(services: Services, *, calls: bool) -> Iterator[Finding]:
    """Check that the agency accepts the connected account's token, where it may be called."""
    settings = services.config.agencies.get(ACCOUNT)
    token = services.tokens.read_token() if settings else None
    if settings is None or token is None or not calls:
        return
    try:
        account = open_shutterstock_account(
            services.config, services.transport, services.tokens, live=True
        )
        details = account.fetch_token_details()
    except NotConnected as error:
        yield Finding(FAULT, "account", f"the connected account can't be used: {error.message}")
        details = TokenDetails()
    except AgencyError as error:
        yield Finding(FAULT, "account", f"the agency does not say whose it is: {error.message}")
        details = TokenDetails()
    else:
        since = f"{datetime.fromtimestamp(token.connected_at, UTC):%Y-%m-%d}"
        words = f"connected as {_format_name(details)} since {since}; its token is taken"
        yield Finding(OK, "account", words)
    if "API_TOKEN" in settings.credentials:
        words = "an account is connected and SHUTTERSTOCK_API_TOKEN is set too: licenses are bought"
        more = (
            f"in the connected account ({_format_name(details)}), whatever account the token is of"
        )
        yield Finding(WARN, "account", f"{words} {more}")


def check_seller(services: Services, name: str) -> Iterator[Finding]:
    """Check that an agency accepts the buyer's credentials, if these are set.

    The check reads the newest license, which needs the same credentials as buying and is free.
    """
    settings = services.config.agencies.get(name)
    if settings is None or not settings.buyer:
        return
    buyer = describe_buyer(name, services.config)
    try:
        account = open_seller(name, services.config, services.transport, services.tokens, live=True)
        newest = next(account.iter_history("image"), None)
    except (BadCredentials, RequestRefused) as error:
        words = f"it lets nobody buy licenses {buyer}; it says: {error.message}"
        yield Finding(FAULT, name, words)
    except AgencyError as error:
        words = f"whether it lets you buy licenses {buyer} is not known: {error.message}"
        yield Finding(FAULT, name, words)
    else:
        last = f"the newest is of {newest.downloaded_at:%Y-%m-%d}" if newest else "there is none"
        words = f"licenses can be bought {buyer}; of images {last}"
        yield Finding(OK, name, words)


def _format_name(details: TokenDetails) -> str:
    """Return the user's name, safe to print."""
    return clean_text(details.username) or "an unnamed user"


def check_address(services: Services) -> Iterator[Finding]:
    """Warn of a site address that embeds and lasting codes can't use."""
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
    """Return whether a host name leads to this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_reachability(services: Services, transport: Transport) -> Iterator[Finding]:
    """Check that the site answers at its public address."""
    url = services.config.site_url
    if url is None:
        return
    try:
        reply = transport.send(Request(agency="SITE_URL", url=url + HEALTH_PATH), ANSWER_SECONDS)
    except AgencyError as error:
        words = f"{url} does not answer this machine: {error.message}"
        yield Finding(WARN, "SITE_URL", words)
        return
    if reply.body.strip().startswith(b'{"status"'):
        yield Finding(OK, "SITE_URL", f"{url} answers")
    else:
        yield Finding(FAULT, "SITE_URL", f"{url}{HEALTH_PATH} is answered by another program")
