"""Deadlines and connections, against real servers that misbehave on a real socket."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from affiliate.errors import (
    AgencyDown,
    AgencyError,
    AgencyTimeout,
    Stopped,
)
from affiliate.transport.client import Transport, allow_longer_calls
from affiliate.transport.messages import Request
from tests.support.calling import SHORT, call, open_transport
from tests.support.upstream import (
    Connection,
    Script,
    Upstream,
    answer,
    deaf_port,
    full_port,
    head,
    refusing_port,
    then_close,
    then_drip,
    then_hang,
    then_reset,
)
from tests.support.waiting import PATIENCE, wait_for_result, wait_until

FOREVER = b"x" * 100_000
"""Dripped, it takes half an hour."""


@pytest.fixture
def transport() -> Iterator[Transport]:
    """Yield a transport whose time limit is longer than that of `wait_for_result`."""
    with open_transport(2 * PATIENCE) as one:
        yield one


@pytest.fixture
def hurried() -> Iterator[Transport]:
    with open_transport(SHORT, SHORT) as one:
        yield one


def gives_up(transport: Transport, request: Request, seconds: float | None = None) -> bool:
    """Whether the call ends for want of time, by itself: the server has not been let go."""
    with pytest.raises(AgencyTimeout):
        wait_for_result(lambda: transport.send(request, seconds))
    return True


# -- the deadline

NEVER_DONE: dict[str, Script] = {
    "nothing at all": then_hang(),
    "half a status line": then_hang(b"HTTP/1.1 2"),
    "half the headers": then_hang(b"HTTP/1.1 200 OK\r\nContent-Type: a"),
    "headers and no body": then_hang(head(200, "Content-Length: 2")),
    "half the body": then_hang(head(200, "Content-Length: 2"), b"{"),
    "a body without an end": then_hang(head(200, "Connection: close"), b"{}"),
    "half a chunk": then_hang(head(200, "Transfer-Encoding: chunked"), b"5\r\n{"),
    "a chunk and no end": then_hang(head(200, "Transfer-Encoding: chunked"), b"2\r\n{}\r\n"),
    "a dripped status line": then_drip(b"", b"HTTP/1.1 200 " + FOREVER),
    "dripped headers": then_drip(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 50_000),
    "a dripped body": then_drip(head(200, "Content-Length: 100000"), FOREVER),
    "a dripped body of unknown length": then_drip(head(200, "Connection: close"), FOREVER),
    "dripped chunks": then_drip(head(200, "Transfer-Encoding: chunked"), b"1\r\nx\r\n" * 50_000),
    "a dripped gzip body": then_drip(
        head(200, "Content-Encoding: gzip", "Connection: close"), gzip.compress(FOREVER, 0)
    ),
    "a dripped error": then_drip(head(503, "Content-Length: 100000"), FOREVER),
    "a dripped redirect": then_drip(head(302, "Location: /", "Content-Length: 100000"), FOREVER),
    "endless 100 Continue": then_drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000),
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("script", NEVER_DONE.values(), ids=NEVER_DONE.keys())
def test_deadline_holds_in_every_state(hurried: Transport, script: Script, tls: bool) -> None:  # noqa: FBT001
    """A call ends as a timeout while the server goes on, whatever it has sent by then."""
    with Upstream(script, tls=tls) as server:
        assert gives_up(hurried, call(server.url))
        assert len(server.requests) <= 1, "a timeout is not worth a second try"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_deadline_holds_on_a_connection_used_again(transport: Transport, tls: bool) -> None:  # noqa: FBT001
    """A kept connection is watched anew by each call that uses it."""
    with Upstream(answer(), NEVER_DONE["dripped headers"], tls=tls) as server:
        transport.send(call(server.url))
        assert gives_up(transport, call(server.url), SHORT)
        assert server.connections == 1


def slow_handshake(connection: Connection) -> None:
    """Drip the start of a TLS record of 16 kB."""
    connection.drip(b"\x16\x03\x03\x40\x00" + FOREVER)
    connection.close()


@pytest.mark.parametrize("script", [slow_handshake, Connection.hang])
def test_deadline_holds_in_the_tls_handshake(hurried: Transport, script: Script) -> None:
    """A server that never finishes its handshake costs no more than the deadline."""
    with Upstream(script) as server:
        assert gives_up(hurried, call(server.url.replace("http:", "https:")))


def test_a_server_that_never_accepts_is_a_timeout(hurried: Transport) -> None:
    """A connection that stands while nobody serves it ends at the deadline."""
    with deaf_port() as port:
        assert gives_up(hurried, call(f"http://127.0.0.1:{port}"))


def test_connecting_has_its_own_shorter_deadline() -> None:
    """A host that doesn't answer at all is given up after ``connect_seconds``."""
    with open_transport(2 * PATIENCE, SHORT) as transport, full_port() as port:
        assert gives_up(transport, call(f"http://127.0.0.1:{port}"))


def test_name_resolution_is_part_of_the_deadline(
    hurried: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that hangs, which can't be interrupted, is left behind at the deadline."""
    release = threading.Event()

    def hang(*_: object) -> list[Any]:
        release.wait(2 * PATIENCE)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        assert gives_up(hurried, call("http://agency.example"))
    finally:
        release.set()


def test_an_unknown_host_is_down(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that can't be resolved is reported as what it is."""

    def fail(*_: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(AgencyDown, match="can't be resolved"):
        transport.send(call("http://agency.example"))


def test_a_caller_may_give_less_time(transport: Transport) -> None:
    """``seconds`` replaces the deadline of one call."""
    with Upstream(then_hang()) as server:
        assert gives_up(transport, call(server.url), SHORT)


def test_the_retry_shares_the_deadline(hurried: Transport) -> None:
    """The second try gets what the first has left, not the whole time anew."""
    with Upstream(then_reset(), then_hang()) as server:
        assert gives_up(hurried, call(server.url))
        assert len(server.requests) == 2


def test_a_slow_call_leaves_others_alone() -> None:
    """Calls at once in many threads have each their own deadline and answer."""
    with (
        open_transport() as transport,
        Upstream(then_hang()) as slow,
        Upstream(answer(b"[1]")) as quick,
    ):
        errors: list[AgencyError] = []

        def wait_in_vain() -> None:
            try:
                transport.send(call(slow.url), 1.0)
            except AgencyError as error:
                errors.append(error)

        threads = [threading.Thread(target=wait_in_vain) for _ in range(8)]
        for thread in threads:
            thread.start()
        bodies = [transport.send(call(quick.url)).body for _ in range(20)]
        for thread in threads:
            thread.join(PATIENCE)
    assert bodies == [b"[1]"] * 20
    assert [error.kind for error in errors] == ["timeout"] * 8


def test_a_deadline_that_passes_after_the_answer_harms_no_later_call() -> None:
    """The connection of a finished call stays usable when that call's deadline passes."""
    with open_transport() as transport, Upstream(answer()) as server, Upstream(then_hang()) as late:
        transport.send(call(server.url), 1.0)
        with pytest.raises(AgencyTimeout):
            transport.send(call(late.url), 1.0)  # ends after the first one's deadline
        assert transport.send(call(server.url)).status == 200
        assert server.connections == 1


# -- the connection


def test_connections_are_kept_and_used_again(transport: Transport) -> None:
    """Call after call goes over one connection."""
    with Upstream(answer()) as server:
        for _ in range(3):
            transport.send(call(server.url))
        assert (len(server.requests), server.connections) == (3, 1)


def kept_then(end: Callable[[Connection], None], closed: threading.Event) -> Script:
    """Return an answer that promises to keep the connection, which then ends nevertheless."""

    def play(connection: Connection) -> None:
        answer()(connection)
        end(connection)
        closed.set()

    return play


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("end", [Connection.close, Connection.reset])
def test_a_kept_connection_that_ended_meanwhile_is_replaced(
    transport: Transport, end: Callable[[Connection], None], method: str
) -> None:
    """A connection that the server closed between two calls costs no error."""
    closed = threading.Event()
    with Upstream(kept_then(end, closed), answer(b"[2]")) as server:
        transport.send(call(server.url))
        assert closed.wait(PATIENCE)
        assert transport.send(call(server.url, method)).json() == [2]


@pytest.mark.parametrize("end", [then_close(), then_reset()], ids=["closed", "reset"])
def test_a_kept_connection_that_ends_on_the_next_get_is_replaced(
    transport: Transport, end: Script
) -> None:
    """A server that drops the kept connection as the call arrives is asked once more."""
    with Upstream(answer(), end, answer(b"[3]")) as server:
        transport.send(call(server.url))
        assert transport.send(call(server.url)).json() == [3]
        assert server.connections == 2


def test_bytes_after_an_answer_never_become_the_next_one(transport: Transport) -> None:
    """An answer longer than its Content-Length is cut there, and its rest is not read as HTTP."""
    forged = head(200, "Content-Length: 8") + b'["evil"]'

    def play(connection: Connection) -> None:
        connection.read()
        connection.send(head(200, "Content-Length: 3") + b"[1]" + forged)

    with Upstream(play, answer(b"[2]")) as server:
        assert transport.send(call(server.url)).json() == [1]
        assert transport.send(call(server.url)).json() == [2]


@pytest.mark.parametrize("script", [then_reset(), then_reset(b"HTTP/1.1 2")], ids=["none", "some"])
def test_a_get_is_tried_once_more_after_a_reset(transport: Transport, script: Script) -> None:
    """A reset GET is repeated and its second answer counts."""
    with Upstream(script, answer(b"[1]")) as server:
        assert transport.send(call(server.url)).json() == [1]
        assert len(server.requests) == 2


def test_a_get_is_tried_twice_and_no_more(transport: Transport) -> None:
    """A server that resets every connection sees two of them."""
    with Upstream(then_reset()) as server:
        with pytest.raises(AgencyDown):
            transport.send(call(server.url))
        assert len(server.requests) == 2


def test_a_post_is_never_repeated(transport: Transport) -> None:
    """A reset POST may have been obeyed, so it fails at once."""
    with Upstream(then_reset()) as server:
        with pytest.raises(AgencyDown):
            transport.send(call(server.url, "POST", body=b"{}"))
        assert len(server.requests) == 1


def test_a_post_that_only_reads_is_tried_once_more(transport: Transport) -> None:
    """Some agencies take searches by POST alone."""
    with Upstream(then_reset(), answer(b"[1]")) as server:
        search = call(server.url, "POST", body=b"{}", reads=True)
        assert transport.send(search).json() == [1]
        assert len(server.requests) == 2


def test_a_get_that_does_not_only_read_is_never_repeated(transport: Transport) -> None:
    """Some agencies sell by GET."""
    with Upstream(then_reset()) as server:
        with pytest.raises(AgencyDown) as caught:
            transport.send(call(server.url, reads=False))
        assert caught.value.sent
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [500, 503, 429, 404])
def test_an_error_that_was_answered_is_not_repeated(transport: Transport, status: int) -> None:
    """Only broken connections are tried again; an answer, even a bad one, is an answer."""
    with Upstream(answer(b"{}", status)) as server:
        with pytest.raises(AgencyError):
            transport.send(call(server.url))
        assert len(server.requests) == 1


def test_a_refused_connection_is_down(transport: Transport) -> None:
    """Nobody listening means that the agency is down, and is known at once."""
    with refusing_port() as port, pytest.raises(AgencyDown):
        transport.send(call(f"http://127.0.0.1:{port}"))


def test_a_refused_connection_is_tried_once_more(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that begins to listen between the two tries is reached by the second."""
    lookups: list[tuple[Any, ...]] = []
    with refusing_port() as port, Upstream(answer(b"[1]")) as server:

        def move(*args: Any) -> list[Any]:
            lookups.append(args)
            target = ("127.0.0.1", port if len(lookups) == 1 else server.port)
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", target)]

        monkeypatch.setattr(socket, "getaddrinfo", move)
        assert transport.send(call("http://agency.example")).json() == [1]
    assert len(lookups) == 2


def test_every_address_of_a_host_is_tried(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host with a dead address and a live one is reached."""
    with refusing_port() as port, Upstream(answer(b"[1]")) as server:
        targets = [("127.0.0.1", port), ("127.0.0.1", server.port)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", target) for target in targets]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        assert transport.send(call("http://agency.example")).json() == [1]


def test_a_server_without_tls_is_down(transport: Transport) -> None:
    """Https to a server that speaks plain HTTP fails as a TLS failure, not by falling back."""

    def play(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.hang()

    with Upstream(play) as server, pytest.raises(AgencyDown, match="TLS"):
        transport.send(call(server.url.replace("http:", "https:")))


def test_a_certificate_of_nobody_we_trust_is_refused() -> None:
    """A server that can't prove its name gets no request, and so no key."""
    with Upstream(answer(), tls=True) as server:
        stranger = Transport()
        with pytest.raises(AgencyDown, match="TLS"):
            stranger.send(call(server.url, headers={"Authorization": "Bearer key"}))
        stranger._session.close()
        assert server.requests == []


def test_at_the_end_calls_under_way_are_given_up_and_no_more_begin() -> None:
    """They end at once, and their error says that the agency was not the reason."""
    with open_transport() as transport, Upstream(then_hang()) as server:
        with ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(transport.send, call(server.url))
            wait_until(lambda: len(server.requests) == 1)
            transport.close()
            error = under_way.exception(PATIENCE)
        assert isinstance(error, Stopped)
        assert (error.was_asked, error.sent) == (False, True)
        with pytest.raises(Stopped):
            transport.with_total_seconds(60).send(call(server.url))
        assert len(server.requests) == 1


def test_a_call_may_take_longer_where_nobody_waits() -> None:
    """Each agency has its time, which a block may lengthen and never shortens."""
    transport = Transport(total_seconds=1)
    slower = transport.with_total_seconds(30)
    assert (transport.total_seconds, slower.total_seconds) == (1, 30)
    with allow_longer_calls(20):
        assert (transport.total_seconds, slower.total_seconds) == (20, 30)
    assert transport.total_seconds == 1


def test_a_name_that_hangs_takes_no_other_host_its_resolution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many calls want it, the look-up is one; other hosts are reached meanwhile."""
    go, asked, real = threading.Event(), list[str](), socket.getaddrinfo

    def resolve(host: str, *rest: Any) -> Any:
        if host != "hangs.example":
            return real(host, *rest)
        asked.append(host)
        assert go.wait(PATIENCE)
        raise socket.gaierror

    monkeypatch.setattr("affiliate.transport.deadlines.socket.getaddrinfo", resolve)
    with open_transport(PATIENCE, 0.01) as hasty, Upstream(answer()) as server:
        for _ in range(40):
            with pytest.raises(AgencyTimeout):
                hasty.send(call("http://hangs.example/"))
        with open_transport() as transport:
            assert transport.send(call(server.url)).status == 200
        assert len(asked) == 1
        go.set()
