"""The server as a whole: real processes, real sockets, signals."""

import http.client
import json
import os
import select
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from affiliate.errors import CannotListen
from affiliate.serving import listen, ports
from affiliate.serving.requests import BODY_BYTES
from tests.support.small_server import PROCESSES, SmallServer, small_server
from tests.support.waiting import wait_until

SLOW_BODIES = 130


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallServer]:
    """A server for all tests that don't end it."""
    with small_server(tmp_path_factory.mktemp("server")) as server:
        yield server


def exchange(server: SmallServer, sent: str) -> tuple[str, dict[str, str]]:
    """Send a request as it is; give the status and what the application was asked."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as sock:
        sock.sendall(sent.replace("\n", "\r\n").encode("latin-1"))
        answer = http.client.HTTPResponse(sock)
        answer.begin()
        body = answer.read()
        return f"{answer.status}", json.loads(body) if body.startswith(b"{") else {}


def test_an_application_is_told_of_a_request_as_wsgi_has_it(shared: SmallServer) -> None:
    """Paths are decoded, headers named and joined, bodies whole, however they are sent."""
    rows: list[tuple[str, dict[str, str | None]]] = [
        (
            "GET /caf%C3%A9/a%2Fb?q=%C3%A9&x HTTP/1.1\nHost: h.example:81\n\n",
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": "/caf\u00c3\u00a9/a/b",
                "QUERY_STRING": "q=%C3%A9&x",
                "HTTP_HOST": "h.example:81",
                "REMOTE_ADDR": "127.0.0.1",
                "SERVER_NAME": "127.0.0.1",
                "SERVER_PORT": str(shared.port),
                "SERVER_PROTOCOL": "HTTP/1.1",
                "SCRIPT_NAME": "",
                "wsgi.url_scheme": "http",
                "CONTENT_LENGTH": None,
                "body": "",
            },
        ),
        (
            "GET / HTTP/1.1\nHost: h\nCookie: a=1\nCookie: b=2\nAccept: x\nAccept: y\n\n",
            {"HTTP_COOKIE": "a=1;b=2", "HTTP_ACCEPT": "x,y"},
        ),
        (
            "GET / HTTP/1.1\nHost: h\nX-Forwarded-For: 9.9.9.9\nX_Forwarded_For: 6.6.6.6\n\n",
            {"HTTP_X_FORWARDED_FOR": "9.9.9.9"},
        ),
        (
            "POST / HTTP/1.1\nHost: h\nContent-Type: text/plain\nContent-Length: 3\n\nabc",
            {"CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "3", "body": "abc"},
        ),
        ("POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n", {"body": "abc"}),
        ("POST / HTTP/1.1\nHost: h\nContent-Length: 0\n\n", {"body": ""}),
        ("POST / HTTP/1.1\nHost: h\n\n", {"body": ""}),
        ("GET / HTTP/1.1\nHost: h\nContent-Length: 3\n\n", {"body": ""}),
        ("GET / HTTP/1.0\n\n", {"HTTP_HOST": ""}),
        ("GET /%FF HTTP/1.1\nHost: h\n\n", {"REQUEST_METHOD": "GET"}),
    ]
    wrong = []
    for sent, right in rows:
        status, asked = exchange(shared, sent)
        found = {name: asked.get(name) for name in right}
        if (status, found) != ("200", right):
            wrong.append((sent, status, found))
    assert wrong == []


def test_of_a_long_body_no_more_is_read_than_tells_that_it_is_too_long(shared: SmallServer) -> None:
    """The application sees that it is long; nobody keeps the rest."""
    length = 64 * BODY_BYTES
    sent = f"POST / HTTP/1.1\nHost: h\nContent-Length: {length}\n\n{'x' * 40 * BODY_BYTES}"
    status, asked = exchange(shared, sent)
    assert status == "200"
    assert BODY_BYTES < len(asked["body"]) < length / 2


def test_a_body_that_breaks_off_reaches_no_application(shared: SmallServer) -> None:
    """Half of a click is no click."""
    with socket.create_connection(("127.0.0.1", shared.port), timeout=30) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc")
        sock.shutdown(socket.SHUT_WR)
        assert b"200 OK" not in _read_all(sock)


def test_an_error_of_the_application_is_a_500_and_one_line_of_log(shared: SmallServer) -> None:
    assert exchange(shared, "GET /fail HTTP/1.1\nHost: h\n\n")[0] == "500"
    wait_until(lambda: "ValueError: /fail" in shared.log.read_text())
    assert shared.log.read_text().count("ValueError: /fail") == 1


def test_slow_bodies_hold_up_nobody_and_lose_their_connections(shared: SmallServer) -> None:
    """While more bodies than there are threads don't end, pages and whole bodies are answered."""
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nA"
    with ExitStack() as stack:
        slow = []
        for _ in range(SLOW_BODIES * PROCESSES):
            sock = socket.create_connection(("127.0.0.1", shared.port), timeout=30)
            slow.append(stack.enter_context(sock))
            sock.sendall(head)
        for _ in range(3):
            assert shared.get("/pid").isdigit()
            quick = "POST / HTTP/1.1\nHost: h\nContent-Length: 3\n\nabc"
            assert exchange(shared, quick)[1]["body"] == "abc"
        answered = select.poll()
        for sock in slow:
            answered.register(sock, select.POLLIN)
        assert answered.poll(0) == []
        answers = Counter(_read_all(sock).partition(b"\r\n")[0] for sock in slow)
    assert answers == {b"HTTP/1.1 408 Request Timeout": len(slow)}


def _read_all(sock: socket.socket) -> bytes:
    """Return what comes until the other side closes the connection."""
    parts = []
    while part := sock.recv(4096):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("all_at_once", [True, False])
def test_a_server_told_to_end_says_so_on_each_connection(
    tmp_path_factory: pytest.TempPathFactory, *, all_at_once: bool
) -> None:
    """Ctrl-C reaches every process, SIGTERM the first: no request goes unanswered in either."""
    with small_server(tmp_path_factory.mktemp("ends")) as server, ExitStack() as stack:
        idle = stack.enter_context(closing(server.connect()))
        idle.connect()
        clients = [threading.Thread(target=_asks_until_closed, args=(server,)) for _ in range(8)]
        for client in clients:
            client.start()
        if all_at_once:
            os.killpg(server.process.pid, signal.SIGINT)
        else:
            server.process.terminate()
        for client in clients:
            client.join(30)
        server.process.wait(30)
        assert server.process.returncode == 0
        assert "Killing" not in server.log.read_text()
        assert "Started worker" in server.log.read_text()


def _asks_until_closed(server: SmallServer) -> None:
    """Ask again and again on one connection; each answer is whole, and the last one says so."""
    with closing(server.connect()) as connection:
        while True:
            connection.request("GET", "/pid")
            answer = connection.getresponse()
            assert answer.read().isdigit()
            if answer.headers["Connection"] == "close":
                return


def test_processes_end_with_a_main_process_that_was_killed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is left on the port, though clients keep their connections open."""
    monkeypatch.setattr(ports, "WAIT_SECONDS", 0.0)
    with small_server(tmp_path_factory.mktemp("orphans")) as server:
        workers = server.workers()
        with closing(server.connect()) as connection:
            connection.request("GET", "/pid")
            assert connection.getresponse().read().isdigit()
            server.process.kill()
            wait_until(lambda: not any(_runs(worker) for worker in workers))
        listen("127.0.0.1", server.port).close()


def _runs(process: int) -> bool:
    return not _states(process) <= {"Z"}


def _states(process: int) -> set[str]:
    """Return the states of a process's threads, as the system names them; none once it is gone."""
    found = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            found.add((thread / "stat").read_text().rpartition(")")[2].split()[0])
    return found


def test_a_process_that_hangs_is_replaced(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Meanwhile the other one answers all who come; a second start is still refused."""
    with small_server(tmp_path_factory.mktemp("hangs"), hung_seconds=8) as server:
        wait_until(lambda: len(server.workers()) == PROCESSES)
        stopped = min(server.workers())
        os.kill(stopped, signal.SIGSTOP)
        wait_until(lambda: _states(stopped) == {"T"})
        assert stopped not in server.workers()
        wait_until(lambda: not _runs(stopped))
        wait_until(lambda: len(server.workers()) == PROCESSES)
        with pytest.raises(CannotListen):
            listen("127.0.0.1", server.port)
