"""`flask doctor` says in a line each what works, what might be better and what doesn't."""

from collections.abc import Iterator

import pytest
from click.testing import Result
from flask.testing import FlaskClient

from affiliate.errors import LedgerError
from tests.support import shutterstock as simulator
from tests.support.apps import ClientMaker
from tests.support.shutterstock import TOKEN


@pytest.fixture
def server() -> Iterator[simulator.Shutterstock]:
    with simulator.shutterstock() as one:
        yield one


def doctor(client: FlaskClient) -> Result:
    return client.application.test_cli_runner().invoke(args=["doctor"])


def test_a_sound_site_has_no_faults(
    server: simulator.Shutterstock, make_client: ClientMaker
) -> None:
    """Key, latency, sample links, cache and ledger are shown, and the status is 0."""
    result = doctor(
        make_client(
            SHUTTERSTOCK_URL=server.url,
            SHUTTERSTOCK_API_TOKEN=TOKEN,
            SHUTTERSTOCK_AFFILIATE_ID="12345",
            SITE_URL="https://pictures.example",
        )
    )
    assert result.exit_code == 0
    assert {line.split()[0] for line in result.output.splitlines()} == {"ok"}
    for words in ("echoes 'ok' in", "takes the key", "/c/12345/43068/", "/c/12345/43977/"):
        assert words in result.output
    assert TOKEN not in result.output
    assert result.output.endswith("ok    cache: answers\nok    ledger: answers\n")


def test_what_earns_less_is_a_warning(
    server: simulator.Shutterstock, make_client: ClientMaker
) -> None:
    """Without affiliate id and SITE_URL the site works, and it is said."""
    result = doctor(make_client(SHUTTERSTOCK_URL=server.url, SHUTTERSTOCK_API_TOKEN=TOKEN))
    warnings = [line for line in result.output.splitlines() if line.startswith("warn")]
    assert result.exit_code == 0
    assert [("AFFILIATE_ID" in line, "SITE_URL" in line) for line in warnings] == [
        (True, False),
        (False, True),
    ]


def test_a_wrong_key_is_a_fault(server: simulator.Shutterstock, make_client: ClientMaker) -> None:
    """The agency's words are shown, never the key, and the status is 1."""
    result = doctor(make_client(SHUTTERSTOCK_URL=server.url, SHUTTERSTOCK_API_TOKEN="wr0ng"))
    assert result.exit_code == 1
    assert "FAULT shutterstock: it does not take the key" in result.output
    assert "wr0ng" not in result.output


def test_an_agency_out_of_reach_is_a_fault(make_client: ClientMaker) -> None:
    """Nobody at its address is said, and everything else is looked at all the same."""
    result = doctor(
        make_client(SHUTTERSTOCK_URL="http://127.0.0.1:9", SHUTTERSTOCK_API_TOKEN=TOKEN)
    )
    assert result.exit_code == 1
    assert "FAULT shutterstock: it is out of reach" in result.output
    assert "ok    ledger: answers" in result.output


def test_cache_and_ledger_out_of_reach_are_faults(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are named, and the status is 1."""
    site = client.application.extensions["site"]

    def down() -> None:
        raise LedgerError("The ledger's database failed (OperationalError).")

    monkeypatch.setattr(site.ledger, "check", down)
    monkeypatch.setattr(type(site.store), "degraded", True)
    result = doctor(client)
    assert result.exit_code == 1
    assert "FAULT cache: out of reach" in result.output
    assert "FAULT ledger: The ledger's database failed" in result.output


def test_the_demo_needs_nothing(client: FlaskClient) -> None:
    """A site without any settings is sound."""
    result = doctor(client)
    assert result.exit_code == 0
    assert "ok    demo: needs no key" in result.output
