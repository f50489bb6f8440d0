"""A purchase that was refused or interrupted is told, and settled by the history."""

from pathlib import Path
from typing import Literal

import pytest
from flask import Flask

from tests.simulator import (
    Simulator,
    hang_up,
    run_first,
)
from tests.simulator import answer_with as http_says
from tests.support.license_desk import LicenseDesk, read_form, read_notes, read_purchases
from tests.support.purchase_desk import (
    count_posts,
    lock_database,
)

PATH = "/v2/images/licenses"


def test_a_refusal_is_told_with_its_reason(desk: LicenseDesk, agency: Simulator) -> None:
    """A refused item is not licensed, and a new form may try again."""
    agency.misbehave(http_says(400, b'{"message": "No such size"}'), on=PATH, method="POST")
    form = read_form(desk.review(account="real"))
    page = desk.client.get(desk.send(form).headers["Location"])
    assert "Not licensed" in page.text
    assert "No such size" in read_notes(page)
    desk.send(form)
    assert agency.purchases == []
    assert desk.buy(account="real").status_code == 303
    assert len(agency.purchases) == 1


def test_without_rights_the_missing_scope_is_named(desk: LicenseDesk, agency: Simulator) -> None:
    """A token that may not license buys nothing, and the page says what it lacks."""
    agency.misbehave(http_says(403), on=PATH, method="POST")
    page = desk.client.get(desk.buy(account="real").headers["Location"])
    assert "Not licensed" in page.text
    agency.misbehave(http_says(401), on="/v2/user/subscriptions")
    assert "connect" in read_notes(desk.choose(account="real")).lower()
    assert agency.purchases == []


@pytest.mark.parametrize("stage", ["read", "acted"])
def test_a_lost_answer_is_unknown_until_the_history_tells(
    desk: LicenseDesk, agency: Simulator, app: Flask, stage: Literal["read", "acted"]
) -> None:
    """The page says what status 3 means; nothing else is bought until the history settles it."""
    form = read_form(desk.review(account="real"))
    agency.misbehave(hang_up(stage), on=PATH, method="POST")
    agency.misbehave(http_says(503), on=PATH, method="GET", skip=1)  # after the purchase
    answer = desk.send(form)
    [purchase] = read_purchases(app)
    page = desk.client.get(answer.headers["Location"])
    assert purchase.state == "unknown"
    assert "Unknown whether it was bought" in page.text
    assert "Don't buy it again" in read_notes(page)
    settle = f"{answer.headers['Location']}/settle"
    settled = desk.client.post(settle, data=read_form(page, "/settle"))
    page = desk.client.get(settled.headers["Location"])
    assert ("<h1>Licensed</h1>" in page.text) is (stage == "acted")
    desk.send(form)
    assert count_posts(agency) == 1
    if stage == "read":
        refused = desk.buy(account="real")
        assert "is unknown" in read_notes(refused)
        assert f'href="/owner/licenses/{purchase.purchase_id}"' in refused.text
        assert count_posts(agency) == 1


def test_a_database_lost_after_the_sale_swallows_nothing(
    desk: LicenseDesk, agency: Simulator, app: Flask, tmp_path: Path
) -> None:
    """The journal has the answer; the same form, sent when the database is back, shows it."""
    form = read_form(desk.review(account="real"))
    lock = lock_database(tmp_path)
    agency.misbehave(run_first(lock.__enter__), on=PATH, method="POST")
    page = desk.send(form)
    assert page.status_code == 503
    assert "Bought, but not finished" in page.text
    [sold] = agency.purchases
    assert f"licensed as {sold.id}" in read_notes(page)
    again = desk.send(form)
    assert again.status_code == 503
    assert f"licensed as {sold.id}, which the ledger has not yet" in read_notes(again)
    lock.__exit__(None, None, None)
    answer = desk.send(form)
    assert answer.status_code == 303
    assert "<h1>Licensed</h1>" in desk.client.get(answer.headers["Location"]).text
    assert [row.license_id for row in read_purchases(app)] == [sold.id]
    assert len(agency.purchases) == 1


def test_without_the_database_nothing_is_sent(
    desk: LicenseDesk, agency: Simulator, tmp_path: Path
) -> None:
    """Away before the request: the page says so, and the form works once it is back."""
    form = read_form(desk.review(account="real"))
    with lock_database(tmp_path):
        page = desk.send(form)
    assert page.status_code in {409, 503}
    assert agency.purchases == []
    assert desk.send(form).status_code == 303
    assert len(agency.purchases) == 1
