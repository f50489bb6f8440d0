"""Our Shutterstock client, and our stand-in for it, against the official OpenAPI description."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from affiliate.agencies.shutterstock import PARAMETERS, Shutterstock
from affiliate.errors import AgencyDown, BadCredentials, NotFound, RequestRefused
from affiliate.model import SearchQuery
from affiliate.query import AGES, ETHNICITIES, GENDERS, LANGUAGES, LICENSES, TYPES
from affiliate.transport import Request, Transport
from app import create_app
from tests import shutterstock as simulator
from tests.contract.prism import prism
from tests.contract.shared import upstream

BASIC = {"CLIENT_ID": simulator.CLIENT[0], "CLIENT_SECRET": simulator.CLIENT[1]}
BEARER = {"API_TOKEN": simulator.TOKEN}
EXAMPLE_ID = "1572478477"
"""The picture of the description's own examples, which the mock answers with."""

FILTERS: list[Mapping[str, Any]] = [
    {},
    *({"type": value} for value in TYPES),
    *({"orientation": value} for value in ("horizontal", "vertical")),
    *({"color": value} for value in ("ff8800", "000000", "grayscale")),
    *({"people": value} for value in range(5)),
    *({"age": value} for value in AGES),
    *({"gender": value} for value in GENDERS),
    *({"ethnicity": value} for value in ETHNICITIES),
    *({"category": value} for value in ("Animals/Wildlife", "1")),
    *({"contributor": value} for value in ("250738318", "Ann Other")),
    *({"license": value} for value in LICENSES),
    {"released": True},
    {"safe": False},
    *({"sort": value} for value in ("popular", "relevance", "newest", "random")),
    *({"lang": value} for value in LANGUAGES),
    {"exclude": "dog (mouse) & co"},
    {"q": "caf\u00e9 & tea? 100% \u732b"},
    *({"q": "", name: "1a2b3c"} for name in ("category", "contributor", "color")),
]
ALL = SearchQuery.from_query_string(
    "q=red+bike&exclude=car&type=photo&orientation=vertical&color=ff8800&people=0&age=20s"
    "&gender=both&ethnicity=japanese&category=Sports&contributor=7&license=editorial"
    "&released=1&safe=0&sort=newest&lang=zh-Hant"
)
QUERIES = [*(SearchQuery(q="cat").replace(**fields) for fields in FILTERS), ALL]


@pytest.fixture(scope="module")
def description() -> Path:
    """The official description, as it is."""
    return upstream("shutterstock", "openapi-v2.json")


@pytest.fixture(scope="module")
def mock(description: Path) -> Iterator[str]:
    """An API that checks requests strictly and answers with the description's examples."""
    with prism("mock", str(description)) as url:
        yield url


@pytest.fixture(scope="module")
def stand_in() -> Iterator[simulator.Shutterstock]:
    """The stand-in that our other tests use."""
    with simulator.shutterstock(size=300) as server:
        yield server


@pytest.fixture(scope="module")
def watched(description: Path, stand_in: simulator.Shutterstock) -> Iterator[str]:
    """The stand-in behind a proxy that checks requests and answers."""
    with prism("proxy", str(description), stand_in.url) as url:
        yield url


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    one = Transport(total_seconds=20)
    yield one
    one._session.close()


@pytest.mark.parametrize("credentials", [BASIC, BEARER], ids=["basic", "bearer"])
def test_every_request_is_accepted(
    mock: str, transport: Transport, credentials: dict[str, str]
) -> None:
    """Each filter, value and language, alone and together, is valid and its answer parses."""
    agency = Shutterstock(transport, url=mock, credentials=credentials)
    for query in QUERIES:
        for chunk in (0, 41):
            result = agency.search(query, chunk)
            assert [media.id for media in result.items] == [EXAMPLE_ID] * len(result.items)
            assert result.items
    assert agency.details(EXAMPLE_ID).id == EXAMPLE_ID
    for lang in (*LANGUAGES, None):
        like = agency.similar("465011609", SearchQuery(lang=lang), 0)
        assert [media.id for media in like.items] == [EXAMPLE_ID]
    assert agency.suggest("caf\u00e9 & te", "de")[:2] == ("cat scan", "cats and dogs")


def test_every_parameter_is_in_the_description(description: Path) -> None:
    """No parameter that we send is unknown to the API (the mock would ignore such a one)."""
    paths = json.loads(description.read_bytes())["paths"]
    known = {p["name"] for p in paths["/v2/images/search"]["get"]["parameters"]}
    agency = Shutterstock(Transport(), credentials=BASIC)
    sent = {name for query in QUERIES for name, _ in agency.request(query, 0).params}
    assert sent - known == set()
    assert set(PARAMETERS.values()) <= sent
    assert {name for query in QUERIES for name in query.filters()} == set(agency.expresses)


def test_every_value_of_the_api_is_offered(description: Path) -> None:
    """The lists of values that visitors choose from are those of the API."""
    document = json.loads(description.read_bytes())
    languages = document["components"]["schemas"]["Language"]["enum"]
    parameters = document["paths"]["/v2/images/search"]["get"]["parameters"]
    schemas = {p["name"]: p["schema"] for p in parameters}
    ethnicities = schemas["people_ethnicity"]["items"]["enum"]
    assert set(LANGUAGES) == set(languages)
    assert set(AGES) == set(schemas["people_age"]["enum"])
    assert set(GENDERS) == set(schemas["people_gender"]["enum"])
    assert set(ETHNICITIES) == {value for value in ethnicities if not value.startswith("NOT ")}
    assert set(LICENSES) == set(schemas["license"]["items"]["enum"])
    assert set(TYPES) == set(schemas["image_type"]["items"]["enum"])
    assert set(Shutterstock.expresses["orientation"] or ()) == set(schemas["orientation"]["enum"])
    assert set(Shutterstock.expresses["sort"] or ()) == set(schemas["sort"]["enum"])
    assert schemas["per_page"]["maximum"] == Shutterstock.most


def test_the_mock_refuses_what_breaks_the_description(mock: str, transport: Transport) -> None:
    """The tests above can fail: values outside the description get no answer from the mock."""
    agency = Shutterstock(transport, url=mock, credentials=BASIC)
    for fields in ({"orientation": "square"}, {"sort": "oldest"}, {"people": 5}, {"lang": "xx"}):
        with pytest.raises(RequestRefused):
            agency.search(SearchQuery(q="cat").replace(**fields), 0)
    anonymous = Request(agency="shutterstock", url=f"{mock}/v2/images/search")
    with pytest.raises(BadCredentials):
        transport.send(anonymous)


def test_the_official_example_is_read_in_full(mock: str, transport: Transport) -> None:
    """Title, type, contributor and sizes of the description's example arrive."""
    agency = Shutterstock(transport, url=mock, credentials=BASIC)
    one = agency.search(SearchQuery(q="cat"), 0).items[0]
    assert (one.title, one.type, one.contributor, one.editorial) == (
        "cropped image of woman gardening",
        "photo",
        "250738318",
        False,
    )
    assert (one.thumbnail.width, one.thumbnail.height) == (390, 260)
    assert one.preview is not None
    assert (one.preview.width, one.preview.height) == (1000, 667)


def test_the_stand_in_keeps_to_the_description(
    watched: str, stand_in: simulator.Shutterstock, transport: Transport
) -> None:
    """What our stand-in answers to each kind of call is valid by the official description."""
    agency = Shutterstock(transport, url=watched, credentials=BASIC)
    ids = [media.id for n in range(2) for media in agency.search(ALL, n).items]
    assert ids == [str(simulator.FIRST_ID + n) for n in range(300)]
    assert agency.details(ids[0]).id == ids[0]
    assert agency.similar(ids[0], ALL, 0).items[0].id == ids[1]
    assert len(agency.suggest("cat", "en")) == 10
    with pytest.raises(NotFound):
        agency.details("1")
    stand_in.answer = simulator.Answer(body=b'{"data": [], "total_count": 0}')
    try:
        with pytest.raises(AgencyDown):  # the proxy's own error: search_id is missing
            agency.search(ALL, 0)
    finally:
        stand_in.answer = None


def test_search_works_end_to_end(mock: str, transport: Transport, tmp_path: Path) -> None:
    """With the mock as ``SHUTTERSTOCK_URL`` the site finds, links, caches and shows details."""
    settings = {
        "DATA_DIR": str(tmp_path),
        "SHUTTERSTOCK_URL": mock,
        "SHUTTERSTOCK_CLIENT_ID": "a",
        "SHUTTERSTOCK_CLIENT_SECRET": "b",
        "SHUTTERSTOCK_AFFILIATE_ID": "12345",
    }
    agency = Shutterstock(transport, url=mock, credentials=BASIC)
    agency.search(SearchQuery(q="cat"), 0)  # the first answer of a mock is slow
    client = create_app(settings, transport=transport).test_client()
    first = client.get("/ajax/search?q=gardening&type=photo&wait=1")
    assert (first.status_code, first.headers["X-Cache"]) == (200, "MISS")
    again = client.get("/ajax/search?type=photo&q=GARDENING+&utm_source=x")
    assert (again.status_code, again.headers["X-Cache"]) == (200, "HIT")
    landing = f"u=http%3A%2F%2Fwww.shutterstock.com%2Fpic.mhtml%3Fid%3D{EXAMPLE_ID}"
    for page in (first.text, again.text):
        assert f"https://shutterstock.7eer.net/c/12345/43068/1305?{landing}" in page
    body = client.get("/api/search?q=gardening&type=photo").get_json()
    assert [item["id"] for item in body["items"]] == [EXAMPLE_ID]
    assert body["agencies"][0]["status"] == "fresh"
    assert client.get(f"/image/shutterstock/{EXAMPLE_ID}").status_code == 200
