"""Requests reach the application whole, or not at all: real processes, real sockets."""

import asyncio
import http.client
import json
import select
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from affiliate import logs
from affiliate.serving import requests
from affiliate.serving.requests import BODY_BYTES, RequestScheduler
from affiliate.web.access_log import AccessLogMiddleware
from affiliate.web.cached_response import Headers
from affiliate.web.owner.frame import MAX_PURCHASE_BYTES
from tests.support.small_server import PROCESSES, SmallServer, small_server
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SLOW_BODIES = 130


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallServer]:
    """Yield a server for all tests that don't end the server."""
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
        ("GET / HTTP/1.0\n\n", {"HTTP_HOST": "", "SERVER_PROTOCOL": "HTTP/1.0"}),
        ("GET /%FF HTTP/1.1\nHost: h\n\n", {"REQUEST_METHOD": "GET"}),
    ]
    wrong = []
    for sent, right in rows:
        status, asked = exchange(shared, sent)
        found = {name: asked.get(name) for name in right}
        if (status, found) != ("200", right):
            wrong.append((sent, status, found))
    assert wrong == []


def test_the_longest_form_arrives_whole(shared: SmallServer) -> None:
    """However small its parts are: a browser sends a form by the packets of its network."""
    body = "x" * MAX_PURCHASE_BYTES
    parts = [body[start : start + 1000] for start in range(0, len(body), 1000)]
    chunks = "".join(f"{len(part):x}\n{part}\n" for part in (*parts, ""))
    status, asked = exchange(shared, f"{CHUNKED.decode()}{chunks}".replace("\r", ""))
    assert (status, len(asked["body"])) == ("200", MAX_PURCHASE_BYTES)


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


HEAD = b"POST / HTTP/1.1\r\nHost: h\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n"
LONG = b"x" * 65_536
BROKEN = {
    "no size": CHUNKED + b"3\r\nabc\r\nzz\r\nabc\r\n0\r\n\r\n",
    "no size at first": CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n",
    "empty size": CHUNKED + b"\r\nabc\r\n0\r\n\r\n",
    "negative size": CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n",
    "size in another base": CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "size of 17 digits": CHUNKED + b"1ffffffffffffffff\r\nabc",
    "longer than its size": CHUNKED + b"3\r\nabcde\r\n0\r\n\r\n",
    "lines end in LF": CHUNKED + b"3\nabc\n0\n\n",
    "a long extension": CHUNKED + b"3;a=" + LONG + b"\r\nabc\r\n0\r\n\r\n",
    "a trailer": CHUNKED + b"3\r\nabc\r\n0\r\nX-A: b\r\n\r\n",
    "a trailer with a length": CHUNKED + b"3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n",
    "a long trailer": CHUNKED + b"3\r\nabc\r\n0\r\nX-A: " + LONG + b"\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": HEAD + b"Content-Length: 3, 3\r\n\r\nabc",
    "a length with a sign": HEAD + b"Content-Length: +3\r\n\r\nabc",
    "a space before the colon": HEAD + b"Content-Length : 3\r\n\r\nabc",
    "another coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "one more coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "chunks twice": HEAD + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n3\r\nabc\r\n0\r\n\r\n",
    "a folded header": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "NUL": b"GET / HTTP/1.1\r\nHost: h\r\nX-A: b\0c\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a host with a space": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "a host with marks": b'GET / HTTP/1.1\r\nHost: "<b>\r\n\r\n',
}


def test_a_request_that_can_be_read_in_two_ways_is_refused_and_closes(shared: SmallServer) -> None:
    """What stands behind such a request is no request: a proxy may have seen another end."""
    found = {name: _answers(shared, sent + NEXT) for name, sent in BROKEN.items()}
    assert {name: lines for name, lines in found.items() if lines != ["400 Bad Request"]} == {}


@pytest.mark.parametrize("sent", [b"", b"5\r\nabc", b"3\r\nabc\r\n", b"3\r\nabc\r\n0\r\n"])
def test_chunks_that_break_off_reach_no_application(shared: SmallServer, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=30) as sock:
        sock.sendall(CHUNKED + sent)
        sock.shutdown(socket.SHUT_WR)
        assert b"200 OK" not in _read_all(sock)


def test_chunks_with_a_length_are_the_last_request(shared: SmallServer) -> None:
    """The chunks count, as RFC 9112, 6.3 has it, and nothing behind them is read."""
    two = b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"
    for first, second in (two, two[::-1]):
        sent = HEAD + first + second + b"\r\n3\r\nabc\r\n0\r\n\r\n" + NEXT
        assert _answers(shared, sent) in (["200 OK"], ["400 Bad Request"])


def test_requests_on_one_connection_are_each_read_to_their_end(shared: SmallServer) -> None:
    """Whatever the body and its coding, the next request begins where the body ends.

    What has a body and is no POST is answered without it, and is the last request.
    """
    chunks = b"3;a=b\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
    bodies = [
        b"Transfer-Encoding: Chunked\r\n\r\n" + chunks,
        b"Content-Length: 4\r\n\r\nabcd",
        b"Content-Length: %d\r\n\r\n%b" % (len(NEXT), NEXT),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(NEXT), NEXT),
    ]
    last = NEXT.replace(b"Host: h", b"Host: h\r\nConnection: close")
    wrong = []
    for (method, count), body in product(((b"POST", 3), (b"GET", 1), (b"PUT", 1)), bodies):
        sent = b"%b / HTTP/1.1\r\nHost: h\r\n%b" % (method, body)
        if (lines := _answers(shared, sent + NEXT + last)) != ["200 OK"] * count:
            wrong.append((method, body, lines))
    assert wrong == []


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
        HEAD + b"Content-Length: 100000\r\n\r\n" + b"x" * 2 * BODY_BYTES,
    ],
)
def test_an_answer_before_the_end_of_a_body_closes(shared: SmallServer, head: bytes) -> None:
    """The rest may never come; meanwhile nobody else could have the connection's place."""
    assert [_answers(shared, head + b"abc") for _ in range(20)] == [["200 OK"]] * 20


def _answers(server: SmallServer, sent: bytes) -> list[str]:
    """Send bytes, and return the status of each answer until the connection is closed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as sock:
        sock.sendall(sent)
        lines = _read_all(sock).decode("latin-1").split("HTTP/1.1 ")[1:]
    return [line.partition("\r\n")[0] for line in lines]


def test_an_error_of_the_application_is_a_500_and_one_line_of_log(shared: SmallServer) -> None:
    assert exchange(shared, "GET /fail HTTP/1.1\nHost: h\n\n")[0] == "500"
    wait_until(lambda: "ValueError: no answer" in shared.log.read_text())
    assert shared.log.read_text().count("ValueError: no answer") == 1


SCOPE = SimpleNamespace(
    method="GET",
    path="/image/cuttlefish",
    query_string="lang=en&q=octopus",
    http_version="1.1",
    scheme="http",
    server="127.0.0.1:80",
    client="127.0.0.1:81",
    authority=None,
    headers={"host": "h", "x-request-id": "its-id", "referer": "/?q=squid"},
)


def refuse(environ: "WSGIEnvironment", _start: "StartResponse") -> list[bytes]:
    """Fail with an error that tells what was asked."""
    raise ValueError("{PATH_INFO} {QUERY_STRING} {HTTP_REFERER}".format(**environ))


@pytest.mark.parametrize(
    ("app", "line", "told"),
    [
        (refuse, " ERROR - - - the application failed", "/***/*** lang=en&q=*** /?q=***"),
        (
            AccessLogMiddleware(refuse, known_parts={"image"}),
            " ERROR its-id - - the application failed",
            "/image/*** lang=en&q=*** /?q=***",
        ),
    ],
)
def test_the_line_of_an_error_hides_what_was_typed(
    app: "WSGIApplication", line: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What the site has given out itself is shown, where the application says what that is."""
    caplog.handler.setFormatter(logs.Formatter("text"))
    loop, answers = asyncio.new_event_loop(), list[tuple[int, Headers, bytes]]()
    proto = SimpleNamespace(response_bytes=lambda *answer: answers.append(answer))
    scheduler = RequestScheduler(loop, app)
    environ = scheduler._build_environ(SCOPE, b"")  # type: ignore[arg-type] # as much of it as is used
    scheduler._answer_request(environ, proto, b"")  # type: ignore[arg-type] # as much of it as is used
    loop.close()
    named = [("X-Request-Id", "its-id")] if "its-id" in line else []
    assert answers == [(500, named, b"")]
    assert line in caplog.text
    assert f"ValueError: {told}\n" in caplog.text
    assert "cuttlefish" not in caplog.text


def test_a_file_is_sent_by_the_server_itself(tmp_path: Path) -> None:
    """A body that is a file on the disk is not read into memory, and is closed; parts of it are."""
    (tmp_path / "file").write_bytes(b"whole")
    opened = []

    def app(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        start(environ["PATH_INFO"].strip("/"), [("Content-Type", "image/jpeg")])
        opened.append((tmp_path / "file").open("rb"))
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](opened[-1], 2)
        return wrapped

    answers = list[tuple[object, ...]]()
    proto = SimpleNamespace(
        response_bytes=lambda *answer: answers.append(("bytes", *answer)),
        response_file=lambda *answer: answers.append(("file", *answer)),
    )
    with closing(asyncio.new_event_loop()) as loop:
        scheduler = RequestScheduler(loop, app)
        for status in ("200 OK", "206 Partial Content"):
            scope = SimpleNamespace(**{**vars(SCOPE), "path": f"/{status}"})
            environ = scheduler._build_environ(scope, b"")  # type: ignore[arg-type] # as much of it as is used
            scheduler._answer_request(environ, proto, b"")  # type: ignore[arg-type] # as much of it as is used
    headers = [("Content-Type", "image/jpeg")]
    assert answers == [
        ("file", 200, headers, str(tmp_path / "file")),
        ("bytes", 206, headers, b"whole"),
    ]
    assert all(file.closed for file in opened)


def test_bodies_that_wait_for_an_answer_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of clients that have gone stay, and would pile up behind a slow ledger."""
    monkeypatch.setattr(requests, "MAX_UNFINISHED", 3)
    monkeypatch.setattr(requests, "BODY_THREADS", 1)
    go, answers = threading.Event(), list[int]()

    def slow(_: "WSGIEnvironment", start: "StartResponse") -> list[bytes]:
        go.wait()
        start("204 No Content", [])
        return []

    class Sent:
        """A request whose body has come whole."""

        def response_bytes(self, status: int, *_: object) -> None:
            answers.append(status)

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"x"

    async def send(number: int) -> None:
        for _ in range(number):
            handler._receive_body(SCOPE, Sent())  # type: ignore[arg-type] # as much of them as is used
            await asyncio.gather(*handler._reading)

    # In a thread of its own, as a browser of other tests may have a loop in this one.
    with closing(asyncio.new_event_loop()) as loop, ThreadPoolExecutor(1) as thread:
        handler = RequestScheduler(loop, slow)
        thread.submit(loop.run_until_complete, send(5)).result()
        assert answers == [503, 503]
        go.set()
        wait_until(lambda: not handler._with_bodies.unfinished)
        thread.submit(loop.run_until_complete, send(1)).result()
        wait_until(lambda: not handler._with_bodies.unfinished)
    assert answers == [503, 503, 204, 204, 204, 204]


def test_answers_from_memory_are_sent_while_all_other_threads_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other requests wait, and further ones are refused."""
    monkeypatch.setattr(requests, "MAX_UNFINISHED", 3)
    monkeypatch.setattr(requests, "THREADS", 1)
    go, answers = threading.Event(), list[tuple[str, int]]()

    def app(environ: "WSGIEnvironment", start: "StartResponse") -> list[bytes]:
        if environ["PATH_INFO"] == "/miss":
            go.wait()
        start("204 No Content", [])
        return []

    def ask(path: str) -> None:
        def answer(status: int, *_: object) -> None:
            answers.append((path, status))

        scope = SimpleNamespace(**{**vars(SCOPE), "path": path})
        proto = SimpleNamespace(response_bytes=answer)
        scheduler._begin_request(SimpleNamespace(scope=scope, proto=proto))

    with closing(asyncio.new_event_loop()) as loop:
        scheduler = RequestScheduler(loop, app, lambda environ: environ["PATH_INFO"] == "/hit")
        for _ in range(4):
            ask("/miss")
        ask("/hit")
        assert answers == [("/miss", 503), ("/hit", 204)]
        go.set()
        wait_until(lambda: answers[2:] == [("/miss", 204)] * 3)


def test_slow_bodies_hold_up_nobody_and_lose_their_connections(shared: SmallServer) -> None:
    """While more bodies than there are threads don't end, pages and whole bodies are answered."""
    wait_until(lambda: _are_slow(shared))  # a machine may be too busy to send all of them in time


def _are_slow(shared: SmallServer) -> bool:
    """Tell whether all bodies were still under way when others had been answered."""
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
        in_time = answered.poll(0) == []
        answers = Counter(_read_all(sock).partition(b"\r\n")[0] for sock in slow)
    assert answers == {b"HTTP/1.1 408 Request Timeout": len(slow)}
    return in_time


def _read_all(sock: socket.socket) -> bytes:
    """Return what comes until the other side closes the connection."""
    parts = []
    with suppress(ConnectionResetError):  # it had more to read
        while part := sock.recv(4096):
            parts.append(part)
    return b"".join(parts)
