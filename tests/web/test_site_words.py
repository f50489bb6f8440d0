# ruff: noqa: RUF001 - words of every script are typed here as people type them
"""Visitors meet their own words everywhere, agencies get plain ones, and spellings share calls."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from flask.testing import FlaskClient

from affiliate.cache.keys import FORMAT
from affiliate.services import Services
from tests.support.apps import ClientMaker
from tests.support.shutterstock import TOKEN, Shutterstock, shutterstock

PATH = "/v2/images/search/suggestions"


@pytest.fixture
def agency() -> Iterator[Shutterstock]:
    with shutterstock(10) as server:
        yield server


@pytest.fixture
def client(make_client: ClientMaker, agency: Shutterstock) -> FlaskClient:
    return make_client(
        SHUTTERSTOCK_URL=agency.url,
        SHUTTERSTOCK_API_TOKEN=TOKEN,
        SHUTTERSTOCK_AFFILIATE_ID="42",
        SITE_URL="https://me.example",
    )


def read_queries(agency: Shutterstock) -> list[str]:
    """Return the words of the agency's requests."""
    return [one.get("query", [""])[0] for one in agency.searches()]


def get_services(client: FlaskClient) -> Services:
    site: Services = client.application.extensions["services"]
    return site


WORDS = [
    ("th", "น้ำตก", "น้ำตก"),
    ("tr", "İstanbul gezisi", "İstanbul gezisi"),
    ("tr", "IŞIK", "IŞIK"),
    ("el", "θάλασσας", "θάλασσας"),
    ("de", "Maße", "Maße"),
    ("ru", "школа №5", "школа №5"),
    ("ko", "ㅋㅋ", "ㅋㅋ"),
    ("en", "valentine\u00b4s day", "valentine's day"),
    ("en", "Lego™", "Lego™"),
    ("en", "t\u2011shirt", "t-shirt"),
    ("en", "valentine’s day", "valentine's day"),
    ("en", "“red bicycle”", '"red bicycle"'),
    ("de", "„rotes Rad“", '"rotes Rad"'),
    ("en", '19" rack', "19 rack"),
    ("en", "cat NOT dog", "cat not dog"),
    ("ar", "می\u200cخواهم", "می\u200cخواهم"),
    ("en", "👩\u200d💻", "👩\u200d💻"),
]


@pytest.mark.parametrize(("lang", "typed", "sent"), WORDS)
def test_words_are_shown_as_typed_and_sent_plainly(
    client: FlaskClient, agency: Shutterstock, lang: str, typed: str, sent: str
) -> None:
    """Heading, title, box and JSON have the visitor's words; the agency has plain ones."""
    asked = {"q": f"  {typed} ", "lang": lang, "wait": "1"}
    page = html.unescape(client.get("/search", query_string=asked).text)
    found = client.get("/api/search", query_string=asked).get_json()
    assert read_queries(agency) == [sent]
    assert f"<title>{typed} – " in page
    assert f'name="q" type="search" value="{typed}"' in page
    heading = re.search('<h1 class="count">(.*?)</h1>', page)
    assert heading
    assert f"“{typed}”" in heading[1] or f"„{typed}“" in heading[1] or typed in heading[1]
    assert found["query"]["q"] == typed


SPELLINGS = [
    ("en", ["cat", "Cat", "CAT", "\u200bcat", "cat\u200e", "c\u00adat", "ｃａｔ", "  cat "]),
    ("tr", ["İstanbul", "istanbul", "ISTANBUL".replace("I", "İ")]),
    ("tr", ["IŞIK", "ışık"]),
    ("en", ["“red bicycle”", '"red bicycle"', "„Red Bicycle“"]),
    ("en", ["valentine's day", "valentine’s day", "valentine`s day", "Valentine\u00b4s Day"]),
    ("de", ["äpfel", "A\u0308pfel", "ÄPFEL"]),
    ("ja", ["ｶﾀｶﾅ", "カタカナ"]),
    ("el", ["θάλασσας", "ΘΆΛΑΣΣΑΣ"]),
]


@pytest.mark.parametrize(("lang", "spelled"), SPELLINGS)
def test_spellings_share_one_call_and_one_entry(
    client: FlaskClient, agency: Shutterstock, lang: str, spelled: list[str]
) -> None:
    """Whoever asks in another spelling gets the same pictures under their own words."""
    pages = [
        client.get("/search", query_string={"q": typed, "lang": lang, "wait": "1"}).text
        for typed in (*spelled, *spelled)
    ]
    assert len(agency.searches()) == 1
    assert len(list(get_services(client).store.store.keys(f"{FORMAT}:search:"))) == 1
    for typed, page in zip(spelled, pages, strict=False):
        shown = typed.strip().translate({0x200B: None, 0x200E: None, 0xAD: None})
        titled = html.unescape(page).replace("A\u0308", "Ä")
        assert f"<title>{shown} – ".replace("A\u0308", "Ä") in titled


@pytest.mark.parametrize(
    ("lang", "one", "other"),
    [("tr", "KIZ", "kiz"), ("de", "Maße", "Masse"), ("en", '"red bike"', "red bike")],
)
def test_other_words_are_other_searches(
    client: FlaskClient, agency: Shutterstock, lang: str, one: str, other: str
) -> None:
    """No letter stands for another, and a phrase is no two words."""
    for typed in (one, other):
        client.get("/api/search", query_string={"q": typed, "lang": lang, "wait": "1"})
    assert read_queries(agency) == [one, other]


EXCLUDED = [
    ('"hot dog"', 'food NOT "hot dog"'),
    ("„hot dog“", 'food NOT "hot dog"'),
    ('"', "food"),
    ("น้ำ", "food NOT น้ำ"),
    ("dog\u200b", "food NOT dog"),
    ("NOT", "food NOT not"),
]


@pytest.mark.parametrize(("excluded", "sent"), EXCLUDED)
def test_excluded_words_are_sent_whole(
    client: FlaskClient, agency: Shutterstock, excluded: str, sent: str
) -> None:
    """Phrases stay whole behind the agency's operator, and lone marks are none."""
    client.get("/api/search", query_string={"q": "food", "exclude": excluded, "wait": "1"})
    assert read_queries(agency) == [sent]


@pytest.mark.parametrize("name", ["category", "contributor"])
@pytest.mark.parametrize("value", ["กำแพง", "Studio™", "O’Brien", "Straße"])
def test_names_are_asked_for_as_they_are(
    client: FlaskClient, agency: Shutterstock, name: str, value: str
) -> None:
    """More of a contributor or category asks for that very name, without invisible signs."""
    client.get("/api/search", query_string={name: f"{value}\u200b", "wait": "1"})
    assert [one[name] for one in agency.searches()] == [[value]]


@pytest.mark.parametrize("typed", ["\u200b", "\ufeff \u202a\u202c", "\u200d", "\ufe0f"])
def test_invisible_words_are_none(client: FlaskClient, agency: Shutterstock, typed: str) -> None:
    """Nothing to be seen was typed, which is said as for an empty box; no call is made."""
    answer = client.get("/api/search", query_string={"q": typed})
    assert (answer.status_code, answer.get_json()["field"]) == (400, "q")
    assert agency.requests == []


def test_invisible_words_are_none_beside_other_parameters(client: FlaskClient) -> None:
    """A picture's page, a category and the suggestions do without them, as without blanks."""
    first = client.get("/api/search?q=cat&wait=1").get_json()["items"][0]
    for address in (
        f"/image/shutterstock/{first['id']}?lang=en&q=%E2%80%8B",
        f"/ajax/image/shutterstock/{first['id']}?q=%E2%80%8B",
        "/search?category=Nature&q=%EF%BB%BF&wait=1",
        "/suggest?q=%E2%80%8B",
        "/api/search?q=cat&category=%E2%80%8B&exclude=%E2%80%8B&lang=%E2%80%8B&agency=%E2%80%8B",
    ):
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("typed", ["ß" * 300, "ﷺ" * 30, "ﬃ" * 500, "क़" * 250])
def test_the_limit_counts_what_was_typed(client: FlaskClient, typed: str) -> None:
    """Letters that some form makes longer are as many as were typed, also when kept in memory."""
    for _ in range(2):
        assert client.get("/api/search", query_string={"q": typed}).status_code == 200


def test_a_picture_is_found_in_the_search_of_another_spelling(
    client: FlaskClient, agency: Shutterstock
) -> None:
    """Details come from the cached search without a call; their links lead back as typed."""
    first = client.get("/api/search?q=red+cat&wait=1").get_json()["items"][0]
    calls = len(agency.requests)
    page = client.get(f"/image/shutterstock/{first['id']}?q=Red+CAT&lang=en").text
    assert len([one for one in agency.requests[calls:] if "similar" not in one.path]) == 0
    assert "q=Red+CAT" in html.unescape(page)


PERSONAL = "Cat me@mail.example +49 170 1234567"


def test_links_and_reports_hold_counted_words(client: FlaskClient) -> None:
    """Sub ids, pings, clicks and counts have small letters, and nobody's address or number."""
    asked = {"q": PERSONAL, "lang": "en", "wait": "1"}
    page = client.get("/search", query_string=asked).text
    item = client.get("/api/search", query_string=asked).get_json()["items"][0]
    assert parse_qs(urlsplit(item["link"]).query)["subId2"] == ["cat *** ***"]
    ping = re.search('ping="(/clicks[^"]+)"', page)
    assert ping
    assert client.post(html.unescape(ping[1])).status_code == 204
    click = {"click_id": "a" * 12, "agency": "shutterstock", "id": "1", "position": 1}
    assert client.post("/clicks", json={**click, "words": PERSONAL}).status_code == 204
    site = get_services(client)
    assert {one.words for _, one in site.ledger.stream_clicks()} == {"cat *** ***"}
    site.usage.flush()
    counted = site.search_counts.list_found(datetime.now(UTC).date(), 10)
    assert counted == [("q=cat+%2A%2A%2A+%2A%2A%2A&lang=en", 1)]
    warmed = client.application.test_cli_runner().invoke(args=["warm", "--calls", "6"]).output
    assert "Looked at 6 searches" in warmed  # the topics alone
    assert "left for the next run" not in warmed


def test_spellings_are_counted_together(client: FlaskClient) -> None:
    """A report has one row for a word, in small letters by the rules of the language."""
    for number, typed in enumerate(("IŞIK", "ışık", "Işık")):
        asked = {"q": typed, "lang": "tr", "wait": "1"}
        where = {"REMOTE_ADDR": f"198.51.100.{number}"}
        client.get("/api/search", query_string=asked, environ_overrides=where)
    site = get_services(client)
    site.usage.flush()
    assert site.search_counts.list_found(datetime.now(UTC).date(), 9) == [
        (f"q={quote('ışık')}&lang=tr", 3)
    ]


def test_typed_words_come_back_with_suggestions(client: FlaskClient) -> None:
    """Browsers drop an answer to other words than theirs, so each spelling is its own answer."""
    for typed in ("น้ำ", "İst", " CAT", "“cat"):
        answer = client.get("/suggest", query_string={"q": typed, "lang": "en"})
        assert answer.get_json(force=True)[0] == typed
