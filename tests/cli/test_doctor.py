"""`flask doctor` says in a line each what works, what might be better and what doesn't."""

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import click
import msgspec
import pytest
import sqlalchemy as sa
from click.testing import Result
from flask.testing import FlaskClient

from affiliate.config.setting_table import get_setting_prefix
from affiliate.database.clicks import Click
from affiliate.database.migrations import REVISION
from affiliate.database.token_store import Token
from affiliate.errors import StoreRefused
from app import create_app
from tests.support import shutterstock as simulator
from tests.support.apps import ClientMaker
from tests.support.ports import new_port
from tests.support.redis_server import redis_server
from tests.support.shared_parts import close
from tests.support.shutterstock import TOKEN


@pytest.fixture
def server() -> Iterator[simulator.Shutterstock]:
    with simulator.shutterstock(10) as one:
        yield one


def doctor(client: FlaskClient, *options: str) -> Result:
    return client.application.test_cli_runner().invoke(args=["doctor", *options])


def lines(result: Result, state: str) -> list[str]:
    """Return the findings of a state, without the state."""
    shown = result.output.splitlines()
    return [line[6:] for line in shown if line.split()[0] == state]


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
    warned = [line for line in result.output.splitlines() if not line.startswith("ok ")]
    assert [line.partition(", ")[0] for line in warned] == [
        "warn  shutterstock: asked at 127.0.0.1"
    ]
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
        (False, False),  # the address of the test
        (True, False),
        (False, True),
    ]


def test_a_name_that_blockers_block_is_a_warning(
    make_client: ClientMaker, caplog: pytest.LogCaptureFixture
) -> None:
    """The owner reads it at each start, and from doctor, which names the label."""
    result = doctor(make_client(AGENCIES="demo", SITE_URL="https://affiliate.example.com"))
    warnings = [line for line in result.output.splitlines() if line.startswith("warn")]
    assert len(warnings) == 1
    for told in (warnings[0], caplog.text):
        assert "SITE_URL: ad blockers block every host whose name begins with affiliate." in told


def test_a_wrong_key_is_a_fault(server: simulator.Shutterstock, make_client: ClientMaker) -> None:
    """The agency's words are shown, never the key, and the status is 2."""
    result = doctor(make_client(SHUTTERSTOCK_URL=server.url, SHUTTERSTOCK_API_TOKEN="wr0ng"))
    assert result.exit_code == 2
    assert "FAULT shutterstock: it does not take the key" in result.output
    assert "wr0ng" not in result.output


def test_an_agency_out_of_reach_is_a_fault(make_client: ClientMaker) -> None:
    """Nobody at its address is said, and everything else is looked at all the same."""
    result = doctor(
        make_client(SHUTTERSTOCK_URL="http://127.0.0.1:9", SHUTTERSTOCK_API_TOKEN=TOKEN)
    )
    assert result.exit_code == 2
    assert "FAULT shutterstock: it is out of reach" in result.output
    assert "ok    ledger: answers" in result.output


def test_every_check_is_made_though_all_services_are_down(
    make_client: ClientMaker, tmp_path: Path
) -> None:
    """Each is named with its reason, beside what works, and nothing ends in a traceback."""
    client = make_client(REDIS_URL=f"redis://127.0.0.1:{new_port()}/0")
    client.application.extensions["services"].ledger.close()
    (tmp_path / "ledger.db").write_bytes(b"no database" * 1000)
    result = doctor(client)
    assert result.exit_code == 2
    cache, ledger = lines(result, "FAULT")[-2:]
    assert cache.startswith("cache: out of reach; the site goes on, but asks the agencies more")
    assert ledger.startswith("ledger: The ledger's database failed")
    assert "demo: needs no key" in lines(result, "ok")


def test_commands_begin_though_the_ledger_is_out_of_reach(tmp_path: Path) -> None:
    """Doctor tells why."""
    (tmp_path / "ledger.db").mkdir()
    settings = {"DATA_DIR": str(tmp_path)}
    with click.Context(click.Command("doctor")):
        app = create_app(settings)
    result = doctor(app.test_client())
    assert result.exit_code == 2
    assert [one.partition(":")[0] for one in lines(result, "FAULT")] == ["ledger"]
    failed = app.test_cli_runner().invoke(args=["clicks"])
    assert (failed.exit_code, failed.output[:7]) == (1, "Error: ")
    close(app)


@pytest.mark.parametrize("error", [KeyError("x"), OSError(5, "y"), RecursionError()])
def test_a_check_that_breaks_ends_no_other(
    make_client: ClientMaker, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """It is a fault of its own; what failed is named, for a report."""
    client = make_client(SITE_URL="https://pictures.example")

    def breaks(*_: object) -> None:
        raise error

    monkeypatch.setattr("affiliate.checks.site.find_blocked_label", breaks)
    monkeypatch.setattr(shutil, "disk_usage", breaks)
    result = doctor(client)
    assert lines(result, "FAULT") == [
        f"SITE_URL: could not be looked at ({type(error).__name__})",
        f"DATA_DIR: could not be looked at ({type(error).__name__})",
    ]
    assert lines(result, "ok")[-2:] == ["cache: answers", "ledger: answers"]


def test_findings_are_told_to_programs(
    server: simulator.Shutterstock, make_client: ClientMaker
) -> None:
    """As JSON, of one agency, and by a status that counts warnings."""
    settings = {"SHUTTERSTOCK_URL": server.url, "SHUTTERSTOCK_API_TOKEN": TOKEN}
    client = make_client(AGENCIES="demo,shutterstock", **settings)
    found = json.loads(doctor(client, "--json").output)
    assert {one["about"] for one in found} >= {"program", "settings", "demo", "shutterstock"}
    assert {tuple(one) for one in found} == {("state", "about", "words")}
    own = json.loads(doctor(client, "--json", "--agency", "shutterstock").output)
    assert {one["about"] for one in own} == {"shutterstock"}
    assert [doctor(client, *options).exit_code for options in ((), ("--strict",))] == [0, 1]
    assert doctor(client, "--agency", "demo", "--strict").exit_code == 0
    unknown = doctor(client, "--agency", "pixabay")
    assert (unknown.exit_code, "PIXABAY_KEY" in lines(unknown, "FAULT")[0]) == (2, True)
    assert doctor(client, "--agency", "nosuch").exit_code == 2


def test_a_site_that_searches_nothing_is_at_fault(client: FlaskClient) -> None:
    """Visitors find nothing; the command that ends it is named."""
    client.application.extensions["services"].switches.switch_agency("demo", off=True)
    result = doctor(client)
    assert result.exit_code == 2
    assert "`flask agency on demo`" in lines(result, "FAULT")[0]


def connected(make_client: ClientMaker, server: simulator.Shutterstock, **more: str) -> FlaskClient:
    """Return a client of a site whose owner has connected their account."""
    client = make_client(
        SHUTTERSTOCK_URL=server.url,
        SHUTTERSTOCK_CLIENT_ID=simulator.CLIENT[0],
        SHUTTERSTOCK_CLIENT_SECRET=simulator.CLIENT[1],
        SECRET_KEY="a secret of no less than thirty-two signs",
        **more,
    )
    token = Token(access_token=TOKEN, scopes=("user.view",), connected_at=1_770_000_000.0)
    vault = client.application.extensions["services"].tokens._token_store
    vault.store_connected("shutterstock", token)
    return client


def test_the_connected_account_is_asked(
    server: simulator.Shutterstock, make_client: ClientMaker
) -> None:
    """Whose it is; a token in the settings that is never used; one that the agency takes back."""
    client = connected(make_client, server, SHUTTERSTOCK_API_TOKEN=TOKEN)
    said = "account: connected as jdoe since 2026-02-02; its token is taken"
    result = doctor(client)
    assert said in lines(result, "ok")
    assert any(one.startswith("account: an account is conn") for one in lines(result, "warn"))
    server.accounts.grants.clear()
    result = doctor(client)
    assert any("The token is not taken" in one for one in lines(result, "FAULT"))
    assert TOKEN not in result.output


def test_calls_that_are_left_are_told(
    server: simulator.Shutterstock, make_client: ClientMaker
) -> None:
    """Of each limit of an hour; a tenth is little, and none means cached answers alone."""
    client = make_client(
        SHUTTERSTOCK_URL=server.url,
        SHUTTERSTOCK_API_TOKEN=TOKEN,
        SHUTTERSTOCK_CALLS_PER_HOUR="20",
    )
    quota = client.application.extensions["services"].gateway._quota
    source = next(iter(quota._limits))
    # To ask whether the key is taken costs two calls.
    spent = [(3, "ok", "15 of 20"), (12, "warn", "1 of 20"), (1, "warn", "0 of 20")]
    for calls, state, left in spent:
        quota.take(source, calls=calls)
        told = [one for one in lines(doctor(client), state) if "calls are left" in one]
        assert told[0].startswith(f"shutterstock: {left} calls are left this hour")
    assert "only cached answers are shown" in told[0]
    assert "whether it takes the key was not asked" in doctor(client).output


def test_a_store_that_takes_nothing_is_a_fault(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers every question, and loses what it is given."""
    store = client.application.extensions["services"].store.store

    def refuse(*_: object) -> None:
        raise StoreRefused("the cache file can't be written: database or disk is full")

    monkeypatch.setattr(store, "set", refuse)
    assert "disk is full" in lines(doctor(client), "FAULT")[0]
    monkeypatch.setattr(store, "set", lambda *_: True)
    assert "does not give back" in lines(doctor(client), "FAULT")[0]


def test_the_disk_is_looked_at(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is free is compared with what the cache may still take; a file is written."""
    free = [10**12, 10**8]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free.pop(0)))
    assert any(one.startswith("DATA_DIR: 1,000,000 MB") for one in lines(doctor(client), "ok"))
    [little] = [one for one in lines(doctor(client), "warn") if one.startswith("DATA_DIR")]
    assert "only 100 MB are free" in little
    assert "the cache alone may take 256 MB more" in little

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "can't be written: No space left on device" in lines(doctor(client), "FAULT")[0]


def test_a_site_without_clicks_for_days_is_a_warning(client: FlaskClient) -> None:
    """Clicks of programs are none."""
    ledger = client.application.extensions["services"].ledger
    assert "clicks: none was counted yet" in lines(doctor(client), "ok")
    seen = Click(click_id="click-0001", agency="demo", id="1", words="", position=1)
    robot = msgspec.structs.replace(seen, click_id="click-0002").mark_program("curl/8")
    for one, days in ((seen, 8), (robot, 0)):
        ledger._now = lambda days=days: datetime.now(UTC) - timedelta(days=days)
        ledger.record(one)
    assert any("counted 8 days ago" in one for one in lines(doctor(client), "warn"))


@pytest.mark.parametrize(
    ("revision", "state", "words"),
    [
        ("0010", "warn", "`flask ledger upgrade`"),
        ("9999", "warn", "of a newer version (revision 9999"),
        (REVISION, "ok", "as of this version"),
    ],
)
def test_tables_of_another_version_are_a_warning(
    client: FlaskClient, revision: str, state: str, words: str
) -> None:
    with client.application.extensions["services"].ledger.write_transaction() as connection:
        connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    assert any("revision" in one and words in one for one in lines(doctor(client), state))


def test_a_ledger_without_a_backup_is_a_warning(client: FlaskClient, tmp_path: Path) -> None:
    """Once there is something to lose; one that is old is, too."""
    assert not [one for one in lines(doctor(client), "warn") if one.startswith("backup")]
    seen = Click(click_id="click-0001", agency="demo", id="1", words="", position=1)
    client.application.extensions["services"].ledger.record(seen)
    assert any("`flask ledger backup FILE`" in one for one in lines(doctor(client), "warn"))
    run = client.application.test_cli_runner().invoke
    assert run(args=["ledger", "backup", str(tmp_path / "copy.db")]).exit_code == 0
    assert "backup: the last one was made within the last hour" in lines(doctor(client), "ok")
    os.utime(tmp_path / "last-backup", (0, 0))
    assert any(one.startswith("backup: the last") for one in lines(doctor(client), "warn"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://pictures.example", "has no TLS"),
        ("http://localhost:8000", "leads to this machine alone"),
        ("https://127.0.0.1", "leads to this machine alone"),
        ("http://[::1]:8000", "leads to this machine alone"),
        ("https://pictures.example", ""),
    ],
)
def test_an_address_that_blogs_cannot_use_is_a_warning(
    make_client: ClientMaker, url: str, words: str
) -> None:
    told = [one for one in lines(doctor(make_client(SITE_URL=url)), "warn") if "SITE_URL" in one]
    assert len(told) == bool(words)
    assert words in "".join(told)


@pytest.mark.services
def test_limits_of_redis_are_told(make_client: ClientMaker, tmp_path: Path) -> None:
    """How full it is; a policy that forgets nothing and few connections are warnings."""
    options = ("--maxmemory", "50mb", "--maxmemory-policy", "noeviction", "--maxclients", "12")
    with redis_server(tmp_path, *options) as redis:
        client = make_client(REDIS_URL=redis.url)
        result = doctor(client)
        assert any(re.search("of 5[02] MB, policy noeviction", one) for one in lines(result, "ok"))
        assert [one for one in lines(result, "warn") if "forgets nothing" in one]
        redis.client().config_set("maxmemory-policy", "allkeys-lru")
        others = [redis.client() for _ in range(10)]
        assert all(one.ping() for one in others)
        result = doctor(client)
        for one in others:
            one.close()
        redis.client().config_set("maxmemory", "4mb")
        for number in range(40):
            redis.client().set(f"key {number}", bytes(200_000))
        evicted = lines(doctor(client), "ok")
    assert any(re.search("[1-9][0-9]* keys were evicted to make room", one) for one in evicted)
    assert not any("evicted" in one for one in lines(result, "ok"))
    assert not [one for one in lines(result, "warn") if "forgets nothing" in one]
    assert [one for one in lines(result, "warn") if "of Redis' 12 connections" in one]


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
    before = get_setting_prefix(agency)
    keys = {**PLAIN[agency], f"{before}URL": "http://127.0.0.1:9", f"{before}AFFILIATE_ID": "me42"}
    said = doctor(make_client(**keys)).output
    assert "me42" not in said
    assert f"warn  {agency}: links earn nothing: {before}AFFILIATE_LINK is not set" in said
    assert f"warn  {agency}: experimental" in said
    link = "https://go.example/{affiliate_id}/{landing}"
    said = doctor(make_client(**keys, **{f"{before}AFFILIATE_LINK": link})).output
    assert "https://go.example/me42/" in said
    assert "earn nothing" not in said


def test_an_id_that_no_link_carries_is_a_warning(make_client: ClientMaker) -> None:
    """What links carry is said in the words of the start."""
    keys = {"SHUTTERSTOCK_URL": "http://127.0.0.1:9", "SHUTTERSTOCK_API_TOKEN": TOKEN}
    mine = {**keys, "SHUTTERSTOCK_AFFILIATE_ID": "12345"}
    assert "shutterstock: links carry 12345" in lines(doctor(make_client(**mine)), "ok")
    template = "https://me.example/{id}"
    result = doctor(make_client(**mine, SHUTTERSTOCK_AFFILIATE_LINK=template))
    assert any("links don't carry SHUTTERSTOCK_AFFILIATE_ID" in x for x in lines(result, "warn"))


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


def test_who_is_told_of_alerts_is_said(make_client: ClientMaker) -> None:
    """And that nobody is, with what changes that."""
    assert any(
        line.startswith("alerts: nobody is told") for line in lines(doctor(make_client()), "ok")
    )
    mail = {"SMTP_URL": "smtp://localhost:9", "ALERT_TO": "a@b.example"}
    told = lines(doctor(make_client(**mail)), "ok")
    assert any(line.startswith("alerts: told by mail;") for line in told)
