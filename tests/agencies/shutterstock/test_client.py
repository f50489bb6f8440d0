"""Shutterstock's agency against a stand-in that speaks HTTP."""

import base64
import json
import re

import msgspec
import pytest

from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.domain.media import SearchQuery
from affiliate.errors import BadAnswer, BadCredentials, ConfigError, NotFound
from affiliate.transport.client import Transport
from tests.support import shutterstock as simulator
from tests.support.apps import ClientMaker
from tests.support.shutterstock import FIRST_ID, TOKEN, Answer, image
from tests.support.shutterstock_answers import (
    BASIC,
    BEARER,
    CAT,
    make_changed_picture,
    parse_answer,
    results,
)


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        (BASIC, "Basic " + base64.b64encode(b"client-id:client-secret").decode()),
        (BEARER, "Bearer access-token"),
        (BASIC | BEARER, "Bearer access-token"),
    ],
    ids=["basic", "bearer", "both"],
)
def test_either_kind_of_credentials_gives_access(
    server: simulator.Shutterstock, transport: Transport, credentials: dict[str, str], header: str
) -> None:
    """Client id and secret go as Basic, a token as Bearer, which is preferred."""
    agency = Shutterstock(transport, url=server.url, credentials=credentials)
    assert len(agency.search(CAT, 0).items) == 240
    assert agency.fetch_details(str(FIRST_ID)).id == str(FIRST_ID)
    assert [seen.headers["authorization"] for seen in server.requests] == [header, header]


def test_wrong_credentials_are_said(server: simulator.Shutterstock, transport: Transport) -> None:
    """A key that Shutterstock refuses is an error in its words, without the key."""
    agency = Shutterstock(transport, url=server.url, credentials={"API_TOKEN": "wrong-key"})
    with pytest.raises(BadCredentials, match="Invalid access token") as caught:
        agency.search(CAT, 0)
    assert "wrong-key" not in str(caught.value)


def test_the_secrets_of_a_call_are_known_to_it() -> None:
    """An error that echoes id, secret or token is cleared of them."""
    for credentials in (BASIC, BEARER):
        request = Shutterstock(Transport(), credentials=credentials).build_request(CAT, 0)
        assert request.redact(" ".join(credentials.values())).strip("* ") == ""


def test_chunks_join_without_gap_or_overlap(agency: Shutterstock) -> None:
    """Chunk after chunk gives the whole ranking once; past its end there is nothing."""
    chunks = [agency.search(CAT, n) for n in range(4)]
    ids = [int(media.id) for chunk in chunks for media in chunk.items]
    assert ids == list(range(FIRST_ID, FIRST_ID + 600))
    assert [len(chunk.items) for chunk in chunks] == [240, 240, 120, 0]
    assert {chunk.total for chunk in chunks} == {600}


def test_details_are_those_of_the_search(agency: Shutterstock) -> None:
    """One picture by its id is what a search shows of it, but for the search's number."""
    found = agency.search(CAT, 0).items[0]
    assert agency.fetch_details(str(FIRST_ID)) == msgspec.structs.replace(found, search_id=None)


def test_several_pictures_come_in_the_order_asked_for(
    server: simulator.Shutterstock, agency: Shutterstock
) -> None:
    """One call brings up to 500 by their ids, in full; doubles and what is gone are left out."""
    ids = [str(FIRST_ID + n) for n in (5, 3, 5, 900, 4)]
    found = agency.fetch_media([*ids, "../search", ""])
    assert [one.id for one in found] == [ids[0], ids[1], ids[4]]
    assert found[1] == agency.fetch_details(ids[1])
    assert [seen.path for seen in server.requests] == ["/v2/images", f"/v2/images/{ids[1]}"]
    assert len(agency.fetch_media([str(FIRST_ID + n) for n in range(600)])) == 600
    assert [len(seen.params["id"]) for seen in server.requests[2:]] == [500, 100]
    assert agency.fetch_media([]) == ()
    assert len(server.requests) == 4


@pytest.mark.parametrize(("media", "path"), [("image", "images"), ("video", "videos")])
def test_categories_are_those_of_the_media(
    server: simulator.Shutterstock, agency: Shutterstock, media: str, path: str
) -> None:
    """Their names come in the language asked for."""
    assert "Animals/Wildlife" in agency.list_categories("de", media)
    assert (server.requests[0].path, server.requests[0].params) == (
        f"/v2/{path}/categories",
        {"language": ["de"]},
    )


def test_contributors_are_named(server: simulator.Shutterstock, agency: Shutterstock) -> None:
    """Name, words and page of those asked for arrive; without any id there is no call."""
    assert agency.fetch_contributors([]) == ()
    assert server.requests == []
    first, second = agency.fetch_contributors(["7", "8"])
    assert (first.id, first.name, first.about) == ("7", "Contributor 7", "Made up")
    assert (second.agency, second.page_url) == ("shutterstock", "https://www.shutterstock.com/g/8")


@pytest.mark.parametrize(
    ("credentials", "path"),
    [(BASIC, "/v2/images/categories"), (BEARER, "/v2/user/access_token")],
    ids=["basic", "bearer"],
)
def test_the_check_is_an_echo_and_a_call_with_the_key(
    server: simulator.Shutterstock, transport: Transport, credentials: dict[str, str], path: str
) -> None:
    """Both are timed, and a key that isn't taken is said."""
    agency = Shutterstock(transport, url=server.url, credentials=credentials)
    assert re.fullmatch(
        r"echoes 'ok' in \d+ ms, takes the key( of \S+)? in \d+ ms", agency.check_key().words
    )
    assert [seen.path for seen in server.requests] == ["/v2/test", path]
    wrong = Shutterstock(transport, url=server.url, credentials=dict.fromkeys(credentials, "x"))
    with pytest.raises(BadCredentials):
        wrong.check_key()


@pytest.mark.parametrize("media_id", ["1", "../search", "a/b?c=d#e", "ö", "%2e%2e"])
def test_details_of_an_unknown_id_are_not_found(
    server: simulator.Shutterstock, agency: Shutterstock, media_id: str
) -> None:
    """Any id stays one part of the path, and what isn't there is `NotFound`."""
    with pytest.raises(NotFound):
        agency.fetch_details(media_id)
    assert server.searches() == []


def test_a_picture_without_assets_has_no_details(
    server: simulator.Shutterstock, agency: Shutterstock
) -> None:
    """A picture that can't be shown is reported as not found."""
    server.answer = Answer(body=json.dumps(make_changed_picture(assets={})).encode())
    with pytest.raises(NotFound):
        agency.fetch_details(str(FIRST_ID))


def test_similar_pictures_are_asked_for_a_page_at_a_time(
    server: simulator.Shutterstock, agency: Shutterstock
) -> None:
    """Id, language, view and page stand in the call, and nothing else."""
    agency.fetch_similar(str(FIRST_ID), SearchQuery(lang="de"), 0)
    agency.fetch_similar(str(FIRST_ID), SearchQuery(), 1)
    assert [seen.path for seen in server.requests] == [f"/v2/images/{FIRST_ID}/similar"] * 2
    shared = {"view": ["full"], "per_page": ["48"]}
    assert [seen.params for seen in server.requests] == [
        {"language": ["de"], "page": ["1"], **shared},
        {"page": ["2"], **shared},
    ]


def test_similar_pictures_are_like_those_of_a_search(agency: Shutterstock) -> None:
    """They have all that a search tells, in the answer's order, and never the picture itself."""
    chunks = [agency.fetch_similar(str(FIRST_ID + 1), SearchQuery(), n) for n in range(3)]
    ids = [int(media.id) for chunk in chunks for media in chunk.items]
    assert ids == list(range(FIRST_ID + 2, FIRST_ID + 101))
    assert {chunk.total for chunk in chunks} == {100}
    assert chunks[0].items[0] == agency.search(CAT, 0).items[2]


@pytest.mark.parametrize("media_id", ["1", "../search", "a/b?c=d#e", "ö", "", "search/suggestions"])
def test_an_unknown_id_has_no_similar_pictures(
    server: simulator.Shutterstock, agency: Shutterstock, media_id: str
) -> None:
    """Any id stays one part of the path, and what isn't there is `NotFound`."""
    with pytest.raises(NotFound):
        agency.fetch_similar(media_id, SearchQuery(), 0)
    assert {seen.path for seen in server.requests} <= {"/v2/images/1/similar"}


def test_words_are_completed_by_the_api(
    server: simulator.Shutterstock, agency: Shutterstock
) -> None:
    """The call has the words and a limit; the suggestions come in the answer's order."""
    assert agency.suggest_searches("red & b", "de") == tuple(f"red & b {n}" for n in range(10))
    assert server.requests[0].path == "/v2/images/search/suggestions"
    assert server.requests[0].params == {"query": ["red & b"], "limit": ["10"]}


@pytest.mark.parametrize(
    ("body", "suggested"),
    [
        ({"data": ["cat scan", "a\x00 b", "\ud800"]}, ("cat scan", "a b", "\ufffd")),
        ({"data": [str(n) for n in range(99)]}, tuple(map(str, range(10)))),
        ({"data": []}, ()),
        ({}, ()),
    ],
)
def test_suggestions_are_plain_text(
    server: simulator.Shutterstock, agency: Shutterstock, body: object, suggested: tuple[str, ...]
) -> None:
    """Not more are taken than asked for, and none is anything but text that can be shown."""
    server.answer = Answer(body=json.dumps(body).encode())
    assert agency.suggest_searches("cat", "en") == suggested


@pytest.mark.parametrize("body", [[], {"data": None}, {"data": [1]}, {"data": {"a": "b"}}, None])
def test_suggestions_in_another_shape_are_unreadable(
    server: simulator.Shutterstock, agency: Shutterstock, body: object
) -> None:
    """A changed API is an agency error."""
    server.answer = Answer(body=json.dumps(body).encode())
    with pytest.raises(BadAnswer):
        agency.suggest_searches("cat", "en")


REFERRAL = "https://shutterstock.7eer.net/c/1/2/3?u=https%3A%2F%2Fwww.shutterstock.com%2F1000000"


def test_the_affiliate_link_of_an_answer_is_used(make_client: ClientMaker) -> None:
    """From search and details, with our sub ids; the owner's own template wins."""
    with simulator.shutterstock(100) as server:
        settings = {"SHUTTERSTOCK_URL": server.url, "SHUTTERSTOCK_API_TOKEN": TOKEN}
        answer = results(make_changed_picture(affiliate_url=REFERRAL))
        server.answer = Answer(200, json.dumps(answer).encode())
        client = make_client(**settings, SITE_URL="https://me.example")
        for _ in range(2):  # by the agency, then by the cache
            item = client.get("/api/search?q=cat&wait=1").get_json()["items"][0]
            expected = f"{REFERRAL}&subId1=me.example&subId2=cat&subId3=1000000"
            assert (item["link"], item["sellers"][0]["link"]) == (expected, expected)
            assert item["referral"] is None
        link = "https://mine.example/?u={landing}"
        own = make_client(**settings, SHUTTERSTOCK_AFFILIATE_LINK=link)
        item = own.get("/api/search?q=cat&wait=1").get_json()["items"][0]
        assert item["link"].startswith("https://mine.example/?u=")


@pytest.mark.parametrize("value", [None, "", 5, [], "javascript:alert(1)", "/c/1/2/3"])
def test_what_is_no_affiliate_link_is_none(value: object) -> None:
    """The documented form takes its place, and the answer stays readable."""
    one = parse_answer(results(make_changed_picture(affiliate_url=value))).items[0]
    assert one.referral is None


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://www.shutterstock.com/image-photo/a-cat-1000000", True),
        ("https://evil.example/1000000", False),
        ("https://notshutterstock.com/1", False),
        (None, False),
        ({}, False),
    ],
)
def test_the_page_is_that_of_the_answer_where_it_says_one(url: object, page: bool) -> None:  # noqa: FBT001
    """Certain accounts are told the page; it is believed at the agency's own hosts."""
    built = "https://www.shutterstock.com/image-photo/1000000"
    assert parse_answer(results(make_changed_picture(url=url))).items[0].page_url == (
        url if page else built
    )


def test_the_region_is_sent_where_it_is_set(make_client: ClientMaker) -> None:
    """It ranks a search for pictures, and is no secret that would be struck out."""
    with simulator.shutterstock(100) as server:
        settings = {"SHUTTERSTOCK_URL": server.url, "SHUTTERSTOCK_API_TOKEN": TOKEN}
        for region, sent in (("DE", ["DE"]), ("", None)):
            client = make_client(**settings, SHUTTERSTOCK_REGION=region)
            client.get(f"/api/search?q=cat{region}&wait=1")
            assert server.searches()[-1].get("region") == sent


INFOS = [
    ({"spellchecked_query": "forest", "orig_query": "forrest", "orig_results_count": 7}, "forest"),
    ({"spellchecked_query": "<b>forest</b>", "orig_query": "forrest"}, "forest"),
    ({"spellchecked_query": "Forrest", "orig_query": "forrest"}, None),
    ({"spellchecked_query": "", "orig_query": "forrest"}, None),
    ({"spellchecked_query": 5}, None),
    ({}, None),
    ([], None),
    (None, None),
]


def test_the_words_that_were_looked_for_are_told() -> None:
    """Results are those of the corrected words already."""
    found = [parse_answer(results(image(0), spellcheck_info=info)) for info, _ in INFOS]
    assert [one.corrected for one in found] == [words for _, words in INFOS]
    assert [one.applied for one in found] == [words is not None for _, words in INFOS]


def test_a_page_says_that_its_pictures_are_of_other_words(make_client: ClientMaker) -> None:
    """It asks nobody whether the corrected words were meant, but says whose pictures these are."""
    with simulator.shutterstock(100) as server:
        answer = results(image(0), spellcheck_info=INFOS[0][0])
        server.answer = Answer(200, json.dumps(answer).encode())
        client = make_client(SHUTTERSTOCK_URL=server.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        text = client.get("/ajax/search?q=forrest&lang=en&wait=1").text
        page = client.get("/api/search?q=forrest&lang=en").get_json()
    assert page["corrected"] == page["agencies"][0]["searched"] == "forest"
    plain = re.sub(r"<[^>]*>", "", text)
    assert "Shutterstock: Pictures for “forest”" in plain
    assert "Did you mean" not in plain


@pytest.mark.parametrize(
    ("region", "is_good"),
    [("DE", True), ("192.0.2.7", True), ("Germany", False), ("de", False), ("D", False)],
)
def test_a_region_that_the_api_does_not_take_stops_the_start(
    make_client: ClientMaker, *, region: str, is_good: bool
) -> None:
    settings = {"SHUTTERSTOCK_API_TOKEN": TOKEN, "SHUTTERSTOCK_REGION": region}
    if is_good:
        make_client(**settings)
        return
    with pytest.raises(ConfigError, match="SHUTTERSTOCK_REGION must be a country of two letters"):
        make_client(**settings)
