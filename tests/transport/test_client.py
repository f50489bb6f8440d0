"""The transport against real servers that misbehave on a real socket."""

import base64
import contextlib
import gzip
import http.cookiejar
import json
import logging
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from affiliate import __version__
from affiliate.errors import (
    AgencyDown,
    AgencyError,
    BadAnswer,
    BadCredentials,
    Forbidden,
    NotFound,
    RequestRefused,
    TooManyCalls,
)
from affiliate.transport.client import BODY_BYTES, Transport
from affiliate.transport.messages import MAX_RETRY_AFTER, Request
from tests.support.calling import GENEROUS, SHORT, call, open_transport
from tests.support.upstream import (
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

LARGE = BODY_BYTES + 1

TOKEN = "tok-4f7c/8+secret="
CLIENT = ("client-id-91", "client-secret-72")
KEY = "key-in-the-address-55"


@pytest.fixture
def transport() -> Iterator[Transport]:
    with open_transport() as one:
        yield one


# -- the body


def test_a_whole_answer_comes_back(transport: Transport) -> None:
    """Status, headers and body arrive as sent, and JSON is parsed."""
    with Upstream(answer(b'{"a": "\xc3\xb6"}', 200, "X-Request-Id: 7")) as server:
        reply = transport.send(call(server.url))
    assert (reply.status, reply.headers["X-Request-Id"], reply.json()) == (200, "7", {"a": "ö"})


def gzipped(body: bytes, level: int = 9) -> Script:
    return answer(gzip.compress(body, level), 200, "Content-Encoding: gzip")


@pytest.mark.parametrize("size", [0, 1, 65536, 1_000_000, BODY_BYTES])
@pytest.mark.parametrize("encode", [answer, gzipped], ids=["plain", "gzip"])
def test_bodies_up_to_the_limit_pass(
    transport: Transport, encode: Callable[[bytes], Script], size: int
) -> None:
    """A body of at most 4 MB arrives whole, compressed or not."""
    body = bytes(range(256)) * (size // 256) + b"." * (size % 256)
    with Upstream(encode(body)) as server:
        assert transport.send(call(server.url)).body == body


TOO_LARGE: dict[str, Script] = {
    "plain": answer(b" " * LARGE),
    "chunked": then_close(
        head(200, "Transfer-Encoding: chunked"), b"%x\r\n" % LARGE, b" " * LARGE, b"\r\n0\r\n\r\n"
    ),
    "of unknown length": then_close(head(200, "Connection: close"), b" " * LARGE),
    "gzip": gzipped(b" " * LARGE),
}


@pytest.mark.parametrize("script", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_a_body_over_the_limit_is_a_bad_answer(transport: Transport, script: Script) -> None:
    """More than 4 MB, counted after decompression, is refused."""
    with Upstream(script) as server, pytest.raises(BadAnswer, match="larger than 4 MB"):
        transport.send(call(server.url))


@pytest.mark.parametrize("status", [200, 302, 500])
def test_a_gzip_bomb_does_not_fill_the_memory(status: int) -> None:
    """100 MB packed into 100 kB stop at the limit, whatever the status says."""
    bomb = b"".join([gzip.compress(b"\0" * 10_000_000)] * 10)
    script = answer(bomb, status, "Content-Encoding: gzip", "Location: /elsewhere")
    with open_transport(30) as transport, Upstream(script) as server:
        tracemalloc.start()
        try:
            with pytest.raises(AgencyError):
                transport.send(call(server.url))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 4 * BODY_BYTES


BROKEN_OFF: dict[str, Script] = {
    "inside the status line": then_close(b"HTTP/1.1 2"),
    "inside the headers": then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Half"),
    "inside the body": then_close(head(200, "Content-Length: 5"), b"{}"),
    "before the body": then_close(head(200, "Content-Length: 5")),
    "inside a chunk": then_close(head(200, "Transfer-Encoding: chunked"), b"5\r\n{}"),
    "between two chunks": then_close(head(200, "Transfer-Encoding: chunked"), b"2\r\n{}\r\n"),
    "inside gzip": then_close(
        head(200, "Content-Encoding: gzip", "Content-Length: 900"), gzip.compress(b"{}" * 99)
    ),
}


@pytest.mark.parametrize("script", BROKEN_OFF.values(), ids=BROKEN_OFF.keys())
def test_half_an_answer_is_never_taken_for_a_whole(transport: Transport, script: Script) -> None:
    """An answer that breaks off is an error that says the agency is down."""
    with Upstream(script) as server, pytest.raises(AgencyDown):
        transport.send(call(server.url))


GARBAGE: dict[str, Script] = {
    "no HTTP at all": then_close(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "a status that is no number": then_close(b"HTTP/1.1 abc OK\r\n\r\n"),
    "two lengths": then_close(head(200, "Content-Length: 2", "Content-Length: 3"), b"{}"),
    "chunks that are none": then_close(head(200, "Transfer-Encoding: chunked"), b"zz\r\n{}\r\n"),
    "a header of a megabyte": then_close(b"HTTP/1.1 200 OK\r\nA: " + b"a" * 1_000_000),
    "ten thousand headers": then_close(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 10_000 + b"\r\n"),
    "gzip that is none": answer(b"{}", 200, "Content-Encoding: gzip"),
    "gzip twenty times": answer(b"{}", 200, "Content-Encoding: " + ", ".join(["gzip"] * 20)),
    "a redirect to nowhere": answer(b"{}", 302, "Location: http://[::bad"),
    "a redirect to a script": answer(b"{}", 301, "Location: javascript:alert(1)"),
    "a cookie that is none": answer(b"{}", 418, "Set-Cookie: \x01=;;;=\xff; expires=never"),
}


@pytest.mark.parametrize("script", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_an_agency_error(transport: Transport, script: Script) -> None:
    """Whatever comes that isn't HTTP as agreed is an `AgencyError`, never another exception."""
    with Upstream(script) as server, pytest.raises(AgencyError):
        transport.send(call(server.url))


def test_an_unreadable_head_is_no_refusal(transport: Transport) -> None:
    """Whoever has read the request may have acted on it, so nobody may say that it was refused."""
    with Upstream(GARBAGE["two lengths"]) as server, pytest.raises(BadAnswer) as caught:
        transport.send(call(server.url, "POST", body=b"{}"))
    assert caught.value.sent


NOT_JSON = [b"<html>Sign in</html>", b"", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5_000]


@pytest.mark.parametrize("body", NOT_JSON, ids=range(len(NOT_JSON)))
def test_a_200_that_is_not_json_is_a_bad_answer(transport: Transport, body: bytes) -> None:
    """HTML of a gateway, or JSON made to break parsers, is said to be unreadable."""
    with Upstream(answer(body, 200, "Content-Type: text/html")) as server:
        reply = transport.send(call(server.url))
    with pytest.raises(BadAnswer, match="not JSON"):
        reply.json()


# -- what is sent


def read_head(request: bytes) -> tuple[str, dict[str, str]]:
    """Return the request line and the headers, their names in lower case."""
    line, *rest = request.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    return line, {n.lower(): v.strip() for n, _, v in (r.partition(":") for r in rest)}


def test_the_call_goes_out_as_given(transport: Transport) -> None:
    """Parameters may repeat, headers and Basic credentials are sent, and we say who we are."""
    with Upstream(answer()) as server:
        url = f"{server.url}/v2/search"
        params = (("q", "ö & b"), ("id", "1"), ("id", "2"))
        transport.send(call(url, params=params, headers={"Accept": "a/b"}, auth=CLIENT))
        line, headers = read_head(server.requests[0])
    assert line == "GET /v2/search?q=%C3%B6+%26+b&id=1&id=2 HTTP/1.1"
    assert headers["accept"] == "a/b"
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b":".join(
        part.encode() for part in CLIENT
    )
    assert headers["user-agent"] == f"affiliate-search/{__version__}"


def test_a_post_carries_its_body(transport: Transport) -> None:
    """The body arrives byte for byte."""
    with Upstream(answer()) as server:
        transport.send(call(server.url, "POST", body=b"\x00{}"))
    assert server.requests[0].endswith(b"\r\n\r\n\x00{}")


def test_no_cookie_is_kept(transport: Transport) -> None:
    """A cookie that an agency sets never comes back to it, and is not stored."""
    set_cookie = "Set-Cookie: visitor=1; Path=/; Max-Age=9999"
    with Upstream(answer(b"{}", 200, set_cookie)) as server:
        for _ in range(2):
            transport.send(call(server.url))
    assert [("cookie" in read_head(r)[1]) for r in server.requests] == [False, False]
    assert isinstance(transport._session.cookies, http.cookiejar.CookieJar)
    assert len(transport._session.cookies) == 0


def test_netrc_and_proxies_of_the_machine_are_ignored(
    transport: Transport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the user's netrc nor proxy variables change a call."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with refusing_port() as port, Upstream(answer()) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        transport.send(call(server.url, headers={"Authorization": "Bearer mine"}))
        transport.send(call(server.url))
    first, second = (read_head(r)[1] for r in server.requests)
    assert first["authorization"] == "Bearer mine"
    assert "authorization" not in second


@pytest.mark.parametrize(
    "fields",
    [
        {"headers": {"Authorization": "Bearer line\nbreak"}},
        {"headers": {"Authorization": "Bearer 鍵"}},
        {"auth": ("鍵", "secret")},
        {"url": "http://"},
        {"url": "http://[::bad"},
        {"url": "http://host:99999999/"},
        {"url": "http://" + "a" * 70 + ".example/"},
        {"url": "http://ex ample/"},
        {"url": "ftp://127.0.0.1/"},
    ],
    ids=str,
)
def test_a_call_that_cannot_be_sent_is_refused(
    transport: Transport, fields: dict[str, Any]
) -> None:
    """A setting that makes no valid call is an agency error that points at the settings."""
    with refusing_port() as port, pytest.raises(RequestRefused, match="check the settings"):
        transport.send(call(**({"url": f"http://127.0.0.1:{port}"} | fields)))


# -- statuses

STATUSES: list[tuple[int, tuple[str, ...], type[AgencyError], float]] = [
    (400, (), RequestRefused, 60),
    (401, (), BadCredentials, 300),
    (403, (), Forbidden, 300),
    (403, ("Retry-After: 1",), Forbidden, 300),
    (404, (), NotFound, 60),
    (410, (), NotFound, 60),
    (406, (), RequestRefused, 60),
    (422, (), RequestRefused, 60),
    (429, (), TooManyCalls, 1),
    (429, ("Retry-After: 17",), TooManyCalls, 17),
    (429, ("X-RateLimit-Reset: 21",), TooManyCalls, 21),
    (429, ("RateLimit-Reset: 23",), TooManyCalls, 23),
    (429, ("RateLimit-Reset: 23", "Retry-After: 17"), TooManyCalls, 17),
    (429, ("X-RateLimit-Reset: 1795872000",), TooManyCalls, 1),
    (429, ("Retry-After: 0",), TooManyCalls, 1),
    (429, ("Retry-After: 99999999",), TooManyCalls, MAX_RETRY_AFTER),
    (429, ("Retry-After: -5",), TooManyCalls, 1),
    (429, ("Retry-After: Wed, 21 Oct 2026 07:28:00 GMT",), TooManyCalls, 1),
    (429, ("Retry-After: \xb2",), TooManyCalls, 1),
    (500, (), AgencyDown, 5),
    (502, (), AgencyDown, 5),
    (503, ("Retry-After: 30",), AgencyDown, 30),
    (301, ("Location: /login",), BadAnswer, 60),
    (302, ("Location: https://elsewhere.example/?key=1",), BadAnswer, 60),
    (304, (), BadAnswer, 60),
    (307, ("Location: /",), BadAnswer, 60),
]


@pytest.mark.parametrize(("status", "headers", "kind", "wait"), STATUSES)
def test_each_status_has_its_error(
    transport: Transport,
    status: int,
    headers: tuple[str, ...],
    kind: type[AgencyError],
    wait: float,
) -> None:
    """The status decides the kind of error and how long it is pointless to ask again."""
    with Upstream(answer(b"" if status == 304 else b"{}", status, *headers)) as server:
        with pytest.raises(AgencyError) as caught:
            transport.send(call(server.url, secrets=(TOKEN,)))
        assert len(server.requests) == 1, "a redirect is never followed"
    assert type(caught.value) is kind
    assert caught.value.retry_after == wait
    assert str(caught.value).startswith("acme: ")
    assert str(status) in str(caught.value)


def test_a_redirect_to_another_server_takes_no_key_there(transport: Transport) -> None:
    """Where the agency redirects to, nobody is called."""
    with Upstream(answer()) as elsewhere:
        moved = answer(b"", 302, f"Location: {elsewhere.url}")
        with Upstream(moved) as server, pytest.raises(BadAnswer, match="redirects"):
            transport.send(call(server.url, headers={"Authorization": TOKEN}))
        assert elsewhere.connections == 0


WORDS = [
    (b'{"message": "Invalid color"}', "Invalid color"),
    (b'{"error": "access_denied", "error_description": "Key gone"}', "Key gone"),
    (b'{"error": 404, "detail": "Nothing"}', "Nothing"),
    (b'{"message": {"a": 1}}', "HTTP 400"),
    (b'{"message": " \\n "}', "HTTP 400"),
    (b'["message"]', "HTTP 400"),
    (b"<html>", "HTTP 400"),
    (b"[" * 100_000, "HTTP 400"),
    (b'{"message": "bad \\ud800 text"}', "bad \ufffd text"),
    (b'{"message": "\\u001b[2Jgone\\u0007"}', "[2Jgone"),
    (b'{"message": "See https://api.example/?key=1 for help"}', "See for help"),
    (b'{"ErrorCode": "UnauthorizedDisplaySize", "ErrorMessage": "No comp"}', "No comp"),
    (b'{"errorMessage": "No comp"}', "No comp"),
    (b'{"error": {"message": "Bad page", "code": 1}}', "Bad page"),
    (b'{"errors": [{"message": "Bad color"}, {"message": "x"}]}', "Bad color"),
    (b'{"fault": {"faultstring": "x", "detail": {"error": "Spent"}}}', "Spent"),
    (b'{"errors": []}', "HTTP 400"),
    (b'[ERROR 400] "page" is out of valid range.', '[ERROR 400] "page" is out of valid range.'),
    (b"InvalidParameterValue", "InvalidParameterValue"),
    (b"Wrong: https://api.example/?key=1", "Wrong:"),
    (b'{"message": "cut o', "HTTP 400"),
    (b'[{"message": "cut o', "HTTP 400"),
    (b"\xff\xfe\x00", "HTTP 400"),
    (b"  <?xml version='1.0'?><a/>", "HTTP 400"),
    (b'{"message": "<b>Bad</b> &quot;page&quot;"}', 'Bad "page"'),
]


@pytest.mark.parametrize(("body", "words"), WORDS, ids=range(len(WORDS)))
def test_the_agency_s_own_words_are_kept(transport: Transport, body: bytes, words: str) -> None:
    """An error says what the agency says, if that is text, without addresses."""
    with Upstream(answer(body, 400)) as server, pytest.raises(RequestRefused) as caught:
        transport.send(call(server.url))
    assert caught.value.message == words


def test_long_words_are_cut(transport: Transport) -> None:
    """A page of text in an error becomes a line of 200 characters."""
    body = json.dumps({"message": "a" * 10_000}).encode()
    with Upstream(answer(body, 400)) as server, pytest.raises(RequestRefused) as caught:
        transport.send(call(server.url))
    assert caught.value.message == "a" * 200


# -- secrets

ECHO = json.dumps(
    {
        "message": f"Bad {TOKEN} or {CLIENT[0]}:{CLIENT[1]}, "
        f"Basic {base64.b64encode(':'.join(CLIENT).encode()).decode()} at /?key={KEY}"
    }
).encode()
LEAKING: dict[str, Script] = {
    "hang": then_hang(),
    "drip": then_drip(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 50_000),
    "reset": then_reset(),
    "close": then_close(),
    "half a body": then_close(head(200, "Content-Length: 5"), b"{}"),
    "not HTTP": then_close(b"SSH-2.0\r\n"),
    "malformed headers": then_close(b"HTTP/1.1 500 Oh\r\n broken\r\nno colon here\r\n\r\n"),
    "two lengths": then_close(head(200, "Content-Length: 2", "Content-Length: 3"), b"{}"),
    "large": TOO_LARGE["plain"],
    "not gzip": answer(b"{}", 200, "Content-Encoding: gzip"),
    "redirect": answer(b"{}", 302, f"Location: /?key={KEY}"),
    **{f"echoing {s}": answer(ECHO, s) for s in (400, 401, 403, 404, 429, 500)},
}


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all errors that hang on it, suppressed or not."""
    while error is not None:
        yield error
        if error.__cause__ is not None:
            yield from chain(error.__cause__)
        error = error.__context__


def everything_said(error: BaseException) -> str:
    """All texts of an error that could reach a log or a page."""
    parts = [f"{e!s} {e!r} {e.args!r}" for e in chain(error)]
    return "\n".join([*parts, *traceback.format_exception(error)])


def secret_call(url: str) -> Request:
    """Return a call with a secret in every possible place."""
    return call(
        f"{url}/private-path",
        params=(("key", KEY), ("token", TOKEN)),
        headers={"X-Token": TOKEN, "Cookie": "private-cookie"},
        auth=CLIENT,
        secrets=(CLIENT[0], TOKEN, *CLIENT, KEY),
    )


PRIVATE = [
    *(TOKEN, "tok-4f7c%2F8%2Bsecret%3D", *CLIENT, KEY, "private-path", "private-cookie"),
    *("X-Token", "127.0.0.1", base64.b64encode(":".join(CLIENT).encode()).decode()),
]


@pytest.mark.parametrize("script", LEAKING.values(), ids=LEAKING.keys())
def test_no_failure_tells_a_secret_or_an_address(
    script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither an error's text, chain and traceback nor any log line holds key, header or host."""
    caplog.set_level(logging.DEBUG)
    with open_transport(1.0) as transport, Upstream(script) as server:
        with pytest.raises(AgencyError) as caught:
            transport.send(secret_call(server.url))
        said = everything_said(caught.value) + caplog.text
        found = [p for p in [*PRIVATE, str(server.port)] if p in said]
    assert found == []


@pytest.mark.parametrize("port", [refusing_port, full_port, deaf_port])
def test_no_failure_to_connect_tells_them_either(
    port: Callable[[], contextlib.AbstractContextManager[int]], caplog: pytest.LogCaptureFixture
) -> None:
    """The same holds when there is no connection at all."""
    caplog.set_level(logging.DEBUG)
    with open_transport(SHORT, SHORT) as transport, port() as number:
        url = f"http://127.0.0.1:{number}"
        with pytest.raises(AgencyError) as caught:
            transport.send(secret_call(url))
        said = everything_said(caught.value) + caplog.text
        assert [p for p in [*PRIVATE, str(number)] if p in said] == []


@pytest.mark.parametrize("token", ["line\nbreak-hush", "鍵-hush"])
def test_a_token_that_cannot_be_sent_is_not_told(
    transport: Transport, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An invalid key is a fault that is reported without the key."""
    caplog.set_level(logging.DEBUG)
    with refusing_port() as port, pytest.raises(RequestRefused) as caught:
        transport.send(
            call(f"http://127.0.0.1:{port}", headers={"Authorization": token}, secrets=(token,))
        )
    said = everything_said(caught.value) + caplog.text
    assert "hush" not in said


def test_success_logs_no_address_either(
    transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG, a call that succeeds leaves no key or address in the log."""
    caplog.set_level(logging.DEBUG)
    with Upstream(answer()) as server:
        transport.send(secret_call(server.url))
        logging.getLogger("test").debug("the log is being read")
    assert "the log is being read" in caplog.text
    assert [p for p in PRIVATE if p in caplog.text] == []


def test_redaction_strikes_out_the_longest_secret_first() -> None:
    """A secret that begins with another one leaves no tail behind."""
    request = call("http://agency.example", secrets=("abc", "abcdef"))
    assert request.redact("abcdef abc") == "*** ***"


SENT = {
    "a refusal": answer(status=400),
    "a server's error": answer(status=503),
    "hung up before a word": then_close(),
    "reset before a word": then_reset(),
    "in the body": then_close(head(200, "Content-Length: 10"), b"{"),
    "silent": then_hang(),
}


@pytest.mark.parametrize("case", SENT)
def test_a_failure_says_that_the_agency_may_have_acted(case: str) -> None:
    """From the first byte of the request on, nobody can say that nothing was done."""
    seconds = SHORT if case == "silent" else GENEROUS
    with Upstream(SENT[case]) as server, open_transport(seconds) as transport:
        with pytest.raises(AgencyError) as caught:
            transport.send(call(server.url, "POST", body=b"{}"))
        assert caught.value.sent
        assert len(server.requests) <= 1


def test_a_failure_before_the_request_says_that_nothing_was_sent(transport: Transport) -> None:
    """A refused connection, and a port that never answers."""
    with refusing_port() as port, pytest.raises(AgencyError) as caught:
        transport.send(call(f"http://127.0.0.1:{port}", "POST", body=b"{}"))
    assert not caught.value.sent
    with full_port() as port, open_transport(SHORT) as hasty, pytest.raises(AgencyError) as late:
        hasty.send(call(f"http://127.0.0.1:{port}", "POST", body=b"{}"))
    assert not late.value.sent
