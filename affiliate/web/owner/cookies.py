"""How the owner's cookies are named and secured, by the scheme of each request."""

from typing import Final

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from affiliate.services import current_services

SESSION_COOKIE: Final = "owner"


OWNER_PATH: Final = "/owner/"
"""The paths that browsers send the session's cookie to."""
MAX_COOKIE_CHARACTERS: Final = 16 * 1024
"""Characters of all cookies of a request, of which browsers and servers take no more."""


class OwnerSession(SecureCookieSessionInterface):
    """Flask's signed session, in a cookie that never leaves https once it was set there."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a request; elsewhere than at the desk no cookie is read."""
        is_read = request.path.startswith(OWNER_PATH) and _has_readable_cookies(request)
        return super().open_session(app, request) if is_read else self.session_class()

    def get_cookie_name(self, app: Flask) -> str:
        """Return the session's name in this request."""
        del app
        return cookie_name(SESSION_COOKIE)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Tell whether the cookie is for https alone."""
        del app
        return is_https()


def read_cookie(name: str) -> str | None:
    """Return a cookie of the request under way; None where there is none that can be read."""
    return request.cookies.get(cookie_name(name)) if _has_readable_cookies(request) else None


def _has_readable_cookies(request: Request) -> bool:
    return len(request.headers.get("Cookie", "")) <= MAX_COOKIE_CHARACTERS


def is_https() -> bool:
    """Tell whether the site is reached over https: by SITE_URL, the request, or a proxy's word.

    Whoever lies in the proxy's place gets a cookie that their own browser does not send back.
    """
    told = request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
    site_url = current_services().config.site_url or ""
    return site_url.startswith("https://") or request.is_secure or told == "https"


def cookie_name(name: str) -> str:
    """Return a cookie's name; its prefix holds browsers to https (OWASP ASVS 5, 3.3.1).

    ``__Host-`` would send the cookie with every page, and visitors' pages are kept by caches.
    """
    return f"__Secure-{name}" if is_https() else name
