"""Whatever stands in an answer, a module says what is wrong or gives what can be shown."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from affiliate.agencies import AGENCIES
from affiliate.cache.freshness import Policy
from affiliate.domain.affiliate_links import LinkStyle
from affiliate.domain.media import Media, SearchQuery, SearchResult, read_web_address
from affiliate.domain.query import MAX_NAME
from affiliate.domain.sanitize import MAX_TEXT, MAX_TOTAL
from affiliate.errors import AgencyError
from affiliate.search.federation import EnabledAgency, RankedSource, sum_totals
from affiliate.transport.client import Transport
from affiliate.transport.messages import Reply, Request, find_error
from tests.dialects import DIALECTS, FIRST, Dialect, serve_dialect
from tests.support.calling import open_transport
from tests.support.soak import SOAK

FLOWER = SearchQuery(q="flower")
VALUES: tuple[object, ...] = (
    *(None, True, -5, 0, 10**30, 1e308, float("inf"), float("nan"), [], {}, [[1]]),
    *("", "\x00", "\ud800", "x" * 5000, "9" * 400, "-1", "1e400", "٣"),
    *("javascript:alert(1)", "http://[", 'https://x.example/"><script>', "a/../b?c#d'e"),
)
TEXTS = ("", "-5", "9" * 400, "x" * 5000, "NaN", "٣", "javascript:alert(1)", "http://[", "a/../b")


class Told(Transport):
    """A transport whose every answer is known beforehand."""

    body = b""

    def send(self, request: Request, seconds: float | None = None) -> Reply:
        del seconds
        if refusal := find_error(request, 200, {}, self.body):
            raise refusal
        return Reply(request, 200, {}, self.body)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.__name__)
def test_no_value_of_any_field_does_harm(dialect: type[Dialect]) -> None:
    told = Told()
    agency = AGENCIES[dialect.name](told, credentials=dialect.keys)
    one = EnabledAgency(agency=agency, weight=1, link=LinkStyle(template=""), policy=POLICY)
    for body in _answers(dialect):
        for told.body in _iter_changed(body):
            if (found := _call(lambda: RankedSource(one, FLOWER).fetch_chunk(0))) is not None:
                _check_usable(found)
            _call(lambda: agency.fetch_details(dialect().make_id(FIRST)))
            _call(lambda: RankedSource(one, FLOWER, dialect().make_id(FIRST)).fetch_chunk(0))


POLICY = Policy(fresh=60, stale=60)


def _call(ask: Any) -> Any:
    """Return the result of a call; None after an error that callers know."""
    try:
        return ask()
    except AgencyError:
        return None


def _check_usable(result: SearchResult) -> None:
    """Check that a value can be cached, added up, and put on a page."""
    msgspec.msgpack.encode(result)
    msgspec.json.encode(sum_totals([result.total] * 20))
    assert 0 <= (result.total or 0) <= MAX_TOTAL
    for media in result.items:
        _sound_media(media)


def _sound_media(media: Media) -> None:
    assert 0 < len(media.id) <= MAX_NAME
    assert len(media.title) <= MAX_TEXT
    assert read_web_address(media.page_url)
    for one in filter(None, (media.thumbnail, media.preview, *media.renditions)):
        assert read_web_address(one.url)
        assert 0 < one.width < float("inf")
        assert 0 < one.height < float("inf")
    for address in filter(None, (media.clip,)):
        assert read_web_address(address)


def _answers(dialect: type[Dialect]) -> list[bytes]:
    """Its answers to a search and to details."""
    made = dialect()
    made.total = 2
    with serve_dialect(made) as server, open_transport() as transport:
        agency = AGENCIES[dialect.name](transport, url=server.url, credentials=dialect.keys)
        agency.search(FLOWER, 0)
        _call(lambda: agency.fetch_details(made.make_id(FIRST)))
        return [made.answer(asked).body for asked in server.requests]


def _iter_changed(body: bytes) -> Iterator[bytes]:
    """Yield an answer with each part replaced by every value; in a usual run by a third."""
    try:
        tree = json.loads(body)
    except ValueError:
        yield from _changed_text(body.decode())
        return
    for number, path in enumerate(_paths(tree)):
        for value in VALUES if SOAK else VALUES[number % 3 :: 3]:
            yield json.dumps(_replace_part(tree, path, value)).encode()


def _changed_text(text: str) -> Iterator[bytes]:
    for match in re.finditer(r'(?<==")[^"]*(?=")|(?<==&quot;)[^&]*(?=&quot;)|(?<=>)[^<]+', text):
        for value in TEXTS:
            yield (text[: match.start()] + value + text[match.end() :]).encode()


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where everything in JSON stands; of a list, its first."""
    yield before
    first = dict(enumerate(value[:1])) if isinstance(value, list) else {}
    for name, one in (value if isinstance(value, dict) else first).items():
        yield from _paths(one, (*before, name))


def _replace_part(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return the JSON with another value in one place."""
    if not path:
        return new
    name, *rest = path
    if isinstance(value, list):
        return [_replace_part(value[0], tuple(rest), new), *value[1:]]
    return {**value, name: _replace_part(value[name], tuple(rest), new)}
