"""The page about the site says how the site earns and what its settings do with data."""

import re

import pytest
from flask.testing import FlaskClient

from tests.support.apps import ClientMaker

EARNING = {
    "AGENCIES": "shutterstock",
    "SHUTTERSTOCK_API_TOKEN": "v2/token",
    "SHUTTERSTOCK_AFFILIATE_ID": "123",
}
COMMISSION = "we earn a commission"


def test_the_page_says_what_the_settings_do(make_client: ClientMaker) -> None:
    """The text on privacy is made from the settings, and the commission is told where one is."""
    page = make_client(**EARNING, CLICKS_KEEP_DAYS="400").get("/about?lang=en").text
    assert COMMISSION in page
    assert "Kept: 400 days." in page
    assert COMMISSION not in make_client(AGENCIES="demo").get("/about?lang=en").text


def test_the_page_is_in_the_language_of_the_browser(client: FlaskClient) -> None:
    """Without a language in the address the browser's preferences count, and no cache keeps it."""
    answer = client.get("/about", headers={"Accept-Language": "sv"})
    assert '<html lang="sv"' in answer.text
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_links_to_a_part_of_the_page_lead_there(client: FlaskClient) -> None:
    """`/about#privacy` may stand in SITE_LINKS."""
    assert re.search(r'<h2 id="privacy">', client.get("/about?lang=en").text)


@pytest.mark.parametrize("url", ["", "https://pictures.example"])
def test_browsers_keep_the_page_where_its_address_is_known(
    make_client: ClientMaker, url: str
) -> None:
    """The canonical link repeats the request's host unless SITE_URL is set."""
    control = make_client(SITE_URL=url).get("/about?lang=en").headers["Cache-Control"]
    assert ("public" in control) == bool(url)
