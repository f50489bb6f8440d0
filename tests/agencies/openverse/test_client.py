"""Openverse shows every picture with its attribution, and asks for no more than it may."""

from collections.abc import Iterator
from typing import Any

import pytest

from affiliate.agencies.openverse.client import Openverse
from affiliate.config.loading import load_config
from affiliate.domain.media import License, SearchQuery
from affiliate.errors import BadAnswer, BadCredentials, Blocked, ConfigError, NotFound
from tests.dialects import FIRST, Answer, Server, answer_json, answer_text, serve_dialect
from tests.dialects.openverse import OpenverseDialect
from tests.support.apps import ClientMaker
from tests.support.calling import open_transport

FLOWER = SearchQuery(q="flower")
BEST = OpenverseDialect().make_id(FIRST)
GATEWAY = answer_text("<!doctype html><title>Attention</title>", 403, "text/html")
REFUSED = answer_json({"detail": "Authentication credentials were not provided."}, 401)


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_dialect(OpenverseDialect()) as server:
        yield server


@pytest.fixture
def openverse(server: Server) -> Iterator[Openverse]:
    with open_transport() as transport:
        yield Openverse(transport, url=server.url)


def answering(server: Server, **fields: Any) -> None:
    """Let the server find one picture with other fields."""
    server.fixed = answer_json(
        {"results": [OpenverseDialect().item(FIRST) | fields], "result_count": 1}
    )


def test_it_is_on_only_when_it_is_named() -> None:
    """It needs no key, and still is nobody's choice but the owner's."""
    credentials = {"openverse": Openverse.credentials, "demo": ()}
    assert list(load_config({}, credentials).agencies) == ["demo"]
    assert list(load_config({"AGENCIES": "openverse"}, credentials).agencies) == ["openverse"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"attribution": "As it says."}, "As it says."),
        (
            {"attribution": None},
            '"Flower 900001" by gardener, CC BY 2.0, https://creativecommons.org/licenses/by/2.0/',
        ),
        (
            {"attribution": "", "creator": None, "license": "cc0", "license_url": None},
            '"Flower 900001", CC0 2.0',
        ),
        (
            {"attribution": None, "title": None, "license": "pdm", "license_version": None},
            '"This work" by gardener, PDM, https://creativecommons.org/licenses/by/2.0/',
        ),
    ],
)
def test_the_attribution_is_the_apis_or_made_of_the_same_parts(
    openverse: Openverse, server: Server, fields: dict[str, Any], said: str
) -> None:
    """The published example of related pictures lacks the sentence."""
    answering(server, **fields)
    assert openverse.search(FLOWER, 0).items[0].attribution == said
    assert "attribution" in openverse.terms.show
    assert not openverse.terms.crop


@pytest.mark.parametrize(
    ("code", "version", "name"),
    [
        ("by", "2.0", "CC BY 2.0"),
        ("by-nc-nd", "4.0", "CC BY-NC-ND 4.0"),
        ("by-sa", None, "CC BY-SA"),
        ("cc0", "1.0", "CC0 1.0"),
        ("pdm", "1.0", "PDM 1.0"),
        ("sampling+", "1.0", "CC Sampling+ 1.0"),
        ("nc-sampling+", "1.0", "CC NC-Sampling+ 1.0"),
    ],
)
def test_a_license_has_its_short_name_and_its_deed(
    openverse: Openverse, server: Server, code: str, version: str | None, name: str
) -> None:
    answering(server, license=code, license_version=version)
    found = openverse.search(FLOWER, 0).items[0]
    assert found.license == License(name, "https://creativecommons.org/licenses/by/2.0/")
    assert found.contributor_url == "https://www.flickr.com/photos/gardener"
    answering(server, license_url="javascript:alert(1)", creator_url="ftp://x.example/")
    found = openverse.search(FLOWER, 0).items[0]
    assert found.license == License("CC BY 2.0")
    assert found.contributor_url is None


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("https://www.flickr.com/photos/gardener/1", "Flickr"),
        ("https://flickr.com/photos/gardener/1", "Flickr"),
        ("https://commons.wikimedia.org/w/index.php?curid=1", "Wikimedia Commons"),
        ("https://stocksnap.io/photo/XNVBVXO3B7", "StockSnap"),
        ("https://collections.si.edu/1", "Smithsonian"),
        ("https://notflickr.com/1", "notflickr.com"),
        ("https://www.museum.example/1?u=flickr.com", "museum.example"),
    ],
)
def test_the_place_of_a_picture_is_the_site_of_its_page(
    openverse: Openverse, server: Server, page: str, name: str
) -> None:
    """Not Openverse, which only found it: the button leads to that site."""
    answering(server, foreign_landing_url=page)
    assert openverse.get_site_title(openverse.search(FLOWER, 0).items[0]) == name


def test_what_nothing_can_be_said_of_is_left_out(openverse: Openverse, server: Server) -> None:
    """A picture without attribution and license may not be shown."""
    answering(server, attribution=None, license="")
    assert openverse.search(FLOWER, 0).items == ()


def test_a_box_has_the_ratio_of_the_picture_or_three_to_two(
    openverse: Openverse, server: Server
) -> None:
    """Thumbnails are 600 pixels wide; sizes are not always known."""
    for width, height, size in (
        (6000, 4000, (600, 400)),
        (2000, 3000, (600, 900)),
        (300, 200, (300, 200)),
        (None, None, (600, 400)),
        (0, 5, (600, 400)),
    ):
        answering(server, width=width, height=height)
        one = openverse.search(FLOWER, 0).items[0].thumbnail
        assert (one.width, one.height) == size


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        (SearchQuery(q='-pug "dog house" a-b'), 'pug "dog house" a-b'),
        (SearchQuery(q="dog", exclude='-pug "toy'), "-pug -toy dog"),
        (SearchQuery(q="food", exclude='"hot dog" pug'), '-"hot dog" -pug food'),
        (SearchQuery(q='pug (cat | "dog) +c++ ~1 b*'), "pug cat dog c 1 b"),
        (SearchQuery(q="z" * 150 + ' "' + "z " * 40 + '"'), "z" * 150 + " " + "z " * 23 + "z"),
        (SearchQuery(q="x" * 300), "x" * 200),
        (SearchQuery(q="y" * 300, exclude="pug"), "-pug " + "y" * 195),
        (SearchQuery(q="cat", exclude="a" * 210), "cat"),
        (SearchQuery(q="cat", exclude="pug " + "a" * 210), "-pug cat"),
        (SearchQuery(q="cat", exclude="a" * 195), f"-{'a' * 195} cat"),
        (SearchQuery(q="cat", exclude="a" * 196), "cat"),
        (SearchQuery(q="big cat", exclude="ab " * 60), "-ab " * 48 + "big cat"),
    ],
)
def test_words_are_plain_and_only_what_is_left_out_is_negated(
    openverse: Openverse, server: Server, query: SearchQuery, sent: str
) -> None:
    """A visitor's signs are no operators but for phrases; 200 characters are sent at most."""
    openverse.search(query, 0)
    assert server.requests[-1].params["q"] == sent


@pytest.mark.parametrize(
    ("words", "exclude", "unable"),
    [
        ("cat", "", ()),
        ("cat", "pug " * 30, ()),
        ("cat", "a" * 195, ()),
        ("cat", "a" * 196, ("exclude",)),
        ("cat", "pug " * 50, ("exclude",)),
        ("y" * 300, "a" * 98, ()),
        ("y" * 300, "a" * 99, ("exclude",)),
        ("cat", '"hot dog" ' * 25, ("exclude",)),
    ],
)
def test_more_words_to_exclude_than_it_takes_are_unsupported(
    openverse: Openverse, words: str, exclude: str, unable: tuple[str, ...]
) -> None:
    """Its pictures would hold what must not be found, so it isn't asked, and pages say why."""
    assert openverse.list_unsupported_filters(SearchQuery(q=words, exclude=exclude)) == unable


def test_unstable_parameters_are_sent_only_when_they_are_needed(
    openverse: Openverse, server: Server
) -> None:
    """The default order is the API's own; whether sensitive pictures may come is always said."""
    for safe, mature in ((True, "false"), (False, "true")):
        openverse.search(FLOWER.replace(safe=safe), 1)
        asked = {"q": "flower", "mature": mature, "page": "2", "page_size": "20"}
        assert server.requests[-1].params == asked


def test_the_deepest_page_is_answered(openverse: Openverse, server: Server) -> None:
    """No request passes what can be reached without a key."""
    dialect = server.dialect
    assert isinstance(dialect, OpenverseDialect)
    dialect.total = 10_000
    last = openverse.depth // openverse.chunk_size - 1
    assert openverse.search(FLOWER, last).items[-1].id == dialect.make_id(FIRST + 239)


def test_related_pictures_are_one_answer(openverse: Openverse, server: Server) -> None:
    """The call has no pages, so a second costs nothing; their number is what came."""
    found = openverse.fetch_similar(BEST, SearchQuery(), 0)
    assert (len(found.items), found.total) == (19, 19)
    assert openverse.fetch_similar(BEST, SearchQuery(), 1).items == ()
    assert len(server.requests) == 1


def test_what_is_gone_is_not_found(openverse: Openverse) -> None:
    """An id of the right form that nothing has any more."""
    for ask in (
        openverse.fetch_details,
        lambda one: openverse.fetch_similar(one, SearchQuery(), 0),
    ):
        with pytest.raises(NotFound):
            ask(OpenverseDialect().make_id(FIRST + 5000))


def test_the_size_of_the_collection_is_the_sum_of_its_sources(
    openverse: Openverse, server: Server
) -> None:
    """By the API's own statistics."""
    assert openverse.count_pictures() == 2540
    server.fixed = answer_json([{"media_count": "many"}])
    with pytest.raises(BadAnswer):
        openverse.count_pictures()


TEXTS = [
    ("<div class='fn'> <p>Allegory of Europe</p>", "Allegory of Europe"),
    ("S\\u00e3o Paulo", "S\u00e3o Paulo"),
    ("S\\xe3o Paulo", "S\u00e3o Paulo"),
    ("S\\xc3\\xa3o Paulo", "S\u00e3o Paulo"),
    ("S\\\\u00e3o", "S\u00e3o"),
    ("cat \\ud83d\\ude3a", "cat \U0001f63a"),
    ("\\u003cp\\u003eHello\\u003c/p\\u003e \\u0026amp; more", "Hello & more"),
    ("half \\ud83d", "half \ufffd"),
    ("C:\\temp \\user \\x", "C:\\temp \\user \\x"),
    ("caf&eacute; &amp;amp; bar", "caf\u00e9 &amp; bar"),
    ("u00e7 alone", "u00e7 alone"),
]


def test_texts_of_the_catalogue_are_read_as_they_were_meant(
    openverse: Openverse, server: Server
) -> None:
    """Escapes, tags and entities are gone from title, creator, tags and attribution alike."""
    wrong = []
    for sent, shown in TEXTS:
        answering(server, title=sent, creator=sent, attribution=sent, tags=[{"name": sent}])
        one = openverse.search(FLOWER, 0).items[0]
        found = (one.title, one.contributor, one.attribution, one.keywords)
        answering(server, title=sent, creator=sent, attribution=None, license_url=None)
        made = openverse.search(FLOWER, 0).items[0].attribution
        if (found, made) != ((shown, shown, shown, (shown,)), f'"{shown}" by {shown}, CC BY 2.0'):
            wrong.append((sent, found, made))
    assert wrong == []


TAGS: list[tuple[list[str | None], list[str]]] = [
    (["arap\u00e7a", "arapu00e7a"], ["arap\u00e7a"]),
    (["arapu00e7a", "arap\u00e7a"], ["arap\u00e7a"]),
    (["arapxe7a", "Arap\u00e7a"], ["Arap\u00e7a"]),
    (["arap\\u00e7a", "arap\u00e7a"], ["arap\u00e7a"]),
    (["\u015f\u0131k", "u015fu0131k"], ["\u015f\u0131k"]),
    (["\U0001f63a", "ud83dude3a"], ["\U0001f63a"]),
    (["arapu00e7a"], ["arapu00e7a"]),
    (["u2024", "menu2024"], ["u2024", "menu2024"]),
    (["flower", "Flower", "flower "], ["flower"]),
    ([None, ""], []),
]


def test_a_tag_that_is_the_escape_of_another_is_left_out(
    openverse: Openverse, server: Server
) -> None:
    """Each tag is told once; one whose meaning no other tag confirms stays as it is."""
    wrong = []
    for names, shown in TAGS:
        answering(server, tags=[{"name": name} for name in names])
        found = list(openverse.search(FLOWER, 0).items[0].keywords)
        if found != shown:
            wrong.append((names, found))
    assert wrong == []


@pytest.fixture
def registered(server: Server) -> Iterator[Openverse]:
    with open_transport() as transport:
        yield Openverse(transport, url=server.url, credentials=OpenverseDialect.client)


def paths(server: Server) -> list[str]:
    return [one.path.removeprefix("/v1/") for one in server.requests]


def test_a_registered_client_gets_a_token_and_larger_pages(
    registered: Openverse, server: Server
) -> None:
    """One token serves all calls of a process, of every kind."""
    assert len(registered.search(FLOWER, 0).items) == registered.chunk_size == 48
    assert server.requests[-1].params["page_size"] == "48"
    registered.fetch_details(BEST)
    registered.fetch_similar(BEST, FLOWER, 0)
    assert registered.count_pictures()
    assert registered.check_key().words == "takes the client"
    assert paths(server).count("auth_tokens/token/") == 1
    assert {one.headers.get("authorization") for one in server.requests[1:]} == {
        f"Bearer {OpenverseDialect.token}"
    }
    assert registered.depth > registered.chunk_size > Openverse.max_per_call
    assert [one.calls for one in registered.limits] == [100, 10_000]


def test_a_token_that_ended_or_is_refused_is_replaced_once(
    registered: Openverse, server: Server
) -> None:
    dialect = server.dialect = OpenverseDialect()
    dialect.lasts = 30
    registered.search(FLOWER, 0)
    registered.search(FLOWER, 0)
    assert paths(server).count("auth_tokens/token/") == 2
    dialect.lasts = 36_000
    registered.search(FLOWER, 0)
    server.requests.clear()
    dialect.token = "0penverse-t0ken-2"
    assert registered.search(FLOWER, 0).items
    assert paths(server) == ["images/", "auth_tokens/token/", "images/"]


def test_a_wrong_client_is_a_wrong_key(server: Server) -> None:
    with open_transport() as transport:
        keys = {**OpenverseDialect.client, "CLIENT_SECRET": "wr0ng-wr0ng"}
        wrong = Openverse(transport, url=server.url, credentials=keys)
        with pytest.raises(BadCredentials) as raised:
            wrong.search(FLOWER, 0)
    assert (raised.value.message, len(server.requests)) == ("invalid_client", 1)


@pytest.mark.parametrize("with_client", [False, True])
def test_a_host_that_is_refused_is_told_what_to_do(
    openverse: Openverse, registered: Openverse, server: Server, *, with_client: bool
) -> None:
    """Gateways refuse data centers; that is no wrong key."""
    server.fixed = answer_text("<!doctype html><title>Attention</title>", 403, "text/html")
    with pytest.raises(Blocked) as raised:
        (registered if with_client else openverse).search(FLOWER, 0)
    assert ("register a client" in raised.value.message) is not with_client


COUNTS = [(239, False, False), (240, True, False), (9999, False, True), (10_000, True, True)]


def test_where_its_count_ends_there_are_more(
    openverse: Openverse, registered: Openverse, server: Server
) -> None:
    for count, capped, with_client in COUNTS:
        server.dialect = dialect = OpenverseDialect()
        dialect.total = count
        found = (registered if with_client else openverse).search(FLOWER, 0)
        assert (found.total, found.capped) == (count, capped)


def test_a_client_is_set_whole_and_switches_the_agency_on() -> None:
    credentials = {"openverse": Openverse.credentials, "demo": ()}
    options = {"openverse": Openverse.options}
    whole = {f"OPENVERSE_{name}": value for name, value in OpenverseDialect.client.items()}
    config = load_config(whole, credentials, options=options)
    assert list(config.agencies) == ["openverse"]
    assert set(config.agencies["openverse"].credentials) == {"CLIENT_ID", "CLIENT_SECRET"}
    with pytest.raises(ConfigError, match="CLIENT_ID and OPENVERSE_CLIENT_SECRET, or none"):
        load_config({"OPENVERSE_CLIENT_ID": "x"}, credentials, options=options)


def test_pages_say_what_its_terms_ask_for(server: Server, make_client: ClientMaker) -> None:
    """On results, on a picture's page and in what replaces the number of a capped count."""
    server.dialect = dialect = OpenverseDialect()
    dialect.total = 240
    client = make_client(AGENCIES="openverse", OPENVERSE_URL=server.url)
    notice = "made using Openverse but is not endorsed or certified by Openverse"
    results = client.get("/ajax/search?q=flower&lang=en&wait=1").text
    assert notice in results
    assert "More than 240 pictures for" in results
    assert notice in client.get(f"/image/openverse/{BEST}?lang=en").text
    statuses = client.get("/api/search?q=flower&lang=en").get_json()["agencies"]
    assert [(one["total"], one["capped"]) for one in statuses] == [(240, True)]


@pytest.mark.parametrize("answer", [GATEWAY, REFUSED])
def test_without_a_key_no_page_speaks_of_a_key(
    server: Server, make_client: ClientMaker, answer: Answer
) -> None:
    server.fixed = answer
    client = make_client(AGENCIES="openverse", OPENVERSE_URL=server.url)
    assert "key" not in client.get("/ajax/search?q=flower&lang=en&wait=1").text
    said = client.application.test_cli_runner().invoke(args=["doctor"]).output
    assert "does not take the key" not in said
    assert "FAULT openverse" in said
