"""The agencies' own examples are read, and no dialect of the tests says what they don't."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from affiliate.agencies import AGENCIES
from affiliate.domain.media import SearchQuery, read_web_address
from affiliate.transport.messages import Reply, Request
from tests.dialects import DIALECTS, Dialect, serve_dialect
from tests.support.calling import open_transport
from tests.support.official import upstream

EXAMPLES = [(one, *example) for one in DIALECTS for example in one.examples]


@pytest.mark.parametrize(("dialect", "path", "count"), EXAMPLES, ids=lambda one: str(one)[-40:])
def test_a_documented_answer_is_read(dialect: type[Dialect], path: str, count: int) -> None:
    """Each item of it becomes a picture with an address, an id and a box to crop to."""
    body = dialect().extract_example(upstream(*path.split("/")).read_bytes())
    with open_transport() as transport:
        agency = AGENCIES[dialect.name](transport, credentials=dialect.keys)
        reply = Reply(Request(agency=dialect.name, url="http://127.0.0.1"), 200, {}, body)
        items = agency.parse_results(reply, SearchQuery(q="flower")).items
    assert len(items) == count
    assert all(one.id and read_web_address(one.page_url) for one in items)
    assert all(one.thumbnail.width > 0 and one.thumbnail.height > 0 for one in items)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_every_field_of_a_dialect_stands_in_a_source(dialect: type[Dialect]) -> None:
    """What a search answers, and what each form of error does."""
    known = "".join(upstream(*path.split("/")).read_text() for path in dialect.sources)
    one = dialect()
    bodies = [answer.body for answer, _ in dialect.errors.values()]
    with serve_dialect(one) as server, open_transport() as transport:
        AGENCIES[dialect.name](transport, url=server.url, credentials=dialect.keys).search(
            SearchQuery(q="flower"), 0
        )
        bodies += [one.answer(asked).body for asked in server.requests]
    said = {name for body in bodies for name in _iter_names(body)}
    assert said
    assert [n for n in sorted(said) if not re.search(rf"\b{_make_pattern(n)}\b", known)] == []


def _make_pattern(name: str) -> str:
    """Return the pattern of a field; fields that name a size are equal for all sizes."""
    return re.sub(r"_\d+_", r"_\\d+_", re.escape(name))


def _iter_names(body: bytes) -> Iterator[str]:
    """Yield the names of all fields in JSON, or of all elements and attributes in XML."""
    text = body.decode()
    try:
        yield from _iter_keys(json.loads(text))
    except ValueError:
        for tag in re.findall(r"<([a-zA-Z][^<>]*)>", text if text.startswith("<?xml") else ""):
            yield from re.findall(r"^[\w-]+|[\w-]+(?==)", tag)


def _iter_keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if not name.isdigit():
                yield name
            yield from _iter_keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _iter_keys(inner)
