"""Killed at any step of refreshing, no token is lost that could have been kept."""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from affiliate.database.ledger import Ledger
from affiliate.database.token_store import TokenStore
from affiliate.errors import LedgerError, NotConnected
from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.oauth.flow import LEASE_SECONDS, ShutterstockOAuth
from affiliate.transport.client import Transport
from tests.simulator import CLIENT, Simulator, run_first
from tests.support.forks import fork_context
from tests.support.purchase_desk import lock_database
from tests.support.tokens import (
    NEARLY,
    PAST,
    SECRET,
    TOKEN_PATH,
    agency,
    connect_account,
    count_refreshes,
    file,
    kept,
    make_tokens,
)

__all__ = ["agency", "file", "kept"]


STEPS: dict[str, tuple[type, str]] = {
    "before the lease": (TokenStore, "lease"),
    "after the lease": (TokenStore, "lease"),
    "after the answer": (ShutterstockOAuth, "_refresh"),
    "after the renew": (TokenStore, "replace_refreshed"),
}


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _dying(url: str, upstream: str, at: float, step: str) -> None:
    """Ask for a token in a process that is killed at a step."""
    kind, name = STEPS[step]
    real: Callable[..., Any] = getattr(kind, name)

    def wrapped(*args: Any) -> None:
        if step.startswith("after"):
            real(*args)
        _die()

    setattr(kind, name, wrapped)
    vault = TokenStore(Ledger(url), SECRET, lambda: at)
    ShutterstockOAuth(
        Transport(), vault, url=upstream, client=CLIENT, now=lambda: at
    ).get_access_token()


def killed(agency: Simulator, file: Path, step: str) -> None:
    """Have a process refresh the token and be killed."""
    at = agency.clock.now().timestamp()
    arguments = (f"sqlite:///{file}", agency.url, at, step)
    process = fork_context().Process(target=_dying, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def user(agency: Simulator, ledger: Ledger) -> str:
    """Whose account it is, asked with the token that is to be had now."""
    tokens = make_tokens(agency, ledger)
    return (
        ShutterstockAccount(Transport(), url=agency.url, token=tokens.get_access_token)
        .fetch_user()
        .username
    )


@pytest.mark.parametrize("step", ["before the lease", "after the lease"])
@pytest.mark.parametrize("seconds", [NEARLY, PAST])
def test_a_kill_before_the_answer_costs_nothing(
    agency: Simulator, kept: Ledger, file: Path, step: str, seconds: int
) -> None:
    """The next process refreshes, if need be once the dead one's turn is over."""
    connect_account(agency, kept)
    agency.clock.move(seconds=seconds)
    killed(agency, file, step)
    assert count_refreshes(agency) == 0
    agency.clock.move(seconds=LEASE_SECONDS + 1)
    assert user(agency, kept) == "jdoe"
    assert count_refreshes(agency) == 1


def test_a_new_token_is_kept_before_it_is_used(agency: Simulator, kept: Ledger, file: Path) -> None:
    """Killed right after keeping it, the next process finds it, and refreshes with its own."""
    connect_account(agency, kept)
    agency.clock.move(seconds=PAST)
    killed(agency, file, "after the renew")
    assert count_refreshes(agency) == 1
    assert user(agency, kept) == "jdoe"
    assert count_refreshes(agency) == 1
    agency.clock.move(seconds=PAST)
    assert user(agency, kept) == "jdoe"
    assert count_refreshes(agency) == 2


class Lasting(dict[str, Any]):
    """Refresh tokens that stay good after their use."""

    def pop(self, key: str, default: Any = None) -> Any:
        return self.get(key, default)


@pytest.mark.parametrize("lasting", [True, False])
def test_a_kill_between_the_answer_and_the_disk(
    agency: Simulator, kept: Ledger, file: Path, *, lasting: bool
) -> None:
    """What lasts serves on; then it is refreshed by the old token, or said that it can't be."""
    connect_account(agency, kept)
    if lasting:
        agency.accounts.refreshing = Lasting(agency.accounts.refreshing)
    agency.clock.move(seconds=NEARLY)
    killed(agency, file, "after the answer")
    assert user(agency, kept) == "jdoe"
    agency.clock.move(seconds=LEASE_SECONDS + 1)
    assert user(agency, kept) == "jdoe"
    agency.clock.move(seconds=PAST)
    if lasting:
        assert user(agency, kept) == "jdoe"
    else:
        with pytest.raises(NotConnected, match="expired or was revoked; connect it"):
            user(agency, kept)


@pytest.mark.usefixtures("impatient")
def test_a_busy_database_loses_no_new_token(
    agency: Simulator, kept: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locked by another program when the token comes, it is written down as soon as it's free."""
    connect_account(agency, kept)
    agency.clock.move(seconds=PAST)
    with ExitStack() as stack:
        stuck = run_first(lambda: stack.enter_context(lock_database(tmp_path)))
        agency.misbehave(stuck, on=TOKEN_PATH)
        monkeypatch.setattr("affiliate.licensing.oauth.flow.time.sleep", lambda _: stack.close())
        assert user(agency, kept) == "jdoe"
    agency.clock.move(seconds=PAST)
    assert user(agency, kept) == "jdoe"
    assert count_refreshes(agency) == 2


@pytest.mark.usefixtures("impatient")
def test_a_database_that_cannot_be_written_asks_for_no_new_token(
    agency: Simulator, kept: Ledger, tmp_path: Path
) -> None:
    """Where the answer couldn't be kept, the refresh token is not used up."""
    connect_account(agency, kept)
    agency.clock.move(seconds=PAST)
    with lock_database(tmp_path), pytest.raises(LedgerError):
        user(agency, kept)
    assert count_refreshes(agency) == 0
    assert user(agency, kept) == "jdoe"
