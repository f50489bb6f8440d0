"""Our client of Getty's API, and our stand-in for it, against the official OpenAPI description."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate.agencies.istock.client import Istock
from affiliate.agencies.istock.schema import (
    LANGUAGES,
    AffiliateImage,
    PreviewUrls,
    build_affiliate_params,
)
from affiliate.domain.media import SearchQuery
from affiliate.errors import AgencyDown, BadCredentials, RequestRefused
from affiliate.transport.client import Transport
from affiliate.transport.messages import Request
from tests.dialects import FIRST, Server, answer_json, serve_dialect
from tests.dialects.istock import IstockDialect
from tests.support.official import upstream
from tests.support.prism import prism

SEARCH = "/v3/search/images/creative"
PATHS = (SEARCH, "/v3/images/{id}", "/v3/images/{id}/similar")
CAT = SearchQuery(q="cat")
QUERIES = [
    CAT,
    *(
        CAT.replace(**{name: int(value) if name == "people" else value})
        for name, values in IstockDialect.sends.items()
        for value in values
    ),
    *(CAT.replace(lang=lang) for lang in LANGUAGES),
    CAT.replace(safe=False),
    SearchQuery(q="caf\u00e9 & tea? 100% \u732b"),
]


@pytest.fixture(scope="module")
def description() -> Path:
    return upstream("istock-getty", "openapi.json")


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Server]:
    with serve_dialect(IstockDialect()) as server:
        yield server


@pytest.fixture(scope="module")
def watched(
    description: Path, stand_in: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Yield the address of a proxy before the stand-in that checks requests and answers.

    The proxy takes a list that may be null for text, so no list in an address may be null here.
    """
    document = json.loads(description.read_bytes())
    for path in PATHS:
        for parameter in document["paths"][path]["get"]["parameters"]:
            if parameter.get("schema", {}).get("type") == "array":
                parameter["schema"].pop("nullable", None)
    mended = tmp_path_factory.mktemp("prism") / "openapi.json"
    mended.write_text(json.dumps(document))
    with prism("proxy", str(mended), stand_in.url) as url:
        yield url


def test_every_request_and_answer_is_as_described(watched: str, transport: Transport) -> None:
    """Each filter, value and language is valid, and so is what the stand-in says to it."""
    agency = Istock(transport, url=watched, credentials=IstockDialect.keys)
    for query in QUERIES:
        assert agency.search(query, 0).items[0].id == str(FIRST)
    assert agency.fetch_details(str(FIRST)).id == str(FIRST)
    assert agency.fetch_similar(str(FIRST), SearchQuery(lang="de"), 0).items[0].id == str(FIRST + 1)
    assert agency.check_key().words


def test_the_proxy_refuses_what_breaks_the_description(
    watched: str, stand_in: Server, transport: Transport
) -> None:
    """The test above can fail: by a wrong value, without a key and by an unknown field."""
    agency = Istock(transport, url=watched, credentials=IstockDialect.keys)
    call = agency.build_request(CAT, 0)
    wrong = Request(
        agency="istock",
        url=watched + SEARCH,
        params=(("phrase", "cat"), ("orientations", "horizontal,round")),
        headers=call.headers,
    )
    with pytest.raises(RequestRefused):
        transport.send(wrong)
    with pytest.raises(BadCredentials):
        transport.send(Request(agency="istock", url=watched + SEARCH))
    stand_in.fixed = answer_json({"result_count": 0, "images": [], "pictures": []})
    try:
        with pytest.raises(AgencyDown):  # the proxy's own error
            agency.search(CAT, 0)
    finally:
        stand_in.fixed = None


def test_every_parameter_field_and_language_is_in_the_description(description: Path) -> None:
    """Nothing that we send is unknown to the API (the proxy would pass it on)."""
    document = json.loads(description.read_bytes())
    parameters = {p["name"]: p for p in document["paths"][SEARCH]["get"]["parameters"]}
    agency = Istock(Transport(), credentials=IstockDialect.keys)
    calls = [agency.build_request(query, 0) for query in QUERIES]
    assert {name for call in calls for name, _ in call.params} <= set(parameters)
    spoken = parameters["Accept-Language"]["description"]
    sent = {call.headers.get("Accept-Language", "de") for call in calls}
    assert [lang for lang in sent if f" {lang}" not in spoken] == []
    enums = document["components"]["schemas"]
    asked = dict(calls[0].params)["fields"].split(",")
    for schema in ("CreativeImagesFieldValues", "ImageDetailFieldValues", "ImagesFieldValues"):
        known = set(enums[schema]["enum"])
        assert [f for f in asked if f not in known] == [], schema


def test_the_search_for_affiliates_is_as_described(description: Path) -> None:
    """Its parameters, its styles and every field that is read, and those that the stand-in says."""
    document = json.loads(description.read_bytes())
    known = document["paths"]["/v3/affiliates/search/images"]["get"]["parameters"]
    schemas = document["components"]["schemas"]
    calls = [build_affiliate_params(CAT.replace(type=kind)) for kind in ("photo", "vector")]
    sent = [pair for params in calls for pair in params]
    assert {name for name, _ in sent} <= {one["name"] for one in known}
    styles = {value for name, value in sent if name == "style"}
    assert styles == set(schemas["AffiliateSearchStyle"]["enum"])
    assert set(AffiliateImage.__struct_fields__) == set(schemas["AffiliateImage"]["properties"])
    assert set(PreviewUrls.__struct_fields__) == set(schemas["AffiliateImageUrls"]["properties"])
    item = IstockDialect().affiliate_item(FIRST)
    assert set(item) == set(schemas["AffiliateImage"]["properties"])
    assert set(item["preview_urls"]) == set(schemas["AffiliateImageUrls"]["properties"])
