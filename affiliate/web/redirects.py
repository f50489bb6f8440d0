"""Redirects within the site, without a host."""

from flask import Response, request


def make_redirect_relative(response: Response) -> Response:
    """Return a response whose redirect within this site names no host.

    The router builds addresses with the request's scheme and host, which a proxy may have changed.
    The host is compared as sent: clients send hosts that no domain can have, such as ``xn--``.
    """
    scheme, _, rest = response.headers.get("Location", "").partition("://")
    host, _, path = rest.partition("/")
    if scheme in {"http", "https"} and host == request.host:
        response.headers["Location"] = f"/{path.lstrip('/')}"
    return response
