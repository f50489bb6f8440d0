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
from affiliate.web.client_address import network_of
from affiliate.web.owner.cookies import cookie, is_https, named

TRIES: Final = 10
STRANGERS: Final = 100
SECONDS: Final = 900
"""In this time a known browser, or an address, may try so often, right or wrong; strangers from
all addresses so often together."""
COOKIE: Final = "owner_known"
KNOWN: Final = timedelta(days=180)


class Tries(NamedTuple):
    """The counts of log-ins, and the windows of the clock that they are counted in."""

    counts: Counts
    windows: Windows


def register(app: Flask) -> None:
    """Give an app its counts of log-ins."""
    site = app.extensions["services"]
    app.extensions["tries"] = Tries(Counts(site.store, site.config.web_concurrency), Windows())


def may_try(proof: str) -> bool:
    """Count a log-in; False when whoever sends it has tried too often, in any process.

    ``proof`` is a digest of key and password: a new password begins with new counts.
    """
    if browser := _known(proof):
        return _has_tried_less(f"{proof[:16]}:known:{browser}", TRIES)
    network = network_of(request.remote_addr or "")
    strangers = f"{proof[:16]}:strangers"
    return _has_tried_less(f"{proof[:16]}:{network}", TRIES) and _has_tried_less(
        strangers, STRANGERS
    )


def shown_address() -> str:
    """Return where a request comes from as the log shows it: a network, not a single address."""
    ip = read_address(request.remote_addr or "")
    if ip is None:
        return "an unknown address"
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))  # noqa: PLR2004


def remember(answer: Response, proof: str) -> None:
    """Have a browser that has just logged in known from now on."""
    browser = _known(proof) or secrets.token_hex(16)
    answer.set_cookie(
        named(COOKIE),
        f"{browser}.{_seal(browser, proof)}",
        max_age=KNOWN,
        path="/owner/log-in",
        secure=is_https(),
        httponly=True,
        samesite="Strict",
    )


def _known(proof: str) -> str | None:
    """Return the browser's name if it has logged in with today's password; None for strangers."""
    browser, _, seal = (cookie(COOKIE) or "").partition(".")
    known = hmac.compare_digest(seal.encode("utf-8", "replace"), _seal(browser, proof).encode())
    return browser if known else None


def _seal(browser: str, proof: str) -> str:
    text = f"known:{browser}".encode("utf-8", "replace")
    return hmac.new(proof.encode(), text, hashlib.sha256).hexdigest()


def _has_tried_less(who: str, most: int) -> bool:
    """Count one more of somebody's log-ins within the time; False when they are too many."""
    tries: Tries = current_app.extensions["tries"]
    window, _ = tries.windows.under_way(SECONDS)
    key = f"log-in:{who}:{window}"
    return tries.counts.add(key, 1, SECONDS).has_room(most, least=1)
