"""An owner's browser at the desk: log-in, forms and notes."""

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "correct horse battery staple"
SECRET = "a secret of no less than thirty-two signs"
CALLBACK = "/owner/shutterstock/callback"


def csrf(page: TestResponse) -> str:
    """Return the token in a page's first form."""
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found
    return found[1]


def log_in(client: FlaskClient, password: str = PASSWORD) -> TestResponse:
    form = {"csrf": csrf(client.get("/owner/log-in")), "password": password}
    return client.post("/owner/log-in", data=form)


def post(client: FlaskClient, path: str, **fields: object) -> TestResponse:
    form = {"csrf": csrf(client.get("/owner/")), **fields}
    return client.post(path, data=form)


def note(client: FlaskClient, answer: TestResponse) -> str:
    """Return the note on the page of the account after a redirect."""
    return note_at(client, answer, "/owner/account")


def note_at(client: FlaskClient, answer: TestResponse, path: str) -> str:
    """Return the note on a page after a redirect."""
    assert answer.status_code == 303
    found = re.search(r'class="note" role="status">([^<]*)<', client.get(path).text)
    assert found
    return found[1]
