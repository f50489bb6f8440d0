"""A port belongs to one site, and what can't be listened on is told in a sentence."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from affiliate.errors import CannotListen
from affiliate.serving import ports
from affiliate.serving.ports import open_listener
from tests.support.ports import new_port


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "WAIT_SECONDS", 0.0)


@pytest.fixture
def other() -> Iterator[socket.socket]:
    """Another program, which shares its port with nobody."""
    with socket.create_server(("127.0.0.1", new_port())) as sock:
        yield sock


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
@pytest.mark.parametrize("shared", [False, True])
def test_a_port_that_another_program_has_is_refused(
    other: socket.socket, host: str, *, shared: bool
) -> None:
    """The sentence begins with the port, whatever way the address is written."""
    port = other.getsockname()[1]
    with pytest.raises(CannotListen, match=rf"^port {port} is taken: .*\.$"):
        open_listener(host, port, shared=shared)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("second", [False, True])
def test_two_sites_share_a_port_only_if_both_want_it(*, first: bool, second: bool) -> None:
    """A second start is refused unless it and the first are told to share."""
    port = new_port()
    with closing(open_listener("127.0.0.1", port, shared=first)) as sock:
        sock.listen()  # as the first process that is ready does
        if first and second:
            open_listener("127.0.0.1", port, shared=True).close()
        else:
            with pytest.raises(CannotListen, match=f"port {port} is taken"):
                open_listener("127.0.0.1", port, shared=second)


def test_of_many_that_start_at_once_one_gets_the_port() -> None:
    """There is no moment in which a port looks free to two."""
    port = new_port()

    def start(_: int) -> socket.socket | None:
        with suppress(CannotListen):
            return open_listener("127.0.0.1", port)
        return None

    with ThreadPoolExecutor(16) as threads:
        got = [sock for sock in threads.map(start, range(64)) if sock]
    assert len(got) == 1
    got[0].close()


def test_a_port_is_free_as_soon_as_its_server_has_ended() -> None:
    """Connections that a server has closed by itself hold nobody up (TIME_WAIT)."""
    port = new_port()
    with (
        closing(open_listener("127.0.0.1", port)) as sock,
        socket.create_connection(sock.getsockname()),
    ):
        sock.accept()[0].close()
    open_listener("127.0.0.1", port).close()


def test_a_port_that_is_being_given_up_is_waited_for(
    other: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The processes of a server that was killed may hold its port for a moment more."""
    monkeypatch.setattr(ports, "WAIT_SECONDS", 30.0)
    monkeypatch.setattr(time, "sleep", lambda _seconds: other.close())
    open_listener("127.0.0.1", other.getsockname()[1]).close()


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("192.0.2.7", "HOST 192.0.2.7 is no address of this machine"),  # for documentation
        ("2001:db8::7", "HOST 2001:db8::7 "),
        ("nosuch.invalid", "HOST nosuch.invalid can't be found"),
        ("256.1.1.1", "HOST 256.1.1.1 can't be found"),
        ("127.0.0.1:9555", "HOST 127.0.0.1:9555 can't be found"),
        ("[::]", r"HOST \[::\] can't be found"),
        ("a" * 70 + ".example", "HOST a+.example can't be found"),
    ],
)
def test_a_host_that_is_not_this_machine_is_refused(host: str, told: str) -> None:
    with pytest.raises(CannotListen, match=rf"^{told}[^\n]*\.$"):
        open_listener(host, new_port())


def test_a_shared_port_answers_nobody_before_a_process_is_ready() -> None:
    """The site that listens there already gets all connections until then."""
    port = new_port()
    with (
        closing(open_listener("127.0.0.1", port, shared=True)),
        pytest.raises(ConnectionRefusedError),
    ):
        socket.create_connection(("127.0.0.1", port))


def test_all_who_wait_are_told_to_come_again() -> None:
    """Whatever they have sent, they get an answer and an orderly end."""
    request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    with closing(open_listener("127.0.0.1", new_port())) as sock, ThreadPoolExecutor() as threads:
        clients = []
        for sent in (request, request * 1000, b"", b"GET"):
            clients.append(socket.create_connection(sock.getsockname(), timeout=30))
            clients[-1].sendall(sent)
        socket.create_connection(sock.getsockname()).close()
        answers = [threads.submit(_read_all, client) for client in clients]
        ports.close_listener(sock)
        assert [answer.result() for answer in answers] == [ports.UNAVAILABLE_ANSWER] * len(clients)


def test_who_goes_on_sending_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ends reads no more of a client than its time and a few parts."""
    monkeypatch.setattr(ports, "TURN_AWAY_SECONDS", 0.0)
    read = []

    class Talker(socket.socket):
        def recv(self, size: int, flags: int = 0) -> bytes:  # noqa: ARG002 - as a socket has it
            read.append(size)
            assert len(read) < 1000, "it is read for ever"
            return b"x"

    ports._turn_away_clients([Talker(), Talker()])
    assert len(read) == 2 * ports.MAX_READS


def _read_all(client: socket.socket) -> bytes:
    with client, client.makefile("rb") as answer:
        return answer.read()
