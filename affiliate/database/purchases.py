"""Purchases: on the disk before the agency is called, and closed with its answer.

A purchase under way, of unknown outcome, or made less than a day ago holds its *intent*: a digest
under a unique key, so that of any number of processes one alone can buy. The subscription is no
part of the intent: once a subscription is used up, the next would buy the same again.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import uuid4

import msgspec
import sqlalchemy as sa

from affiliate.database.advisory_locks import wait_for_lock
from affiliate.database.inserts import ignore_known
from affiliate.database.ledger import Ledger
from affiliate.database.schema import purchases
from affiliate.domain.times import to_naive_utc
from affiliate.domain.words import cut_between_signs

INTENT_LIFETIME: Final = timedelta(hours=24)
"""Time for which a purchase blocks the same purchase."""
OPEN_STATES: Final = ("pending", "unknown")
MAX_ERROR_LENGTH: Final = 300


INSERTS: Final = ignore_known(purchases)


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """One item to be licensed at ``api``, the address of the agency's API or of its sandbox.

    ``agency`` is its name, ``license`` the kind of license; ``before`` the newest license of the
    item in the history until then (empty: none); ``asked`` the price that was offered, ``price``
    the price charged; ``charge`` is in downloads of the subscription.
    """

    purchase_id: str = msgspec.field(default_factory=lambda: uuid4().hex)
    state: Literal["pending", "unknown", "licensed", "failed"] = "pending"
    agency: str = "shutterstock"
    api: str
    media: str
    media_id: str
    size: str
    license: str
    subscription_id: str
    made_at: datetime
    closed_at: datetime | None = None
    before: str = ""
    license_id: str | None = None
    charge: int | None = None
    asked: Decimal | None = None
    price: Decimal | None = None
    currency: str | None = None
    error: str | None = None

    @property
    def is_comp(self) -> bool:
        """Return whether the license is for trying a layout; such a license blocks no real one."""
        return is_comp(self.license)

    @property
    def intent(self) -> str:
        """Return the digest of what is bought, the same in all processes."""
        kind = "comp" if self.is_comp else ""
        parts = (self.api, self.media, self.media_id, self.size, kind)
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def is_comp(license: str) -> bool:  # noqa: A002 - as the API names it
    """Return whether a kind of license is for trying a layout, not for publishing, by its name."""
    return "comp" in license.split("_")


class Purchases:
    """The purchases in a ledger; every method may raise `LedgerError`.

    ``now`` is the clock, by default the ledger's, as several machines may share the ledger.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], datetime] | None = None) -> None:
        self._ledger = ledger
        self.now = now or ledger.read_time

    def claim(
        self, purchase: Purchase, *, force: bool = False, any_size: bool = False
    ) -> Purchase | None:
        """Record a purchase that is about to be made; return None once the record is on the disk.

        With ``any_size``, as for a purchase without a chosen size, any size counts as the same.

        Returns:
            The purchase that blocks this one. With ``force`` only an open purchase does, or one
            with the same ``purchase_id``: a form that was sent twice.
        """
        expired: sa.ColumnElement[bool] = sa.true()
        if not force:
            expired = purchases.c.made_at < to_naive_utc(self.now() - INTENT_LIFETIME)
        same_intent = purchases.c.intent == purchase.intent
        release = sa.update(purchases).where(same_intent, purchases.c.state == "licensed", expired)
        row = {**_to_row(purchase), "intent": purchase.intent}
        with self._ledger.write_transaction() as connection:
            # In whatever size, the claims of an item come one after the other.
            wait_for_lock(connection, purchase.api, purchase.media, purchase.media_id)
            own = sa.select(purchases).where(purchases.c.purchase_id == purchase.purchase_id)
            if begun := connection.execute(own).mappings().first():
                return _from_row(begun)
            connection.execute(release.values(intent=None))
            if any_size and not force and (other := self._select_other_size(connection, purchase)):
                return other
            connection.execute(INSERTS[connection.dialect.name], row)
            holder = connection.execute(sa.select(purchases).where(same_intent)).mappings().one()
        return None if holder["purchase_id"] == purchase.purchase_id else _from_row(holder)

    def find_other_size(self, purchase: Purchase) -> Purchase | None:
        """Return a purchase of the same item in another size that blocks this one."""
        with self._ledger.read_connection() as connection:
            other = self._select_other_size(connection, purchase)
        return other if other and other.size != purchase.size else None

    def _select_other_size(self, connection: sa.Connection, purchase: Purchase) -> Purchase | None:
        """Return a purchase of the same item that still holds its intent, or None."""
        same = [
            getattr(purchases.c, name) == getattr(purchase, name)
            for name in ("api", "media", "media_id")
        ]
        recent = purchases.c.made_at >= to_naive_utc(self.now() - INTENT_LIFETIME)
        alive = purchases.c.state.in_(OPEN_STATES) | recent
        query = sa.select(purchases).where(*same, purchases.c.intent.is_not(None), alive)
        others = map(_from_row, connection.execute(query).mappings())
        return next((other for other in others if other.is_comp is purchase.is_comp), None)

    def conclude(self, purchase: Purchase, **result: Any) -> Purchase:  # noqa: ANN401 - columns
        """Write the outcome that the history gives, unless the buyer has written one meanwhile.

        Returns:
            The purchase as recorded now.
        """
        return self._write_result(purchase, purchases.c.state.in_(OPEN_STATES), **result)

    def close(self, purchase: Purchase, **result: Any) -> Purchase:  # noqa: ANN401 - columns
        """Write the outcome of a purchase; a failed purchase gives up its intent."""
        return self._write_result(purchase, sa.true(), **result)

    def restore(self, purchase: Purchase) -> Purchase:
        """Write the agency's answer about a purchase from a journal.

        A database that was restored or failed over may lack the record, which is made anew. The
        agency's answer overrules an outcome that was concluded without the answer; a pending
        purchase overrules nothing.

        Returns:
            The purchase as recorded now.
        """
        own = purchases.c.purchase_id == purchase.purchase_id
        closed_at = None if purchase.state == "pending" else self.now()
        text = cut_between_signs(purchase.error or "", MAX_ERROR_LENGTH) or None
        closed = msgspec.structs.replace(purchase, closed_at=closed_at, error=text)
        row = {**_to_row(closed), "intent": None}
        with self._ledger.write_transaction() as connection:
            record = connection.execute(sa.select(purchases).where(own)).mappings().first()
            if record and not _is_overruled(record["state"], purchase.state):
                return _from_row(record)
            if purchase.state != "failed" and not self._is_intent_taken(connection, purchase):
                row["intent"] = purchase.intent
            change = sa.update(purchases).where(own) if record else sa.insert(purchases)
            connection.execute(change.values(row))
            written = connection.execute(sa.select(purchases).where(own)).mappings().one()
        return _from_row(written)

    def _is_intent_taken(self, connection: sa.Connection, purchase: Purchase) -> bool:
        """Return whether another purchase holds the intent of this one."""
        other = purchases.c.purchase_id != purchase.purchase_id
        holder = sa.select(purchases.c.purchase_id).where(
            purchases.c.intent == purchase.intent, other
        )
        return connection.execute(holder).first() is not None

    def _write_result(
        self,
        purchase: Purchase,
        where: sa.ColumnElement[bool],
        **result: Any,  # noqa: ANN401 - columns
    ) -> Purchase:
        text = cut_between_signs(result.get("error") or "", MAX_ERROR_LENGTH) or None
        closed = msgspec.structs.replace(
            purchase, **{**result, "error": text, "closed_at": self.now()}
        )
        row = _to_row(closed)
        if closed.state == "failed":
            row["intent"] = None
        own = purchases.c.purchase_id == closed.purchase_id
        with self._ledger.write_transaction() as connection:
            if connection.execute(sa.update(purchases).where(own, where).values(row)).rowcount:
                return closed
            written = connection.execute(sa.select(purchases).where(own)).mappings().one()
        return _from_row(written)

    def list_open(self, api: str) -> list[Purchase]:
        """Return the purchases without a recorded outcome, oldest first."""
        return self._select(purchases.c.api == api, purchases.c.state.in_(OPEN_STATES))

    def list_incomplete(self, api: str) -> list[Purchase]:
        """Return the purchases of the last day that lack their license or the charged price."""
        lacking = purchases.c.license_id.is_(None) | (
            purchases.c.asked.is_not(None) & purchases.c.price.is_(None)
        )
        recent = purchases.c.made_at >= to_naive_utc(self.now() - INTENT_LIFETIME)
        return self._select(
            purchases.c.api == api, purchases.c.state == "licensed", lacking, recent
        )

    def list_licenses(self, api: str, media_id: str, *, but: str = "") -> set[str]:
        """Return the licenses of an item that belong to recorded purchases other than ``but``."""
        same = (purchases.c.api == api) & (purchases.c.media_id == media_id)
        rows = self._select(same, purchases.c.purchase_id != but)
        return {purchase.license_id for purchase in rows if purchase.license_id}

    def find(self, purchase_id: str) -> Purchase | None:
        """Return the purchase with an id, or None."""
        found = self._select(purchases.c.purchase_id == purchase_id)
        return found[0] if found else None

    def list_item(self, agency: str, media_id: str) -> list[Purchase]:
        """Return the purchases of an item at an agency and its test servers, oldest first."""
        return self._select(purchases.c.agency == agency, purchases.c.media_id == media_id)

    def list_all(self) -> list[Purchase]:
        """Return every purchase, oldest first."""
        return self._select()

    def _select(self, *where: sa.ColumnElement[bool]) -> list[Purchase]:
        order = (purchases.c.made_at, purchases.c.purchase_id)
        query = sa.select(purchases).where(*where).order_by(*order)
        with self._ledger.read_connection() as connection:
            return [_from_row(row) for row in connection.execute(query).mappings()]


def _is_overruled(state: str, answer: str) -> bool:
    """Return whether the agency's ``answer`` replaces the ``state`` of a record."""
    if answer == "licensed":
        return state != "licensed"
    return answer != "pending" and state in OPEN_STATES


def _to_row(purchase: Purchase) -> dict[str, Any]:
    """Return the purchase as columns, cut to their lengths and without NUL, for PostgreSQL."""
    row = msgspec.structs.asdict(purchase)
    for name in ("made_at", "closed_at"):
        row[name] = row[name] and to_naive_utc(row[name])
    for name in ("asked", "price"):
        row[name] = None if row[name] is None else str(row[name])
    for name, most in (("license_id", 100), ("currency", 10)):
        row[name] = row[name] and cut_between_signs(row[name].replace("\0", ""), most)
    if row["charge"] is not None and not 0 <= row["charge"] < 2**31:
        row["charge"] = None
    return row


def _from_row(row: sa.RowMapping) -> Purchase:
    values = {name: value for name, value in row.items() if name != "intent"}
    for name in ("made_at", "closed_at"):
        values[name] = values[name] and values[name].replace(tzinfo=UTC)
    for name in ("asked", "price"):
        values[name] = None if values[name] is None else Decimal(values[name])
    return Purchase(**values)
