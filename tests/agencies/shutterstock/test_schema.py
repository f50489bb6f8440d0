"""An answer that changed, broke or means harm is told, passed over, or only text."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.domain.media import Media, clean_text, read_web_address
from affiliate.errors import AgencyError, BadAnswer, BadCredentials, RequestRefused, TooManyCalls
from affiliate.transport.client import Transport
from tests.support import shutterstock as simulator
from tests.support.shutterstock import Answer, image
from tests.support.shutterstock_answers import CAT, make_changed_picture, parse_answer, results


def test_unknown_fields_are_ignored() -> None:
    """What the API adds one day, at any level, changes nothing."""
    future = {"new": {"a": [1]}}
    picture = make_changed_picture(
        **future,
        contributor={"id": "7", **future},
        assets=image(0)["assets"] | {"new_thumb": 5} | future,
    )
    assert parse_answer(results(picture, **future)) == parse_answer(results(image(0)))


MINIMAL = {"id": "5", "media_type": "image", "contributor": {"id": "7"}}


def test_optional_fields_may_be_absent() -> None:
    """Only what the API's description requires is required (and a picture to show)."""
    thumb = {"huge_thumb": image(0)["assets"]["huge_thumb"]}
    one = parse_answer({"data": [MINIMAL | {"assets": thumb}], "total_count": 1}).items[0]
    assert (one.id, one.title, one.keywords, one.type, one.editorial) == ("5", "", (), None, False)
    assert one.page_url == "https://www.shutterstock.com/image-photo/5"
    assert parse_answer({"data": [MINIMAL], "total_count": 1}).items == ()


def without(source: dict[str, Any], name: str) -> dict[str, Any]:
    return {k: v for k, v in source.items() if k != name}


CHANGED: list[tuple[Any, str]] = [
    (without(results(image(0)), "data"), "data"),
    (without(results(image(0)), "total_count"), "total_count"),
    (results(without(image(0), "id")), "id"),
    (results(without(image(0), "contributor")), "contributor"),
    (results(make_changed_picture(contributor={})), "contributor"),
    (results(make_changed_picture(contributor=None)), "contributor"),
    (results(make_changed_picture(contributor="7")), "contributor"),
    (results(make_changed_picture(id=5)), "id"),
    (results(make_changed_picture(id=None)), "id"),
    (results(make_changed_picture(keywords="cat")), "keywords"),
    (results(make_changed_picture(description=["cat"])), "description"),
    (results(make_changed_picture(assets=[])), "assets"),
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
        parse_answer(answer)
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
        lambda: agency.fetch_details("5"),
        lambda: agency.fetch_similar("5", CAT, 0),
        lambda: agency.suggest_searches("cat", "en"),
    ):
        with pytest.raises(kind, match=words) as caught:
            ask()
        assert caught.value.agency == "shutterstock"


HOSTILE = [
    ("<script>alert(1)</script>", "alert(1)"),
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
    picture = make_changed_picture(description=sent, keywords=[sent], contributor={"id": sent})
    body = json.dumps(results(picture)).encode("ascii")  # lone surrogates as JSON escapes
    one = parse_answer(body).items[0]
    assert (one.title, one.keywords, one.contributor) == (shown, (shown,), shown)
    one_again = msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Media)
    assert one_again == one


@pytest.mark.parametrize("media_id", ["a/b", "..", "5?u=x#y", "a b", "\ud800", "ö&", "<b>"])
def test_a_hostile_id_stays_one_part_of_an_address(media_id: str) -> None:
    """Addresses made from an id hold it percent-encoded, and stay web addresses."""
    one = parse_answer(results(make_changed_picture(id=media_id))).items[0]
    assert read_web_address(one.page_url) == one.page_url
    landing = Shutterstock(Transport()).build_landing_url(one)
    assert read_web_address(landing) == landing
    assert one.page_url.count("/") == "https://www.shutterstock.com/image-photo/5".count("/")
    assert one.page_url.count("?") + one.page_url.count("#") == 0


@pytest.mark.parametrize("media_id", ["", " ", "\x00"])
def test_a_picture_without_an_id_is_dropped(media_id: str) -> None:
    """What can't be linked to is not shown."""
    assert parse_answer(results(make_changed_picture(id=media_id))).items == ()


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
    picture = make_changed_picture(**({"assets": image(0)["assets"] | assets} | fields))
    items: tuple[Media, ...] = ()
    with suppress(BadAnswer):
        items = parse_answer(results(picture)).items
    for one in items:
        assert read_web_address(one.thumbnail.url)
        assert read_web_address(one.page_url)
        assert clean_text(one.title) == one.title
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Media) == one


CATEGORIES = [
    (["NOT-CATEGORIZED", "Nature"], ("Nature",)),
    (["Not Categorized"], ()),
    (["Uncategorized", "Not-Categorised"], ()),
    (["Nature", "nature", "The Arts &amp; Crafts"], ("Nature", "The Arts & Crafts")),
]


def test_a_category_for_what_has_none_is_none() -> None:
    for names, shown in CATEGORIES:
        picture = make_changed_picture(categories=[{"name": name} for name in names])
        assert parse_answer(results(picture)).items[0].categories == shown


def test_titles_keywords_and_names_are_text() -> None:
    """Entities are decoded once, and each keyword is told once."""
    picture = make_changed_picture(
        description="Tom &amp; Jerry&#39;s caf&eacute;",
        keywords=["caf&eacute;", "caf\u00e9", "A &amp; B"],
        contributor={"id": "A &amp; B"},
    )
    one = parse_answer(results(picture)).items[0]
    assert (one.title, one.keywords, one.contributor) == (
        "Tom & Jerry's caf\u00e9",
        ("caf\u00e9", "A & B"),
        "A & B",
    )
