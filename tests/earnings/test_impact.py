"""Listings of impact.com are read as they are downloaded, whole or not at all."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import msgspec
import pytest

from affiliate.domain.actions import Action
from affiliate.earnings import impact, reports
from affiliate.earnings.reports import MAX_FAULTS
from affiliate.errors import ReportError

API = (
    "Action_Id,Campaign_Id,Action_Date,Status,Sale_Amount,Payout,Currency,Referral_Date,"
    "Locking_Date,SubId1,SubId2,SubId3,SharedId"
)
ROW = (
    "1305.6544.12,1305,2026-11-20T13:45:00-08:00,PENDING,29.00,5.8,USD,2026-11-20T13:40:00-08:00,"
    '2026-12-20T00:00:00-08:00,blog.example,"red, bicycle",1061428,12345678-1'
)
ACTION = Action(
    action_id="1305.6544.12",
    state="pending",
    payout=58_000,
    sale=290_000,
    currency="USD",
    occurred_at=datetime(2026, 11, 20, 21, 45, tzinfo=UTC),
    clicked_at=datetime(2026, 11, 20, 21, 40, tzinfo=UTC),
    locks_at=datetime(2026, 12, 20, 8, tzinfo=UTC),
    program="1305",
    site="blog.example",
    words="red, bicycle",
    media_id="1061428",
    click_id="12345678-1",
)


def read_report(data: bytes, currency: str = "", zone: tzinfo = UTC) -> list[Action]:
    form = msgspec.structs.replace(impact.FORM, currency=currency, zone=zone)
    return reports.read_report(data, form)


def refuse(data: bytes, **options: str) -> list[str]:
    """Return the faults of a file that is not read."""
    with pytest.raises(ReportError) as caught:
        read_report(data, **options)  # type: ignore[arg-type] # a currency alone
    return caught.value.faults


def test_a_listing_of_the_api_is_read() -> None:
    """A row that comes twice, and blank rows, change nothing."""
    text = f"{API}\r\n{ROW}\r\n\r\n{ROW}\r\n,,,,,,,,,,,,\r\n"
    assert read_report(text.encode()) == [ACTION]


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [
        ("utf-8-sig", ","),
        ("utf-16", "\t"),
        ("utf-16-le", "\t"),
        ("utf-16-be", ";"),
        ("cp1252", ";"),
        ("utf-8", "|"),
    ],
)
def test_files_of_spreadsheets_are_read(encoding: str, delimiter: str) -> None:
    """With the heads of the screen, decimal commas and thousands in points."""
    rows = [
        ["Action ID", "Action Date", "Status", "Sale Amount", "Action Earnings", "Sub ID (2)"],
        ["7", "2026-11-20 13:45", "Approved", "1.234,50", "12,3", "grün"],
        ["8", "2026-11-21", "reversed", "", "0", ""],
    ]
    quoted = [[f'"{cell}"' for cell in row] for row in rows]
    data = "\r\n".join(map(delimiter.join, quoted)).encode(encoding)
    first, second = read_report(data, currency="EUR", zone=ZoneInfo("America/New_York"))
    assert (first.payout, first.sale, first.words) == (123_000, 12_345_000, "grün")
    assert first.occurred_at == datetime(2026, 11, 20, 18, 45, tzinfo=UTC)
    assert (second.state, second.sale, second.payout) == ("reversed", None, 0)
    assert {first.currency, second.currency} == {"EUR"}


def test_the_items_of_an_action_are_added() -> None:
    heads = "Action Id,Action Date,Status,Sale Amount,Payout,SKU"
    rows = ["1,2026-11-20,PENDING,10,2.00,a", "1,2026-11-20,PENDING,5,1.50,b"]
    [action] = read_report("\n".join([heads, *rows]).encode(), currency="USD")
    assert (action.sale, action.payout) == (150_000, 35_000)


@pytest.mark.parametrize("second", ["REVERSED,1.50,USD", "PENDING,1.50,EUR"])
def test_items_of_different_states_or_currencies_are_not_added(second: str) -> None:
    heads = "Action Id,Action Date,Status,Payout,Currency,SKU"
    rows = ["1,2026-11-20,PENDING,2.00,USD,a", f"1,2026-11-20,{second},b"]
    assert refuse("\n".join([heads, *rows]).encode()) == ["lines 2 and 3: sale 1 differs"]


def test_a_row_without_a_currency_has_that_of_the_option() -> None:
    data = (HEADS + "1,2026-11-20,PENDING,1,").encode()
    assert read_report(data, currency="EUR")[0].currency == "EUR"


HEADS = "Action Id,Action Date,Status,Payout,Currency\n"


@pytest.mark.parametrize(
    ("text", "payout"),
    [
        ("0,125", 1_250),
        (",125", 1_250),
        ("0,1250", 1_250),
        ("1234,567", 12_345_670),
        ("1.234,567", 12_345_670),
        ("1,234", 12_340_000),
        ("0.125", 1_250),
        ("EUR 5,5", 55_000),
        ("\u20ac5", 50_000),
    ],
)
def test_a_comma_that_cannot_separate_thousands_is_a_decimal_sign(text: str, payout: int) -> None:
    """An eighth of a euro was once read as 125 euros."""
    [action] = read_report((HEADS + f'1,2026-11-20,PENDING,"{text}",EUR').encode())
    assert action.payout == payout


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("1,2026-11-20,PENDING,1.00\n", "line 2: 4 values, where the first line has 5 columns"),
        ('1,2026-11-20,PENDING,1.00,"US', "line 2: unexpected end of data"),
        ("1,11/20/2026,PENDING,1,USD", 'line 2, column "Action Date": "11/20/2026" is no time'),
        ("1,2026-11-20,PAID,1,USD", 'line 2, column "Status": "PAID" is none of pending, '),
        ("1,2026-11-20,PENDING,-1,USD", 'line 2, column "Payout": "-1" is negative'),
        ("1,2026-11-20,PENDING,1e9,USD", 'line 2, column "Payout": "1e9" is no amount'),
        ("1,2026-11-20,PENDING,99999999999,USD", 'column "Payout": "99999999999" is too large'),
        ("1,2026-11-20,PENDING,,USD", "line 2: there is no payout"),
        ("1,2026-11-20,PENDING,1,", "line 2: there is no currency"),
        ('1,2026-11-20,PENDING,"1,25,5",USD', 'column "Payout": "1,25,5" is no amount'),
        ('1,2026-11-20,PENDING,"0,50",USD\n2,2026-11-20,PENDING,0.125,USD', "amounts have a comma"),
        ("1,2026-11-20,PENDING,5.00 EUR,USD", 'column "Payout": "5.00 EUR" is not in USD'),
        ("1,2026-11-20,PENDING,\u20ac5,USD", 'column "Payout": "\u20ac5" is not in USD'),
        ("1,,PENDING,1,USD", "line 2: there is no sale date"),
        (",2026-11-20,PENDING,1,USD", 'line 2, column "Action Id": "" is no id of a sale'),
        ("1,2026-11-20,PENDING,1,Dollar", 'column "Currency": "Dollar" is no code of a currency'),
        ('1,2026-11-20,PENDING,"1,5",USD\n2,2026-11-20,PENDING,1.5,USD', "amounts have a comma"),
        (
            "1,2026-11-20,PENDING,1,USD\n2,2026-11-20,PENDING,1,USD\n1,2026-11-20,PENDING,2,USD",
            "lines 2 and 4: sale 1 differs",
        ),
    ],
)
def test_a_fault_is_named_with_line_and_column(rows: str, fault: str) -> None:
    [named] = refuse((HEADS + rows).encode())
    assert fault in named


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "the file is empty"),
        (b"Date,Clicks,Impressions\n2026-11-20,5,9\n", "there is no column of payout, sale date"),
        (b"Payout,Earnings,Action Id,Status,Action Date,Currency\n", "mean the same"),
        (HEADS.encode("utf-16")[:-1], "the file is not whole"),
        (b"Action Id,Action Date,Status,Payout\n", "there is no column of currency"),
        (b"\x89PNG\r\n\x1a\n\x81\x8d", "in none of UTF-8, UTF-16 and Windows-1252"),
    ],
)
def test_a_file_of_another_kind_is_not_read(data: bytes, fault: str) -> None:
    assert fault in " ".join(refuse(data))


def test_of_many_faults_the_first_are_named() -> None:
    faults = refuse(
        (
            HEADS
            + "1,x,PENDING,1,USD\n" * 0
            + "".join(f"{n},x,PENDING,1,USD\n" for n in range(MAX_FAULTS + 5))
        ).encode()
    )
    assert (len(faults), faults[-1]) == (MAX_FAULTS + 1, "and 5 more")
    assert faults[0].startswith("line 2, ")


def test_no_text_of_a_report_is_longer_than_the_ledger_keeps() -> None:
    """Tags and control characters are removed, as from agencies' texts."""
    row = f"1,2026-11-20,PENDING,1,USD,{'x' * 999},<b>\x07cat"
    [action] = read_report((HEADS.strip() + ",SubId1,SubId2\n" + row).encode())
    assert (action.site, action.words) == ("x" * 253, "cat")


def test_times_are_kept_in_utc() -> None:
    [action] = read_report((HEADS + "1,2026-11-20T23:00:00Z,PENDING,1,USD").encode(), zone=UTC)
    assert action.occurred_at == datetime(2026, 11, 20, 23, tzinfo=UTC)
