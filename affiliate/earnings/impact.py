"""Reports of impact.com: files of action listings, downloaded by a partner.

Columns: https://help.impact.com/partner/platform-features/reporting-for-partners. A listing by SKU
has a row for each item of an action.
"""

import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from functools import partial
from typing import Final, TypeVar

import msgspec

from affiliate.domain.actions import STATES, Action, State
from affiliate.domain.media import clean_text
from affiliate.domain.words import cut_between_signs
from affiliate.earnings.tables import Row, Table, find_columns, read_table
from affiliate.earnings.values import find_decimal_sign, read_amount, read_time
from affiliate.errors import ReportError

NETWORK: Final = "impact"
COLUMNS: Final = {
    "action id": frozenset({"actionid", "id"}),
    "status": frozenset({"status", "actionstatus", "state"}),
    "payout": frozenset({"payout", "actionearnings", "earnings"}),
    "sale amount": frozenset({"saleamount", "amount"}),
    "currency": frozenset({"currency", "currencycode", "payoutcurrency"}),
    "action date": frozenset({"actiondate", "eventdate"}),
    "referral date": frozenset({"referraldate", "referringdate", "clickdate"}),
    "locking date": frozenset({"lockingdate"}),
    "clearing date": frozenset({"clearingdate", "cleareddate"}),
    "campaign id": frozenset({"campaignid", "programid"}),
    "sub id 1": frozenset({"subid1"}),
    "sub id 2": frozenset({"subid2"}),
    "sub id 3": frozenset({"subid3"}),
    "shared id": frozenset({"sharedid"}),
    "sku": frozenset({"sku", "itemsku"}),
}
"""Heads of each column, in listings of the API and of the screen."""
REQUIRED: Final = frozenset({"action id", "status", "payout", "action date"})
AMOUNTS: Final = ("payout", "sale amount")
TEXTS: Final = {
    "campaign id": ("program", 64),
    "sub id 1": ("site", 253),
    "sub id 2": ("words", 500),
    "sub id 3": ("media_id", 100),
    "shared id": ("click_id", 64),
}
"""Columns whose texts are kept, with the most characters of the ledger's columns."""
MAX_FAULTS: Final = 20
"""Faults that are named; a file of another kind has one in each line."""
CURRENCY: Final = re.compile(r"[A-Z]{3}")
"""Codes of currencies (ISO 4217)."""

Value = TypeVar("Value")


def read_report(data: bytes, *, currency: str = "", zone: tzinfo = UTC) -> list[Action]:
    """Read a listing; ``currency`` is that of a file without such a column.

    Rows that are equal count once. In a listing by SKU the amounts of an action's rows are added.
    Times without an offset are in ``zone``.

    Raises:
        ReportError: names the faults of the file, of which nothing is read then.
    """
    table = read_table(data)
    reader = _RowReader(table, currency, zone)
    lines: dict[str, int] = {}
    actions: dict[str, Action] = {}
    faults: list[str] = []
    for row in {tuple(row.cells): row for row in reversed(table.rows)}.values():
        try:
            action = reader.read_action(row)
        except ReportError as error:
            faults = error.faults + faults
            continue
        before = actions.get(action.action_id)
        if (
            before
            and not (reader.is_by_item and _is_same_sale(before, action))
            and before != action
        ):
            first, second = sorted((lines[action.action_id], row.line))
            faults.append(f"lines {first} and {second}: action {action.action_id} differs")
        actions[action.action_id] = _add_item(before, action) if before else action
        lines[action.action_id] = row.line
    if faults:
        more = len(faults) - MAX_FAULTS
        raise ReportError(faults[:MAX_FAULTS] + [f"and {more} more"] * (more > 0))
    return list(reversed(actions.values()))


def _is_same_sale(action: Action, item: Action) -> bool:
    """Return whether the amounts of an item can be added to those of an action."""
    return (action.state, action.currency) == (item.state, item.currency)


def _add_item(action: Action, item: Action) -> Action:
    """Return an action with the amounts of one more of its items."""
    sales = [sale for sale in (action.sale, item.sale) if sale is not None]
    return msgspec.structs.replace(
        action, payout=action.payout + item.payout, sale=sum(sales) if sales else None
    )


class _RowReader:
    """The columns of a listing, and what is the same in all its rows."""

    def __init__(self, table: Table, currency: str, zone: tzinfo) -> None:
        self._places = find_columns(table.heads, COLUMNS, REQUIRED)
        self._heads = table.heads
        self._currency = currency
        self._zone = zone
        self.is_by_item = "sku" in self._places
        if "currency" not in self._places and not currency:
            raise ReportError(["there is no column of currency: name the currency of all rows"])
        columns = [self._places[field] for field in AMOUNTS if field in self._places]
        self._decimal_sign = find_decimal_sign(
            row.cells[column] for row in table.rows for column in columns
        )
        if not self._decimal_sign:
            raise ReportError(
                ["amounts have a comma before their cents in some rows, a point in others"]
            )

    def read_action(self, row: Row) -> Action:
        """Return the action of a row.

        Raises:
            ReportError: names the faults of the row, each with line and column.
        """
        faults: list[str] = []

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

        amounts = {
            field: read(field, partial(read_amount, decimal_sign=self._decimal_sign))
            for field in AMOUNTS
        }
        times = {
            field: read(field, partial(read_time, zone=self._zone))
            for field in ("action date", "referral date", "locking date", "clearing date")
        }
        action_id = read("action id", read_id)
        state = read("status", read_state)
        currency = read("currency", lambda code: code and read_currency(code)) or self._currency
        payout, occurred_at = amounts["payout"], times["action date"]
        for field, value in (
            ("payout", payout),
            ("action date", occurred_at),
            ("currency", currency),
        ):
            if value in {None, ""} and not faults:
                faults.append(f"line {row.line}: there is no {field}")
        if faults or not action_id or not state or payout is None or occurred_at is None:
            raise ReportError(faults)
        texts = {
            name: cut_between_signs(read(field, clean_text) or "", most)
            for field, (name, most) in TEXTS.items()
        }
        return Action(
            action_id=action_id,
            state=state,
            payout=payout,
            sale=amounts["sale amount"],
            currency=currency,
            occurred_at=occurred_at,
            clicked_at=times["referral date"],
            locks_at=times["locking date"],
            cleared_at=times["clearing date"],
            **texts,
        )


def read_id(text: str) -> str:
    """Return the id of an action.

    Raises:
        ValueError: the text is no id.
    """
    if not re.fullmatch(r"[!-~]{1,64}", text.strip()):
        raise ValueError("is no id of an action")
    return text.strip()


def read_state(text: str) -> State:
    """Return the state of an action.

    Raises:
        ValueError: the text is none of `STATES`.
    """
    state = text.strip().casefold()
    for known in STATES:
        if state == known:
            return known
    raise ValueError(f"is none of {', '.join(STATES)}")


def read_currency(text: str) -> str:
    """Return the code of a currency in capital letters.

    Raises:
        ValueError: the text is no code.
    """
    if not CURRENCY.fullmatch(code := text.strip().upper()):
        raise ValueError("is no code of a currency such as USD")
    return code
