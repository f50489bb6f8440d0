"""Dreamstime's tokens, its envelope and its errors, against its dialect on a real socket."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from affiliate.agencies.dreamstime.client import Dreamstime
from affiliate.agencies.dreamstime.schema import Detailed, Image, list_sold_sizes
from affiliate.agencies.dreamstime.schema import Size as WireSize
from affiliate.domain.affiliate_links import LinkStyle, build_affiliate_link
from affiliate.domain.media import Media, SearchQuery, Size, Thumbnail
from affiliate.errors import BadCredentials, NotFound, RequestRefused
from tests.dialects import FIRST, Server, answer_json, serve_dialect
from tests.dialects.dreamstime import CALLS, HOME, DreamstimeDialect, make_error
from tests.dialects.serving import DialectRequest
from tests.support.calling import open_transport
from tests.support.upstream import Connection, Upstream, head

FLOWER = SearchQuery(q="flower")
TOKEN_CODES = (200, 201, 202, 204, 205, 206, 207, 208)


@pytest.fixture
def dialect() -> DreamstimeDialect:
    return DreamstimeDialect()


@pytest.fixture
def server(dialect: DreamstimeDialect) -> Iterator[Server]:
    with serve_dialect(dialect) as one:
        yield one


@pytest.fixture
def agency(server: Server) -> Iterator[Dreamstime]:
    with open_transport() as transport:
        yield Dreamstime(transport, url=server.url, credentials=DreamstimeDialect.keys)


def test_a_token_is_asked_for_once_and_goes_to_the_address_that_came_with_it(
    agency: Dreamstime, server: Server
) -> None:
    agency.search(FLOWER, 0)
    agency.search(FLOWER, 1)
    assert [asked.path for asked in server.requests] == [HOME, CALLS, CALLS]
    sent = server.requests[-1].json()["APIRequests"]["SearchPaidImages"]
    assert sent == {
        "Verb": "SearchPaidImages",
        "AuthToken": "t0ken-1",
        "Keywords": "flower",
        "PageSize": 20,
        "Page": 2,
    }


@pytest.mark.parametrize("code", TOKEN_CODES)
def test_a_token_that_has_ended_is_replaced_and_the_request_posted_once_more(
    agency: Dreamstime, dialect: DreamstimeDialect, server: Server, code: int
) -> None:
    agency.search(FLOWER, 0)
    dialect.tokens.clear()
    dialect.ended = code
    assert agency.search(FLOWER, 0).items
    assert [asked.path for asked in server.requests] == [HOME, CALLS, CALLS, HOME, CALLS]


def test_a_token_that_is_never_taken_is_an_error_after_one_more_try(
    agency: Dreamstime, dialect: DreamstimeDialect, server: Server
) -> None:
    agency.search(FLOWER, 0)
    dialect.tokens = NeverFilled()
    with pytest.raises(BadCredentials) as raised:
        agency.search(FLOWER, 0)
    assert "t0ken" not in str(raised.value)
    assert [asked.path for asked in server.requests[2:]] == [CALLS, HOME, CALLS]


class NeverFilled(set[str]):
    """Tokens of an agency that forgets each as soon as it is given."""

    def add(self, _: str) -> None:
        """Forget it."""


def test_threads_that_need_a_token_at_the_same_time_share_one(
    agency: Dreamstime, dialect: DreamstimeDialect, server: Server
) -> None:
    server.gate.clear()
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(agency.search, FLOWER, n) for n in range(8)]
        server.gate.set()
    assert all(one.result() for one in found)
    assert dialect.given == 1


@pytest.mark.parametrize(
    "answer",
    [
        make_error(300, "Too many words"),
        {"APIResponses": {"SearchPaidImages": make_error(300, "Nope")}},
    ],
    ids=["at the top", "of the request"],
)
def test_an_error_without_a_code_of_tokens_is_a_refusal_that_costs_no_token(
    agency: Dreamstime, server: Server, answer: dict[str, object]
) -> None:
    agency.search(FLOWER, 0)
    server.fixed = answer_json(answer)
    with pytest.raises(RequestRefused):
        agency.search(FLOWER, 0)
    assert len(server.requests) == 3


def test_a_list_that_comes_as_an_object_is_a_list(
    agency: Dreamstime, dialect: DreamstimeDialect
) -> None:
    dialect.keyed = True
    assert [one.id for one in agency.search(FLOWER, 0).items][:2] == [str(FIRST), str(FIRST + 1)]


def test_details_have_the_ratio_the_author_and_the_page_that_a_search_lacks(
    agency: Dreamstime,
) -> None:
    found, seen = agency.fetch_details(str(FIRST)), agency.search(FLOWER, 0).items[0]
    assert (seen.thumbnail.width, seen.thumbnail.height) == (300, 200)
    assert (found.thumbnail.width, found.thumbnail.height) == (225, 300)
    assert (seen.contributor, found.contributor) == (None, "Gardener")
    assert seen.page_url == f"https://www.dreamstime.com/red-flower-image{FIRST}"
    assert found.page_url.endswith(f"stock-images-red-flower-image{FIRST}")


def test_details_name_sizes_with_the_price_of_the_cheapest_license(agency: Dreamstime) -> None:
    """Sizes without pixels are left out, as are prices of subscriptions."""
    assert agency.fetch_details(str(FIRST)).sizes == (Size("medium", 1200, 1600, "", credits=11),)


@pytest.mark.parametrize(
    "prices", [None, "x", {"a": 5}, [{"Size": "medium", "PriceUnit": "Credit", "Price": []}]]
)
def test_prices_of_another_form_are_left_out(prices: object) -> None:
    image = Image(image_id=1, thumbnail_url="https://thumbs.dreamstime.com/1.jpg")
    answer = Detailed(image, [WireSize("medium", "1200", 1600)], prices)
    assert list_sold_sizes(answer) == (Size("medium", 1200, 1600, ""),)


def test_a_picture_that_is_gone_is_not_found(agency: Dreamstime) -> None:
    with pytest.raises(NotFound):
        agency.fetch_details("900000")


def test_an_address_without_encryption_is_left_for_the_same_one_with_it() -> None:
    """The plugin's addresses are plain HTTP; a token doesn't follow them there."""
    dialect = DreamstimeDialect()

    def play(connection: Connection) -> None:
        connection.read()
        line, _, body = connection.requests[-1].partition(b"\r\n\r\n")
        host = {"host": f"localhost:{secured.port}"}
        found = dialect.answer(
            DialectRequest("POST", line.split()[1].decode(), {}, host, body)
        ).body
        connection.send(head(200, f"Content-Length: {len(found)}") + found)

    with Upstream(play, tls=True) as secured, open_transport() as transport:
        agency = Dreamstime(
            transport, url=f"https://localhost:{secured.port}", credentials=dialect.keys
        )
        assert agency.search(FLOWER, 0).items
    assert [one.split()[1] for one in secured.requests] == [HOME.encode(), CALLS.encode()]


def test_the_affiliate_id_is_the_only_fragment_of_a_link() -> None:
    """Whatever the agency's own address of a page ends with."""
    with open_transport() as transport:
        agency = Dreamstime(transport)
    page = "https://www.dreamstime.com/red-image7#resother"
    still = Thumbnail("https://thumbs.dreamstime.com/t/7.jpg", 300, 200)
    media = Media(agency="dreamstime", id="7", page_url=page, thumbnail=still)
    style = LinkStyle(template=agency.link_template, affiliate_id="42", network="fragment")
    link = build_affiliate_link(style, media, agency.build_landing_url(media))
    assert link == "https://www.dreamstime.com/red-image7#res42"
