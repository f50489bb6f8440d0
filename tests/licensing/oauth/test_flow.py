"""An account is connected once; its token is kept encrypted, refreshed by one process at a time."""

import json
import multiprocessing
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from affiliate.database.ledger import Ledger
from affiliate.database.token_store import TokenStore
from affiliate.errors import AgencyDown, BadCredentials, Forbidden, NotConnected, RequestRefused
from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.oauth.flow import ACCOUNT, ShutterstockOAuth
from affiliate.licensing.oauth.scopes import SCOPES, get_required_scopes
from affiliate.transport.client import Transport
from tests.simulator import CLIENT, Answer, Fault, Simulator, answer_with, hang_up, hold
from tests.support.forks import fork_context
from tests.support.postgres import new_database
from tests.support.tokens import (
    BACK,
    NEARLY,
    PAST,
    SECRET,
    TOKEN_PATH,
    agency,
    agree,
    connect_account,
    count_refreshes,
    file,
    kept,
    make_tokens,
)

__all__ = ["agency", "file", "kept"]


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path}/ledger.db"
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("postgres"))
    one = Ledger(url)
    one.upgrade()
    yield one
    one.close()


# -- connecting


def test_a_code_becomes_a_token_that_another_process_finds(
    agency: Simulator, ledger: Ledger
) -> None:
    """After the flow any process that has the same key calls in the user's name."""
    connect_account(agency, ledger)
    account = ShutterstockAccount(
        Transport(), url=agency.url, token=make_tokens(agency, ledger).get_access_token
    )
    assert account.fetch_token_details().username == account.fetch_user().username == "jdoe"
    assert set(account.fetch_token_details().scopes) == set(SCOPES)


def test_only_what_was_chosen_is_asked_for(agency: Simulator, kept: Ledger) -> None:
    """The address names the chosen scopes, and user.view always."""
    tokens = make_tokens(agency, kept)
    asked = parse_qs(urlsplit(tokens.build_authorize_url(BACK, ["licenses.view"], "s")).query)
    assert asked["scope"] == ["user.view licenses.view"]
    assert asked["client_id"] == [CLIENT[0]]


def test_a_code_works_once(agency: Simulator, kept: Ledger) -> None:
    """A code that was used or made up is refused, and what was connected stays."""
    tokens = make_tokens(agency, kept)
    code = agree(tokens)
    tokens.connect(code, SCOPES)
    before = tokens.get_access_token()
    for wrong in (code, "made-up"):
        with pytest.raises(RequestRefused) as caught:
            tokens.connect(wrong, SCOPES)
        assert wrong not in str(caught.value)
    assert tokens.get_access_token() == before


def test_missing_settings_are_named(agency: Simulator, kept: Ledger) -> None:
    """Without a client or a key nothing can be connected, and it is said what to set."""
    bare = ShutterstockOAuth(Transport(), None, url=agency.url)
    with pytest.raises(NotConnected, match="CLIENT_ID and SHUTTERSTOCK_CLIENT_SECRET and SECRET"):
        bare.build_authorize_url(BACK, SCOPES, "s")
    assert make_tokens(agency, kept).missing_settings == ""


def test_the_fixed_token_serves_until_an_account_is_connected(
    agency: Simulator, kept: Ledger
) -> None:
    """Without a connected account it is the settings' token, or a sentence."""
    tokens = make_tokens(agency, kept, fixed_token="fixed")
    assert tokens.get_access_token() == "fixed"
    tokens.connect(agree(tokens), SCOPES)
    assert tokens.get_access_token() != "fixed"
    assert tokens.disconnect()
    assert tokens.get_access_token() == "fixed"
    with pytest.raises(NotConnected, match="No account is connected"):
        make_tokens(agency, kept).get_access_token()
    assert not tokens.disconnect()


# -- keeping


def test_the_database_gives_nothing_away(agency: Simulator, kept: Ledger, file: Path) -> None:
    """No byte of the access or refresh token stands in the database, nor in any text."""
    token = connect_account(agency, kept).read_token()
    assert token
    assert token.refresh_token
    with closing(sqlite3.connect(file)) as database:
        rows = repr(database.execute("SELECT * FROM tokens").fetchall())
    for secret in (token.access_token, token.refresh_token):
        assert secret not in rows
        assert secret not in repr(token)
        assert secret.encode() not in file.read_bytes()


def test_another_key_is_a_plain_error(agency: Simulator, kept: Ledger) -> None:
    """After a change of SECRET_KEY the token can't be read; connecting again mends it."""
    connect_account(agency, kept)
    other = ShutterstockOAuth(
        Transport(), TokenStore(kept, "x" * 40), url=agency.url, client=CLIENT, fixed_token="fixed"
    )
    with pytest.raises(NotConnected, match="SECRET_KEY is not that") as caught:
        other.get_access_token()
    assert caught.value.__context__ is None
    other.connect(agree(other), SCOPES)
    assert other.get_access_token() != "fixed"


# -- refreshing


def test_a_token_is_refreshed_before_it_ends(agency: Simulator, ledger: Ledger) -> None:
    """Minutes before its end another takes its place, and the new refresh token is kept."""
    tokens = connect_account(agency, ledger)
    before = tokens.get_access_token()
    agency.clock.move(seconds=NEARLY)
    after = tokens.get_access_token()
    assert after != before
    assert tokens.get_access_token() == after
    agency.clock.move(seconds=PAST)
    assert tokens.get_access_token() not in {before, after}
    assert count_refreshes(agency) == 2
    assert tokens.read_token().scopes == tuple(SCOPES)  # type: ignore[union-attr]


def test_a_token_is_refreshed_no_sooner_than_need_be(agency: Simulator, kept: Ledger) -> None:
    """An hour's token serves until its last minutes, a short-lived one for half of its life."""

    def short(answer: Answer) -> Answer:
        return Answer(200, json.dumps({**json.loads(answer.body), "expires_in": 100}).encode())

    agency.misbehave(Fault(change=short), on=TOKEN_PATH, skip=1)
    tokens = connect_account(agency, kept)
    before = tokens.get_access_token()
    agency.clock.move(seconds=3600 - 400)
    assert tokens.get_access_token() == before
    agency.clock.move(seconds=200)
    after = tokens.get_access_token()
    agency.clock.move(seconds=40)
    assert tokens.get_access_token() == after != before
    agency.clock.move(seconds=20)
    assert tokens.get_access_token() != after


def test_many_threads_refresh_once(agency: Simulator, ledger: Ledger) -> None:
    """Sixteen who find the token expired at once cost one refreshing and get the same one."""
    connect_account(agency, ledger)
    agency.clock.move(seconds=PAST)
    others = [make_tokens(agency, ledger) for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda i: others[i % 4].get_access_token(), range(16)))
    assert len(set(found)) == 1
    assert count_refreshes(agency) == 1


def _access(url: str, upstream: str, at: float, answers: "multiprocessing.Queue[str]") -> None:
    ledger = Ledger(url)
    vault = TokenStore(ledger, SECRET, lambda: at)
    answers.put(
        ShutterstockOAuth(
            Transport(), vault, url=upstream, client=CLIENT, now=lambda: at
        ).get_access_token()
    )
    ledger.close()


def test_many_processes_refresh_once(agency: Simulator, kept: Ledger, file: Path) -> None:
    """Processes take turns by the database, though the refresh token works only once."""
    connect_account(agency, kept)
    agency.clock.move(seconds=PAST)
    at = agency.clock.now().timestamp()
    context = fork_context()
    answers: multiprocessing.Queue[str] = context.Queue()
    arguments = (f"sqlite:///{file}", agency.url, at, answers)
    processes = [context.Process(target=_access, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    found = {answers.get(timeout=60) for _ in processes}
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(found) == 1
    assert count_refreshes(agency) == 1


def test_while_one_refreshes_others_go_on_with_what_lasts(agency: Simulator, kept: Ledger) -> None:
    """A token that still lasts is used while another process asks for the next."""
    before = connect_account(agency, kept).get_access_token()
    agency.clock.move(seconds=NEARLY)
    order = agency.misbehave(hold("read"), on=TOKEN_PATH)
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(make_tokens(agency, kept).get_access_token)
        assert order.reached.wait(20)
        assert make_tokens(agency, kept).get_access_token() == before
        order.release.set()
        assert leader.result(20) != before


@pytest.mark.parametrize("between", ["", "disconnected"])
def test_an_account_connected_meanwhile_wins(agency: Simulator, kept: Ledger, between: str) -> None:
    """A refreshing that ends after a new connection does not take its place."""
    before = connect_account(agency, kept)
    agency.clock.move(seconds=NEARLY)
    order = agency.misbehave(hold("read"), on=TOKEN_PATH)
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(make_tokens(agency, kept).get_access_token)
        assert order.reached.wait(20)
        if between:
            assert before.disconnect()
        new = connect_account(agency, kept).get_access_token()
        order.release.set()
        assert leader.result(20) == new
    assert make_tokens(agency, kept).get_access_token() == new


def test_a_refreshing_that_failed_leaves_the_next_one_free(agency: Simulator, kept: Ledger) -> None:
    """After a refresh that failed, the next caller need not wait for the lease."""
    tokens = connect_account(agency, kept)
    agency.clock.move(seconds=PAST)
    agency.misbehave(answer_with(503), on=TOKEN_PATH)
    with pytest.raises(AgencyDown):
        tokens.get_access_token()
    vault = TokenStore(kept, SECRET, lambda: agency.clock.now().timestamp())
    assert vault.lease(ACCOUNT, 30) is not None


def test_a_lease_of_a_dead_process_runs_out(agency: Simulator, kept: Ledger) -> None:
    """Who died while refreshing keeps the others waiting for half a minute at most."""
    tokens = connect_account(agency, kept)
    now: Callable[[], float] = lambda: agency.clock.now().timestamp()  # noqa: E731 - a clock
    vault = TokenStore(kept, SECRET, now)
    agency.clock.move(seconds=NEARLY)
    before = tokens.get_access_token
    assert vault.lease(ACCOUNT, 30)
    assert vault.lease(ACCOUNT, 30) is None
    old = before()
    agency.clock.move(seconds=31)
    assert before() != old


@pytest.mark.parametrize("seconds", [NEARLY, PAST])
def test_a_failing_agency_costs_nothing_while_the_token_lasts(
    agency: Simulator, kept: Ledger, seconds: int
) -> None:
    """Down is no reason to connect again: the old token serves, or it is said that it is down."""
    tokens = connect_account(agency, kept)
    before = tokens.get_access_token()
    agency.clock.move(seconds=seconds)
    agency.misbehave(answer_with(503), on=TOKEN_PATH)
    if seconds == NEARLY:
        assert tokens.get_access_token() == before
    else:
        with pytest.raises(AgencyDown):
            tokens.get_access_token()
    assert tokens.get_access_token() != before


def test_a_revoked_connection_says_connect_again(agency: Simulator, kept: Ledger) -> None:
    """A refresh token that is no longer taken leaves a sentence that says what to do."""
    tokens = connect_account(agency, kept)
    agency.accounts.refreshing.clear()
    agency.clock.move(seconds=PAST)
    with pytest.raises(NotConnected, match=r"expired or was revoked; connect it on /owner/"):
        tokens.get_access_token()
    tokens.connect(agree(tokens), SCOPES)
    assert tokens.get_access_token()


def test_an_answer_lost_after_the_exchange_says_connect_again(
    agency: Simulator, kept: Ledger
) -> None:
    """Where the new refresh token got lost on its way, the old one is refused: no silent loop."""
    tokens = connect_account(agency, kept)
    agency.clock.move(seconds=PAST)
    agency.misbehave(hang_up("acted"), on=TOKEN_PATH)
    with pytest.raises(AgencyDown):
        tokens.get_access_token()
    with pytest.raises(NotConnected):
        tokens.get_access_token()


# -- calling


def test_a_missing_scope_is_named(agency: Simulator, kept: Ledger) -> None:
    """A refusal says which scope the call needs, and what to do."""
    tokens = connect_account(agency, kept, "user.view")
    account = ShutterstockAccount(Transport(), url=agency.url, token=tokens.get_access_token)
    with pytest.raises(Forbidden, match=r"the scope purchases\.view; connect"):
        account.call("GET", "/v2/user/subscriptions")


def test_a_revoked_token_is_said_without_it(agency: Simulator, kept: Ledger) -> None:
    """A token that the agency has forgotten leads to connecting again, and stands nowhere."""
    tokens = connect_account(agency, kept)
    token = tokens.get_access_token()
    agency.accounts.revoke(token)
    with pytest.raises(BadCredentials) as caught:
        ShutterstockAccount(Transport(), url=agency.url, token=tokens.get_access_token).fetch_user()
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", "/v2/user", ("user.view",)),
        ("GET", "/v2/user/access_token", ()),
        ("POST", "/v2/images/licenses", ("licenses.create", "purchases.view")),
        ("POST", "/v2/editorial/licenses", ("licenses.create",)),
        ("GET", "/v2/editorial/videos/licenses", ("licenses.view",)),
        ("POST", "/v2/videos/licenses/e1/downloads", ("licenses.view",)),
        ("GET", "/v2/images/collections/featured/1/items", ()),
        ("GET", "/v2/videos/collections/1/items", ("collections.view",)),
        ("DELETE", "/v2/images/collections/1", ("collections.edit",)),
    ],
)
def test_scopes_are_those_of_the_description(
    method: str, path: str, scopes: tuple[str, ...]
) -> None:
    """Each call's scopes as the OpenAPI has them."""
    assert get_required_scopes(method, path) == scopes


def test_threads_share_nothing_that_breaks(agency: Simulator, kept: Ledger) -> None:
    """Disconnecting while others ask gives each a token or a sentence."""
    tokens = connect_account(agency, kept)
    begin = threading.Barrier(5)

    def ask() -> bool:
        begin.wait(20)
        try:
            return bool(tokens.get_access_token())
        except NotConnected:
            return True

    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(ask) for _ in range(4)]
        begin.wait(20)
        tokens.disconnect()
        assert all(one.result(20) for one in asked)
