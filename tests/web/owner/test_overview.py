"""The overview shows money, clicks, searches and calls, and what is wrong."""

import json
import re
from datetime import UTC, timedelta
from functools import partial
from html import unescape
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

from affiliate.checks.findings import FAULT, OK, WARN, Finding
from affiliate.database.failed_fetches import FailedFetches
from affiliate.database.figures import Figures
from affiliate.database.roll_ups import RollUps
from affiliate.database.search_figures import CallNumbers, Search, SearchFigures, SearchNumbers
from affiliate.domain.times import to_naive_utc
from affiliate.services import Services
from affiliate.web.owner.health_reports import HealthReports, Report
from tests.support.apps import ClientMaker
from tests.support.desk_reader import read_figures, read_rows
from tests.support.desk_records import NOW, record_clicks, record_sales
from tests.support.owner_desk import log_in
from tests.support.waiting import wait_until

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def read_changes(owner: FlaskClient, query: str) -> dict[str, str]:
    """Return the changes of the overview's figures, by their titles."""
    document = json.loads(owner.get(f"/owner/{query}&format=json").data)
    (rows,) = (part["rows"] for part in document["more"] if part["title"] == "Figures")
    return {row["title"]: row["change"] for row in rows}


def test_the_overview_shows_the_figures_of_its_period(owner: FlaskClient, filled: Services) -> None:
    """Money by currency without what is reversed; programs are in no figure but their own."""
    del filled
    figures = read_figures(owner.get("/owner/?period=7").text)
    assert figures["Clicks"] == "3"
    assert figures["Searches"] == "8"
    assert figures["Searches that found nothing"] == "37.5%"
    assert figures["Answered from the cache"] == "50.0%"
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
    assert read_figures(page) == figures
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
    assert figures["Earned, all in EUR"] == "4.00 EUR"
    assert "100% more" in page.partition("all in EUR")[2].partition("</div>")[0]
    assert figures["Calls left at Shutterstock"] == "100.0%"


def test_the_overview_can_be_limited_to_a_site(owner: FlaskClient, filled: Services) -> None:
    """Clicks and money are those of the site; searches, which have no site, are left out."""
    del filled
    page = owner.get("/owner/?period=7&site=blog.example").text
    figures = read_figures(page)
    assert figures["Clicks"] == "1"
    assert figures["Earned"] == "4.00 EUR"
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


@pytest.mark.parametrize("period", ["today", "7"])
def test_the_hour_that_is_not_over_is_compared_up_to_the_same_minute(
    owner: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch, period: str
) -> None:
    """Searches and calls, which are counted by the hour, with their share of that hour."""
    now = (NOW - timedelta(days=1)).replace(hour=10, minute=15, second=0, microsecond=0)
    then = now - timedelta(days=1 if period == "today" else 7)
    moments = [now - MINUTE, *(then + MINUTE * minutes for minutes in (-30, -10, -5, 5, 10))]
    record_clicks(services.ledger, *({"ago": NOW - moment} for moment in moments))
    record_sales(services.ledger, *({"ago": NOW - moment} for moment in moments))
    assert RollUps(services.ledger, UTC).advance(60)
    for moment, asked in ((now, 2), (then, 16)):
        with monkeypatch.context() as patch:
            patch.setattr(services.ledger, "now", partial(to_naive_utc, moment))
            figures = SearchFigures(services.ledger, UTC)
            figures.add_searches({Search("cat", "en"): SearchNumbers(asked, asked, 0, 0)})
            figures.add_calls({"demo": CallNumbers(asked, 0, 0)})
    clock = SimpleNamespace(now=lambda _: now)
    monkeypatch.setattr("affiliate.web.owner.page_requests.datetime", clock)
    changes = read_changes(owner, f"?period={period}")
    assert changes["Clicks"] == changes["Earned"] == "67% less"
    assert changes["Searches"] == changes["Calls to agencies"] == "50% less"
    document = json.loads(owner.get(f"/owner/?period={period}&format=json").data)
    charts = {part["title"]: part["rows"] for part in document["more"]}
    last = 2 if period == "today" else 3  # the hour so far, or the day so far
    assert charts["Clicks"][-1]["before"] == last
    assert charts["Earned, USD"][-1]["before"] == {"USD": f"{last}.00"}


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
    """With or without earlier sales; of networks without an account nothing."""
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


def test_a_long_list_of_what_is_wrong_is_folded(
    owner: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst stay in sight, so that money and charts do, too."""
    findings = [Finding(WARN, "links", f"warning {number}") for number in range(7)]
    reports = HealthReports(services)
    owner.application.extensions["health_reports"] = reports
    report = Report((*findings, Finding(FAULT, "key", "refused")), 0.0, is_live=False)
    monkeypatch.setattr(reports, "get", lambda _: report)
    shown, _, folded = owner.get("/owner/").text.partition("<summary>3 more</summary>")
    assert "refused" in shown
    assert "warning 3" in shown
    assert folded.index("warning 4") < folded.index("warning 6") < folded.index("</details>")


def test_each_amount_of_money_leads_to_its_sales(owner: FlaskClient, filled: Services) -> None:
    """By currency, and in the table by state, too."""
    del filled
    page = owner.get("/owner/?period=7").text
    assert 'href="/owner/sales?period=7&amp;currency=EUR">4.00' in page
    (address,) = re.findall(r'href="([^"]+)">9\.00', page)
    (sale,) = read_rows(owner, unescape(address).removeprefix("/owner/"))
    assert (sale["state"], sale["payout USD"]) == ("reversed", "9.00")
