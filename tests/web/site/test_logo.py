"""The owner's logo stands in place of the name, from this site alone."""

import re

from flask.testing import FlaskClient

from tests.support.apps import ClientMaker


def test_the_logo_stands_in_place_of_the_name(make_client: ClientMaker) -> None:
    """Its size is known before it comes; its text is the name; its address changes with it."""
    client = make_client(SITE_LOGO="static/icon-48.png", SITE_NAME="Ours & more")
    for path in ("/?lang=en", "/search?q=cat&lang=en", "/nowhere"):
        image = re.search(
            r'<a class="name"[^>]*><img src="([^"]*)"([^>]*)></a>', client.get(path).text
        )
        assert image
        assert image[2] == ' alt="Ours &amp; more" width="48" height="48"'
        answer = client.get(image[1])
        assert (answer.status_code, answer.mimetype) == (200, "image/png")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/logo?v=0").headers["Cache-Control"] == "public, no-cache"


def test_an_svg_runs_no_script(make_client: ClientMaker) -> None:
    """Opened by itself it is a document of this site, but a powerless one."""
    answer = make_client(SITE_LOGO="static/icon.svg").get("/logo")
    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_without_a_logo_the_name_is_text(client: FlaskClient) -> None:
    """There is no file at the address either."""
    assert '<a class="name" href="/?lang=en">Affiliate Search</a>' in client.get("/?lang=en").text
    assert client.get("/logo").status_code == 404
