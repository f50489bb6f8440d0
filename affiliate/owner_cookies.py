"""How the owner's cookies are named and secured, by the scheme of each request."""

from typing import Final

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

from affiliate.page import site_of_app

SESSION: Final = "owner"


class OwnerSession(SecureCookieSessionInterface):
    """Flask's signed session, in a cookie that never leaves https once it was set there."""

    def get_cookie_name(self, app: Flask) -> str:
        """Return the session's name in this request."""
        del app
        return named(SESSION)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Tell whether the cookie is for https alone."""
        del app
        return is_https()


def is_https() -> bool:
    """Tell whether the site is reached over https: by SITE_URL, the request, or a proxy's word.

    Whoever lies in the proxy's place gets a cookie that their own browser does not send back.
    """
    told = request.headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
    site_url = site_of_app().config.site_url or ""
    return site_url.startswith("https://") or request.is_secure or told == "https"


def named(name: str) -> str:
    """Return a cookie's name; its prefix holds browsers to https (OWASP ASVS 5, 3.3.1).

    ``__Host-`` would send the cookie with every page, and visitors' pages are kept by caches.
    """
    return f"__Secure-{name}" if is_https() else name
