"""Connects an account at the simulator and stores its tokens."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from affiliate.database.ledger import Ledger
from affiliate.database.token_store import TokenStore
from affiliate.licensing.oauth.flow import ShutterstockOAuth
from affiliate.licensing.oauth.scopes import SCOPES
from affiliate.transport.client import Transport
from tests.simulator import CLIENT, Simulator, simulator
from tests.support.ledgers import new_ledger

SECRET = "a secret of no less than thirty-two signs"


TOKEN_PATH = "/v2/oauth/access_token"


BACK = "http://localhost/callback"


NEARLY = 3600 - 200
"""Seconds after which an hour's token is to be refreshed, and lasts."""


PAST = 3600 + 1


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator() as server:
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def kept(file: Path) -> Iterator[Ledger]:
    """Yield a ledger in a file."""
    with new_ledger(file.parent) as one:
        yield one


def make_tokens(agency: Simulator, ledger: Ledger, **changes: object) -> ShutterstockOAuth:
    now: Callable[[], float] = lambda: agency.clock.now().timestamp()  # noqa: E731 - a clock
    parts = {"url": agency.url, "client": CLIENT, "now": now, **changes}
    return ShutterstockOAuth(Transport(), TokenStore(ledger, SECRET, now), **parts)  # type: ignore[arg-type]


def agree(tokens: ShutterstockOAuth, *scopes: str) -> str:
    """Return the code that the agency gives to an owner who agrees."""
    address = tokens.build_authorize_url(BACK, scopes or SCOPES, "the-state")
    answer = requests.get(address, allow_redirects=False, timeout=5)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert back["state"] == ["the-state"]
    return back["code"][0]


def connect_account(agency: Simulator, ledger: Ledger, *scopes: str) -> ShutterstockOAuth:
    tokens = make_tokens(agency, ledger)
    tokens.connect(agree(tokens, *scopes), scopes or SCOPES)
    return tokens


def count_refreshes(agency: Simulator) -> int:
    return sum(b"grant_type=refresh_token" in seen.body for seen in agency.requests)
