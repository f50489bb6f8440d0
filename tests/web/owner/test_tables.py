"""A table is sorted and paged by its address; its files have the rows of the screen."""

import csv
import io
import json
import re
from datetime import UTC, datetime

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from markupsafe import Markup

from affiliate.errors import BadQuery
from affiliate.web.owner.numbers import Money
from affiliate.web.owner.page_requests import PageRequest, read_page_request
from affiliate.web.owner.table_files import build_file
from affiliate.web.owner.tables import Column, Row, State, Table, build_table

SEEN = datetime(2026, 11, 29, 9, 15, 30, tzinfo=UTC)
COLUMNS = (
    Column("words", "Words", link=lambda row: f"/owner/words?words={row['clicks']}"),
    Column("clicks", "Clicks", "count"),
    Column("share", "Share", "share"),
    Column("earned", "Earned", "money"),
    Column("seen", "Last click", "time"),
    Column("state", "State", "state"),
    Column("switch", "Switch", "action"),
)
ROWS: list[Row] = [
    {
        "words": "=cmd|'/c calc'!A1",
        "clicks": 1234,
        "share": 0.125,
        "earned": [Money(12_345_000, "USD"), Money(25, "EUR")],
        "seen": SEEN,
        "state": State("ok", "on"),
        "switch": Markup("<b>form</b>"),
    },
    {"words": "<b>Äpfel</b>", "clicks": 7, "earned": Money(10_000, "USD")},
    {"words": "cat", "clicks": None, "state": State("bad", "key refused")},
]


@pytest.fixture
def app(client: FlaskClient) -> Flask:
    return client.application


def view(app: Flask, query: str = "") -> PageRequest:
    with app.test_request_context(f"/owner/words?{query}"):
        return read_page_request()


def table(app: Flask, query: str = "", rows: list[Row] = ROWS) -> Table:
    return build_table(view(app, query), "Words", COLUMNS, rows, default_sort="-clicks")


def show(app: Flask, shown: Table) -> str:
    with app.test_request_context("/owner/words"):
        page = "{% import '_owner_parts.html' as desk with context %}{{ desk.table(table) }}"
        return render_template_string(page, table=shown)


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", [1234, 7, None]),
        ("sort=clicks", [7, 1234, None]),
        ("sort=words", [7, 1234, None]),
        ("sort=-words", [None, 1234, 7]),
        ("sort=state", [None, 1234, 7]),
        ("sort=-earned", [1234, 7, None]),
    ],
)
def test_rows_are_sorted_and_empty_cells_come_last(
    app: Flask, query: str, order: list[int | None]
) -> None:
    assert [row["clicks"] for row in table(app, query).rows] == order


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sort=nosuch", "sort"),
        ("sort=switch", "sort"),
        ("sort=--clicks", "sort"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=100001", "page"),
        ("page=%D9%A1", "page"),
        ("rows=1001", "rows"),
        ("format=xls", "format"),
    ],
)
def test_an_order_or_page_that_cannot_be_is_named(app: Flask, query: str, field: str) -> None:
    with pytest.raises(BadQuery) as caught:
        table(app, query)
    assert caught.value.field == field


def test_pages_follow_each_other_and_keep_the_order(app: Flask) -> None:
    many: list[Row] = [{"words": f"{number:03}", "clicks": number} for number in range(120)]
    second = table(app, "sort=words&page=2", many)
    assert (second.rows[0]["words"], len(second.rows), second.pages) == ("050", 50, 3)
    assert second.previous_url == "/owner/words?sort=words&page=1"
    assert second.next_url == "/owner/words?sort=words&page=3"
    assert table(app, "sort=words&page=3", many).next_url == ""
    beyond = table(app, "sort=words&page=99", many)
    assert (beyond.rows, beyond.previous_url) == ([], "/owner/words?sort=words&page=3")
    assert second.file_url("csv") == "/owner/words?sort=words&page=2&format=csv"


def test_a_heading_sorts_and_says_how_it_is_sorted(app: Flask) -> None:
    """Numbers begin with the greatest, texts with the first; again turns the order."""
    page = show(app, table(app))
    heads = re.findall(r'<th scope="col"([^>]*)>(?:<a href="([^"]+)">)?([^<]+)', page)
    assert [(name, url) for _, url, name in heads] == [
        ("Words", "/owner/words?sort=words"),
        ("Clicks", "/owner/words?sort=clicks"),
        ("Share", "/owner/words?sort=-share"),
        ("Earned", "/owner/words?sort=-earned"),
        ("Last click", "/owner/words?sort=-seen"),
        ("State", "/owner/words?sort=state"),
        ("Switch", ""),
    ]
    assert [said for said, *_ in heads if "aria-sort" in said] == [
        ' class="end" aria-sort="descending"'
    ]
    assert '<caption class="unseen">Words</caption>' in page


def test_cells_are_escaped_and_written_by_their_kind(app: Flask) -> None:
    page = show(app, table(app))
    assert "<b>Äpfel</b>" not in page
    assert (
        '<a class="text" dir="auto" href="/owner/words?words=7">&lt;b&gt;Äpfel&lt;/b&gt;</a>'
        in page
    )
    for text in (
        '<td class="end">1,234</td>',
        '<td class="end">12.5%</td>',
        "1,234.50\u00a0USD<br>0.0025\u00a0EUR",
        '<time datetime="2026-11-29T09:15:30+00:00">2026-11-29 09:15</time>',
        '<span class="state bad"><i></i>key refused</span>',
        "<b>form</b>",
        '<td class="end">\u2013</td>',
    ):
        assert text in page


def test_a_table_without_rows_says_so(app: Flask) -> None:
    page = show(app, table(app, rows=[]))
    assert "Nothing in this period." in page
    assert "<table" not in page


def test_csv_has_the_rows_of_the_screen_for_spreadsheets(app: Flask) -> None:
    """A byte order mark, no formulas, plain numbers, and a column for each currency."""
    file = build_file(table(app, "sort=clicks"), "csv", "/owner/words")
    assert file.headers["Content-Disposition"] == 'attachment; filename="words.csv"'
    text = file.get_data(as_text=True)
    assert text[0] == "\ufeff"
    rows = list(csv.reader(io.StringIO(text[1:])))
    assert rows == [
        ["words", "clicks", "share", "earned EUR", "earned USD", "seen", "state"],
        ["<b>Äpfel</b>", "7", "", "", "1.00", "", ""],
        [
            *("'=cmd|'/c calc'!A1", "1234", "0.125", "0.0025", "1234.50"),
            *("2026-11-29T09:15:30+00:00", "on"),
        ],
        ["cat", "", "", "", "", "", "key refused"],
    ]


def test_json_has_the_rows_of_the_screen_for_programs(app: Flask) -> None:
    document = json.loads(build_file(table(app), "json", "/owner/words").get_data())
    assert document["rows"][0] == {
        "words": "=cmd|'/c calc'!A1",
        "clicks": 1234,
        "share": 0.125,
        "earned": {"USD": "1234.50", "EUR": "0.0025"},
        "seen": "2026-11-29T09:15:30+00:00",
        "state": "on",
    }
    assert (document["title"], document["total"], document["page"]) == ("Words", 3, 1)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00"), (1, "0.0001"), (-25_000, "-2.50"), (-12, "-0.0012"), (10**12, "100000000.00")],
)
def test_amounts_in_files_keep_each_digit(app: Flask, amount: int, text: str) -> None:
    """Two digits, or four where two would round; a reversal may be below zero."""
    rows: list[Row] = [{"words": "cat", "earned": Money(amount, "USD")}]
    document = json.loads(build_file(table(app, rows=rows), "json", "/owner/words").get_data())
    assert document["rows"][0]["earned"] == {"USD": text}
