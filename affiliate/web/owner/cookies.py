"""The names and attributes of the owner's cookies, by the scheme of each request."""

from typing import Final

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from affiliate.services import current_services

SESSION_COOKIE: Final = "owner"
OWNER_PATH: Final = "/owner/"
"""Prefix of the paths to which browsers send the session's cookie."""
MAX_COOKIE_CHARACTERS: Final = 16 * 1024
"""Most characters of a request's cookies that are read; browsers and servers accept no more."""


class OwnerSession(SecureCookieSessionInterface):
    """Flask's signed session, in a cookie that never leaves https if https has set the cookie."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a request; outside of the owner's desk no cookie is read."""
        is_read = request.path.startswith(OWNER_PATH) and _has_readable_cookies(request)
        return super().open_session(app, request) if is_read else self.session_class()

    def get_cookie_name(self, app: Flask) -> str:
        """Return the name of the session's cookie in this request."""
        del app
        return cookie_name(SESSION_COOKIE)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return whether the cookie is for https alone."""
        del app
        return is_https()


def read_cookie(name: str) -> str | None:
    """Return a cookie of the current request; None for a missing or unreadable cookie."""
    return request.cookies.get(cookie_name(name)) if _has_readable_cookies(request) else None


def _has_readable_cookies(request: Request) -> bool:
    return len(request.headers.get("Cookie", "")) <= MAX_COOKIE_CHARACTERS


def is_https() -> bool:
    """Return whether the site is reached over https, by SITE_URL, the request or a proxy's header.

    A client that forges the header gets a cookie that its own browser does not send back.
    """
    scheme = request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
    site_url = current_services().config.site_url or ""
    return site_url.startswith("https://") or request.is_secure or scheme == "https"


def cookie_name(name: str) -> str:
    """Return a cookie's name, whose prefix makes browsers require https (OWASP ASVS 5, 3.3.1).

    ``__Host-`` would send the cookie with every page, and caches keep visitors' pages.
    """
    return f"__Secure-{name}" if is_https() else name
