"""Headers of a browser that visits a page, and a site where a client has little room."""

from typing import Final

from flask.testing import FlaskClient

from tests.support.apps import ClientMaker
from tests.support.shutterstock import TOKEN, Shutterstock

FIREFOX: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
ADDRESS_BAR: Final = {
    "User-Agent": FIREFOX,
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-User": "?1",
}
"""The headers of a page whose address was typed."""


def make_limited_client(
    make_client: ClientMaker, agency: Shutterstock, **settings: str
) -> FlaskClient:
    """Return a client of a site on the agency, where a client may search once a minute."""
    return make_client(
        AGENCIES="shutterstock",
        SHUTTERSTOCK_API_TOKEN=TOKEN,
        SHUTTERSTOCK_URL=agency.url,
        CLIENT_SEARCHES_PER_MINUTE="1",
        **settings,
    )
