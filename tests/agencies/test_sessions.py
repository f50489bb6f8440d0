"""One log-in serves all calls that need one at the same time, well or badly."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from affiliate.agencies import AGENCIES
from affiliate.agencies.sessions import SharedSession
from affiliate.domain.media import SearchQuery
from affiliate.errors import AgencyDown, AgencyError, AgencyTimeout, BadCredentials
from affiliate.transport.client import Transport
from affiliate.transport.messages import Reply, Request

CALLERS = 20


class Counter:
    """A log-in that counts its calls and fails while it has an error."""

    def __init__(self, error: AgencyError | None = None) -> None:
        self.error = error
        self.calls = 0

    def __call__(self, seconds: float) -> int:
        assert seconds == 5.0
        self.calls += 1
        if self.error:
            raise self.error
        return self.calls


def left() -> float:
    return 5.0


def test_a_session_is_kept_until_it_is_over_or_refused() -> None:
    over: set[int] = set()
    session, log_in = SharedSession[int]("acme", over.__contains__), Counter()
    assert [session.get(log_in, left) for _ in range(3)] == [1, 1, 1]
    assert session.get(log_in, left, refused=1) == 2
    assert session.get(log_in, left, refused=1) == 2
    over.add(2)
    assert session.get(log_in, left) == session.known == 3


def test_a_failure_is_not_that_of_calls_that_begin_later() -> None:
    """A mended key works at once, without a restart; the breaker decides what else is asked."""
    session, log_in = SharedSession[int]("acme"), Counter(BadCredentials("acme", "no"))
    for _ in range(3):
        with pytest.raises(BadCredentials):
            session.get(log_in, left)
    log_in.error = None
    assert (session.get(log_in, left), log_in.calls) == (4, 4)


def test_who_waits_for_a_log_in_shares_its_failure_however_long_it_took() -> None:
    clock, waiters, calls = [0.0], threading.Semaphore(0), []
    session = SharedSession[int]("acme", now=lambda: clock[0])

    def log_in(seconds: float) -> int:
        calls.append(seconds)
        for _ in range(CALLERS + 1):  # the first to come has asked twice what is left
            assert waiters.acquire(timeout=10)
        clock[0] += 60
        raise AgencyDown("acme", "no")

    def waiting() -> float:
        waiters.release()
        return 5.0

    def call(_: int) -> type[AgencyError]:
        with pytest.raises(AgencyError) as raised:
            session.get(log_in, waiting)
        return type(raised.value)

    with ThreadPoolExecutor(CALLERS) as pool:
        assert list(pool.map(call, range(CALLERS))) == [AgencyDown] * CALLERS
    assert len(calls) == 1


def test_who_waits_too_long_is_told_so() -> None:
    session = SharedSession[int]("acme")

    def log_in(seconds: float) -> int:
        del seconds
        with pytest.raises(AgencyTimeout):
            session.get(Counter(), lambda: 0.0)
        return 1

    assert session.get(log_in, left) == 1


class Refusing(Transport):
    """A transport whose every call is refused as soon as all callers wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.waiters = threading.Semaphore(0)

    def send(self, request: Request, seconds: float | None = None) -> Reply:
        del seconds
        self.calls += 1
        for _ in range(CALLERS + 1):
            assert self.waiters.acquire(timeout=10)
        raise BadCredentials(request.agency, "invalid_client")


@pytest.mark.parametrize("name", ["openverse", "dreamstime"])
def test_a_wrong_secret_is_tried_once_for_searches_at_once(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, transport = AGENCIES[name], Refusing()
    names = {one for group in (*kind.credentials, *kind.options) for one in group}
    agency = kind(transport, credentials=dict.fromkeys(names, "wrong-secret"))

    def waiting(deadline: float) -> float:
        transport.waiters.release()
        return deadline

    monkeypatch.setattr(agency, "seconds_left", waiting)

    def call(number: int) -> type[AgencyError]:
        with pytest.raises(AgencyError) as raised:
            agency.search(SearchQuery(q=f"flower {number}"), 0)
        return type(raised.value)

    with ThreadPoolExecutor(CALLERS) as pool:
        assert list(pool.map(call, range(CALLERS))) == [BadCredentials] * CALLERS
    assert transport.calls == 1
