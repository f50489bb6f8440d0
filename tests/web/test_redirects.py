"""Redirects within the site lead to paths, whatever host a client has sent."""

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from tests.support.apps import ClientMaker
from tests.support.owner_desk import PASSWORD, SECRET


@pytest.mark.parametrize(
    "host", ["shop.example:8000", "xn--mnchen-3ya.example", "xn--", "a.xn--.b"]
)
@pytest.mark.parametrize(
    ("path", "status", "location"), [("/owner?a=b", "308", "/owner/?a=b"), ("/about", "200", None)]
)
def test_any_host_gets_the_same_answer(
    make_client: ClientMaker, host: str, path: str, status: str, location: str | None
) -> None:
    """Also a host that no domain can have; the redirect of the router names none."""
    app = make_client(OWNER_PASSWORD=PASSWORD, SECRET_KEY=SECRET).application
    environ = {**create_environ(path), "HTTP_HOST": host}
    _, answered, headers = run_wsgi_app(app, environ)
    assert answered.startswith(status)
    assert headers.get("Location") == location
