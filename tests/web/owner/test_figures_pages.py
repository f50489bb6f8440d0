"""The pages of figures show what was clicked, asked and earned, and lead to their lists."""

import csv
import io
import json
import re
from datetime import UTC, timedelta
from html import unescape
from urllib.parse import quote, urlsplit

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from affiliate.checks.findings import FAULT, OK, WARN, Finding
from affiliate.database.failed_fetches import FailedFetches
from affiliate.database.figures import Figures
from affiliate.database.roll_ups import RollUps
from affiliate.database.schema import action_states, actions
from affiliate.database.search_figures import (
    CallNumbers,
    Search,
    SearchFigures,
    SearchNumbers,
)
from affiliate.errors import LedgerError
from affiliate.services import Services
from affiliate.web.owner.health_reports import HealthReports, Report
from tests.support.apps import ClientMaker
from tests.support.desk_records import NOW, record_clicks, record_sales
from tests.support.owner_desk import log_in
from tests.support.waiting import wait_until

PAGES = ("", "words", "pictures", "sites", "places", "sales", "clicks", "word?words=cat")
HOUR = timedelta(hours=1)


@pytest.fixture
def services(owner: FlaskClient) -> Services:
    found: Services = owner.application.extensions["services"]
    return found


@pytest.fixture
def filled(services: Services) -> Services:
    """A day with some clicks, searches and sales."""
    record_clicks(
        services.ledger,
        {"words": "red bicycle", "place": "look", "position": 3},
        {"words": "red bicycle", "site": "blog.example", "id": "8"},
        {"words": "cat", "agency": "pixabay"},
        {"words": "cat", "sender": "program"},
        {"words": "old", "ago": timedelta(days=40)},
    )
    record_sales(
        services.ledger,
        {"payout": 2.5, "words": "red bicycle", "media_id": "7", "click_id": "click-0000"},
        {"payout": 4, "currency": "EUR", "state": "pending", "site": "blog.example"},
        {"payout": 9, "state": "reversed", "words": "red bicycle"},
    )
    searches = SearchFigures(services.ledger, services.config.site_timezone)
    searches.add_searches(
        {
            Search("red bicycle", "en"): SearchNumbers(5, 0, 4, 90),
            Search("xqzzv", "en"): SearchNumbers(3, 3, 0, 900),
        }
    )
    searches.add_calls({"demo": CallNumbers(6, 1, 1200)})
    return services


def read_rows(owner: FlaskClient, address: str) -> list[dict[str, str]]:
    """Return the table of a page as its CSV file has it."""
    answer = owner.get(f"/owner/{address}{'&' if '?' in address else '?'}format=csv")
    assert answer.status_code == 200, answer.text
    first, *_ = answer.text.removeprefix("\ufeff").split("\r\n\r\n")
    return list(csv.DictReader(io.StringIO(first)))


def read_figures(page: str) -> dict[str, str]:
    """Return the texts of the overview's figures by their titles."""
    found = re.findall(r'<div class="figure"><dt>(.*?)</dt><dd>(?:<a [^>]*>)?([^<]*)', page)
    return {unescape(title): unescape(text) for title, text in found}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("period", ["today", "yesterday", "7", "30", "90", "365"])
def test_each_page_is_there_without_any_record(owner: FlaskClient, page: str, period: str) -> None:
    """The first day of a site shows empty pages, in each period."""
    sign = "&" if "?" in page else "?"
    answer = owner.get(f"/owner/{page}{sign}period={period}")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_there_with_records(owner: FlaskClient, filled: Services, page: str) -> None:
    """In short periods, and in one of years, whose chart has months."""
    del filled
    sign = "&" if "?" in page else "?"
    years_ago = (NOW - timedelta(days=1000)).date()
    for period in ("period=today", "period=7", f"from={years_ago}&to={NOW.date()}"):
        answer = owner.get(f"/owner/{page}{sign}{period}")
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "page", ["", "sales", "word?words=red+bicycle", "sale?network=impact&sale=sale-0"]
)
def test_a_state_of_another_version_breaks_no_page(
    owner: FlaskClient, filled: Services, page: str
) -> None:
    """As while two versions share a database; such sales are listed, and in no sum of a state."""
    with filled.ledger.write_transaction() as connection:
        connection.execute(sa.update(actions).values(state="disputed"))
        connection.execute(sa.update(action_states).values(state="disputed"))
    answer = owner.get(f"/owner/{page}")
    assert answer.status_code == 200, answer.text
    assert ("disputed" in answer.text) == page.startswith("sale")


def test_the_overview_shows_the_figures_of_its_period(owner: FlaskClient, filled: Services) -> None:
    """Money by currency without what is reversed; programs are in no figure but their own."""
    del filled
    figures = read_figures(owner.get("/owner/?period=7").text)
    assert figures["Clicks"] == "3"
    assert figures["Searches"] == "8"
    assert figures["Searches that found nothing"] == "37.5%"
    assert figures["Answered from the cache"] == "50%"
    assert figures["Calls to agencies"] == "6"
    assert figures["Clicks of programs, in no other figure"] == "1"
    (row, *others) = read_rows(owner, "?period=7")
    assert (row["currency"], row["sales"], row["pending EUR"]) == ("EUR", "1", "4.00")
    assert (others[0]["approved USD"], others[0]["reversed USD"]) == ("2.50", "9.00")


def test_the_overviews_files_have_all_that_is_on_the_screen(
    owner: FlaskClient, filled: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures, findings, charts and imports stand beside the money, numbers as numbers."""
    reports = HealthReports(filled)
    owner.application.extensions["health_reports"] = reports
    finding = Finding(WARN, "cache", "The disk is `full`.")
    monkeypatch.setattr(reports, "get", lambda _: Report((finding,), 0.0, is_live=False))
    document = json.loads(owner.get("/owner/?period=7&format=json").data)
    more = {part["title"]: part["rows"] for part in document["more"]}
    figures = {row["title"]: row["figure"] for row in more["Figures"]}
    page = owner.get("/owner/?period=7").text
    assert {title: text.replace("\xa0", " ") for title, text in read_figures(page).items()} == (
        figures
    )
    assert more["What is wrong"][0]["words"] == "The disk is `full`."
    assert (len(more["Clicks"]), more["Clicks"][-1]["figure"]) == (7, 3)
    assert more["Earned, USD"][-1]["figure"] == {"USD": "2.50"}
    assert [row["network"] for row in more["Imports"]] == ["impact"]
    parts = owner.get("/owner/?period=7&format=csv").text.split("\r\n\r\n")
    assert [part.splitlines()[0].strip('"') for part in parts[1:]] == list(more)
    assert "format=json" in page


def test_the_overview_adds_currencies_where_the_owner_gives_rates(
    make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """The sum is compared with all that was earned before, also in one currency alone."""
    settings |= {"EARNINGS_RATES": "EUR=1, USD=0.5", "SHUTTERSTOCK_CALLS_PER_HOUR": "100"}
    client = make_client(**settings)
    log_in(client)
    ledger = client.application.extensions["services"].ledger
    sales = ({"payout": 2}, {"payout": 3, "currency": "EUR"})
    record_sales(ledger, *sales, {"payout": 4, "ago": timedelta(days=8)})
    page = client.get("/owner/").text
    figures = read_figures(page)
    assert figures["Earned, all in EUR"] == "4.00\xa0EUR"
    assert "100% more" in page.partition("all in EUR")[2].partition("</div>")[0]
    assert figures["Least calls left"] == "100% (Shutterstock)"


def test_the_overview_can_be_limited_to_a_site(owner: FlaskClient, filled: Services) -> None:
    """Clicks and money are those of the site; searches, which have no site, are left out."""
    del filled
    page = owner.get("/owner/?period=7&site=blog.example").text
    figures = read_figures(page)
    assert figures["Clicks"] == "1"
    assert figures["Earned"] == "4.00\xa0EUR"
    assert "Searches" not in figures
    assert "site=blog.example" in page


def test_a_period_is_compared_with_the_period_before(
    owner: FlaskClient, services: Services
) -> None:
    """Of a day that is not over, with the same time of the day before."""
    record_clicks(
        services.ledger,
        *({"ago": timedelta(days=days), "click_id": f"click-a-{days}"} for days in range(8, 12)),
        {},
        {"ago": timedelta(days=2), "click_id": "click-b"},
    )
    assert RollUps(services.ledger, services.config.site_timezone).advance(60)
    assert "50% less" in owner.get("/owner/?period=7").text


def test_words_show_what_was_asked_clicked_and_earned(owner: FlaskClient, filled: Services) -> None:
    del filled
    bicycle, nothing = read_rows(owner, "words?period=7")
    assert (bicycle["words"], bicycle["asked"], bicycle["clicks"]) == ("red bicycle", "5", "2")
    assert (bicycle["earned USD"], bicycle["per_click USD"]) == ("2.50", "1.25")
    assert (nothing["words"], nothing["missed"]) == ("xqzzv", "3")
    (missed,) = read_rows(owner, "words?period=7&sort=-missed")
    assert missed["words"] == "xqzzv"
    by_clicks = [row["words"] for row in read_rows(owner, "words?period=7&sort=-clicks")]
    assert by_clicks == ["red bicycle", "cat"]
    earned = [row["words"] for row in read_rows(owner, "words?period=7&sort=-earned")]
    assert earned[0] == "red bicycle"
    assert [row["words"] for row in read_rows(owner, "words?words=XQ")] == ["xqzzv"]
    (of_blog,) = read_rows(owner, "words?period=7&site=blog.example")
    assert (of_blog["words"], of_blog["clicks"]) == ("red bicycle", "1")


@pytest.mark.parametrize("page", ["words?sort=asked", "words?sort=clicks", "pictures?sort=clicks"])
def test_a_ranking_has_the_greatest_first_alone(owner: FlaskClient, page: str) -> None:
    """The least are in no list: the first page, turned over, was once shown as the least."""
    assert owner.get(f"/owner/{page}").status_code == 400
    sorted_page = page.replace("sort=", "sort=-")
    column = page.rpartition("=")[2]
    shown = owner.get(f"/owner/{sorted_page}").text
    assert f"?sort=-{column}" in shown
    assert f"?sort={column}" not in shown


@pytest.mark.parametrize("page", ["words?", "words?sort=-clicks&", "pictures?"])
def test_rankings_end_after_some_pages(owner: FlaskClient, page: str) -> None:
    """The rows before a page are added up, too: a far page would take minutes."""
    assert owner.get(f"/owner/{page}page=10&rows=1000").status_code == 200
    for far in ("page=11&rows=1000", "page=201"):
        answer = owner.get(f"/owner/{page}{far}")
        assert (answer.status_code, "Use a number from 1 to" in answer.text) == (400, True)


def test_the_last_page_of_a_ranking_leads_to_no_further(
    owner: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("words", "pictures"):
        monkeypatch.setattr(f"affiliate.web.owner.{name}.MAX_RANKED", 2)
    record_clicks(services.ledger, *({"words": f"w{n}", "id": f"{n}"} for n in range(5)))
    for page in ("words?sort=-clicks&", "pictures?"):
        assert "page=3" not in owner.get(f"/owner/{page}rows=1&page=2").text
        assert "page=2" in owner.get(f"/owner/{page}rows=1").text


@pytest.mark.parametrize(
    ("words", "typed"), [("straße", "Straße"), ("σοφος", "ΣΟΦΟΣ"), ("café", "cafe\u0301")]
)
def test_words_are_found_as_they_are_counted(
    owner: FlaskClient, services: Services, words: str, typed: str
) -> None:
    record_clicks(services.ledger, {"words": words})
    rows = read_rows(owner, f"words?sort=-clicks&words={quote(typed)}")
    assert [row["words"] for row in rows] == [words]


def test_pages_of_words_go_on(owner: FlaskClient, services: Services) -> None:
    """Each word is on one page, the most asked first."""
    searches = SearchFigures(services.ledger, services.config.site_timezone)
    searches.add_searches(
        {Search(f"word {n:03}", "en"): SearchNumbers(200 - n, 0, 0, 1) for n in range(120)}
    )
    words = []
    for page in (1, 2, 3):
        words += [row["words"] for row in read_rows(owner, f"words?period=7&page={page}")]
    assert words == [f"word {number:03}" for number in range(120)]
    assert 'rel="next"' in owner.get("/owner/words?period=7&page=2").text
    assert 'rel="next"' not in owner.get("/owner/words?period=7&page=3").text


def test_a_word_has_its_course(owner: FlaskClient, filled: Services) -> None:
    del filled
    page = owner.get("/owner/word?words=red+bicycle&period=7").text
    assert "Searches: at most 5" in page
    assert "Clicks: at most 2" in page
    assert "2.50\xa0USD" in page
    assert owner.get("/owner/word?period=7").location == "/owner/words?period=7"
    days = read_rows(owner, "word?words=red+bicycle&period=7")
    assert (len(days), days[0]["asked"], days[0]["missed"]) == (7, "5", "0")
    assert sum(int(day["clicks"]) for day in days) == 2


def test_a_picture_leads_to_its_own_page_whatever_its_id(
    owner: FlaskClient, services: Services
) -> None:
    """Ids come from outside: a click on ``../../owner`` leads to no page of the desk."""
    record_clicks(services.ledger, {"id": "../../owner?x#y"})
    assert 'href="/image/demo/..%2F..%2Fowner%3Fx%23y?lang=en"' in owner.get("/owner/pictures").text


def test_pictures_show_clicks_and_earnings(owner: FlaskClient, filled: Services) -> None:
    """A sale belongs to a picture of the agency that its click has led to."""
    del filled
    rows = read_rows(owner, "pictures?period=7")
    assert {(row["agency"], row["picture"], row["clicks"]) for row in rows} == {
        ("Demo catalogue", "7", "1"),
        ("Demo catalogue", "8", "1"),
        ("Pixabay", "7", "1"),
    }
    (earning,) = [row for row in rows if row["earned USD"]]
    assert (earning["agency"], earning["picture"], earning["earned USD"]) == (
        "Demo catalogue",
        "7",
        "2.50",
    )
    (pixabay,) = read_rows(owner, "pictures?period=7&agency=pixabay")
    assert pixabay["agency"] == "Pixabay"
    (sold,) = read_rows(owner, "pictures?period=7&sort=-earned")
    assert sold["picture"] == "7"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("site=blog.example", [("8", "1")]),
        ("place=look", [("7", "1")]),
        ("words=red+bicycle", [("7", "1"), ("8", "1")]),
        ("words=red+bicycle&sort=-earned", [("7", "1")]),
        ("words=red+bicycle&site=blog.example&agency=demo", [("8", "1")]),
        ("words=cat&agency=demo", []),
    ],
)
def test_pictures_can_be_limited_to_what_led_to_them(
    owner: FlaskClient, filled: Services, query: str, expected: list[tuple[str, str]]
) -> None:
    """By site, place and words in any combination, and the page says which clicks count."""
    del filled
    rows = read_rows(owner, f"pictures?period=7&{query}")
    assert [(row["picture"], row["clicks"]) for row in rows] == expected
    page = owner.get(f"/owner/pictures?period=7&{query}").text
    assert "those among the newest 100,000 of the period" in page
    assert "among the newest" not in owner.get("/owner/pictures?period=7&agency=demo").text


def test_sites_show_who_brings_clicks_and_money(owner: FlaskClient, filled: Services) -> None:
    """This site's own pages are one row; clicks of programs stand apart."""
    del filled
    own, blog = read_rows(owner, "sites?period=7")
    assert (own["site"], own["clicks"], own["marked"], own["earned USD"]) == (
        "this site",
        "2",
        "1",
        "2.50",
    )
    assert (blog["site"], blog["clicks"], blog["earned EUR"]) == ("blog.example", "1", "4.00")


@pytest.mark.parametrize("ago", [0 * HOUR, 4 * HOUR])
def test_sites_without_number_are_one_row(
    owner: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, ago: timedelta
) -> None:
    """Names of sites come from outside: a program may send any number of them."""
    monkeypatch.setattr("affiliate.web.owner.sites.MAX_SITES", 2)
    names = ["a.example", "a.example", "a.example", "b.example", "b.example", "c.example"]
    record_clicks(services.ledger, *({"site": name, "ago": ago} for name in names))
    spam = [
        {"site": f"x{n}.example", "sender": "program", "click_id": f"spam-{n}", "ago": ago}
        for n in range(9)
    ]
    record_clicks(services.ledger, *spam)
    RollUps(services.ledger, UTC).advance(60)
    rows = read_rows(owner, "sites?period=7")
    assert sum(int(row["clicks"]) for row in rows) == 6
    assert sum(int(row["marked"]) for row in rows) == 9
    if ago:  # counted already
        shown = [(row["site"], row["clicks"], row["marked"]) for row in rows]
        assert shown == [
            ("a.example", "3", "0"),
            ("b.example", "2", "0"),
            ("other sites", "1", "9"),
        ]


def test_places_show_where_visitors_click(owner: FlaskClient, filled: Services) -> None:
    """With the positions as a chart; a sale without a known click stands apart."""
    del filled
    rows = {row["place"]: row for row in read_rows(owner, "places?period=7")}
    assert (rows["Results"]["clicks"], rows["Quick look"]["earned USD"]) == ("2", "2.50")
    assert rows["No click known"]["earned EUR"] == "4.00"
    page = owner.get("/owner/places?period=7").text
    assert "position 3: 1" in page
    limited = owner.get("/owner/places?period=7&site=blog.example").text
    assert "position" not in limited


def test_sales_and_clicks_are_listed(owner: FlaskClient, filled: Services) -> None:
    """Single rows, with the click that led to a sale, in the filters of the address."""
    del filled
    rows = read_rows(owner, "sales?period=7")
    assert [row["click"] for row in rows].count("exact") == 1
    (exact,) = read_rows(owner, "sales?period=7&clicked=exact")
    assert (exact["place"], exact["words"], exact["state"]) == (
        "Quick look",
        "red bicycle",
        "approved",
    )
    (pending,) = read_rows(owner, "sales?period=7&state=pending")
    assert pending["site"] == "blog.example"
    assert len(read_rows(owner, "clicks?period=7")) == 4
    (click,) = read_rows(owner, "clicks?period=7&site=blog.example")
    assert (click["id"], click["agency"]) == ("8", "Demo catalogue")


def test_a_sale_shows_each_state_that_reports_have_shown(
    owner: FlaskClient, services: Services
) -> None:
    """The newest first, each with its time; a sale that nobody has reported is a sentence."""
    sale = {"action_id": "1305.1 &", "payout": 2.5}
    record_sales(services.ledger, {**sale, "state": "pending"}, as_of=NOW - timedelta(days=3))
    record_sales(services.ledger, {**sale, "state": "reversed"})
    link = re.search(r'href="(/owner/sale\?[^"]*)"', owner.get("/owner/sales").text)
    assert link
    rows = read_rows(owner, unescape(link[1]).removeprefix("/owner/"))
    assert [row["state"] for row in rows] == ["reversed", "pending"]
    assert rows[1]["as_of"][:10] == f"{NOW - timedelta(days=3):%Y-%m-%d}"
    assert rows[1]["payout USD"] == "2.50"
    assert "No report has such a sale." in owner.get("/owner/sale?network=impact&sale=2").text


def test_a_sale_that_is_ahead_of_the_clock_is_in_sum_and_list(
    owner: FlaskClient, services: Services
) -> None:
    """A network's clock or time zone may differ: a figure is never more than its list."""
    record_sales(services.ledger, {}, {"ago": -timedelta(minutes=1)}, {"ago": timedelta(days=400)})
    [sums] = read_rows(owner, "?period=365")
    assert len(read_rows(owner, "sales?period=365")) == int(sums["sales"])


def test_figures_lead_to_their_lists(owner: FlaskClient, filled: Services) -> None:
    """Every link of a page of figures is there, and keeps the period."""
    del filled
    for page in PAGES:
        sign = "&" if "?" in page else "?"
        text = owner.get(f"/owner/{page}{sign}period=7").text
        addresses = {unescape(found) for found in re.findall(r'href="(/owner/[^"]*)"', text)}
        for address in addresses:
            answer = owner.get(address)
            assert answer.status_code in {200, 303}, (page, address)
            is_list = address.startswith(("/owner/sales", "/owner/clicks", "/owner/word?"))
            is_other = urlsplit(address).path != f"/owner/{page.partition('?')[0]}"
            assert not (is_list and is_other) or "period=7" in address, (page, address)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("words?sort=per_click", "sort"),
        ("words?agency=demo", "agency"),
        ("pictures?agency=nobody", "agency"),
        ("places?place=nowhere", "place"),
        ("sales?state=paid", "state"),
        ("?period=8", "period"),
        ("clicks?page=0", "page"),
    ],
)
def test_what_an_address_can_not_mean_is_refused(
    owner: FlaskClient, address: str, field: str
) -> None:
    answer = owner.get(f"/owner/{address}")
    assert answer.status_code == 400
    assert f"“{field}” in the address" in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_a_database_out_of_reach_is_said(
    owner: FlaskClient, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LedgerError("The ledger's database is away.")

    for name in ("figures.Figures._read", "desk_lists.DeskLists._read_page"):
        monkeypatch.setattr(f"affiliate.database.{name}", fail)
    answer = owner.get(f"/owner/{page}")
    assert answer.status_code == 503
    assert "is away" in answer.text


def test_clicks_that_are_not_counted_yet_are_named(owner: FlaskClient, services: Services) -> None:
    """After an upgrade the overview says up to when clicks are counted."""
    record_clicks(services.ledger, {"ago": timedelta(days=3)})
    page = owner.get("/owner/?period=7").text
    shown = f"{NOW - timedelta(days=3):%Y-%m-%d %H:%M}"
    assert f"Clicks are being counted, up to {shown}" in page


def test_the_desk_has_clicks_counted_where_nobody_searches(
    make_client: ClientMaker, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a start in the night the owner may be the first to come."""
    monkeypatch.setattr("affiliate.search.usage.FLUSH_SECONDS", 0.01)
    client = make_client(**settings)
    services: Services = client.application.extensions["services"]
    record_clicks(services.ledger, {"ago": timedelta(days=3)})
    figures = Figures(services.ledger, UTC)
    assert figures.find_counted_until() is not None
    assert log_in(client).status_code == 303
    wait_until(lambda: figures.find_counted_until() is None)


def test_a_network_tells_its_usual_delay(owner: FlaskClient, services: Services) -> None:
    """An empty day explains itself: sales come hours after they were made."""
    record_sales(services.ledger, *({"ago": HOUR * hours} for hours in range(20, 30)))
    assert "A sale is usually reported within 25 h" in owner.get("/owner/").text


def test_the_overview_says_why_the_last_fetch_failed(
    make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """Whether sales were imported before or not; of networks without an account nothing."""
    account = {"IMPACT_ACCOUNT_SID": "IRaccount", "IMPACT_AUTH_TOKEN": "token-of-the-account"}
    client = make_client(**settings, **account)
    log_in(client)
    services: Services = client.application.extensions["services"]
    failed = FailedFetches(services.ledger)
    for network in ("impact", "partnerize"):
        failed.record(network, "The <token> is refused")
    page = client.get("/owner/").text
    assert "failed: The &lt;token&gt; is refused. The import before stays" in page
    assert "partnerize: " not in page
    failed.forget("impact")
    assert "The import before stays" not in client.get("/owner/").text


def test_the_overview_says_what_is_wrong(
    owner: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faults come first, each in a line; while checks run, the page says so."""
    findings = [Finding(OK, "disk", "has room"), Finding(WARN, "links", "earn nothing")]
    findings.append(Finding(FAULT, "shutterstock", "refuses the key"))
    reports = HealthReports(services)
    owner.application.extensions["health_reports"] = reports
    monkeypatch.setattr(reports, "get", lambda _: None)
    assert "The checks are running" in owner.get("/owner/").text
    report = Report(tuple(findings), NOW.timestamp(), is_live=False)
    monkeypatch.setattr(reports, "get", lambda _: report)
    page = owner.get("/owner/").text
    assert page.index("refuses the key") < page.index("earn nothing")
    assert "has room" not in page
