"""Exports are read as programs and spreadsheets write them; nothing is read wrongly in silence."""

from datetime import UTC, datetime

import msgspec
import pytest

from affiliate.domain.actions import Action
from affiliate.earnings import impact, tables
from affiliate.earnings.column_mapping import ColumnMapping
from affiliate.earnings.reports import read_report
from affiliate.errors import ReportError

HEADS = "Action Id,Action Date,Status,Payout,Currency\n"
ROW = "1,2026-11-20,PENDING,5.00,USD\n"


def read(text: str | bytes, **options: object) -> list[Action]:
    data = text if isinstance(text, bytes) else text.encode()
    return read_report(data, msgspec.structs.replace(impact.FORM, **options))


def read_payouts(text: str | bytes) -> list[float]:
    return [action.payout / 10_000 for action in read(text)]


def refuse(text: str | bytes) -> str:
    with pytest.raises(ReportError) as caught:
        read(text)
    return "; ".join(caught.value.faults)


@pytest.mark.parametrize(
    "text",
    [
        ("sep=;\n" + HEADS + ROW).replace(",", ";"),
        '"sep=,"\n' + HEADS + ROW,
        "Report;Action Listing\nFrom;2026-11-01\n\n" + (HEADS + ROW).replace(",", ";"),
        "Actions, 1 to 30 November, all programs, all states, all currencies\n" + HEADS + ROW,
        (HEADS + ROW)
        .replace(",", '", "')
        .replace("\n", '"\n')
        .replace("A", '"A', 1)
        .replace("\n1", '\n"1'),
        HEADS + ROW.replace("\n", ",\n"),
        HEADS.replace("\n", ",\n") + ROW.replace("\n", ",\n"),
        HEADS.replace(",", ",\u200b") + ROW,
        HEADS + ROW + "\x1a",
        HEADS + '="1",="2026-11-20","=""PENDING""",5.00,USD\n',
        (HEADS + ROW).replace("\n", "\r"),
        b"\xef\xbb\xbf" + ('"Action Id"' + HEADS[9:] + ROW).encode(),
        HEADS + ROW + "Total,,,5.00,\n",
        HEADS + ROW + ",,,5.00,Grand Total:",
        HEADS + ROW + ",Summe,,5.00,",
        HEADS + ROW + "Total,5.00\n",
        HEADS + ROW + "2,2026-11-20,N/A,0.00,USD\n3,2026-11-20,N/A (Media Source),,USD\n",
    ],
)
def test_what_stands_around_the_sales_is_left_out(text: str | bytes) -> None:
    """Titles, signs of spreadsheets, empty columns, formulas, totals, rows that pay nothing."""
    [action] = read(text)
    assert (action.action_id, action.state, action.payout) == ("1", "pending", 50_000)


def test_lines_are_counted_from_the_beginning_of_the_file() -> None:
    """Also behind a title, blank lines and line breaks in quotation marks."""
    text = 'Title\n\n"sep=,"\n' + HEADS.strip() + ",SubId2\n"
    text += ROW.strip() + ',"red\nbicycle"\n2,2026-11-20,PENDING,much,USD,\n'
    assert refuse(text).startswith('line 7, column "Payout": "much" is no amount')


@pytest.mark.parametrize(
    ("amounts", "payouts"),
    [
        (("1.234", "3.000"), [1234, 3000]),
        (("1,234",), [1.234]),
        (("1.234", "0,5"), [1234, 0.5]),
        (("1.234", "0.5"), [1.234, 0.5]),
        (("1,234", "5.00"), [1234, 5]),
        (("12", "3"), [12, 3]),
    ],
)
def test_between_semicolons_commas_separate_cents(
    amounts: tuple[str, ...], payouts: list[float]
) -> None:
    """Unless another amount shows the contrary: 1.234 was once read as little more than one."""
    rows = [f"{number};2026-11-20;PENDING;{one};EUR\n" for number, one in enumerate(amounts)]
    assert read_payouts(HEADS.replace(",", ";") + "".join(rows)) == payouts


@pytest.mark.parametrize(
    ("amount", "currency", "payout"),
    [
        ("25,000", "USD", 25_000),
        ("US$5.00", "USD", 5),
        ("$ 5.00", "USD", 5),
        ("A$5.00", "AUD", 5),
        ("\u20b9 1,23,456.00", "INR", 123_456),
        ("1'234.50", "CHF", 1234.5),
        ("1\u2019234.50 CHF", "CHF", 1234.5),
        ("1\u202f234.50", "EUR", 1234.5),
    ],
)
def test_amounts_of_many_countries_are_read(amount: str, currency: str, payout: float) -> None:
    assert read_payouts(f'{HEADS}1,2026-11-20,PENDING,"{amount}",{currency}\n') == [payout]


def test_a_dash_is_no_amount() -> None:
    [action] = read(HEADS.strip() + ",Sale Amount\n" + ROW.strip() + ",\u2013\n")
    assert action.sale is None


@pytest.mark.parametrize("amount", ["-5.00", "\u22125.00", "(5.00)", "-$5.00", "5.00-"])
def test_a_negative_amount_is_refused_with_the_reason(amount: str) -> None:
    words = refuse(f"{HEADS}1,2026-11-20,PENDING,{amount},USD\n")
    assert f'"{amount}" is negative; a reversal is a status of its sale' in words


@pytest.mark.parametrize(
    ("amount", "currency"), [("US$5", "AUD"), ("C$5", "USD"), ("\u20b95", "USD"), ("R$5", "USD")]
)
def test_an_amount_in_another_currency_is_refused(amount: str, currency: str) -> None:
    words = refuse(f"{HEADS}1,2026-11-20,PENDING,{amount},{currency}\n")
    assert f'"{amount}" is not in {currency}' in words


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026/11/20", 0),
        ("2026/11/20 13:45", 13),
        ("2026-11-20 13:45:00 UTC", 13),
        ("2026-11-20 13:45:00 GMT", 13),
        ("2026-11-20 13:45:00 -0800", 21),
        ("2026-11-20T13:45:00.123Z", 13),
    ],
)
def test_times_with_other_signs_between_their_parts_are_read(text: str, hour: int) -> None:
    [action] = read(HEADS + ROW.replace("2026-11-20", text))
    assert (action.occurred_at.day, action.occurred_at.hour) == (20, hour)


def test_a_time_of_another_form_is_refused_with_the_option_for_the_form() -> None:
    text = HEADS + ROW.replace("2026-11-20", "11/20/2026")
    assert refuse(text).endswith("name its form, such as --date-format %m/%d/%Y")
    [action] = read(text, date_format="%m/%d/%Y")
    assert action.occurred_at.day == 20


def test_an_id_that_a_spreadsheet_has_rounded_is_refused() -> None:
    """Several sales would be one."""
    words = refuse(HEADS + ROW.replace("1,", "1.23457E+15,", 1))
    assert '"1.23457E+15" was rounded by a spreadsheet: import the file as downloaded' in words


def test_a_status_without_a_sale_that_pays_is_refused() -> None:
    assert '"N/A" is none of pending' in refuse(HEADS + ROW.replace("PENDING", "N/A"))


def test_totals_amid_the_rows_are_refused() -> None:
    """The word may be that of a sale that lacks its date; only the last row is left out."""
    assert refuse(HEADS + "Total,,,5.00,\n" + ROW).startswith("line 2, ")


def test_a_sale_that_was_cut_off_behind_a_word_of_totals_is_refused() -> None:
    heads = "SubId2," + HEADS
    assert "3 values" in refuse(f"{heads}cat,{ROW}dog,total,2026-11-20")


def test_words_of_totals_in_a_sale_change_nothing() -> None:
    text = HEADS.strip() + ",SubId2\n" + ROW.strip() + ",total\n"
    assert read(text)[0].words == "total"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00sheet", "a workbook or an archive: save the report as CSV"),
        (b"\x1f\x8b\x08\x00rest", "a workbook or an archive"),
        (b"\n<!DOCTYPE html><title>Log in</title>", "a web page: log in at the network"),
        (b"\xef\xbb\xbf<html>", "a web page"),
        ("<!DOCTYPE html>".encode("utf-16"), "a web page"),
        ("<!DOCTYPE html>".encode("utf-16-be"), "a web page"),
        (b'[{"Id": 1}]', "JSON"),
        (b'{"Actions": []}', "JSON: download the report as CSV"),
        (b"%PDF-1.7", "a PDF: download the report as CSV"),
    ],
)
def test_a_file_that_is_no_table_is_named(data: bytes, words: str) -> None:
    assert words in refuse(data)


def test_a_mapping_without_payouts_is_refused() -> None:
    mapping = ColumnMapping(state="approved", currency="USD").with_columns({"sale-date": "Day"})
    with pytest.raises(ReportError, match="there is no column of payout"):
        read_report(b"Day,Sum\n2026-11-20,5\n", mapping.build_form())


def test_two_columns_of_one_meaning_are_refused_with_the_way_to_choose() -> None:
    words = refuse(HEADS.strip() + ",Earnings\n" + ROW.strip() + ",5.00\n")
    choice = 'choose by --column payout="Payout" or --column payout="Earnings"'
    assert words.endswith(f"mean the same: {choice}")


def test_a_long_report_is_given_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_ROWS", 3)
    assert len(read(HEADS + "".join(f"{n}{ROW[1:]}" for n in range(3)))) == 3
    assert refuse(HEADS + ROW * 4) == "the file has more than 3 rows"


def test_a_quotation_mark_that_is_not_closed_is_named_with_its_line() -> None:
    """Not with the line in which the file, or the patience, ends."""
    for count in (1, 5000):
        words = refuse(HEADS + ROW + ROW.replace("PENDING", '"PENDING') + ROW * count)
        assert words.startswith("lines 3 to ")
        assert words.endswith("; is a quotation mark not closed?")


def test_a_sale_in_the_future_is_refused_with_the_option_for_the_form() -> None:
    """Day and month are confused there; the date of payment may well be later."""
    latest = datetime(2026, 11, 30, tzinfo=UTC)
    text = HEADS.strip() + ",Locking Date\n" + ROW.replace("2026-11-20", "03/12/2026").strip()
    with pytest.raises(ReportError) as caught:
        read(f"{text},20/01/2027\n", latest=latest, date_format="%d/%m/%Y")
    [fault] = caught.value.faults
    assert fault.startswith('line 2, column "Action Date": "03/12/2026" is in the future; is its')
    [action] = read(f"{text},01/20/2027\n", latest=latest, date_format="%m/%d/%Y")
    assert action.occurred_at.month == 3


def test_an_empty_status_is_the_state_of_rows_without_a_word() -> None:
    """As in a column "Voided"; a column that is empty by mistake is refused without that state."""
    text = (
        HEADS
        + ROW.replace("PENDING", "")
        + ROW.replace("1,", "2,", 1).replace("PENDING", "reversed")
    )
    assert '"" is none of pending' in refuse(text)
    assert [action.state for action in read(text, state="approved")] == ["approved", "reversed"]


def test_returned_items_are_taken_off_their_sale_where_items_are_named() -> None:
    """As at Rakuten and CJ, where a return is a further row with negative amounts."""
    mapping = ColumnMapping(state="approved", currency="USD").with_columns(
        {"sale-id": "Order", "sale-date": "Day", "payout": "Sum", "sale-amount": "Price"}
    )
    heads = "Order;SKU;Day;Sum;Price\n"
    rows = ("1;a;2026-11-20;$1.005,50;9\n", "1;b;2026-11-20;2,00;4\n", "1;b;2026-11-23;-2,00;-4\n")
    text = (heads + "".join(rows) + "2;a;2026-11-20;5,00;8\n2;a;2026-11-24;($5,00);(8)\n").encode()
    with pytest.raises(ReportError, match='line 4, column "Sum": "-2,00" is negative'):
        read_report(text, mapping.build_form())
    form = mapping.with_columns({"item": "SKU"}).build_form()
    assert [(one.action_id, one.payout, one.sale) for one in read_report(text, form)] == [
        ("1", 10_055_000, 90_000),
        ("2", 0, 0),
    ]
    with pytest.raises(ReportError) as caught:
        read_report((heads + rows[2]).encode(), form)
    assert caught.value.faults == [
        "line 2: the rows of sale 1 take back more than the sale's amounts"
    ]


@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("words", ["v\u00e9lo \u00e9t\u00e9", "\u7ea2\u8272\u81ea\u884c\u8f66"])
def test_words_that_are_cut_in_mid_letter_cost_no_other_word_its_letters(
    begin: bytes, words: str
) -> None:
    """As of networks that count bytes: the whole file was read as Windows-1252, or not at all."""
    heads = HEADS.strip() + ",SubId2\n"
    rows = [f"{number},2026-11-20,PENDING,5.00,USD,".encode() for number in (1, 2)]
    data = begin + heads.encode() + rows[0] + words.encode()[:-1] + b"\n" + rows[1]
    found = read(data + words.encode() + b"\n")
    assert [action.words for action in found] == [words[:-1], words]
