"""A browser of an owner who licenses at the desk."""

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import parse_qsl

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from affiliate.database.purchases import Purchase, Purchases
from tests.support.owner_desk import PASSWORD, SECRET

SETTINGS = {"OWNER_PASSWORD": PASSWORD, "SECRET_KEY": SECRET}


def read_form(page: TestResponse, action: str = "/buy") -> dict[str, str]:
    """Return the hidden fields of the form whose action ends so."""
    form = re.search(rf'<form[^>]*action="[^"]*{action}".*?</form>', page.text, re.DOTALL)
    assert form, page.text
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    return {name: unescape(value) for name, value in found}


def read_notes(page: TestResponse) -> str:
    """Return the text of a page, without its markup."""
    main = page.text.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


class LicenseDesk:
    """The steps of an owner for an item, each as the page before leads to it."""

    def __init__(self, client: FlaskClient, path: str) -> None:
        self.client = client
        self.path = path
        self._path, _, query = path.partition("?")
        self._query = dict(parse_qsl(query))

    def choose(self, **values: str) -> TestResponse:
        return self.client.get(self._path, query_string={**self._query, **values})

    def review(self, **values: str) -> TestResponse:
        return self.client.get(f"{self._path}/review", query_string={**self._query, **values})

    def send(self, form: Mapping[str, str]) -> TestResponse:
        return self.client.post(f"{self._path}/buy", data=form)

    def buy(self, *boxes: str, **values: str) -> TestResponse:
        """Go through both steps, with the boxes of the second ticked."""
        page = self.review(**values)
        return self.send({**read_form(page), **dict.fromkeys(boxes, "1")})


def copy_browser(client: FlaskClient) -> FlaskClient:
    """Return another tab of the same browser, which can send beside the first."""
    other = client.application.test_client()
    other._cookies = dict(client._cookies or {})  # the jar of werkzeug's client
    return other


def read_purchases(app: Flask) -> list[Purchase]:
    """Return all purchases in an app's ledger."""
    return Purchases(app.extensions["services"].ledger).list_all()
