"""Shutterstock's agency against a stand-in that speaks HTTP."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliate.agencies.shutterstock import Shutterstock
from affiliate.errors import (
    AgencyError,
    BadAnswer,
    BadCredentials,
    NotFound,
    RequestRefused,
    TooManyCalls,
)
from affiliate.messages import Reply, Request
from affiliate.model import (
    Media,
    SearchQuery,
    SearchResult,
    Size,
    Thumbnail,
    plain_text,
    web_address,
)
from affiliate.query import AGES, ETHNICITIES, GENDERS, LANGUAGES, LICENSES, TYPES
from affiliate.transport import Transport
from tests import shutterstock as simulator
from tests.shutterstock import CLIENT, FIRST_ID, TOKEN, Answer, image
from tests.simulator.reading import SEARCH_ID

BASIC = {"CLIENT_ID": CLIENT[0], "CLIENT_SECRET": CLIENT[1]}
BEARER = {"API_TOKEN": TOKEN}
CAT = SearchQuery(q="cat")


@pytest.fixture
def server() -> Iterator[simulator.Shutterstock]:
    with simulator.shutterstock(size=600) as one:
        yield one


@pytest.fixture
def transport() -> Iterator[Transport]:
    one = Transport(total_seconds=10)
    yield one
    one._session.close()


@pytest.fixture
def agency(server: simulator.Shutterstock, transport: Transport) -> Shutterstock:
    return Shutterstock(transport, url=server.url, credentials=BASIC)


def asked(query: SearchQuery, chunk: int = 0) -> dict[str, str]:
    """The parameters of the call for a chunk."""
    params = Shutterstock(Transport(), credentials=BEARER).request(query, chunk).params
    assert len(dict(params)) == len(params)
    return dict(params)


def parsed(answer: Any) -> SearchResult:
    """What the agency reads from an answer, given as Python or as bytes of JSON."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    agency = Shutterstock(Transport(), credentials=BEARER)
    request = Request(agency="shutterstock", url="http://127.0.0.1")
    return agency.parse(Reply(request, 200, {}, body), CAT)


def results(*images: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"data": list(images), "total_count": len(images), "search_id": "1", **fields}


def changed(**fields: Any) -> dict[str, Any]:
    """A proper picture with some fields of another content."""
    return image(0) | fields


# -- the call


def test_a_plain_search_asks_for_a_chunk_in_full() -> None:
    """Words, safe search, order, view and page stand in the call, and nothing else."""
    assert asked(CAT) == {
        "query": "cat",
        "sort": "popular",
        "safe": "true",
        "keyword_safe_search": "true",
        "view": "full",
        "page": "1",
        "per_page": "240",
    }


FILTERS = [
    *(({"type": t}, {"image_type": t}) for t in TYPES),
    *(({"orientation": o}, {"orientation": o}) for o in ("horizontal", "vertical")),
    ({"color": "ff8800"}, {"color": "ff8800"}),
    ({"color": "grayscale"}, {"color": "grayscale"}),
    *(({"people": n}, {"people_number": str(n)}) for n in range(5)),
    *(({"age": a}, {"people_age": a}) for a in AGES),
    *(({"gender": g}, {"people_gender": g}) for g in GENDERS),
    *(({"ethnicity": e}, {"people_ethnicity": e}) for e in ETHNICITIES),
    ({"category": "Animals/Wildlife"}, {"category": "Animals/Wildlife"}),
    ({"contributor": "250738318"}, {"contributor": "250738318"}),
    *(({"license": name}, {"license": name}) for name in LICENSES),
    ({"released": True}, {"people_model_released": "true"}),
    ({"safe": False}, {"safe": "false", "keyword_safe_search": "false"}),
    *(({"sort": s}, {"sort": s}) for s in ("popular", "relevance", "newest", "random")),
    *(({"lang": code}, {"language": code}) for code in LANGUAGES),
    ({"exclude": "dog"}, {"query": "cat NOT dog"}),
    ({"exclude": "big dog"}, {"query": "cat NOT big NOT dog"}),
]


@pytest.mark.parametrize(("fields", "expected"), FILTERS, ids=str)
def test_each_filter_has_its_parameter(fields: dict[str, Any], expected: dict[str, str]) -> None:
    """Every filter that we offer arrives under Shutterstock's name for it, and changes no other."""
    query = CAT.replace(**fields)
    assert asked(query) == asked(CAT) | expected
    agency = Shutterstock(Transport(), credentials=BEARER)
    assert agency.unsupported(query) == ()


def test_filters_go_together(server: simulator.Shutterstock, agency: Shutterstock) -> None:
    """A search with every filter sends them all, each once."""
    raw = (
        "q=red+bike&exclude=car&type=photo&orientation=vertical&color=ff8800&people=0&age=20s"
        "&gender=both&ethnicity=japanese&category=Sports&contributor=7&license=editorial"
        "&released=1&safe=0&sort=newest&lang=zh-hant"
    )
    agency.search(SearchQuery.from_query_string(raw), 1)
    assert server.searches() == [
        {
            name: [value]
            for name, value in {
                "query": "red bike NOT car",
                "image_type": "photo",
                "orientation": "vertical",
                "color": "ff8800",
                "people_number": "0",
                "people_age": "20s",
                "people_gender": "both",
                "people_ethnicity": "japanese",
                "category": "Sports",
                "contributor": "7",
                "license": "editorial",
                "language": "zh-Hant",
                "sort": "newest",
                "people_model_released": "true",
                "safe": "false",
                "keyword_safe_search": "false",
                "view": "full",
                "page": "2",
                "per_page": "240",
            }.items()
        }
    ]


@pytest.mark.parametrize("fields", [{"category": "1"}, {"contributor": "7"}, {"color": "ff0000"}])
def test_a_filter_alone_suffices(fields: dict[str, str]) -> None:
    """Category, contributor or color search without words, and no empty ``query`` is sent."""
    assert "query" not in asked(SearchQuery(**fields))  # type: ignore[arg-type]


def test_exclusion_works_without_words() -> None:
    """A word can be excluded from a category."""
    assert asked(SearchQuery(category="1", exclude="dog"))["query"] == "NOT dog"


PLAIN = [
    ("cat NOT dog", "cat not dog"),
    ("cat AND dog OR mouse", "cat and dog or mouse"),
    ("(cat)", "cat"),
    ("cat (dog OR mouse)", "cat dog or mouse"),
    ("cat)(dog", "cat dog"),
    ("NOT", "not"),
    ("\uff2e\uff2f\uff34 cat", "not cat"),
]


@pytest.mark.parametrize(("typed", "words"), PLAIN)
def test_typed_operators_stay_words(typed: str, words: str) -> None:
    """Only ``exclude`` excludes: what looks like an operator is sent as a plain word."""
    query = SearchQuery.from_parameters({"q": [typed]})
    assert asked(query)["query"] == words


def test_an_excluded_word_brings_no_parentheses() -> None:
    """Excluded words are plain words as well."""
    query = SearchQuery.from_parameters({"q": ["cat"], "exclude": ["(dog OR mouse)"]})
    assert asked(query)["query"] == "cat NOT dog NOT mouse NOT or"


def test_a_call_asks_for_five_pages_of_visitors() -> None:
    """Five visitor pages of 48 fit in one call, exactly."""
    agency = Shutterstock(Transport())
    assert (agency.chunk_size, agency.chunk_size % 48) == (240, 0)
    assert asked(CAT, 4)["page"] == "5"


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"sort": "oldest"}, ("sort",)),
        ({"orientation": "square"}, ("orientation",)),
        ({"orientation": "square", "sort": "oldest"}, ("orientation", "sort")),
        ({"media": "video", "type": "photo"}, ("type",)),
        ({"media": "video", "color": "ff8800", "license": "enhanced"}, ("color", "license")),
    ],
)
def test_what_the_api_cannot_say_is_unsupported(
    fields: dict[str, str], names: tuple[str, ...]
) -> None:
    """A filter without a parameter of the same meaning is named, never dropped in silence."""
    assert Shutterstock(Transport()).unsupported(CAT.replace(**fields)) == names


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
    assert agency.details(str(FIRST_ID)).id == str(FIRST_ID)
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
        request = Shutterstock(Transport(), credentials=credentials).request(CAT, 0)
        assert request.redact(" ".join(credentials.values())).strip("* ") == ""


# -- the answer


def test_a_picture_has_everything_that_a_page_shows(agency: Shutterstock) -> None:
    """Id, title, keywords, type, contributor, editorial flag, sizes and addresses are read."""
    result = agency.search(CAT, 0)
    assert result.total == 600
    assert result.items[10] == Media(
        agency="shutterstock",
        id=str(FIRST_ID + 10),
        type="illustration",
        title="Made-up picture 10",
        keywords=("made-up", "number 10"),
        page_url=f"https://www.shutterstock.com/image-illustration/{FIRST_ID + 10}",
        contributor="7",
        editorial=True,
        thumbnail=Thumbnail(
            f"https://image.shutterstock.com/huge_thumb/{FIRST_ID + 10}.jpg", 390, 260
        ),
        preview=Thumbnail(
            f"https://image.shutterstock.com/preview_1000/{FIRST_ID + 10}.jpg", 1000, 667
        ),
        sizes=(
            Size("small", 500, 334, "jpg", 167_000),
            Size("medium", 1000, 667, "jpg", 667_000),
            Size("huge", 5616, 3744, "jpg", 21_026_304),
        ),
        released=True,
        categories=("Animals/Wildlife",),
        search_id=SEARCH_ID,
    )
    assert result.search_id == SEARCH_ID


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
    assert agency.details(str(FIRST_ID)) == msgspec.structs.replace(found, search_id=None)


def test_several_pictures_come_in_the_order_asked_for(
    server: simulator.Shutterstock, agency: Shutterstock
) -> None:
    """One call brings up to 500 by their ids, in full; doubles and what is gone are left out."""
    ids = [str(FIRST_ID + n) for n in (5, 3, 5, 900, 4)]
    found = agency.several([*ids, "../search", ""])
    assert [one.id for one in found] == [ids[0], ids[1], ids[4]]
    assert found[1] == agency.details(ids[1])
    assert [seen.path for seen in server.requests] == ["/v2/images", f"/v2/images/{ids[1]}"]
    assert len(agency.several([str(FIRST_ID + n) for n in range(600)])) == 600
    assert [len(seen.params["id"]) for seen in server.requests[2:]] == [500, 100]
    assert agency.several([]) == ()
    assert len(server.requests) == 4


@pytest.mark.parametrize(("media", "path"), [("image", "images"), ("video", "videos")])
def test_categories_are_those_of_the_media(
    server: simulator.Shutterstock, agency: Shutterstock, media: str, path: str
) -> None:
    """Their names come in the language asked for."""
    assert "Animals/Wildlife" in agency.categories("de", media)
    assert (server.requests[0].path, server.requests[0].params) == (
        f"/v2/{path}/categories",
        {"language": ["de"]},
    )


def test_contributors_are_named(server: simulator.Shutterstock, agency: Shutterstock) -> None:
    """Name, words and page of those asked for arrive; without any id there is no call."""
    assert agency.contributors([]) == ()
    assert server.requests == []
    first, second = agency.contributors(["7", "8"])
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
        r"echoes 'ok' in \d+ ms, takes the key( of \S+)? in \d+ ms", agency.check().words
    )
    assert [seen.path for seen in server.requests] == ["/v2/test", path]
    wrong = Shutterstock(transport, url=server.url, credentials=dict.fromkeys(credentials, "x"))
    with pytest.raises(BadCredentials):
        wrong.check()


@pytest.mark.parametrize("media_id", ["1", "../search", "a/b?c=d#e", "ö", "%2e%2e"])
def test_details_of_an_unknown_id_are_not_found(
    server: simulator.Shutterstock, agency: Shutterstock, media_id: str
) -> None:
    """Any id stays one part of the path, and what isn't there is `NotFound`."""
    with pytest.raises(NotFound):
        agency.details(media_id)
    assert server.searches() == []


def test_a_picture_without_assets_has_no_details(
    server: simulator.Shutterstock, agency: Shutterstock
) -> None:
    """A picture that can't be shown is reported as not found."""
    server.answer = Answer(body=json.dumps(changed(assets={})).encode())
    with pytest.raises(NotFound):
        agency.details(str(FIRST_ID))


SOLD: list[tuple[Any, Size | None]] = [
    (
        {"width": 3000, "height": 2000, "format": "eps", "file_size": 9, "is_licensable": True},
        Size("vector", 3000, 2000, "eps", 9),
    ),
    ({"width": 3000, "height": 2000}, Size("vector", 3000, 2000, "eps")),
    (
        {"width": 3000, "height": 2000, "format": None, "file_size": "9"},
        Size("vector", 3000, 2000, "eps"),
    ),
    (
        {"width": 3000, "height": 2000, "format": " e\x00ps ", "file_size": -9},
        Size("vector", 3000, 2000, "e ps"),
    ),
    ({"width": 3000, "height": 2000, "file_size": 10**30}, Size("vector", 3000, 2000, "eps")),
    ({"width": 3000, "height": 2000, "is_licensable": False}, None),
    ({"width": 3000}, None),
    ({"width": 3000, "height": 0}, None),
    ({"width": 3000, "height": -1}, None),
    ({"width": 3000, "height": True}, None),
    ({"width": 3000, "height": "2000"}, None),
    ({"width": 3000, "height": 2000.5}, None),
    ({"width": 3000, "height": 10**30}, None),
    ({}, None),
    ([], None),
    ("eps", None),
    (None, None),
]


@pytest.mark.parametrize(("sent", "size"), SOLD, ids=[str(s[0])[:50] for s in SOLD])
def test_sizes_are_those_that_can_be_licensed(sent: object, size: Size | None) -> None:
    """A size needs two sides; whatever else is missing or odd about it, the picture is shown."""
    assets = {"huge_thumb": image(0)["assets"]["huge_thumb"], "vector_eps": sent}
    one = parsed(results(changed(assets=assets))).items[0]
    assert one.sizes == ((size,) if size else ())


def test_categories_without_a_name_are_left_out() -> None:
    """Names alone are told, as plain text."""
    sent = [{"id": "1"}, {"id": "2", "name": ""}, {"id": "3", "name": "Art\x00 s"}]
    assert parsed(results(changed(categories=sent))).items[0].categories == ("Art s",)


@pytest.mark.parametrize(
    ("absent", "size"),
    [
        (("huge_thumb",), (450, 300)),
        (("huge_thumb", "preview"), (250, 167)),
        (("huge_thumb", "preview", "mosaic"), (150, 100)),
        (("huge_thumb", "preview", "mosaic", "large_thumb"), (100, 67)),
    ],
)
def test_the_next_rendition_stands_in(absent: tuple[str, ...], size: tuple[int, int]) -> None:
    """Where ``huge_thumb`` is absent the next rendition is shown, at its own declared size."""
    assets = {k: v for k, v in image(0)["assets"].items() if k not in absent}
    thumbnail = parsed(results(changed(assets=assets))).items[0].thumbnail
    assert (thumbnail.width, thumbnail.height) == size


UNUSABLE: list[Any] = [
    None,
    "https://image.shutterstock.com/a.jpg",
    {},
    {"url": "https://image.shutterstock.com/a.jpg"},
    {"url": "https://image.shutterstock.com/a.jpg", "width": 0, "height": 260},
    {"url": "https://image.shutterstock.com/a.jpg", "width": -390, "height": 260},
    {"url": "https://image.shutterstock.com/a.jpg", "width": "390", "height": "260"},
    {"url": "https://image.shutterstock.com/a.jpg", "width": 10**9, "height": 260},
    {"url": "https://image.shutterstock.com/a.jpg", "width": float("nan"), "height": 260},
    {"url": "https://image.shutterstock.com/a.jpg", "width": float("inf"), "height": 260},
    {"url": "javascript:alert(1)", "width": 390, "height": 260},
    {"url": "data:image/png;base64,AAAA", "width": 390, "height": 260},
    {"url": "//image.shutterstock.com/a.jpg", "width": 390, "height": 260},
    {"url": "/a.jpg", "width": 390, "height": 260},
    {"url": "https://image.shutterstock.com/\ud800.jpg", "width": 390, "height": 260},
    {"url": "https://image.shutterstock.com/a b.jpg", "width": 390, "height": 260},
    {"url": ["https://image.shutterstock.com/a.jpg"], "width": 390, "height": 260},
]


@pytest.mark.parametrize("rendition", UNUSABLE, ids=str)
def test_a_rendition_that_cannot_be_shown_is_passed_over(rendition: object) -> None:
    """Without a web address and a real size a rendition counts as absent."""
    good = image(0)["assets"]
    one = parsed(results(changed(assets=good | {"huge_thumb": rendition}))).items[0]
    assert one.thumbnail.url == good["preview"]["url"]


@pytest.mark.parametrize("rendition", UNUSABLE, ids=str)
def test_a_picture_without_any_usable_rendition_is_dropped(rendition: object) -> None:
    """Such a picture leaves its place; the others and the total stay."""
    bad = changed(id="1", assets={"huge_thumb": rendition})
    result = parsed(results(bad, image(1), total_count=9))
    assert ([m.id for m in result.items], result.total) == ([str(FIRST_ID + 1)], 9)


def test_unknown_fields_are_ignored() -> None:
    """What the API adds one day, at any level, changes nothing."""
    future = {"new": {"a": [1]}}
    picture = changed(
        **future,
        contributor={"id": "7", **future},
        assets=image(0)["assets"] | {"new_thumb": 5} | future,
    )
    assert parsed(results(picture, **future)) == parsed(results(image(0)))


MINIMAL = {"id": "5", "media_type": "image", "contributor": {"id": "7"}}


def test_optional_fields_may_be_absent() -> None:
    """Only what the API's description requires is required (and a picture to show)."""
    thumb = {"huge_thumb": image(0)["assets"]["huge_thumb"]}
    one = parsed({"data": [MINIMAL | {"assets": thumb}], "total_count": 1}).items[0]
    assert (one.id, one.title, one.keywords, one.type, one.editorial) == ("5", "", (), None, False)
    assert one.page_url == "https://www.shutterstock.com/image-photo/5"
    assert parsed({"data": [MINIMAL], "total_count": 1}).items == ()


def without(source: dict[str, Any], name: str) -> dict[str, Any]:
    return {k: v for k, v in source.items() if k != name}


CHANGED: list[tuple[Any, str]] = [
    (without(results(image(0)), "data"), "data"),
    (without(results(image(0)), "total_count"), "total_count"),
    (results(without(image(0), "id")), "id"),
    (results(without(image(0), "contributor")), "contributor"),
    (results(changed(contributor={})), "contributor"),
    (results(changed(contributor=None)), "contributor"),
    (results(changed(contributor="7")), "contributor"),
    (results(changed(id=5)), "id"),
    (results(changed(id=None)), "id"),
    (results(changed(keywords="cat")), "keywords"),
    (results(changed(description=["cat"])), "description"),
    (results(changed(assets=[])), "assets"),
    (results(data=None), "data"),
    (results(data={"0": image(0)}), "data"),
    (results(None), "data"),  # type: ignore[arg-type]
    (results(total_count="9"), "total_count"),
    (results(total_count=None), "total_count"),
    (results(total_count=9.5), "total_count"),
    (results(total_count=-1), "total_count"),
    (results(total_count=10**30), "total_count"),
    ([], "object"),
    (None, "object"),
    ("data", "object"),
]


@pytest.mark.parametrize(("answer", "field"), CHANGED, ids=[str(c)[:50] for c in CHANGED])
def test_an_answer_without_its_required_fields_is_unreadable(answer: object, field: str) -> None:
    """A changed API is an agency error that names the field, not an empty page or a crash."""
    with pytest.raises(BadAnswer, match=field) as caught:
        parsed(answer)
    assert "made-up" not in str(caught.value), "an error never holds the answer's content"


def test_an_answer_that_is_no_json_is_unreadable(
    server: simulator.Shutterstock, agency: Shutterstock
) -> None:
    """HTML with status 200, as gateways send, is a `BadAnswer`."""
    server.answer = Answer(body=b"<html>maintenance", headers={"Content-Type": "text/html"})
    with pytest.raises(BadAnswer, match="JSON"):
        agency.search(CAT, 0)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(400, b'{"message": "Validation failed", "errors": []}'), RequestRefused, "Valid"),
        (Answer(400, b"<html>Bad Request"), RequestRefused, "400"),
        (Answer(401, b'{"message": "Invalid access token"}'), BadCredentials, "token"),
        (Answer(429, b"", {"Retry-After": "7"}), TooManyCalls, "429"),
        (Answer(503, b""), AgencyError, "503"),
    ],
)
def test_errors_are_told_in_shutterstock_s_words(
    server: simulator.Shutterstock,
    agency: Shutterstock,
    answer: Answer,
    kind: type[AgencyError],
    words: str,
) -> None:
    """An error answer becomes the error of its status, of this agency, in its words."""
    server.answer = answer
    for ask in (
        lambda: agency.search(CAT, 0),
        lambda: agency.details("5"),
        lambda: agency.similar("5", CAT, 0),
        lambda: agency.suggest("cat", "en"),
    ):
        with pytest.raises(kind, match=words) as caught:
            ask()
        assert caught.value.agency == "shutterstock"


HOSTILE = [
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("a \"b\" 'c' & d", "a \"b\" 'c' & d"),
    ("\u202eright to left\u202c \u05d0", "\u202eright to left\u202c \u05d0"),
    ("lone \ud800 surrogate", "lone \ufffd surrogate"),
    ("\U0001f600 pair", "\U0001f600 pair"),
    ("nul \x00 and \x1b[31m escape", "nul and [31m escape"),
    (" two\n\n lines\t", "two lines"),
]


@pytest.mark.parametrize(("sent", "shown"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_only_text(sent: str, shown: str) -> None:
    """Titles and keywords pass as text that can be encoded; control characters are gone."""
    picture = changed(description=sent, keywords=[sent], contributor={"id": sent})
    body = json.dumps(results(picture)).encode("ascii")  # lone surrogates as JSON escapes
    one = parsed(body).items[0]
    assert (one.title, one.keywords, one.contributor) == (shown, (shown,), shown)
    one_again = msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Media)
    assert one_again == one


@pytest.mark.parametrize("media_id", ["a/b", "..", "5?u=x#y", "a b", "\ud800", "ö&", "<b>"])
def test_a_hostile_id_stays_one_part_of_an_address(media_id: str) -> None:
    """Addresses made from an id hold it percent-encoded, and stay web addresses."""
    one = parsed(results(changed(id=media_id))).items[0]
    assert web_address(one.page_url) == one.page_url
    landing = Shutterstock(Transport()).landing(one)
    assert web_address(landing) == landing
    assert one.page_url.count("/") == "https://www.shutterstock.com/image-photo/5".count("/")
    assert one.page_url.count("?") + one.page_url.count("#") == 0


@pytest.mark.parametrize("media_id", ["", " ", "\x00"])
def test_a_picture_without_an_id_is_dropped(media_id: str) -> None:
    """What can't be linked to is not shown."""
    assert parsed(results(changed(id=media_id))).items == ()


def test_an_unknown_type_is_none() -> None:
    """An ``image_type`` that we don't know is left open, also when it is hostile."""
    one = parsed(results(changed(image_type="../evil"))).items[0]
    assert (one.type, "evil" in one.page_url) == (None, False)


def test_the_landing_address_is_the_documented_one() -> None:
    """Affiliate links lead to ``pic.mhtml`` with the picture's id."""
    one = parsed(results(image(0))).items[0]
    landing = Shutterstock(Transport()).landing(one)
    assert landing == f"http://www.shutterstock.com/pic.mhtml?id={FIRST_ID}"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        *("id", "contributor", "assets", "description", "image_type", "is_editorial", "keywords"),
        *("categories", "has_model_release"),
    ]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(FIELDS, JSON_VALUES),
    st.dictionaries(st.sampled_from([*image(0)["assets"]]), JSON_VALUES),
)
def test_no_answer_makes_another_error(fields: dict[str, Any], assets: dict[str, Any]) -> None:
    """Whatever stands in the fields, the picture is shown, dropped, or a `BadAnswer`."""
    picture = changed(**({"assets": image(0)["assets"] | assets} | fields))
    try:
        items = parsed(results(picture)).items
    except BadAnswer:
        return
    for one in items:
        assert web_address(one.thumbnail.url)
        assert web_address(one.page_url)
        assert plain_text(one.title) == one.title
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Media) == one


# -- similar pictures, suggestions


def test_similar_pictures_are_asked_for_a_page_at_a_time(
    server: simulator.Shutterstock, agency: Shutterstock
) -> None:
    """Id, language, view and page stand in the call, and nothing else."""
    agency.similar(str(FIRST_ID), SearchQuery(lang="de"), 0)
    agency.similar(str(FIRST_ID), SearchQuery(), 1)
    assert [seen.path for seen in server.requests] == [f"/v2/images/{FIRST_ID}/similar"] * 2
    shared = {"view": ["full"], "per_page": ["48"]}
    assert [seen.params for seen in server.requests] == [
        {"language": ["de"], "page": ["1"], **shared},
        {"page": ["2"], **shared},
    ]


def test_similar_pictures_are_like_those_of_a_search(agency: Shutterstock) -> None:
    """They have all that a search tells, in the answer's order, and never the picture itself."""
    chunks = [agency.similar(str(FIRST_ID + 1), SearchQuery(), n) for n in range(3)]
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
        agency.similar(media_id, SearchQuery(), 0)
    assert {seen.path for seen in server.requests} <= {"/v2/images/1/similar"}


def test_words_are_completed_by_the_api(
    server: simulator.Shutterstock, agency: Shutterstock
) -> None:
    """The call has the words and a limit; the suggestions come in the answer's order."""
    assert agency.suggest("red & b", "de") == tuple(f"red & b {n}" for n in range(10))
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
    assert agency.suggest("cat", "en") == suggested


@pytest.mark.parametrize("body", [[], {"data": None}, {"data": [1]}, {"data": {"a": "b"}}, None])
def test_suggestions_in_another_shape_are_unreadable(
    server: simulator.Shutterstock, agency: Shutterstock, body: object
) -> None:
    """A changed API is an agency error."""
    server.answer = Answer(body=json.dumps(body).encode())
    with pytest.raises(BadAnswer):
        agency.suggest("cat", "en")
