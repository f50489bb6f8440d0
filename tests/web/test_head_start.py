"""A visitor's search is under way before the page requests the pictures."""

import html
import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.dialects.pixabay import PixabayDialect
from tests.dialects.serving import serve_dialect
from tests.support.apps import ClientMaker
from tests.support.shutterstock import TOKEN, Shutterstock, shutterstock
from tests.support.visits import ADDRESS_BAR, FIREFOX, make_limited_client
from tests.support.waiting import wait_until
from tests.support.words import new_words

SAFARI_FORM = ADDRESS_BAR | {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-User": ""}
GOOGLEBOT = (
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like"
    " Gecko) Chrome/141.0.7390.122 Mobile Safari/537.36 (compatible; Googlebot/2.1;"
    " +http://www.google.com/bot.html)"
)
PICTURES = "https://image.shutterstock.com"
HEADLESS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " HeadlessChrome/150.0.0.0 Safari/537.36"
)
NO_VISITS = {
    "no fetch metadata": {"User-Agent": FIREFOX},
    "googlebot": ADDRESS_BAR | {"User-Agent": GOOGLEBOT},
    "bingbot": ADDRESS_BAR
    | {"User-Agent": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"},
    "googleother": ADDRESS_BAR | {"User-Agent": GOOGLEBOT.replace("Googlebot/2.1", "GoogleOther")},
    "meta": ADDRESS_BAR | {"User-Agent": "meta-externalagent/1.1"},
    "headless": ADDRESS_BAR | {"User-Agent": HEADLESS},
    "no agent": ADDRESS_BAR | {"User-Agent": ""},
    "frame": ADDRESS_BAR | {"Sec-Fetch-Dest": "iframe"},
    "fetch": ADDRESS_BAR | {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    "sent there by another site": ADDRESS_BAR
    | {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-User": ""},
}


@pytest.fixture(scope="module")
def agency() -> Iterator[Shutterstock]:
    with shutterstock(10) as running:
        yield running


@pytest.fixture
def site(make_client: ClientMaker, agency: Shutterstock) -> FlaskClient:
    return make_limited_client(make_client, agency)


def count_searches(agency: Shutterstock) -> int:
    return sum("/images/search" in call.path for call in agency.requests)


@pytest.mark.parametrize("headers", [ADDRESS_BAR, SAFARI_FORM], ids=["user", "same origin"])
def test_a_visit_starts_the_search(
    site: FlaskClient, agency: Shutterstock, headers: dict[str, str]
) -> None:
    """The page is a skeleton all the same; its request joins the call and is paid already."""
    words, before = new_words(), count_searches(agency)
    page = site.get(f"/search?q={words}&lang=en", headers=headers).text
    assert "data-waiting" in page
    wait_until(lambda: count_searches(agency) == before + 1)
    fragment = site.get(f"/ajax/search?q={words}&lang=en")
    assert 'class="tile"' in fragment.text
    assert count_searches(agency) == before + 1


@pytest.mark.parametrize("headers", NO_VISITS.values(), ids=NO_VISITS)
def test_whoever_is_no_visitor_starts_nothing(
    site: FlaskClient, agency: Shutterstock, headers: dict[str, str]
) -> None:
    """Crawlers, programs and frames get the skeleton, and no agency is called."""
    words, before = new_words(), count_searches(agency)
    assert "data-waiting" in site.get(f"/search?q={words}&lang=en", headers=headers).text
    other = site.get(f"/ajax/search?q={new_words()}&lang=en")  # pays all that a client has
    assert 'class="tile"' in other.text
    assert count_searches(agency) == before + 1


def test_a_visit_past_the_budget_starts_nothing(site: FlaskClient, agency: Shutterstock) -> None:
    """The skeleton comes as ever; its request is what says that there is no room."""
    site.get(f"/ajax/search?q={new_words()}&lang=en")
    words, before = new_words(), count_searches(agency)
    page = site.get(f"/search?q={words}&lang=en", headers=ADDRESS_BAR)
    assert (page.status_code, "data-waiting" in page.text) == (200, True)
    assert site.get(f"/ajax/search?q={words}&lang=en").status_code == 429
    assert count_searches(agency) == before


def test_another_process_takes_no_second_payment(
    make_client: ClientMaker, agency: Shutterstock
) -> None:
    """The store knows the payment of a page, for these words and this client alone."""
    settings = {
        "AGENCIES": "shutterstock",
        "SHUTTERSTOCK_API_TOKEN": TOKEN,
        "SHUTTERSTOCK_URL": agency.url,
        "CLIENT_SEARCHES_PER_MINUTE": "1",
    }
    one = make_client(**settings)
    limits = one.application.extensions["client_limits"]
    with one.application.test_request_context("/search"):
        assert limits.spend(4, "a", ahead=True) == 0
        assert limits.spend(4, "a") == 0
        assert limits.spend(4, "b") > 0
    elsewhere = {"REMOTE_ADDR": "198.51.100.9"}
    with one.application.test_request_context("/search", environ_overrides=elsewhere):
        assert limits.spend(4, "a") == 0
        assert limits.spend(4, "a") > 0


def test_an_agency_that_answers_first_costs_no_second_payment(
    make_client: ClientMaker, agency: Shutterstock
) -> None:
    """A page is paid for as a whole, whichever of its answers another process finds cached."""
    with serve_dialect(PixabayDialect()) as slow:
        settings = {
            "AGENCIES": "shutterstock,pixabay",
            "SHUTTERSTOCK_API_TOKEN": TOKEN,
            "SHUTTERSTOCK_URL": agency.url,
            "PIXABAY_KEY": PixabayDialect.keys["KEY"],
            "PIXABAY_URL": slow.url,
            "CLIENT_SEARCHES_PER_MINUTE": "1",
        }
        first, second = make_client(**settings), make_client(**settings)
        slow.gate.clear()
        words = new_words()
        first.get(f"/search?q={words}&lang=en", headers=ADDRESS_BAR)
        address = f"/api/search?q={words}&lang=en&agency=shutterstock"
        wait_until(lambda: second.get(address).get_json()["items"])
        statuses = second.get(f"/api/search?q={words}&lang=en").get_json()["agencies"]
        slow.gate.set()
    assert [status["status"] for status in statuses] == ["fresh", "late"]


def test_the_page_requests_early_what_its_script_requests(site: FlaskClient) -> None:
    """The skeleton's head names the request and the host of the pictures; a filled page neither."""
    site.get(f"/ajax/search?q={(known := new_words())}&lang=en")
    address = f"/search?q={new_words()}+a%26b&lang=en&orientation=vertical"
    waiting = site.get(address, headers=ADDRESS_BAR).text
    head, _, body = waiting.partition("<body")
    early = re.search(r'<link rel="preload" as="fetch" href="([^"]+)" crossorigin>', head)
    source = re.search(r'<affiliate-search src="([^"]+)"', body)
    assert early
    assert source
    assert html.unescape(early[1]) == html.unescape(source[1])
    assert re.findall(r'<link rel="preconnect" href="([^"]+)">', head) == [PICTURES]
    assert 'rel="preload"' not in site.get(address, headers=SAFARI_FORM).text  # asked twice there
    filled = site.get(f"/search?q={known}&lang=en", headers=ADDRESS_BAR).text
    assert "preconnect" not in filled
    assert 'rel="preload"' not in filled
