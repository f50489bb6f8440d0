"""PantherMedia's signature, its two forms and its words, against its dialect on a real socket."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qs

import pytest

from affiliate.agencies.panthermedia.client import PantherMedia
from affiliate.domain.media import Media, SearchQuery
from affiliate.transport.messages import Request
from tests.dialects import FIRST, serve_dialect
from tests.dialects.panthermedia import PantherMediaDialect, PantherMediaInXml
from tests.support.calling import open_transport

FLOWER = SearchQuery(q="flower")
MOMENT = datetime(2012, 8, 2, 7, 54, 55, tzinfo=timezone(timedelta(hours=2)))
"""A moment of the documentation, seen from another zone."""


def form(request: Request) -> dict[str, str]:
    """Return the form that a call posts."""
    return {name: value[0] for name, value in parse_qs((request.body or b"").decode()).items()}


@pytest.fixture(params=[PantherMediaDialect, PantherMediaInXml])
def agency(request: pytest.FixtureRequest) -> Iterator[PantherMedia]:
    dialect = request.param()
    with serve_dialect(dialect) as server, open_transport() as transport:
        yield PantherMedia(transport, url=server.url, credentials=dialect.keys)


def test_a_call_is_signed_with_its_time_key_and_nonce() -> None:
    """RFC 2104 over SHA-1, reckoned with OpenSSL's command for these words."""
    keys = {"API_KEY": "key", "API_SECRET": "secret"}
    with open_transport() as transport:
        agency = PantherMedia(
            transport, credentials=keys, clock=lambda: MOMENT, nonce=lambda: "123"
        )
        sent = agency.build_request(FLOWER, 1)
    assert form(sent) == {
        "api_key": "key",
        "access_key": "051e3ad2385b5bd78b4235e862ed7db71ad61a1a",
        "timestamp": "Thu, 02 Aug 2012 05:54:55 UTC",
        "nonce": "123",
        "algo": "sha1",
        "content_type": "application/json",
        "q": "flower",
        "filters": "sort:buy;",
        "page": "2",
        "limit": "96",
        "extra_info": "title,preview,width,height,keywords,mimetype,editorial,author_username",
    }
    assert form(sent)["access_key"] in sent.secrets


def test_nonce_and_time_are_made_anew_for_each_call() -> None:
    with open_transport() as transport:
        agency = PantherMedia(transport, credentials=PantherMediaDialect.keys)
        sent = [form(agency.build_request(FLOWER, 0)) for _ in range(5)]
    assert len({one["nonce"] for one in sent}) > 1
    said = datetime.strptime(sent[0]["timestamp"], "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - said) < timedelta(minutes=1)


def test_both_forms_say_the_same(agency: PantherMedia) -> None:
    found = agency.search(FLOWER, 0).items[0]
    assert found == Media(
        agency="panthermedia",
        id=str(FIRST),
        type=None,
        title="Red flower & bee",
        keywords=("flower", "red", "garden"),
        page_url=f"https://stockagency.panthermedia.net/m/stock-photos/{FIRST}",
        contributor="gardener",
        thumbnail=found.thumbnail,
        preview=found.preview,
    )
    assert (found.thumbnail.width, found.thumbnail.height) == (170, 111)
    assert agency.fetch_details(str(FIRST)) == found


def test_similar_pictures_come_in_pages_without_a_gap(agency: PantherMedia) -> None:
    found = [one.id for n in range(3) for one in agency.fetch_similar(str(FIRST), FLOWER, n).items]
    assert found == [str(FIRST + n) for n in range(1, 100)]


def test_a_minus_that_was_typed_excludes_nothing() -> None:
    with open_transport() as transport:
        agency = PantherMedia(transport)
        asked = agency.build_request(SearchQuery(q="t-shirt -red - --", exclude="blue green"), 0)
    assert form(asked)["q"] == "t-shirt red -blue green"


def test_grayscale_is_no_color_that_it_knows() -> None:
    with open_transport() as transport:
        agency = PantherMedia(transport)
        assert agency.list_unsupported_filters(FLOWER.replace(color="grayscale")) == ("color",)
        assert agency.list_unsupported_filters(FLOWER.replace(color="ff8800")) == ()


@pytest.mark.parametrize(("lang", "sent"), [("de", "de"), ("ja", None), (None, None)])
def test_a_language_that_it_has_is_sent(lang: str | None, sent: str | None) -> None:
    with open_transport() as transport:
        asked = PantherMedia(transport).build_request(FLOWER.replace(lang=lang), 0)
    assert form(asked).get("lang") == sent
