"""`flask doctor` says in a line each what works, what might be better and what doesn't."""

import re
from collections.abc import Iterator

import pytest
from click.testing import Result
from flask.testing import FlaskClient

from affiliate.config import prefix
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


def test_a_name_that_blockers_block_is_a_warning(
    make_client: ClientMaker, caplog: pytest.LogCaptureFixture
) -> None:
    """The owner reads it at each start, and from doctor, which names the label."""
    result = doctor(make_client(SITE_URL="https://affiliate.example.com"))
    warnings = [line for line in result.output.splitlines() if line.startswith("warn")]
    assert len(warnings) == 1
    for told in (warnings[0], caplog.text):
        assert "SITE_URL: ad blockers block every host whose name begins with affiliate." in told


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


def test_a_link_that_was_only_built_is_called_so(make_client: ClientMaker) -> None:
    """What its form rests on stands beside each sample."""
    keys = {"SHUTTERSTOCK_URL": "http://127.0.0.1:9", "SHUTTERSTOCK_API_TOKEN": TOKEN}
    result = doctor(make_client(**keys, SHUTTERSTOCK_AFFILIATE_ID="12345"))
    samples = [line for line in result.output.splitlines() if "are such as" in line]
    assert len(samples) == 2
    assert all("(built, not followed; documented for affiliates" in line for line in samples)
    own = doctor(make_client(**keys, SHUTTERSTOCK_AFFILIATE_LINK="https://me.example/{id}"))
    assert "(built, not followed; your own template)" in own.output


PLAIN = {
    "bigstock": {"BIGSTOCK_ACCOUNT_ID": "1"},
    "123rf": {"_123RF_API_KEY": "1"},
    "panthermedia": {"PANTHERMEDIA_API_KEY": "1", "PANTHERMEDIA_API_SECRET": "2"},
    "yay": {"YAY_API_KEY": "1"},
}


@pytest.mark.parametrize("agency", PLAIN)
def test_links_whose_form_nobody_proved_are_plain_and_said_to_earn_nothing(
    make_client: ClientMaker, agency: str
) -> None:
    """An affiliate id alone changes nothing; the owner's template does."""
    before = prefix(agency)
    keys = {**PLAIN[agency], f"{before}URL": "http://127.0.0.1:9", f"{before}AFFILIATE_ID": "me42"}
    said = doctor(make_client(**keys)).output
    assert "me42" not in said
    assert f"warn  {agency}: {before}AFFILIATE_LINK is not set ({before}AFFILIATE_ID alone" in said
    assert f"warn  {agency}: experimental" in said
    link = "https://go.example/{affiliate_id}/{landing}"
    said = doctor(make_client(**keys, **{f"{before}AFFILIATE_LINK": link})).output
    assert "https://go.example/me42/" in said
    assert "earn nothing" not in said


def test_a_free_agency_is_not_said_to_earn_nothing(make_client: ClientMaker) -> None:
    """There is no program that could be missed."""
    keys = {"PIXABAY_KEY": "k", "PIXABAY_URL": "http://127.0.0.1:9"}
    assert "earn nothing" not in doctor(make_client(**keys)).output


def test_a_template_whose_host_has_no_address_is_a_warning(make_client: ClientMaker) -> None:
    """Nobody who clicks would arrive; no search is needed to know it."""
    keys = {"PIXABAY_KEY": "k", "PIXABAY_URL": "http://127.0.0.1:9"}
    for host, warns in (("gone.invalid", True), ("localhost", False)):
        link = f"https://{host}/?u={{landing}}"
        said = doctor(make_client(**keys, PIXABAY_AFFILIATE_LINK=link)).output
        assert ("warn  pixabay: gone.invalid, where its links lead first" in said) is warns


def test_an_agency_that_is_left_alone_is_said_until_it_is_asked_again(
    server: simulator.Shutterstock, make_client: ClientMaker
) -> None:
    """With the reason, the time that is left, and the command that ends it."""
    client = make_client(SHUTTERSTOCK_URL=server.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
    server.answer = simulator.Answer(401, b'{"message": "Unauthorized"}')
    client.get("/api/search?q=cat&wait=1")
    server.answer = None
    line = next(one for one in doctor(client).output.splitlines() if "left alone" in one)
    assert re.fullmatch(
        r"warn  shutterstock: left alone for another (299|300) s, as it does not take this site's"
        r" key; `flask agency on shutterstock` asks it again at once",
        line,
    )
    run = client.application.test_cli_runner().invoke
    assert run(args=["agency", "on", "shutterstock"]).exit_code == 0
    assert "left alone" not in doctor(client).output
    assert client.get("/api/search?q=dog&wait=1").get_json()["items"]


def test_dropping_what_an_agency_said_asks_it_again(
    server: simulator.Shutterstock, make_client: ClientMaker
) -> None:
    """A failure that is remembered goes with the answers that are."""
    client = make_client(SHUTTERSTOCK_URL=server.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
    server.answer = simulator.Answer(429, b"{}", {"Retry-After": "600"})
    client.get("/api/search?q=cat&wait=1")
    server.answer = None
    run = client.application.test_cli_runner().invoke
    assert run(args=["cache", "drop", "--agency", "demo"]).exit_code == 0
    assert "left alone for another" in doctor(client).output
    assert run(args=["cache", "drop", "--agency", "shutterstock"]).exit_code == 0
    assert "left alone" not in doctor(client).output
