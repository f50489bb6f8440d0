"""How many log-ins may be tried: few by strangers, and none of them at the owner's expense.

Behind a proxy everybody has one address, and what a browser says of another can be made up. So a
browser that has logged in once is known by a signed cookie and has tries of its own; strangers
share what is left to their address, and a limit over all addresses. As in
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

import hashlib
import hmac
import ipaddress
import secrets
from datetime import timedelta
from typing import Final, NamedTuple

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

from affiliate.config.trusted_proxies import read_address
from affiliate.search.counters import Counts, Windows
from affiliate.web.client_address import client_network
from affiliate.web.owner.cookies import cookie_name, is_https, read_cookie

MAX_CLIENT_LOGINS: Final = 10
MAX_STRANGER_LOGINS: Final = 100
WINDOW_SECONDS: Final = 900
"""In this time a known browser, or an address, may try so often, right or wrong; strangers from
all addresses so often together."""
KNOWN_BROWSER_COOKIE: Final = "owner_known"
KNOWN_BROWSER_AGE: Final = timedelta(days=180)


class LoginCounts(NamedTuple):
    """The counts of log-ins, and the windows of the clock that they are counted in."""

    counts: Counts
    windows: Windows


def register(app: Flask) -> None:
    """Give an app its counts of log-ins."""
    site = app.extensions["services"]
    app.extensions["login_counts"] = LoginCounts(
        Counts(site.store, site.config.web_concurrency), Windows()
    )


def may_log_in(proof: str) -> bool:
    """Count a log-in; False when whoever sends it has tried too often, in any process.

    ``proof`` is a digest of key and password: a new password begins with new counts.
    """
    if browser := _known_browser(proof):
        return _has_logins_left(f"{proof[:16]}:known:{browser}", MAX_CLIENT_LOGINS)
    network = client_network(request.remote_addr or "")
    strangers = f"{proof[:16]}:strangers"
    return _has_logins_left(f"{proof[:16]}:{network}", MAX_CLIENT_LOGINS) and _has_logins_left(
        strangers, MAX_STRANGER_LOGINS
    )


def loggable_network() -> str:
    """Return where a request comes from as the log shows it: a network, not a single address."""
    ip = read_address(request.remote_addr or "")
    if ip is None:
        return "an unknown address"
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))  # noqa: PLR2004


def remember_browser(answer: Response, proof: str) -> None:
    """Have a browser that has just logged in known from now on."""
    browser = _known_browser(proof) or secrets.token_hex(16)
    answer.set_cookie(
        cookie_name(KNOWN_BROWSER_COOKIE),
        f"{browser}.{_seal_browser(browser, proof)}",
        max_age=KNOWN_BROWSER_AGE,
        path="/owner/log-in",
        secure=is_https(),
        httponly=True,
        samesite="Strict",
    )


def _known_browser(proof: str) -> str | None:
    """Return the browser's name if it has logged in with today's password; None for strangers."""
    browser, _, seal = (read_cookie(KNOWN_BROWSER_COOKIE) or "").partition(".")
    known = hmac.compare_digest(
        seal.encode("utf-8", "replace"), _seal_browser(browser, proof).encode()
    )
    return browser if known else None


def _seal_browser(browser: str, proof: str) -> str:
    text = f"known:{browser}".encode("utf-8", "replace")
    return hmac.new(proof.encode(), text, hashlib.sha256).hexdigest()


def _has_logins_left(who: str, most: int) -> bool:
    """Count one more of somebody's log-ins within the time; False when they are too many."""
    logins: LoginCounts = current_app.extensions["login_counts"]
    window, _ = logins.windows.under_way(WINDOW_SECONDS)
    key = f"log-in:{who}:{window}"
    return logins.counts.add(key, 1, WINDOW_SECONDS).has_room(most, least=1)
