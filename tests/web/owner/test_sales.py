"""Single sales and clicks are listed, and the states of a sale."""

import re
from datetime import timedelta
from html import unescape

from flask.testing import FlaskClient

from affiliate.services import Services
from tests.support.desk_reader import read_rows
from tests.support.desk_records import NOW, record_sales


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


def test_rows_lead_to_the_words_and_to_the_picture(owner: FlaskClient, filled: Services) -> None:
    """With the period; a sale without words or picture leads nowhere."""
    del filled
    for name, pictures in (("sales", 1), ("clicks", 4)):
        page = owner.get(f"/owner/{name}?period=7").text
        assert 'href="/owner/word?period=7&amp;words=red+bicycle"' in page
        assert 'href="/image/demo/7?lang=en"' in page
        assert page.count('href="/image/') == pictures
    assert owner.get("/owner/word?period=7&words=red+bicycle").status_code == 200


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
