"""The promises that every agency keeps, whatever it speaks; each is asked on a real socket."""

import logging
import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import product
from urllib.parse import quote, urlsplit

import pytest

from affiliate.agencies import AGENCIES, Agency, filter_values
from affiliate.agencies.filter_values import HEX, is_among
from affiliate.domain.affiliate_links import LinkStyle, build_affiliate_link
from affiliate.domain.media import Media, SearchQuery, read_web_address
from affiliate.errors import AgencyError, NotFound
from affiliate.transport.client import Transport
from affiliate.web.filter_form import FILTER_LABELS
from tests.dialects import (
    DIALECTS,
    FIRST,
    Answer,
    Dialect,
    DialectRequest,
    Server,
    answer_json,
    serve_dialect,
)
from tests.support.calling import open_transport

FLOWER = SearchQuery(q="flower")
SAMPLES = {
    "exclude": "rose",
    "type": "photo",
    "orientation": "square",
    "color": "fe0000",
    "people": "2",
    "age": "20s",
    "gender": "female",
    "ethnicity": "japanese",
    "category": "Nature",
    "contributor": "gardener",
    "license": "editorial",
    "released": "1",
    "no_ai": "1",
    "min_width": "2000",
    "added": "month",
    "sort": "newest",
    "media": "video",
    "duration": "10-30",
    "resolution": "4k",
    "aspect": "16:9",
    "fps": "25",
}
"""A value of every filter, for agencies that can't express it."""
SIGNS = ("-", ",", "- ,", '"', "/", "..")
FOOTAGE = ("duration", "resolution", "aspect", "fps")


class Stand:
    """An agency of the site's, and the one on this machine that it asks."""

    def __init__(self, transport: Transport, dialect: Dialect, server: Server) -> None:
        self.transport = transport
        self.dialect = dialect
        self.server = server
        self.agency = self.another()

    def another(self) -> Agency:
        """Make an agency that knows of nothing yet."""
        kind = AGENCIES[self.dialect.name]
        return kind(self.transport, url=self.server.url, credentials=self.dialect.keys)

    def id(self, rank: int) -> str:
        """Return the id of the picture of a rank, counted from 0."""
        return self.dialect.make_id(FIRST + rank)

    def every(self) -> list[Media]:
        """All that a search gives, chunk after chunk."""
        reach, size = min(self.dialect.total, self.agency.depth), self.agency.chunk_size
        chunks = [self.agency.search(FLOWER, n).items for n in range(-(-reach // size))]
        return [media for items in chunks for media in items][:reach]


Speaking = type[Dialect]

KEYED = [one for one in DIALECTS if one.keys]
DETAILED = [one for one in DIALECTS if AGENCIES[one.name].fetch_details is not Agency.fetch_details]
ALIKE = [one for one in DIALECTS if AGENCIES[one.name].has_similar]


def those(able: Sequence[Speaking]) -> pytest.MarkDecorator:
    """Ask these agencies alone."""
    assert able
    return pytest.mark.parametrize("served", able, indirect=True, ids=lambda one: one.name)


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    with open_transport() as one:
        yield one


@pytest.fixture(scope="module", params=DIALECTS, ids=lambda one: one.name)
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Speaking, Server]]:
    with serve_dialect(request.param()) as server:
        yield request.param, server


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the day from which the dates of `DIALECTS` are counted back."""
    monkeypatch.setattr(filter_values, "read_today", lambda: date(2026, 3, 1))


@pytest.fixture
def stand(served: tuple[Speaking, Server], transport: Transport) -> Stand:
    """Give a new agency, and a server whose dialect is as new."""
    kind, server = served
    server.dialect = dialect = kind()
    server.fixed = None
    server.requests.clear()
    return Stand(transport, dialect, server)


def test_it_finds_pictures_in_their_order_with_all_that_a_tile_needs(stand: Stand) -> None:
    found = stand.agency.search(FLOWER, 0)
    size = min(stand.agency.chunk_size, stand.dialect.total)
    assert [media.id for media in found.items] == [stand.id(n) for n in range(size)]
    assert found.total in {stand.dialect.total, None}
    for media in found.items:
        assert media.agency == stand.agency.name
        assert read_web_address(media.page_url)
        assert media.thumbnail.width >= 1
        assert media.thumbnail.height >= 1


def test_what_it_says_that_it_gives_stands_in_some_item(stand: Stand) -> None:
    items = stand.agency.search(FLOWER, 0).items
    assert [
        name for name in stand.agency.expected_fields if not any(getattr(m, name) for m in items)
    ] == []


def test_its_pictures_come_from_hosts_that_the_page_allows(stand: Stand) -> None:
    media = stand.agency.search(FLOWER, 0).items[0]
    for rendition in filter(None, (media.thumbnail, media.preview)):
        parts = urlsplit(rendition.url)
        assert any(
            re.fullmatch(
                re.escape(host).replace(r"\*", r"[\w.-]+"), f"{parts.scheme}://{parts.netloc}"
            )
            for host in stand.agency.picture_hosts
        ), rendition.url


def test_an_empty_answer_is_no_error(stand: Stand) -> None:
    stand.dialect.total = 0
    found = stand.agency.search(FLOWER, 0)
    assert found.items == ()
    assert not found.total


def test_one_hit_is_one_picture(stand: Stand) -> None:
    stand.dialect.total = 1
    assert [media.id for media in stand.agency.search(FLOWER, 0).items] == [stand.id(0)]


def test_slices_join_without_gap_or_overlap(stand: Stand) -> None:
    stand.dialect.total = 2 * stand.agency.chunk_size + 7
    reach = min(stand.dialect.total, stand.agency.depth)
    assert [media.id for media in stand.every()] == [stand.id(n) for n in range(reach)]


def test_each_optional_field_may_be_missing(stand: Stand) -> None:
    for name in stand.dialect.optional:
        stand.dialect.absent = frozenset({name})
        assert [m.id for m in stand.agency.search(FLOWER, 0).items][:1] == [stand.id(0)], name


def test_an_item_without_a_required_field_is_said_or_left_out_never_made_up(stand: Stand) -> None:
    assert stand.dialect.required
    for name in stand.dialect.required:
        stand.dialect.absent = frozenset({name})
        assert _search(stand.agency) in {"unreadable", ""}, name


def test_every_form_of_error_is_the_right_error(stand: Stand) -> None:
    assert stand.dialect.errors
    for words, (answer, kind) in stand.dialect.errors.items():
        stand.server.fixed = answer
        with pytest.raises(AgencyError) as raised:
            stand.agency.search(FLOWER, 0)
        assert raised.value.kind == kind, words


@those([one for one in DIALECTS if not one.keys])
def test_who_has_no_key_needs_none(stand: Stand) -> None:
    assert not stand.agency.credentials


@those(KEYED)
def test_a_wrong_key_is_said_to_be_wrong(stand: Stand) -> None:
    stand.agency.keys = dict.fromkeys(stand.dialect.keys, "wr0ng")
    with pytest.raises(AgencyError) as raised:
        stand.agency.search(FLOWER, 0)
    assert raised.value.kind == "credentials"


class _Parrot:
    """Says back all that it was sent, in one form of error or another."""

    def __init__(self, status: int, form: str) -> None:
        self.status = status
        self.form = form

    def answer(self, asked: DialectRequest) -> Answer:
        words = " ".join([asked.path, *asked.params.values(), *asked.headers.values()])
        words += asked.body.decode()
        if self.form == "json":
            return answer_json({"message": words, "error": words}, self.status)
        return Answer(self.status, words.encode(), "text/plain")


@those(KEYED)
def test_no_secret_stands_in_an_error_or_a_log_even_if_it_is_said_back(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hidden = [key for name, key in stand.dialect.keys.items() if name not in stand.dialect.public]
    told = []
    for status, form in product((200, 400, 401, 403, 404, 429, 500), ("json", "text")):
        stand.server.dialect = _Parrot(status, form)
        caplog.clear()
        with pytest.raises(AgencyError) as raised:
            stand.another().search(FLOWER, 0)
        said = f"{raised.value!r} {raised.value} {raised.value.__context__!r} {caplog.text}"
        if any(secret in said or quote(secret, safe="") in said for secret in hidden):
            told.append((status, form, said))
    assert told == []


def test_nonsense_is_a_bad_answer(stand: Stand) -> None:
    for body in (b"", b"null", b"[]", b"{}", b"<html></html>", b"\xff\xfe\x00", b"[" * 100_000):
        stand.server.fixed = Answer(200, body)
        with pytest.raises(AgencyError) as raised:
            stand.agency.search(FLOWER, 0)
        assert raised.value.kind in {"unreadable", "credentials"}, body[:20]


def test_every_value_of_each_filter_that_it_expresses_reaches_the_agency(stand: Stand) -> None:
    stand.dialect.total = 1
    for media, expressed in (
        ("image", stand.agency.image_filters),
        ("video", stand.agency.video_filters),
    ):
        for name, values in expressed.items():
            sends = stand.dialect.sends[name if media == "image" else f"video {name}"]
            if values is not None and values is not HEX:
                assert set(values) - {"popular"} <= set(sends), name
            for value, sent in sends.items():
                query = _make_query(**{"media": media, name: value})
                assert not stand.agency.list_unsupported_filters(query), (name, value)
                stand.agency.search(query, 0)
                asked = stand.dialect.sent_parameters(stand.server.requests[-1])
                assert sent.items() <= asked.items(), (name, value, asked)


def test_every_filter_that_it_can_not_express_is_said_to_be_unsupported(stand: Stand) -> None:
    for name in FILTER_LABELS:
        media = "video" if name in FOOTAGE else "image"
        query = _make_query(**{"media": media, name: SAMPLES[name]})
        values = stand.agency.get_filters(query.media).get(name, ())
        able = is_among(SAMPLES[name], values)
        assert (name in stand.agency.list_unsupported_filters(query)) is not able, name


@those(DETAILED)
def test_details_are_those_of_the_search_and_what_is_gone_is_not_found(stand: Stand) -> None:
    found = stand.agency.fetch_details(stand.id(3))
    assert (found.id, found.agency) == (stand.id(3), stand.agency.name)
    for gone in ("1", "x/../y", "a b", "%2e%2e"):
        with pytest.raises(NotFound):
            stand.agency.fetch_details(gone)


@those(ALIKE)
def test_similar_pictures_are_others(stand: Stand) -> None:
    found = stand.agency.fetch_similar(stand.id(0), SearchQuery(), 0).items
    assert found
    assert stand.id(0) not in {media.id for media in found}


def test_a_search_may_be_sent_twice_by_whatever_method(stand: Stand) -> None:
    call = stand.agency.build_request(FLOWER, 0)
    assert call.method == "GET" or call.reads


def test_what_it_takes_loosely_is_among_what_it_takes(stand: Stand) -> None:
    able = {**stand.agency.video_filters, **stand.agency.image_filters}
    for name, values in stand.agency.approximate_filters.items():
        assert name in able
        assert all(is_among(value, able[name]) for value in values or ()), name


def test_words_of_signs_alone_never_find_everything(stand: Stand) -> None:
    """They are asked for as signs, or said to be no search; nobody is asked without any words."""
    stand.agency.search(FLOWER, 0)
    wrong = [signs for signs in SIGNS if not _asked_as_signs(stand, signs)]
    assert wrong == []


def _asked_as_signs(stand: Stand, signs: str) -> bool:
    """Return whether a search for signs is refused, or sent with words unlike the first search."""
    plain = next(one for one in reversed(stand.server.requests) if _is_of_flowers(one))
    count = len(stand.server.requests)
    said = _search(stand.agency, SearchQuery(q=signs))
    if len(stand.server.requests) == count:
        return said == "refused"
    sent = stand.server.requests[-1]
    if names := [name for name, value in plain.params.items() if "flower" in value]:
        return bool(sent.params.get(names[0], "").strip())
    wordless = (plain.path.replace("flower", ""), plain.body.replace(b"flower", b""))
    return (sent.path, sent.body) != wordless


def _is_of_flowers(asked: DialectRequest) -> bool:
    return "flower" in f"{asked.path} {asked.params} {asked.body.decode()}"


def test_its_check_says_what_it_found(stand: Stand) -> None:
    assert stand.agency.check_key().words


@those(KEYED)
def test_its_check_fails_with_a_bad_key(stand: Stand) -> None:
    stand.agency.keys = dict.fromkeys(stand.dialect.keys, "wr0ng")
    with pytest.raises(AgencyError):
        stand.agency.check_key()


def test_its_default_link_leads_to_the_picture_for_the_owner_and_for_nobody(stand: Stand) -> None:
    media = stand.agency.search(FLOWER, 0).items[0]
    landing = stand.agency.build_landing_url(media)
    style = LinkStyle(template=stand.agency.link_template, affiliate_id="me42")
    link = build_affiliate_link(style, media, landing)
    assert read_web_address(link)
    assert landing in link or quote(landing, safe="") in link
    assert ("me42" in link) is ("{affiliate_id}" in stand.agency.link_template)
    nobody = LinkStyle(template=stand.agency.link_template)
    assert build_affiliate_link(nobody, media, landing) in {media.page_url, landing}


def _make_query(**parameters: str) -> SearchQuery:
    """Return a search for flowers with some filters."""
    given = {"q": "flower", **parameters}
    return SearchQuery.from_parameters({name: [value] for name, value in given.items()})


def _search(agency: Agency, query: SearchQuery = FLOWER) -> str:
    """Return the kind of error that a search meets, or the ids of its pictures."""
    try:
        return " ".join(media.id for media in agency.search(query, 0).items)
    except AgencyError as error:
        return error.kind
