"""``flask account`` connects, shows and disconnects the owner's account."""

import getpass
import json
import re
import warnings
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from click.testing import Result
from flask import Flask

from tests.simulator import CLIENT, SCOPES, TOKEN, Simulator, simulator
from tests.support.apps import ClientMaker

SECRET = "a secret of no less than thirty-two signs"


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator() as server:
        yield server


@pytest.fixture
def app(make_client: ClientMaker, agency: Simulator) -> Flask:
    return make_client(
        SECRET_KEY=SECRET,
        SHUTTERSTOCK_URL=agency.url,
        SHUTTERSTOCK_CLIENT_ID=CLIENT[0],
        SHUTTERSTOCK_CLIENT_SECRET=CLIENT[1],
    ).application


def run(app: Flask, *arguments: str, typed: str = "") -> Result:
    return app.test_cli_runner().invoke(args=["account", *arguments], input=typed)


class Person:
    """Opens the address that is printed, agrees, and pastes what they were sent to."""

    def __init__(self, agency: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pastes = "{address}"
        self.printed = ""
        self._agency = agency
        monkeypatch.setattr("click.echo", self._reads)
        monkeypatch.setattr("click.prompt", self._answers)

    def _reads(self, text: str) -> None:
        self.printed += f"{text}\n"

    def _answers(self, *_: object, **__: object) -> str:
        found = re.search(rf"{self._agency.url}\S+", self.printed)
        assert found
        moved = requests.get(found[0], allow_redirects=False, timeout=5).headers["Location"]
        code = urlsplit(moved).query.removeprefix("code=").partition("&")[0]
        return self.pastes.format(address=moved, code=code)


@pytest.fixture
def person(agency: Simulator, monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(agency, monkeypatch)


@pytest.mark.parametrize("pastes", ["{address}", " {code}\n"])
def test_connects_by_the_address_or_the_code(app: Flask, person: Person, pastes: str) -> None:
    """What the browser was sent to is pasted whole, or its code alone."""
    person.pastes = pastes
    assert run(app, "connect").exit_code == 0
    assert person.printed.endswith("Connected as jdoe.\n")
    person.printed = ""
    assert run(app, "status").exit_code == 0
    assert "John Doe" in person.printed
    assert " ".join(SCOPES) in person.printed
    assert run(app, "disconnect").exit_code == 0
    assert person.printed.endswith("Disconnected.\n")


def test_asks_for_the_scopes_chosen(app: Flask, person: Person) -> None:
    """--scope may be repeated; nothing else is asked for, but who it is."""
    assert run(app, "connect", "--scope=licenses.view").exit_code == 0
    assert "scope=user.view+licenses.view&" in person.printed


@pytest.mark.parametrize(
    "pastes",
    [
        "http://localhost/?code={code}&state=other",
        "http://localhost/?code={code}",
        "http://localhost/?error=access_denied",
    ],
)
def test_an_address_of_another_connection_is_refused(
    app: Flask, person: Person, agency: Simulator, pastes: str
) -> None:
    """A state that isn't ours connects nothing, and the code is not sent."""
    person.pastes = pastes
    answer = run(app, "connect")
    assert answer.exit_code == 1
    assert "not from this connection" in answer.output
    assert [seen.path for seen in agency.requests] == ["/v2/oauth/authorize"]


def test_a_code_that_is_not_taken_is_said(app: Flask, person: Person) -> None:
    """A mistyped code ends in a sentence."""
    person.pastes = "mistyped"
    answer = run(app, "connect")
    assert (answer.exit_code, answer.output) == (1, "Error: Invalid code\n")


def test_without_an_account_the_token_in_the_settings_is_shown(
    make_client: ClientMaker, agency: Simulator
) -> None:
    """Status says which token serves, or what to do when none does."""
    settings = {"SHUTTERSTOCK_URL": agency.url}
    fixed = make_client(**settings, SHUTTERSTOCK_API_TOKEN=TOKEN).application
    shown = run(fixed, "status").output
    assert "the token in the settings serves" in shown
    assert "jdoe" in shown
    assert TOKEN not in shown
    nobody = run(make_client(AGENCIES="demo").application, "status")
    assert nobody.exit_code == 1
    assert "set SHUTTERSTOCK_CLIENT_ID and SHUTTERSTOCK_CLIENT_SECRET and SECRET_KEY" in (
        nobody.output
    )
    assert "No account is connected." in run(fixed, "disconnect").output


def test_without_a_terminal_connecting_is_refused_in_a_sentence(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's own warning names a line of Python's."""

    def prompt(*_: object, **__: object) -> str:
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=2)
        return "code"

    monkeypatch.setattr("click.prompt", prompt)
    answer = run(app, "connect")
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: There is no terminal to paste the address into")


def test_status_tells_which_of_two_tokens_serves(
    make_client: ClientMaker, agency: Simulator, person: Person
) -> None:
    """In words, and for programs."""
    client = make_client(
        SECRET_KEY=SECRET,
        SHUTTERSTOCK_URL=agency.url,
        SHUTTERSTOCK_API_TOKEN=TOKEN,
        SHUTTERSTOCK_CLIENT_ID=CLIENT[0],
        SHUTTERSTOCK_CLIENT_SECRET=CLIENT[1],
    )
    app = client.application
    run(app, "status", "--json")
    told = json.loads(person.printed)
    assert (told["is_connected"], told["user"]) == (False, "jdoe")
    person.printed = ""
    assert run(app, "connect").exit_code == 0
    person.printed = ""
    assert run(app, "status").exit_code == 0
    assert (
        "The connected account serves, not the token in SHUTTERSTOCK_API_TOKEN." in person.printed
    )
