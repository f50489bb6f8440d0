"""The page of pictures shows clicks and earnings of each."""

import pytest
from flask.testing import FlaskClient

from affiliate.services import Services
from tests.support.desk_reader import read_rows
from tests.support.desk_records import record_clicks


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
