"""How errors leave the site, and what the log says of them."""

import io
import logging
from collections.abc import Iterator

import pytest

from affiliate import logs
from tests.support.apps import ClientMaker


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    """Yield the text of the log."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logs.Handler(stream)
    handler.setFormatter(logs.Formatter("text"))
    root.addHandler(handler)
    own = logging.getLogger("affiliate")
    before = own.level
    own.setLevel("INFO")
    yield stream
    own.setLevel(before)
    root.removeHandler(handler)


def test_an_unexpected_error_is_one_trouble_at_whatever_address(
    make_client: ClientMaker, monkeypatch: pytest.MonkeyPatch, told: io.StringIO
) -> None:
    """The log names the route, once in a minute, and nothing of what the visitor typed."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no such thing: secret words")

    client = make_client()
    client.application.testing = False
    monkeypatch.setattr("affiliate.search.lookups.LookupService.look_up_media", fail)
    for path in ("secret%20words", "other", "third"):
        assert client.get(f"/image/demo/{path}?lang=en&q=secretly").status_code == 500
    lines = told.getvalue()
    assert lines.count("an unexpected error at GET /<any(image, video):media>/") == 1
    assert "RuntimeError: no such thing: ***" in lines
    assert "secret words" not in lines


@pytest.mark.parametrize(
    "route",
    [
        "/image/demo/{}",
        "/video/demo/{}",
        "/ajax/image/demo/{}",
        "/api/image/demo/{}/similar",
        "/image/{}/12",
        "/collections/demo/{}",
        "/collections/{}/12",
        "/topics/{}",
        "/{}",
        "/search?q={}&wait=1",
        "/search?agency={}&q=a",
        "/embed/search?ids=demo:{}",
        "/suggest?q={}",
        "/oembed?url=http://localhost/image/demo/{}",
    ],
)
def test_no_word_of_a_visitor_is_in_the_log(
    make_client: ClientMaker, told: io.StringIO, route: str
) -> None:
    """Wherever it stands in the address, at levels from INFO on."""
    headers = {"Referer": "https://search.example/?q=xylophone", "User-Agent": "xylophone"}
    make_client().get(route.format("xylophone%20lessons"), headers=headers)
    assert "xylophone" not in told.getvalue()
    assert "asked again" not in told.getvalue()
