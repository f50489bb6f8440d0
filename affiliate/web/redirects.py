"""Redirects within the site, without a host."""

from flask import Response, request


def make_redirect_relative(response: Response) -> Response:
    """Return a response whose redirect within this site names no host.

    The router builds addresses with the request's scheme and host, which a proxy may have changed.
    """
    location, own_host = response.headers.get("Location", ""), request.host_url
    if location.startswith(own_host):
        response.headers["Location"] = f"/{location.removeprefix(own_host).lstrip('/')}"
    return response
