"""The page of places shows where visitors click."""

from flask.testing import FlaskClient

from affiliate.services import Services
from tests.support.desk_reader import read_rows


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
