"""Streams of the transport on real sockets: any length, but no stall and no secret."""

import tracemalloc
from collections.abc import Iterator

import pytest

from affiliate.errors import AgencyDown, AgencyError, AgencyTimeout, BadAnswer, Forbidden
from affiliate.transport.client import STALL_SECONDS, Transport
from tests.support.calling import SHORT, call, open_transport
from tests.support.upstream import (
    PAUSE,
    Connection,
    Script,
    Upstream,
    answer,
    head,
    refusing_port,
    then_drip,
    then_hang,
    then_reset,
)
from tests.support.waiting import wait_for_result

SECRET = "signed-8f2c"


@pytest.fixture
def transport() -> Iterator[Transport]:
    with open_transport() as one:
        yield one


def test_a_body_comes_in_chunks_with_its_head(transport: Transport) -> None:
    """Status and headers are there before the body, which arrives whole."""
    body = bytes(range(256)) * 4096
    with Upstream(answer(body, 206, "ETag: 7")) as server:
        with transport.stream(call(server.url)) as stream:
            assert (stream.status, stream.headers["etag"]) == (206, "7")
            assert b"".join(stream.iter_chunks()) == body
        with transport.stream(call(server.url)) as stream:
            assert b"".join(stream.iter_chunks()) == body


def test_a_long_body_takes_no_memory(transport: Transport) -> None:
    """Of 64 MB no more than a chunk or two is ever held."""
    block = bytes(1 << 20)

    def play(connection: Connection) -> None:
        connection.read()
        connection.send(head(200, f"Content-Length: {64 << 20}"))
        for _ in range(64):
            connection.send(block)

    with Upstream(play) as server, transport.stream(call(server.url)) as stream:
        tracemalloc.start()
        size = sum(map(len, stream.iter_chunks()))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert size == 64 << 20
    assert peak < 2 << 20


def test_progress_may_last_longer_than_a_stall(transport: Transport) -> None:
    """A body that drips on is read to its end, though in all it takes longer than a stall may."""
    stall = 1.0
    drops = b"." * int(1.2 * stall / PAUSE)
    with (
        Upstream(then_drip(head(200, f"Content-Length: {len(drops)}"), drops)) as server,
        transport.stream(call(server.url), stall_seconds=stall) as stream,
    ):
        assert b"".join(stream.iter_chunks()) == drops


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200", head(200, "Content-Length: 9") + b"abc"])
def test_a_stall_ends_it(transport: Transport, sent: bytes) -> None:
    """Silence before, in or after the head is a timeout, while the server still hangs."""

    def read() -> None:
        with transport.stream(call(server.url), stall_seconds=SHORT) as stream:
            list(stream.iter_chunks())

    with Upstream(then_hang(sent)) as server, pytest.raises(AgencyTimeout):
        wait_for_result(read, STALL_SECONDS)


def test_a_dripping_head_is_a_stall(transport: Transport) -> None:
    """Headers byte by byte don't put the end off."""
    with (
        Upstream(then_drip(b"HTTP/1.1 200 OK\r\n", b"X: " + b"." * 10_000)) as server,
        pytest.raises(AgencyTimeout),
        transport.stream(call(server.url), stall_seconds=SHORT),
    ):
        pass


def test_a_lost_connection_is_said(transport: Transport) -> None:
    """A connection that is reset in mid-body is `AgencyDown`."""
    with (
        Upstream(then_reset(head(200, "Content-Length: 9") + b"abc")) as server,
        pytest.raises(AgencyDown),
        transport.stream(call(server.url)) as stream,
    ):
        list(stream.iter_chunks())


def test_refusals_have_their_kind_and_no_secret(transport: Transport) -> None:
    """A status other than 2xx is raised as it is for other calls, the link struck out."""
    body = f'{{"message": "no {SECRET}"}}'.encode()
    with Upstream(answer(body, 403)) as server, pytest.raises(Forbidden) as caught:  # noqa: SIM117
        with transport.stream(call(f"{server.url}/{SECRET}", secrets=(SECRET,))):
            pass
    assert SECRET not in str(caught.value)
    assert "no ***" in str(caught.value)


def test_nobody_there_is_said(transport: Transport) -> None:
    """A refused connection is `AgencyDown`, without the address."""
    with (
        refusing_port() as port,
        pytest.raises(AgencyError) as caught,
        transport.stream(call(f"http://127.0.0.1:{port}/{SECRET}")),
    ):
        pass
    assert isinstance(caught.value, AgencyDown)
    assert SECRET not in str(caught.value)


# -- redirects


def to(place: str, status: int = 302) -> Script:
    return answer(b"moved", status, f"Location: {place}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_where_allowed(transport: Transport, status: int) -> None:
    """The headers go along, the parameters don't; more than allowed is an error."""
    with Upstream(to("/b?x=1", status), to("c", status), answer(b"file")) as server:
        asked = call(f"{server.url}/a", params=(("p", "1"),), headers={"Range": "bytes=5-"})
        with transport.stream(asked, redirects=2) as stream:
            assert b"".join(stream.iter_chunks()) == b"file"
    lines = [request.split(b"\r\n")[0] for request in server.requests]
    assert lines == [b"GET /a?p=1 HTTP/1.1", b"GET /b?x=1 HTTP/1.1", b"GET /c HTTP/1.1"]
    assert all(b"Range: bytes=5-" in request for request in server.requests)


@pytest.mark.parametrize("redirects", [0, 1])
def test_no_more_redirects_than_allowed(transport: Transport, redirects: int) -> None:
    """By default none is followed, and a circle ends."""
    with (
        Upstream(to(f"/{SECRET}")) as server,
        pytest.raises(BadAnswer, match="redirects") as caught,
        transport.stream(call(server.url), redirects=redirects),
    ):
        pass
    assert len(server.requests) == redirects + 1
    assert SECRET not in str(caught.value)


def test_no_redirect_leaves_https(transport: Transport) -> None:
    """A link that is a secret doesn't lead where others can read along."""
    with Upstream(answer(b"file")) as plain:
        with (
            Upstream(to(plain.url), tls=True) as server,
            pytest.raises(BadAnswer, match="redirects"),
            transport.stream(call(server.url), redirects=1),
        ):
            pass
        assert plain.requests == []


@pytest.mark.parametrize("place", ["file:///etc/passwd", "//[", "", "https://"])
def test_a_redirect_to_nowhere_is_an_error(transport: Transport, place: str) -> None:
    """Files, broken addresses and none at all are not followed."""
    with (
        Upstream(to(place)) as server,
        pytest.raises(AgencyError),
        transport.stream(call(server.url), redirects=1),
    ):
        pass
