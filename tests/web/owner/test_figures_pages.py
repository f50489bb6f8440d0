"""The pages of figures show what was clicked, asked and earned, and lead to their lists."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from affiliate.database.schema import action_states, actions
from affiliate.errors import LedgerError
from affiliate.services import Services
from affiliate.web.owner.periods import TITLES
from tests.support.desk_records import NOW, record_clicks, record_sales

PAGES = ("", "words", "pictures", "sites", "places", "sales", "clicks", "word?words=cat")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("period", list(TITLES))
def test_each_page_is_there_without_any_record(owner: FlaskClient, page: str, period: str) -> None:
    """The first day of a site shows empty pages, in each period."""
    sign = "&" if "?" in page else "?"
    answer = owner.get(f"/owner/{page}{sign}period={period}")
    assert answer.status_code == 200, answer.text


def test_long_words_lead_to_their_pages(owner: FlaskClient, services: Services) -> None:
    """Words may be as long as those of a search."""
    words = "red bicycle " * 41 + "red"
    record_clicks(services.ledger, {"words": words})
    page = owner.get("/owner/words?sort=-clicks").text
    links = re.findall(r'href="(/owner/(?:word|clicks)\?[^"]*words=red[^"]*)"', page)
    assert len(links) == 2
    for link in links:
        assert owner.get(unescape(link)).status_code == 200


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
    """The rows before a page are added up, too: a far page would take seconds."""
    for last in ("page=1&rows=1000", "page=20", "page=4&rows=300"):
        assert owner.get(f"/owner/{page}{last}").status_code == 200
    for far in ("page=2&rows=1000", "page=21", "page=5&rows=300"):
        answer = owner.get(f"/owner/{page}{far}")
        assert (answer.status_code, "Use a number from 1 to" in answer.text) == (400, True)


def test_the_last_page_of_a_ranking_leads_to_no_further(
    owner: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("words", "pictures"):
        monkeypatch.setattr(f"affiliate.web.owner.{name}.MAX_RANKED", 2)
    record_clicks(services.ledger, *({"words": f"w{n}", "id": f"{n}"} for n in range(5)))
    for page in ("words?sort=-clicks&", "pictures?"):
        last = owner.get(f"/owner/{page}rows=1&page=2").text
        assert "page=3" not in last
        assert "The first 2 are listed" in last
        assert "page=2" in owner.get(f"/owner/{page}rows=1").text
    for name in ("words", "pictures"):
        monkeypatch.setattr(f"affiliate.web.owner.{name}.MAX_RANKED", 3)
    for page in ("words?sort=-clicks&", "pictures?"):
        cut = owner.get(f"/owner/{page}rows=2&page=2&format=json").get_json()
        assert (len(cut["rows"]), cut["total"]) == (1, 3)


def test_a_ranking_by_earnings_ends_where_others_end(
    owner: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("affiliate.web.owner.words.MAX_RANKED", 2)
    record_sales(services.ledger, *({"words": f"w{n}"} for n in range(5)))
    last = owner.get("/owner/words?sort=-earned&rows=1&page=2").text
    assert "Page 2 of 2" in last
    assert "The first 2 are listed" in last


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

    for name in ("engine.LedgerDatabase.read_snapshot", "desk_lists.DeskLists._read_page"):
        monkeypatch.setattr(f"affiliate.database.{name}", fail)
    answer = owner.get(f"/owner/{page}")
    assert answer.status_code == 503
    assert "is away" in answer.text
