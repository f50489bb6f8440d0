"""The board: the pictures of an address side by side, and as a file for spreadsheets."""

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from affiliate.domain.boards import MAX_KEPT
from affiliate.web.site.board import COLUMNS
from tests.support.apps import ClientMaker
from tests.support.shutterstock import FIRST_ID, TOKEN, Answer, Shutterstock, shutterstock
from tests.support.shutterstock import image as picture

PATHS = ("/board", "/ajax/board", "/board.csv")
CRAWLER = {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}


@pytest.fixture
def agency() -> Iterator[Shutterstock]:
    with shutterstock(100) as server:
        yield server


@pytest.fixture
def sold(make_client: ClientMaker, agency: Shutterstock) -> FlaskClient:
    """Return a client of a site with affiliate links, in a minute of ten searches."""
    return make_client(
        SHUTTERSTOCK_API_TOKEN=TOKEN,
        SHUTTERSTOCK_URL=agency.url,
        SHUTTERSTOCK_AFFILIATE_ID="42",
        SITE_URL="https://me.example",
        CLIENT_SEARCHES_PER_MINUTE="10",
    )


def address(*numbers: int, path: str = "/board") -> str:
    picks = ",".join(f"shutterstock:{FIRST_ID + number}" for number in numbers)
    return f"{path}?p={picks}&lang=en"


def read_rows(client: FlaskClient, path: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file by column."""
    text = client.get(path).data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def list_cards(page: str) -> list[str]:
    return re.findall(r'data-pick="([^"]*)"', html.unescape(page))


def test_a_shared_board_needs_no_script(sold: FlaskClient, agency: Shutterstock) -> None:
    """Each picture has its affiliate link, whose clicks count as those of a board."""
    page = sold.get(address(3, 1))
    assert page.status_code == 200
    assert list_cards(page.text) == [f"shutterstock:{FIRST_ID + n}" for n in (3, 1)]
    assert "Links on this page earn us a commission." in page.text
    links = re.findall(r'href="([^"]*/c/42/[^"]*)"[^>]*ping="([^"]*)"', page.text)
    assert len(links) == 4  # the picture and the button of each
    assert all("place=board" in ping for _, ping in links)
    click = html.unescape(links[0][1])
    assert sold.post(click, headers={"User-Agent": "Mozilla/5.0 Firefox/140.0"}).status_code == 204
    assert [one.path for one in agency.requests if "images" in one.path] == ["/v2/images"]


def test_no_cache_keeps_a_board_and_no_crawler_lists_it(
    sold: FlaskClient, agency: Shutterstock
) -> None:
    """A crawler that comes all the same costs no call."""
    robots = sold.get("/robots.txt").text
    assert "Disallow: /board\n" in robots
    for path in PATHS:
        answer = sold.get(address(5, path=path), headers=CRAWLER)
        assert answer.status_code == 429
        assert sold.get(address(6, path=path)).headers["X-Robots-Tag"] == "noindex"
        assert answer.headers["Cache-Control"] == "private, no-cache"
    assert '<meta name="robots" content="noindex">' in sold.get("/board?lang=en").text
    assert sum("images" in one.path for one in agency.requests) == 1


def test_missing_pictures_count_against_the_clients_limit(
    sold: FlaskClient, agency: Shutterstock
) -> None:
    """Beyond the limit no agency is called; known pictures and links by the id alone go on."""
    assert sold.get(address(*range(20))).status_code == 200
    before = len(agency.requests)
    part = sold.get(address(0, 50))
    none = sold.get(address(51, 52))
    assert len(agency.requests) == before
    assert [part.status_code, none.status_code] == [200, 429]
    for answer in (part, none):
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.text.count("/c/42/") == (3 if answer is part else 2)
    assert "No answer" in none.text
    assert sold.get(address(*range(20))).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "text", ["demo", "demo:", "demo:1;demo:2", "demo:1:audio", "demo:%2500", "%ff"]
)
def test_unreadable_boards_are_refused_by_name(client: FlaskClient, path: str, text: str) -> None:
    """The answer names the parameter."""
    answer = client.get(f"{path}?p={text}&lang=en")
    assert answer.status_code == 400
    told = answer.get_json()["field"] if path.startswith("/ajax") else html.unescape(answer.text)
    assert told == "p" or "“p” can't be read" in told


@pytest.mark.parametrize("path", PATHS)
def test_the_sixty_first_picture_is_refused(client: FlaskClient, path: str) -> None:
    """Sixty pictures are a whole board."""
    items = ",".join(f"demo:x{number}" for number in range(MAX_KEPT))
    assert client.get(f"{path}?p={items}&lang=en").status_code == 200
    assert client.get(f"{path}?p={items},demo:y&lang=en").status_code == 400


def test_what_is_gone_or_unknown_keeps_its_place(client: FlaskClient) -> None:
    """A picture that is gone, an agency that is not searched here, and odd ids cost no list."""
    item = client.get("/api/search?q=cat&lang=en").get_json()["items"][0]
    odd = quote(quote("a,b:c <é>", safe=""))
    picks = f"elsewhere:5,demo:{odd},demo:{item['id']},demo:nope"
    page = client.get(f"/board?p={picks}&lang=en")
    assert page.status_code == 200
    assert [pick.partition(":")[0] for pick in list_cards(page.text)] == [
        *("elsewhere", "demo", "demo", "demo")
    ]
    assert page.text.count("<span>This picture is gone</span>") == 3
    assert item["title"] in html.unescape(page.text)
    rows = read_rows(client, f"/board.csv?p={picks}&lang=en")
    assert [row["id"] for row in rows] == ["5", "a,b:c <é>", item["id"], "nope"]


def test_a_clip_is_no_picture_of_the_same_number(make_client: ClientMaker) -> None:
    """Pictures and clips have numbers of their own."""
    client = make_client(AGENCIES="demo,demo-shop")
    found = client.get("/api/search?q=mountain&media=video&wait=1&lang=en").get_json()["items"]
    item = client.get("/api/search?q=cat&lang=en").get_json()["items"][0]
    clip = f"{found[0]['agency']}:{found[0]['id']}:video"
    page = client.get(f"/board?p={clip},demo:{item['id']}:video&lang=en").text
    assert f'href="/video/{found[0]["agency"]}/{found[0]["id"]}?' in page
    assert page.count("<span>This picture is gone</span>") == 1
    assert "<dd>Footage 0:04</dd>" in page
    assert "<bdi>Demo catalogue " in page  # the heading of what is gone


def test_an_agency_without_a_call_for_single_pictures_calls_none_gone(
    make_client: ClientMaker,
) -> None:
    """Answers to searches alone tell of its pictures."""
    page = make_client(AGENCIES="yay", YAY_API_KEY="x").get("/board?p=yay:5&lang=en")
    assert page.status_code == 200
    assert "<span>Yay Images</span>" in page.text
    assert "This picture is gone" not in page.text


def test_the_file_has_affiliate_links_and_no_formulas(
    sold: FlaskClient, agency: Shutterstock
) -> None:
    """A title that begins like a formula is a text for spreadsheets."""
    for number, sign in enumerate("=+-@"):
        body = picture(number) | {"description": f"{sign}HYPERLINK(1)"}
        agency.answer = Answer(200, json.dumps(body).encode())
        row = read_rows(sold, address(number, path="/board.csv"))[0]
        assert list(row) == list(COLUMNS)
        assert row["title"] == f"'{sign}HYPERLINK(1)"
        assert row["link"].startswith("https://shutterstock.7eer.net/c/42/")
        assert row["page"] == f"https://me.example/image/shutterstock/{FIRST_ID + number}"
    answer = sold.get(address(0, path="/board.csv"))
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="board.csv"'


def test_every_page_leads_to_the_board(client: FlaskClient) -> None:
    """The board of a visitor without pictures says what it is for, in the page's language."""
    for path in ("/", "/search?q=cat&wait=1", "/about", "/image/demo/nope"):
        assert (
            'href="/board?lang=en"'
            in client.get(f"{path}{'&' if '?' in path else '?'}lang=en").text
        )
    assert "Pictures that you keep appear here." in client.get("/board?lang=en").text
    assert "Gemerkte Bilder erscheinen hier." in client.get("/board?lang=de").text
