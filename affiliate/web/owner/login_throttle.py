"""Limits of log-in attempts: few for strangers, and none of them at the owner's expense.

Behind a proxy all clients may have the same address, and headers can be forged. Therefore a signed
cookie identifies a browser that has logged in before, which has attempts of its own; strangers
share the attempts of their address, and a limit over all addresses. See
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
from affiliate.services import Services
from affiliate.web.client_address import client_network
from affiliate.web.owner.cookies import cookie_name, is_https, read_cookie

MAX_CLIENT_LOGINS: Final = 10
MAX_STRANGER_LOGINS: Final = 100
WINDOW_SECONDS: Final = 900
"""Window of the limits: MAX_CLIENT_LOGINS attempts, right or wrong, of a known browser or of an
address, and MAX_STRANGER_LOGINS attempts of strangers from all addresses together."""
KNOWN_BROWSER_COOKIE: Final = "owner_known"
KNOWN_BROWSER_AGE: Final = timedelta(days=180)


class LoginCounts(NamedTuple):
    """The counts of log-in attempts, and the clock's windows of these counts.

    The processes of a machine keep the count of all strangers together in a file, too, so that
    strangers have no attempts more when the store loses counters. Other counts are not in the
    file: there may be as many as there are addresses.
    """

    clients: Counts
    strangers: Counts
    windows: Windows


def register(app: Flask) -> None:
    """Add the counts of log-in attempts to an app."""
    services: Services = app.extensions["services"]
    store, processes = services.store, services.config.web_concurrency
    app.extensions["login_counts"] = LoginCounts(
        clients=Counts(store, processes),
        strangers=Counts(store, processes, services.machine_counts),
        windows=Windows(here=services.machine_counts),
    )


def may_log_in(proof: str) -> bool:
    """Count a log-in attempt; return False after too many attempts of its sender in any process.

    ``proof`` is a digest of key and password: a new password starts new counts.
    """
    logins: LoginCounts = current_app.extensions["login_counts"]
    window, _ = logins.windows.current_window(WINDOW_SECONDS)

    def has_logins_left(counts: Counts, client: str, max_logins: int) -> bool:
        key = f"log-in:{proof[:16]}:{client}:{window}"
        return counts.add(key, 1, WINDOW_SECONDS).has_room(max_logins, least=1)

    if browser := _read_known_browser(proof):
        return has_logins_left(logins.clients, f"known:{browser}", MAX_CLIENT_LOGINS)
    network = client_network(request.remote_addr or "")
    return has_logins_left(logins.clients, network, MAX_CLIENT_LOGINS) and has_logins_left(
        logins.strangers, "strangers", MAX_STRANGER_LOGINS
    )


def loggable_network() -> str:
    """Return the client's network for the log, which must not contain a single address."""
    ip = read_address(request.remote_addr or "")
    if ip is None:
        return "an unknown address"
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))  # noqa: PLR2004


def remember_browser(answer: Response, proof: str) -> None:
    """Set the cookie that identifies a browser after its log-in."""
    browser = _read_known_browser(proof) or secrets.token_hex(16)
    answer.set_cookie(
        cookie_name(KNOWN_BROWSER_COOKIE),
        f"{browser}.{_seal_browser(browser, proof)}",
        max_age=KNOWN_BROWSER_AGE,
        path="/owner/log-in",
        secure=is_https(),
        httponly=True,
        samesite="Strict",
    )


def _read_known_browser(proof: str) -> str | None:
    """Return the name of a browser that knew the current password before; None for strangers."""
    browser, _, seal = (read_cookie(KNOWN_BROWSER_COOKIE) or "").partition(".")
    is_valid = hmac.compare_digest(
        seal.encode("utf-8", "replace"), _seal_browser(browser, proof).encode()
    )
    return browser if is_valid else None


def _seal_browser(browser: str, proof: str) -> str:
    text = f"known:{browser}".encode("utf-8", "replace")
    return hmac.new(proof.encode(), text, hashlib.sha256).hexdigest()
