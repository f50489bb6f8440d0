"""Our client of Openverse, and our stand-in for it, against the official OpenAPI description."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate.agencies.openverse.client import Openverse
from affiliate.domain.media import SearchQuery
from affiliate.errors import AgencyDown, AgencyError
from affiliate.transport.client import Transport
from affiliate.transport.messages import Request
from tests.dialects import FIRST, Server, answer_json, serve_dialect
from tests.dialects.openverse import OpenverseDialect
from tests.support.official import upstream
from tests.support.prism import prism

CAT = SearchQuery(q="cat")
BEST = OpenverseDialect().make_id(FIRST)
QUERIES = [
    CAT,
    *(
        CAT.replace(**{name: value})
        for name, values in OpenverseDialect.sends.items()
        for value in values
    ),
    CAT.replace(safe=False),
    SearchQuery(q="caf\u00e9 & tea? 100% \u732b"),
]


@pytest.fixture(scope="module")
def description() -> Path:
    return upstream("openverse", "openapi.json")


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Server]:
    with serve_dialect(OpenverseDialect()) as server:
        yield server


@pytest.fixture(scope="module")
def watched(description: Path, stand_in: Server) -> Iterator[str]:
    """Yield the address of a proxy before the stand-in that checks requests and answers."""
    with prism("proxy", str(description), stand_in.url) as url:
        yield url


def test_every_request_and_answer_is_as_described(watched: str, transport: Transport) -> None:
    """Each filter and call is valid, and so is what the stand-in says to it."""
    agency = Openverse(transport, url=watched)
    for query in QUERIES:
        assert agency.search(query, 0).items[0].id == BEST
    assert agency.fetch_details(BEST).id == BEST
    assert agency.fetch_similar(BEST, SearchQuery(), 0).items
    assert agency.count_pictures() == 2540
    assert agency.check_key().words
    client = Openverse(transport, url=watched, credentials=OpenverseDialect.client)
    assert len(client.search(QUERIES[0], 0).items) == client.chunk_size > agency.chunk_size


def test_the_proxy_refuses_what_breaks_the_description(
    watched: str, stand_in: Server, transport: Transport
) -> None:
    """The test above can fail: by a wrong value, and by a missing field."""
    with pytest.raises(AgencyError):
        transport.send(
            Request(
                agency="openverse",
                url=f"{watched}/v1/images/",
                params=(("q", "cat"), ("unstable__sort_by", "title")),
            )
        )
    stand_in.fixed = answer_json({"results": [], "result_count": 0})
    try:
        with pytest.raises(AgencyDown):  # the proxy's own error
            Openverse(transport, url=watched).search(CAT, 0)
    finally:
        stand_in.fixed = None


def test_every_parameter_and_value_is_in_the_description(description: Path) -> None:
    """Nothing that we send is unknown to the API (the proxy would pass it on)."""
    listed = json.loads(description.read_bytes())["paths"]["/v1/images/"]["get"]["parameters"]
    parameters = {p["name"]: p for p in listed}
    sent = [
        pair for query in QUERIES for pair in Openverse(Transport()).build_request(query, 0).params
    ]
    assert {name for name, _ in sent} <= set(parameters)
    lists = ("category", "aspect_ratio", "license_type")
    assert {name for name, _ in sent} >= set(lists)
    for name, value in sent:
        assert name not in lists or f"`{value}`" in parameters[name]["description"]
