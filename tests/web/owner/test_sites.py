"""The page of sites shows who brings clicks and money."""

from datetime import UTC, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from affiliate.database.earned_figures import Row
from affiliate.database.figures import Figures
from affiliate.database.roll_ups import RollUps
from affiliate.services import Services
from tests.support.desk_reader import read_rows
from tests.support.desk_records import record_clicks

HOUR = timedelta(hours=1)


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


def test_a_click_while_the_page_is_read_is_of_no_other_site(
    owner: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sum of all clicks and those of the sites are of one moment."""
    record_clicks(services.ledger, {"site": "a.example"})
    known = Figures.sum_clicks

    def click_meanwhile(self: Figures, *args: Any, **options: Any) -> list[Row]:
        found = known(self, *args, **options)
        record_clicks(services.ledger, {"site": "a.example", "click_id": f"click-{uuid4().hex}"})
        return found

    monkeypatch.setattr(Figures, "sum_clicks", click_meanwhile)
    rows = read_rows(owner, "sites?period=7")
    assert [(row["site"], row["clicks"]) for row in rows] == [("a.example", "1")]


def test_sites_alike_are_in_the_order_of_their_names(
    owner: FlaskClient, services: Services
) -> None:
    """Whichever a database finds first."""
    record_clicks(services.ledger, {"site": "b.example"}, {"site": "a.example"})
    rows = read_rows(owner, "sites?period=7")
    assert [row["site"] for row in rows] == ["a.example", "b.example"]


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
