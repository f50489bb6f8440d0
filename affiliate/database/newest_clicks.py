"""Counts of pictures among the newest clicks, by what no roll-up counts pictures by.

Roll-ups by picture and site, place or words would have as many rows as there are clicks; see the
decision "Pictures by site are counted from the newest clicks" in docs/architecture.md.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from affiliate.database.desk_lists import MAX_CLICKS
from affiliate.database.engine import LedgerDatabase
from affiliate.database.group_pages import read_page
from affiliate.database.roll_ups import SEARCH_PLACE
from affiliate.database.schema import clicks
from affiliate.domain.times import to_naive_utc

PictureKey = tuple[str, str]
"""An agency and the id of a picture."""


class NewestClicks:
    """The newest `MAX_CLICKS` clicks of a period; every method may raise `LedgerError`.

    Visitors' clicks on pictures count; ``filters`` are values of columns of clicks.
    """

    def __init__(self, database: LedgerDatabase, start: datetime, end: datetime) -> None:
        self._database = database
        self._period = (clicks.c.at >= to_naive_utc(start), clicks.c.at < to_naive_utc(end))

    def rank_pictures(
        self, filters: Mapping[str, str], *, offset: int, limit: int
    ) -> tuple[dict[PictureKey, int], int]:
        """Return a page of pictures with their clicks, the most first, and the number of all."""
        counted = self._count_pictures(filters).cte("counted")
        agency, media_id, count = counted.c
        order = [count.desc(), agency, media_id]
        with self._database.read_snapshot() as connection:
            rows, total = read_page(connection, counted, order, offset=offset, limit=limit)
        return {(agency, media_id): count for agency, media_id, count in rows}, total

    def count_clicks(
        self, filters: Mapping[str, str], pictures: Collection[PictureKey]
    ) -> dict[PictureKey, int]:
        """Return the clicks of each of some pictures."""
        query = self._count_pictures(filters, {media_id for _, media_id in pictures})
        with self._database.read_snapshot() as connection:
            found = {(row[0], row[1]): row[2] for row in connection.execute(query)}
        return {picture: found.get(picture, 0) for picture in pictures}

    def _count_pictures(
        self, filters: Mapping[str, str], ids: Collection[str] | None = None
    ) -> sa.Select[Any]:
        names = {"agency", "id", "place", "sender", *filters}
        newest = (
            sa.select(*(clicks.c[name] for name in sorted(names)))
            .where(*self._period)
            .order_by(clicks.c.at.desc())
            .limit(MAX_CLICKS)
            .subquery()
        )
        where = [newest.c.sender == "", newest.c.place != SEARCH_PLACE]
        where += [newest.c[name] == value for name, value in filters.items()]
        if ids is not None:
            where.append(newest.c.id.in_(ids))
        key = (newest.c.agency, newest.c.id)
        return sa.select(*key, sa.func.count()).where(*where).group_by(*key)
