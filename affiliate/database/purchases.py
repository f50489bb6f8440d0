"""Purchases: what was to be licensed, on the disk before the agency is asked and closed after it.

While a purchase is under way, of unknown outcome, or made less than a day ago, it holds its
*intent*: a digest under a unique key, so that of any number of processes one alone can buy. The
subscription is no part of it: once one is used up, the next would buy the same again.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import uuid4

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from affiliate.database.ledger import Ledger
from affiliate.database.schema import purchases
from affiliate.domain.words import cut_between_signs

LIFE: Final = timedelta(hours=24)
"""For so long a purchase stands in the way of the same one."""
OPEN: Final = ("pending", "unknown")
MOST_TEXT: Final = 300


INSERTS: Final[Mapping[str, sa.Insert]] = {
    "sqlite": sqlite.insert(purchases).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(purchases).on_conflict_do_nothing(),
}


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """One item to be licensed at ``api``, the address of the agency's API or of its sandbox.

    ``agency`` is its name, ``license`` the kind of license; ``before`` the newest license of the
    item that the history had before (empty: none); ``asked`` the price that was offered, ``price``
    the one charged; ``charge`` is in downloads of the subscription.
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
        """Return whether it is for trying a layout, which stands in no real license's way."""
        return is_comp(self.license)

    @property
    def intent(self) -> str:
        """Return what tells this intent from every other, whoever has it."""
        kind = "comp" if self.is_comp else ""
        parts = (self.api, self.media, self.media_id, self.size, kind)
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def is_comp(license: str) -> bool:  # noqa: A002 - as the API names it
    """Return whether a kind of license is for trying a layout, not for publishing, by its name."""
    return "comp" in license.split("_")


class Purchases:
    """The purchases in a ledger; every method may raise `LedgerError`.

    ``now`` tells the time, by default the ledger's, as several machines may share it.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], datetime] | None = None) -> None:
        self._ledger = ledger
        self.now = now or ledger.time

    def claim(
        self, wanted: Purchase, *, force: bool = False, any_size: bool = False
    ) -> Purchase | None:
        """Record that this is about to be bought; None once that is on the disk.

        With ``any_size``, as where nobody has named one, another size of the item is the same.

        Returns:
            The purchase that stands in the way. With ``force`` only one that is still open does.
        """
        over = sa.true() if force else purchases.c.made_at < _naive(self.now() - LIFE)
        mine = purchases.c.intent == wanted.intent
        free = sa.update(purchases).where(mine, purchases.c.state == "licensed", over)
        row = {**_row(wanted), "intent": wanted.intent}
        with self._ledger.writing() as connection:
            if connection.dialect.name == "postgresql":  # a transaction in SQLite is alone
                connection.execute(_queue_for(wanted))
            connection.execute(free.values(intent=None))
            if any_size and not force and (other := self._other_size(connection, wanted)):
                return other
            connection.execute(INSERTS[connection.dialect.name], row)
            held = connection.execute(sa.select(purchases).where(mine)).mappings().one()
        return None if held["purchase_id"] == wanted.purchase_id else _purchase(held)

    def other_size(self, wanted: Purchase) -> Purchase | None:
        """Return a purchase of the same item in another size that stands in the way."""
        with self._ledger.reading() as connection:
            found = self._other_size(connection, wanted)
        return found if found and found.size != wanted.size else None

    def _other_size(self, connection: sa.Connection, wanted: Purchase) -> Purchase | None:
        """A purchase of the same item that still holds its intent, within its life."""
        same = [
            getattr(purchases.c, name) == getattr(wanted, name)
            for name in ("api", "media", "media_id")
        ]
        alive = purchases.c.state.in_(OPEN) | (purchases.c.made_at >= _naive(self.now() - LIFE))
        query = sa.select(purchases).where(*same, purchases.c.intent.is_not(None), alive)
        found = map(_purchase, connection.execute(query).mappings())
        return next((one for one in found if one.is_comp is wanted.is_comp), None)

    def conclude(self, purchase: Purchase, **result: Any) -> Purchase:  # noqa: ANN401 - columns
        """Write down what the history says of a purchase, unless its buyer has done so meanwhile.

        Returns:
            The purchase as it is written down now.
        """
        return self._write(purchase, purchases.c.state.in_(OPEN), **result)

    def close(self, purchase: Purchase, **result: Any) -> Purchase:  # noqa: ANN401 - columns
        """Write down what became of a purchase; one that failed lets go of its intent."""
        return self._write(purchase, sa.true(), **result)

    def restore(self, purchase: Purchase) -> Purchase:
        """Write down what the agency said of a purchase, as a journal has it.

        A database that was restored or failed over may lack the record, which is made anew. What
        the agency said wins over what was concluded without its answer; a pending purchase tells
        nothing.

        Returns:
            The purchase as it is written down now.
        """
        mine = purchases.c.purchase_id == purchase.purchase_id
        closed_at = None if purchase.state == "pending" else self.now()
        text = cut_between_signs(purchase.error or "", MOST_TEXT) or None
        known = msgspec.structs.replace(purchase, closed_at=closed_at, error=text)
        row = {**_row(known), "intent": None}
        with self._ledger.writing() as connection:
            found = connection.execute(sa.select(purchases).where(mine)).mappings().first()
            if found and not _outdone(found["state"], purchase.state):
                return _purchase(found)
            if purchase.state != "failed" and not self._is_held(connection, purchase):
                row["intent"] = purchase.intent
            change = sa.update(purchases).where(mine) if found else sa.insert(purchases)
            connection.execute(change.values(row))
            written = connection.execute(sa.select(purchases).where(mine)).mappings().one()
        return _purchase(written)

    def _is_held(self, connection: sa.Connection, purchase: Purchase) -> bool:
        """Return whether another purchase has the intent of this one."""
        other = purchases.c.purchase_id != purchase.purchase_id
        held = sa.select(purchases.c.purchase_id).where(
            purchases.c.intent == purchase.intent, other
        )
        return connection.execute(held).first() is not None

    def _write(
        self,
        purchase: Purchase,
        where: sa.ColumnElement[bool],
        **result: Any,  # noqa: ANN401 - columns
    ) -> Purchase:
        text = cut_between_signs(result.get("error") or "", MOST_TEXT) or None
        done = msgspec.structs.replace(
            purchase, **{**result, "error": text, "closed_at": self.now()}
        )
        row = _row(done)
        if done.state == "failed":
            row["intent"] = None
        mine = purchases.c.purchase_id == done.purchase_id
        with self._ledger.writing() as connection:
            if connection.execute(sa.update(purchases).where(mine, where).values(row)).rowcount:
                return done
            written = connection.execute(sa.select(purchases).where(mine)).mappings().one()
        return _purchase(written)

    def open(self, api: str) -> list[Purchase]:
        """Those whose outcome nobody has written down, oldest first."""
        return self._all(purchases.c.api == api, purchases.c.state.in_(OPEN))

    def unread(self, api: str) -> list[Purchase]:
        """Those made within a day whose license or charged price is still to be looked up."""
        lacking = purchases.c.license_id.is_(None) | (
            purchases.c.asked.is_not(None) & purchases.c.price.is_(None)
        )
        recent = purchases.c.made_at >= _naive(self.now() - LIFE)
        return self._all(purchases.c.api == api, purchases.c.state == "licensed", lacking, recent)

    def known(self, api: str, media_id: str, *, but: str = "") -> set[str]:
        """Return the licenses of an item that belong to purchases already, except to ``but``."""
        same = (purchases.c.api == api) & (purchases.c.media_id == media_id)
        rows = self._all(same, purchases.c.purchase_id != but)
        return {one.license_id for one in rows if one.license_id}

    def all(self) -> list[Purchase]:
        """Every purchase, oldest first."""
        return self._all()

    def _all(self, *where: sa.ColumnElement[bool]) -> list[Purchase]:
        order = (purchases.c.made_at, purchases.c.purchase_id)
        query = sa.select(purchases).where(*where).order_by(*order)
        with self._ledger.reading() as connection:
            return [_purchase(row) for row in connection.execute(query).mappings()]


def _queue_for(wanted: Purchase) -> sa.Select[Any]:
    """Return what has claims of an item, in whatever size, come one after the other."""
    item = repr((wanted.api, wanted.media, wanted.media_id)).encode()
    number = int.from_bytes(hashlib.blake2b(item, digest_size=8).digest(), signed=True)
    return sa.select(sa.func.pg_advisory_xact_lock(number))


def _outdone(state: str, said: str) -> bool:
    """Return whether the agency's own word ``said`` replaces the ``state`` of a record."""
    if said == "licensed":
        return state != "licensed"
    return said != "pending" and state in OPEN


def _row(purchase: Purchase) -> dict[str, Any]:
    """Return the purchase as columns: PostgreSQL refuses longer texts, and NUL in them."""
    row = msgspec.structs.asdict(purchase)
    for name in ("made_at", "closed_at"):
        row[name] = row[name] and _naive(row[name])
    for name in ("asked", "price"):
        row[name] = None if row[name] is None else str(row[name])
    for name, most in (("license_id", 100), ("currency", 10)):
        row[name] = row[name] and cut_between_signs(row[name].replace("\0", ""), most)
    if row["charge"] is not None and not 0 <= row["charge"] < 2**31:
        row["charge"] = None
    return row


def _purchase(row: sa.RowMapping) -> Purchase:
    values = {name: value for name, value in row.items() if name != "intent"}
    for name in ("made_at", "closed_at"):
        values[name] = values[name] and values[name].replace(tzinfo=UTC)
    for name in ("asked", "price"):
        values[name] = None if values[name] is None else Decimal(values[name])
    return Purchase(**values)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
