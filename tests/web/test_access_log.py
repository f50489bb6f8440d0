"""Each request has an id, its own or a new one, and is a line of log where that is wanted."""

import io
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

from affiliate import logs
from affiliate.web import access_log
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = logging.getLogger("affiliate.test")


def app(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    """Log a line, and answer."""
    environ["QUERY_STRING"] = "as the page cache makes it"
    log.warning("asked for kittens")
    start("404 Not Found", [("Content-Length", "2")])
    return [b"ok"]


@pytest.mark.parametrize(
    "given",
    [
        "a",
        "7f3c9a52-0b1e-4f0e-9a54-0f3a6c1d2b7e",
        "Root=1-67891233-abcdef012345678912345678",
        "x" * 128,
    ],
)
def test_the_id_of_a_proxy_is_kept(given: str) -> None:
    """The answer and every line of log of the request carry it."""
    answer = Client(access_log.AccessLogMiddleware(app)).get("/", headers={"X-Request-Id": given})
    assert answer.headers.getlist("X-Request-Id") == [given]


@pytest.mark.parametrize(
    "given", ["", "x" * 129, "red bicycle", "a,b", "-", "é", 'a"b', "<b>", "a;b", "a\x1b[0m"]
)
def test_what_cannot_be_an_id_is_replaced(given: str) -> None:
    """A new id is told from all others, of this process or another."""
    one, other = (
        Client(access_log.AccessLogMiddleware(app)),
        Client(access_log.AccessLogMiddleware(app)),
    )
    environ = {"HTTP_X_REQUEST_ID": given}
    ids = [
        client.get("/", environ_overrides=environ).headers["X-Request-Id"]
        for client in (one, one, other)
    ]
    assert given not in ids
    assert len(set(ids)) == 3
    assert all(access_log.ACCEPTED_ID.fullmatch(new) for new in ids)


def test_lines_of_a_request_carry_its_id_and_hide_what_was_typed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever an inner layer makes of the query string."""
    caplog.handler.setFormatter(logs.Formatter("text"))
    Client(access_log.AccessLogMiddleware(app)).get(
        "/?q=kittens", headers={"X-Request-Id": "its-id"}
    )
    log.warning("kittens")
    assert " WARNING its-id - - asked for ***\n" in caplog.text
    assert " WARNING - - - kittens\n" in caplog.text


def test_a_line_for_each_request_is_written_by_and_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which, how it was answered and how long that took, and nothing that was typed."""
    monkeypatch.setattr(access_log, "WRITE_INTERVAL_SECONDS", 0.0)
    stream = io.StringIO()
    handler = logs.Handler(stream)
    handler.setFormatter(logs.Formatter("text"))
    client = Client(
        access_log.AccessLogMiddleware(app, handler, {"search", "café", "a\nb", "image", "demo"})
    )
    picture = "/image/demo/12345678901"
    uuid = "/image/demo/7f3c9a52-0b1e-4f0e-9a54-0f3a6c1d2b7e"
    gone = ("/kittens/search/secret%20words", "/image/kittens/123456789012", "/image/demo/12ab")
    for path in ("/search?q=kittens", "/caf%C3%A9" * 60, "/a%0Ab", picture, uuid, *gone):
        client.post(path, headers={"X-Request-Id": "its-id"})
    wait_until(lambda: stream.getvalue().count("\n") == 8)
    lines = [line.split(" INFO its-id - access ")[1] for line in stream.getvalue().splitlines()]
    paths = ["/search", ("/café" * 60)[:200], r"/a\nb", picture, uuid]
    paths += ["/***/search/***", "/image/***/***", "/image/demo/***"]
    for line, path in zip(lines, paths, strict=True):
        assert line.startswith(f"POST {path} 404 2 bytes ")
        assert line.endswith(" ms")
    assert "kittens" not in stream.getvalue()


@pytest.mark.parametrize("has_begun", [False, True])
def test_what_an_inner_layer_fails_at_is_a_line_too(has_begun: bool) -> None:  # noqa: FBT001 - a row
    """The server answers such an error with 500, whatever the layer had begun to say."""

    def failing(_: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        if has_begun:
            start("200 OK", [("Content-Length", "2")])
        raise ValueError("no answer")

    stream = io.StringIO()
    handler = logs.Handler(stream)
    handler.setFormatter(logs.Formatter("text"))
    wrapped = access_log.AccessLogMiddleware(failing, handler, {"search"})
    with pytest.raises(ValueError, match="no answer"):
        Client(wrapped).get("/search", headers={"X-Request-Id": "its-id"})
    wait_until(lambda: bool(stream.getvalue()))
    assert " INFO its-id - access GET /search 500 0 bytes " in stream.getvalue()
