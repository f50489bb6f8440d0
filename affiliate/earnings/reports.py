"""Reports of affiliate networks in files: rows are read into actions by the form of a report."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from affiliate.domain.actions import STATES, Action, State
from affiliate.domain.media import clean_text
from affiliate.domain.words import cut_between_signs
from affiliate.earnings.open_ends import HINT, End, judge_amount, judge_shape, judge_word
from affiliate.earnings.tables import (
    BROKEN,
    Row,
    Table,
    find_columns,
    has_columns,
    is_total,
    read_table,
    simplify_head,
)
from affiliate.earnings.values import check_currency, find_decimal_sign, read_amount, read_time
from affiliate.errors import ReportError

AMOUNTS: Final = ("payout", "sale amount")
TIMES: Final = {
    "sale date": "occurred_at",
    "click time": "clicked_at",
    "locking date": "locks_at",
    "clearing date": "cleared_at",
}
"""Columns of times, with the fields of `Action`."""
TEXTS: Final = {
    "program": ("program", 64),
    "site": ("site", 253),
    "words": ("words", 500),
    "picture": ("media_id", 100),
    "click id": ("click_id", 64),
}
"""Columns whose texts are kept, with the fields of `Action` and their most characters."""
FIELDS: Final = ("sale id", "status", "currency", "item", *AMOUNTS, *TIMES, *TEXTS)
"""Everything that a column of a report can have."""
MAX_FAULTS: Final = 20
"""Faults that are named; a file of another kind has one in each line."""
CURRENCY: Final = re.compile(r"[A-Z]{3}")
"""Codes of currencies (ISO 4217)."""
SAME_STATES: Final[Mapping[str, State]] = MappingProxyType({state: state for state in STATES})

Value = TypeVar("Value")
Join = Callable[[Action, Action], Action | None]


def add_item(action: Action, item: Action) -> Action | None:
    """Return an action with the amounts of another item; None where these can't be added.

    Items of one action have one state and one currency.
    """
    if (action.state, action.currency) != (item.state, item.currency):
        return None
    return msgspec.structs.replace(
        action, payout=action.payout + item.payout, sale=add_sales(action, item)
    )


def add_sales(action: Action, item: Action) -> int | UnsetType | None:
    """Return the sum of two sale amounts, of which either or both may be unknown."""
    sales = [sale for sale in (action.sale, item.sale) if isinstance(sale, int)]
    return sum(sales) if sales else action.sale


class ReportForm(msgspec.Struct, frozen=True, kw_only=True):
    """The form of a network's reports.

    ``columns`` has the heads of fields of `FIELDS`, compared as `find_columns` does. ``states`` has
    the words of a status, in small letters; ``state`` and ``currency`` are those of rows that name
    none. Times without an offset are in ``zone``, and in ``date_format`` of
    `datetime.strptime` where the form is not that of ISO 8601. ``join`` joins the rows of one
    action in a report that has a row for each item; there ``item_columns`` take precedence.
    ``state_hint`` follows the fault of an unknown status. Rows whose status is one of ``no_sales``
    are left out where they pay nothing. Where ``account`` is known, a row of another account (the
    column "account") is a fault, and so is a sale after ``latest``. In a report by item that
    ``has_returns``, a returned item is a row with negative amounts.
    """

    columns: Mapping[str, frozenset[str]]
    item_columns: Mapping[str, frozenset[str]] = MappingProxyType({})
    required: frozenset[str] = frozenset({"payout", "sale date"})
    states: Mapping[str, State] = SAME_STATES
    state: State | None = None
    currency: str = ""
    zone: tzinfo = UTC
    date_format: str = ""
    join: Join = add_item
    state_hint: str = ""
    account: str = ""
    no_sales: frozenset[str] = frozenset()
    latest: datetime | None = None
    has_returns: bool = False


def read_report(
    data: bytes, form: ReportForm, warn: Callable[[str], None] = lambda _: None
) -> list[Action]:
    """Read a report.

    Rows that are equal count once, unless the report has no ids of actions: then each row is an
    action, whose id is built as `number_actions` documents. In a report by item the amounts of an
    action's rows are joined. ``warn`` is called with a sentence where the file may be cut off.

    Raises:
        ReportError: names the faults of the file, of which nothing is read then.
    """
    table = read_table(data, partial(has_columns, names=form.columns, required=form.required))
    reader = _RowReader(table, form)
    rows = reader.list_sales(table.rows)
    if table.is_open and rows and rows[0] is table.rows[-1]:
        reader.check_end(table, warn)
    table.rows.clear()
    rows.reverse()
    lines: dict[str, int] = {}
    actions: dict[str, Action] = {}
    unnumbered: list[Action] = []
    found: list[list[str]] = []
    while rows:  # popped, as rows and actions together would take twice the memory
        row = rows.pop()
        try:
            action = reader.read_action(row)
        except ReportError as error:
            found.append(error.faults)
            continue
        if not reader.has_ids:
            unnumbered.append(action)
            continue
        before = actions.get(action.action_id)
        joined: Action | None = action
        if before and reader.is_by_item:
            joined = form.join(before, action)
        elif before and before != action:
            joined = None
        if joined is None:
            first, second = sorted((lines[action.action_id], row.line))
            found.append([f"lines {first} and {second}: sale {action.action_id} differs"])
        actions[action.action_id] = joined or action
        lines[action.action_id] = row.line
    found += [
        [f"line {lines[name]}: the rows of sale {name} take back more than the sale's amounts"]
        for name, action in actions.items()
        if action.payout < 0 or (isinstance(action.sale, int) and action.sale < 0)
    ]
    if found:
        faults = [fault for of_row in reversed(found) for fault in of_row]
        more = len(faults) - MAX_FAULTS
        raise ReportError(faults[:MAX_FAULTS] + [f"and {more} more"] * (more > 0))
    return list(reversed(actions.values())) or number_actions(unnumbered)


def number_actions(actions: Sequence[Action]) -> list[Action]:
    """Return actions of a report without ids, each with an id that is the same in later reports.

    The id is a digest of what never changes (time, click, program, and what the link has carried)
    and the number of the action among those with the same digest. Amounts and states change, and
    are no part of the id; actions with one digest are numbered by them, so that a report that has
    all actions of its days leaves the ledger with exactly its own sums.
    """
    counts: Counter[str] = Counter()
    numbered = []
    for action in sorted(actions, key=_rank_amounts):
        values = [action.occurred_at.isoformat(), str(action.clicked_at or None), action.currency]
        values += [getattr(action, name) or "" for name, _ in TEXTS.values()]
        digest = hashlib.sha256("\0".join(values).encode()).hexdigest()[:32]
        counts[digest] += 1
        numbered.append(msgspec.structs.replace(action, action_id=f"row-{digest}-{counts[digest]}"))
    return sorted(numbered, key=lambda action: (action.occurred_at, action.action_id))


def _rank_amounts(action: Action) -> tuple[int, int, str]:
    return action.sale or 0, action.payout, action.state


class _RowReader:
    """The columns of a report, and what is the same in all its rows."""

    def __init__(self, table: Table, form: ReportForm) -> None:
        columns = form.columns
        if any(simplify_head(head) in columns.get("item", ()) for head in table.heads):
            columns = {**columns, **form.item_columns}
        self._places = find_columns(table.heads, columns, form.required)
        self._heads = table.heads
        self._form = form
        self.has_ids = "sale id" in self._places
        self.is_by_item = "item" in self._places
        if "currency" not in self._places and not form.currency:
            raise ReportError(["there is no column of currency: name the currency of all rows"])
        if "status" not in self._places and not form.state:
            raise ReportError(["there is no column of status: name the state of all rows"])
        amounts = [self._places[field] for field in AMOUNTS if field in self._places]
        # Where the columns are not separated by commas, commas separate cents.
        self._decimal_sign = find_decimal_sign(
            (row.cells[place] for row in table.rows for place in amounts),
            usual="," if table.delimiter == ";" else ".",
        )
        if not self._decimal_sign:
            raise ReportError(
                ["amounts have a comma before their cents in some rows, a point in others"]
            )

    def list_sales(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows of sales, the last first.

        The totals under a table are none, nor are rows with a status of the form's ``no_sales``
        that earn nothing. Rows that are equal count once in a report with ids of sales.
        """
        place = self._places["sale date"]
        sales = list(rows)
        if sales:
            last = sales[-1].cells
            if is_total([last[place]] if last[place].strip() else last):
                sales.pop()
        sales.reverse()
        if self._form.no_sales:
            sales = [row for row in sales if not self._earns_nothing(row)]
        if self.has_ids:
            sales = list({_digest_cells(row.cells): row for row in sales}.values())
        return sales

    def _earns_nothing(self, row: Row) -> bool:
        word = " ".join(row.cells[self._places["status"]].casefold().split())
        payout = row.cells[self._places["payout"]]
        return word in self._form.no_sales and not re.search("[1-9]", payout)

    def check_end(self, table: Table, warn: Callable[[str], None]) -> None:
        """Check whether the last value of a file without a line end is whole.

        Where that is unclear, ``warn`` is called, as the next import mends a value; but a value by
        which a sale is known would count the sale twice, and is refused.

        Raises:
            ReportError: the value is cut off, or may be.
        """
        place = len(table.heads) - 1
        field = next((name for name, own in self._places.items() if own == place), "")
        *others, last = (row.cells[place] for row in table.rows)
        identity = {"sale id"} if self.has_ids else {"sale date", "click time", *TEXTS}
        if field in AMOUNTS:
            end = judge_amount(last, others, self._decimal_sign)
        elif field in TIMES or field in TEXTS or field in identity:
            end = judge_shape(last, others)
        else:
            end = judge_word(last, self._form.states if field == "status" else ())
        shown = f'column "{table.heads[place]}": "{clean_text(last)[:40]}" may be cut off'
        is_wrong = end is End.CUT_OFF and field not in TEXTS
        if is_wrong or (end is not End.WHOLE and field in identity):
            where = f"line {table.rows[-1].line}, {shown}"
            raise ReportError([f"{where}, as the file ends without a line end: {HINT}"])
        if end is not End.WHOLE:
            warn(f"The file ends without a line end, {shown}. If so, {HINT}.")

    def read_action(self, row: Row) -> Action:
        """Return the action of a row; its id is empty where the report has none.

        Raises:
            ReportError: names the faults of the row, each with line and column.
        """
        faults: list[str] = []
        form = self._form

        def read(field: str, convert: Callable[[str], Value]) -> Value | None:
            if field not in self._places:
                return None
            place = self._places[field]
            try:
                return convert(row.cells[place])
            except ValueError as error:
                shown = f'"{clean_text(row.cells[place])[:40]}"'
                faults.append(f'line {row.line}, column "{self._heads[place]}": {shown} {error}')
                return None

        read("account", partial(check_account, account=form.account))
        signed = form.has_returns and self.is_by_item
        to_amount = partial(read_amount, decimal_sign=self._decimal_sign, signed=signed)
        to_time = partial(_read_report_time, form=form)
        amounts = {field: read(field, to_amount) for field in AMOUNTS}
        times: dict[str, Any] = {
            name: read(field, to_time) for field, name in TIMES.items() if field in self._places
        }
        if form.latest and times["occurred_at"] and times["occurred_at"] > form.latest:
            read("sale date", _refuse_future)
        action_id = read("sale id", read_id) if self.has_ids else ""
        to_state = partial(read_state, states=form.states, hint=form.state_hint)
        state = read(
            "status", lambda word: None if form.state and not word.strip() else to_state(word)
        )
        state = state or form.state
        currency = read("currency", lambda code: code and read_currency(code)) or form.currency
        if currency:  # the sale's own currency may be another one, and is in no sum
            read("payout", partial(check_currency, currency=currency))
        payout = amounts["payout"]
        required = {"payout": payout, "sale date": times["occurred_at"], "currency": currency}
        missing = [field for field, value in required.items() if value in {None, ""}]
        if missing and not faults:
            faults.append(f"line {row.line}: there is no {missing[0]}")
        if faults or action_id is None or not state or payout is None:
            raise ReportError(faults)
        texts: dict[str, Any] = {
            name: cut_between_signs((read(field, clean_text) or "").rstrip(BROKEN), most)
            for field, (name, most) in TEXTS.items()
            if field in self._places
        }
        return Action(
            action_id=action_id,
            state=state,
            payout=payout,
            sale=amounts["sale amount"] if "sale amount" in self._places else UNSET,
            currency=currency,
            **times,
            **texts,
        )


def _digest_cells(cells: Sequence[str]) -> bytes:
    return hashlib.blake2b("\0".join(cells).encode(), digest_size=16).digest()


def _read_report_time(text: str, form: ReportForm) -> datetime | None:
    """Return a time of a report, as `read_time` does.

    Raises:
        ValueError: the text has another form; names the option for the form.
    """
    try:
        return read_time(text, form.zone, form.date_format)
    except ValueError as error:
        hint = "" if form.date_format else "; name its form, such as --date-format %m/%d/%Y"
        raise ValueError(f"{error}{hint}") from None


def _refuse_future(_: str) -> None:
    """Refuse a time in the future.

    Raises:
        ValueError: always; names the option for the order of day and month.
    """
    raise ValueError("is in the future; is its form %d/%m/%Y or %m/%d/%Y? Name it by --date-format")


def check_account(text: str, account: str) -> None:
    """Refuse the account of another owner; an empty ``account`` is unknown.

    Raises:
        ValueError: the text is another account.
    """
    if account and text.strip() != account:
        raise ValueError(f"is not your account, {account}")


def read_id(text: str) -> str:
    """Return the id of an action.

    Raises:
        ValueError: the text is no id.
    """
    if re.fullmatch(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+", text.strip()):
        raise ValueError("was rounded by a spreadsheet: import the file as downloaded")
    if not re.fullmatch(r"[!-~]{1,64}", text.strip()):
        raise ValueError("is no id of a sale, which has 1 to 64 signs and no spaces")
    return text.strip()


def read_state(text: str, states: Mapping[str, State] = SAME_STATES, hint: str = "") -> State:
    """Return the state that a word means.

    Raises:
        ValueError: ``states`` has no such word; ``hint`` is the end of the message.
    """
    state = states.get(" ".join(text.casefold().split()))
    if state is None:
        raise ValueError(f"is none of {', '.join(states)}{hint}")
    return state


def read_currency(text: str) -> str:
    """Return the code of a currency in capital letters.

    Raises:
        ValueError: the text is no code.
    """
    if not CURRENCY.fullmatch(code := text.strip().upper()):
        raise ValueError("is no code of a currency such as USD")
    return code
