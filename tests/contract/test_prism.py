"""Our Shutterstock client, and our stand-in for it, against the official OpenAPI description."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.agencies.shutterstock.editorial import ShutterstockEditorial
from affiliate.agencies.shutterstock.image import PARAMETERS
from affiliate.agencies.shutterstock.video import RATIOS
from affiliate.domain.media import SearchQuery
from affiliate.domain.query import (
    ADDED,
    AGES,
    ETHNICITIES,
    GENDERS,
    LANGUAGES,
    LICENSES,
    MIN_WIDTHS,
    ORIENTATIONS,
    RESOLUTIONS,
    TYPES,
)
from affiliate.errors import AgencyDown, BadCredentials, NotFound, RequestRefused
from affiliate.transport.client import Transport
from affiliate.transport.messages import Request
from app import create_app
from tests.support import shutterstock as simulator
from tests.support.prism import prism

BASIC = {"CLIENT_ID": simulator.CLIENT[0], "CLIENT_SECRET": simulator.CLIENT[1]}
BEARER = {"API_TOKEN": simulator.TOKEN}
EXAMPLE_ID = "1572478477"
"""The picture of the description's own examples, which the mock answers with."""

EXAMPLE_CLIP = "1033184651"
CLIPS = SearchQuery(q="waves", media="video")

FILTERS: list[Mapping[str, Any]] = [
    {},
    *({"type": value} for value in TYPES),
    *({"orientation": value} for value in ORIENTATIONS),
    *({"color": value} for value in ("ff8800", "000000", "grayscale")),
    *({"people": value} for value in range(5)),
    *({"age": value} for value in AGES),
    *({"gender": value} for value in GENDERS),
    *({"ethnicity": value} for value in ETHNICITIES),
    *({"category": value} for value in ("Animals/Wildlife", "1")),
    *({"contributor": value} for value in ("250738318", "Ann Other")),
    *({"license": value} for value in LICENSES),
    {"released": True},
    *({"added": value} for value in ADDED),
    *({"min_width": value} for value in MIN_WIDTHS),
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
    "&released=1&safe=0&min_width=2000&added=month&sort=newest&lang=zh-Hant"
)
FOOTAGE: list[Mapping[str, Any]] = [
    *({"resolution": value} for value in RESOLUTIONS),
    *({"duration": value} for value in ("5", "5-10", "5-", "-10")),
    *({"fps": value} for value in ("24", "24-30", "24-", "-30")),
    *({"license": value} for value in ("commercial", "editorial")),
    *(
        fields
        for fields in FILTERS
        if not {"type", "orientation", "color", "license", "min_width"} & set(fields)
    ),
    {"aspect": "nonstandard"},
]
QUERIES = [*(SearchQuery(q="cat").replace(**fields) for fields in FILTERS), ALL]


@pytest.fixture(scope="module")
def stand_in() -> Iterator[simulator.Shutterstock]:
    """Yield the stand-in of our other tests."""
    with simulator.shutterstock(size=300) as server:
        yield server


@pytest.fixture(scope="module")
def watched(description: Path, stand_in: simulator.Shutterstock) -> Iterator[str]:
    """Yield the address of a proxy before the stand-in that checks requests and answers."""
    with prism("proxy", str(description), stand_in.url) as url:
        yield url


@pytest.mark.parametrize("credentials", [BASIC, BEARER], ids=["basic", "bearer"])
def test_every_request_is_accepted(
    mock: str, transport: Transport, credentials: dict[str, str]
) -> None:
    """Each filter, value and language, alone and together, is valid and its answer parses.

    With the other credentials so are a search for words and one with all filters.
    """
    agency = Shutterstock(transport, url=mock, credentials=credentials)
    for number, query in enumerate(QUERIES if credentials is BASIC else (QUERIES[0], ALL)):
        chunks = (0, 41) if query is ALL else (0, 41)[number % 2 :][:1]
        for chunk in chunks:
            result = agency.search(query, chunk)
            assert [media.id for media in result.items] == [EXAMPLE_ID] * len(result.items)
            assert result.items
    assert agency.fetch_details(EXAMPLE_ID).id == EXAMPLE_ID
    for lang in (*LANGUAGES, None):
        like = agency.fetch_similar("465011609", SearchQuery(lang=lang), 0)
        assert [media.id for media in like.items] == [EXAMPLE_ID]
    assert agency.suggest_searches("caf\u00e9 & te", "de")[:2] == ("cat scan", "cats and dogs")


def test_every_request_for_footage_is_accepted(mock: str, transport: Transport) -> None:
    """Each filter of footage is valid, and the answers of all its calls are read."""
    agency = Shutterstock(transport, url=mock, credentials=BASIC)
    for fields in FOOTAGE:
        result = agency.search(CLIPS.replace(**fields), 0)
        assert [(media.id, media.media) for media in result.items] == [(EXAMPLE_CLIP, "video")]
        assert result.search_id
    for one in (
        agency.fetch_details(EXAMPLE_CLIP, "video"),
        agency.fetch_similar("2140697", CLIPS.replace(lang="de"), 0).items[0],
        agency.fetch_media([EXAMPLE_CLIP, "1"], "video")[0],
    ):
        assert (one.id, one.duration) == (EXAMPLE_CLIP, 14.081)
        assert one.clip is not None
        assert one.clip.endswith(".mp4")


def test_every_other_call_is_accepted(mock: str, transport: Transport) -> None:
    """Several at once, categories, contributors and the check are valid and read."""
    for credentials in (BASIC, BEARER):
        agency = Shutterstock(transport, url=mock, credentials=credentials)
        assert agency.fetch_media([EXAMPLE_ID, "1"])[0].id == EXAMPLE_ID
        for media in ("image", "video"):
            assert agency.list_categories("de", media)[0] == "Animals/Wildlife"
        assert agency.fetch_contributors(["12345678"])[0].name == "John Doe"
        assert "takes the key" in agency.check_key().words


@pytest.mark.parametrize("media", ["image", "video"])
def test_every_call_for_collections_is_accepted(
    mock: str, transport: Transport, media: str
) -> None:
    """What is featured, what one is called and what is in it: valid and read."""
    agency = Shutterstock(transport, url=mock, credentials=BASIC)
    (one,) = agency.list_collections(media)
    assert one == agency.fetch_collection(one.id, media)
    assert (one.media, one.name) == (media, "Exercise & Fitness")
    assert (one.cover or "").startswith("https://")
    assert agency.fetch_collection_chunk(one.id, 0, media).total == {"image": 82, "video": 2}[media]


@pytest.mark.parametrize("media", ["image", "video"])
def test_every_editorial_request_is_accepted(mock: str, transport: Transport, media: str) -> None:
    """The editorial library's calls are valid and read; everything is marked."""
    keys = BEARER | {"COUNTRY": "USA"}
    agency = ShutterstockEditorial(transport, url=mock, credentials=keys)
    query = CLIPS.replace(media=media)
    for fields in (
        *({"sort": value} for value in ("relevance", "newest", "oldest")),
        *({"resolution": value} for value in RESOLUTIONS if media == "video"),
        {"category": "Sport", "exclude": "dog"},
    ):
        assert agency.search(query.replace(**fields), 1).items[0].editorial
    assert agency.fetch_details("10687730b", media).editorial
    assert agency.list_categories("en", media)


def test_ratios_of_footage_are_those_of_the_description(
    description: Path, mock: str, transport: Transport
) -> None:
    """169 and 43 are among its values, but as numbers where it wants text: the mock takes none."""
    parameters = json.loads(description.read_bytes())["paths"]["/v2/videos/search"]["get"]
    schemas = {p["name"]: p["schema"] for p in parameters["parameters"]}
    assert {str(value) for value in schemas["aspect_ratio"]["enum"]} == set(RATIOS.values())
    agency = Shutterstock(transport, url=mock, credentials=BASIC)
    for aspect in ("16:9", "4:3"):
        with pytest.raises(RequestRefused):
            agency.search(CLIPS.replace(aspect=aspect), 0)


def test_every_parameter_of_footage_is_in_the_description(description: Path) -> None:
    """No parameter that we send for footage is unknown to the API, and no value is missing."""
    paths = json.loads(description.read_bytes())["paths"]
    schemas = {p["name"]: p["schema"] for p in paths["/v2/videos/search"]["get"]["parameters"]}
    agency = Shutterstock(Transport(), credentials=BASIC)
    queries = [CLIPS.replace(**fields) for fields in FOOTAGE]
    sent = {name for query in queries for name, _ in agency.build_request(query, 0).params}
    assert sent - set(schemas) == set()
    assert {name for query in queries for name in query.list_filters()} == set(agency.video_filters)
    assert set(RESOLUTIONS) == set(schemas["resolution"]["enum"])
    assert set(agency.video_filters["license"] or ()) == set(schemas["license"]["items"]["enum"])
    assert set(agency.video_filters["sort"] or ()) == set(schemas["sort"]["enum"])
    assert set(ETHNICITIES) == set(schemas["people_ethnicity"]["items"]["enum"])


def test_every_parameter_is_in_the_description(description: Path) -> None:
    """No parameter that we send is unknown to the API (the mock would ignore such a one)."""
    paths = json.loads(description.read_bytes())["paths"]
    known = {p["name"] for p in paths["/v2/images/search"]["get"]["parameters"]}
    agency = Shutterstock(Transport(), credentials=BASIC)
    sent = {name for query in QUERIES for name, _ in agency.build_request(query, 0).params}
    assert sent - known == set()
    assert set(PARAMETERS.values()) <= sent
    assert {name for query in QUERIES for name in query.list_filters()} == set(agency.image_filters)


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
    assert {"horizontal", "vertical"} == set(schemas["orientation"]["enum"])
    assert schemas["aspect_ratio"]["type"] == schemas["aspect_ratio_min"]["type"] == "number"
    assert set(Shutterstock.image_filters["sort"] or ()) == set(schemas["sort"]["enum"])
    assert schemas["per_page"]["maximum"] == Shutterstock.max_per_call


def test_the_mock_refuses_what_breaks_the_description(mock: str, transport: Transport) -> None:
    """The tests above can fail: values outside the description get no answer from the mock."""
    agency = Shutterstock(transport, url=mock, credentials=BASIC)
    for fields in ({"age": "90s"}, {"sort": "oldest"}, {"people": 5}, {"lang": "xx"}):
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
    every = ALL.replace(license=None)
    ids = [media.id for n in range(2) for media in agency.search(every, n).items]
    assert ids == [str(simulator.FIRST_ID + n) for n in range(300)]
    assert agency.fetch_details(ids[0]).id == ids[0]
    assert agency.fetch_similar(ids[0], ALL, 0).items[0].id == ids[1]
    assert len(agency.suggest_searches("cat", "en")) == 10
    with pytest.raises(NotFound):
        agency.fetch_details("1")
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
