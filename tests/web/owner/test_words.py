"""The pages of words show what was asked, clicked and earned."""

from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from affiliate.database.search_figures import (
    Search,
    SearchFigures,
    SearchNumbers,
)
from affiliate.services import Services
from tests.support.desk_reader import read_rows
from tests.support.desk_records import record_clicks


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


def test_a_period_before_the_kept_searches_is_named(owner: FlaskClient) -> None:
    """Words are deleted after 90 days, so that a year of them has gaps; clicks stay."""
    assert "kept for 90 days (SEARCHES_KEEP_DAYS)" in owner.get("/owner/words?period=365").text
    assert "SEARCHES_KEEP_DAYS" not in owner.get("/owner/words?period=30").text
    for period, is_named in (("30", False), ("90", True)):
        page = owner.get(f"/owner/word?words=cat&period={period}").text
        assert ("SEARCHES_KEEP_DAYS" in page) is is_named


def test_a_word_has_its_course(owner: FlaskClient, filled: Services) -> None:
    del filled
    page = owner.get("/owner/word?words=red+bicycle&period=7").text
    assert "Searches: at most 5" in page
    assert "Clicks: at most 2" in page
    assert "2.50 USD" in page
    assert owner.get("/owner/word?period=7").location == "/owner/words?period=7"
    days = read_rows(owner, "word?words=red+bicycle&period=7")
    assert (len(days), days[0]["asked"], days[0]["missed"]) == (7, "5", "0")
    assert sum(int(day["clicks"]) for day in days) == 2
