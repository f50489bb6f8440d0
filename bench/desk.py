"""The desk: server time of its pages with ten million clicks and searches of a year.

The clicks are written as rows and summed up by the site's own code; PostgreSQL gets a copy of all
tables. Words and pictures are asked and clicked by Zipf's law, sites and positions likewise.
"""

import http.cookiejar
import os
import random
import re
import sqlite3
import time
import urllib.parse
import urllib.request
from bisect import bisect
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg
import sqlalchemy as sa

from affiliate.database.bulk_rows import list_written_columns
from affiliate.database.click_joins import refresh_joins
from affiliate.database.ledger import Ledger
from affiliate.database.roll_ups import RollUps
from affiliate.database.schema import actions, metadata
from affiliate.database.search_figures import Search, SearchFigures, SearchNumbers
from bench.report import Goal, Table
from bench.servers import MissingProgram, Server, Servers
from tests.support.postgres import new_database, shared_postgres

CLICKS: Final = 10_000_000
QUICK_CLICKS: Final = 100_000
SALES_SHARE: Final = 0.01
"""Sales of a click."""
DAYS: Final = 365
WORDS: Final = 200_000
PICTURES: Final = 2_000_000
AGENCIES: Final = ("shutterstock", "depositphotos", "pixabay")
PLACES: Final = ("tile", "look", "page", "similar", "embed")
ROUNDS: Final = 5
GOAL_SECONDS: Final = 0.3
PASSWORD: Final = "correct horse battery staple"
SETTINGS: Final = {
    "OWNER_PASSWORD": PASSWORD,
    "SECRET_KEY": "a secret of no less than thirty-two signs",
    "AGENCIES": "demo",
}
PAGES: Final = (
    "",
    "?site=blog5.example",
    "?agency=pixabay&place=tile",
    "words",
    "words?sort=-missed",
    "words?sort=-clicks",
    "words?sort=-earned",
    "words?words=7",
    "words?words=77",
    "words?words=in+no+text",
    "words?page=20",
    "words?site=blog5.example",
    "words?rows=1000&format=csv",
    "word?words=word+7",
    "pictures",
    "pictures?agency=pixabay",
    "pictures?sort=-earned",
    "pictures?page=20",
    "pictures?site=blog5.example",
    "pictures?place=tile",
    "pictures?words=word+7",
    "pictures?rows=1000&format=json",
    "sites",
    "sites?sort=-earned",
    "sites?agency=pixabay&place=tile",
    "places",
    "places?site=blog5.example",
    "sales",
    "sales?sort=-payout",
    "sales?state=reversed&words=word+7",
    "sales?page=20",
    "sales?page=1000",
    "sales?rows=1000&format=csv",
    "clicks",
    "clicks?site=blog5.example",
    "clicks?words=in+no+text",
    "clicks?page=20",
    "clicks?page=2000",
    "clicks?rows=1000&format=json",
    "agencies",
)
HALF_MONTH: Final = "365 to a 15th"
"""A year that begins and ends within months, whose days are counted one by one."""
PERIODS: Final = ("today", "30", "365", HALF_MONTH)
PAGES_OF_NOW: Final = ("alerts", "kept", "licenses", "sessions")
"""Pages without a period."""
KEPT: Final = "DESK_LEDGER"
"""Variable with the path of a filled ledger, which is kept: to fill one takes half an hour."""
COPIED: Final = 50_000
"""Rows that are copied at once."""

Draw = Callable[[], int]


def run(servers: Servers, *, quick: bool) -> Table:
    """Fill a ledger, sum it up, and measure each page of the desk on both databases."""
    count = QUICK_CLICKS if quick else CLICKS
    table = Table(
        title="The desk",
        how=f"A year of {count:,} clicks and as many searches, {int(count * SALES_SHARE):,} sales;"
        f" one worker, medians of {ROUNDS} requests of an owner on loopback, in milliseconds, with"
        " the browser's part left out. The same sum from the rows, a year's clicks by day, stands"
        " beside them.",
        columns=[
            "page",
            *(f"SQLite, {p}" for p in PERIODS),
            *(f"PostgreSQL, {p}" for p in PERIODS),
        ],
    )
    kept = os.environ.get(KEPT)
    path = Path(kept) if kept else servers.create_folder("ledger") / "ledger.db"
    url = f"sqlite:///{path}"
    if path.exists():
        table.notes.append(f"The ledger was filled by an earlier run ({KEPT}).")
    else:
        seconds = fill(url, path, count)
        table.notes.append(f"Summed up behind at {count / seconds:,.0f} clicks a second.")
    size, rows = path.stat().st_size / 1e9, measure_rows(path)
    table.notes.append(f"The file has {size:.2f} GB, of these {rows:.2f} of clicks.")
    with servers.run_federated(SETTINGS | {"DATABASE_URL": url}) as site:
        sqlite_times = measure(site)
    slow = time_rows(url)
    try:
        with shared_postgres(servers.create_folder("postgres")) as server:
            address = copy_tables(path, server)
            with servers.run_federated(SETTINGS | {"DATABASE_URL": address}) as site:
                postgres_times = measure(site)
    except (MissingProgram, RuntimeError, OSError) as error:
        table.note_missing("PostgreSQL", MissingProgram(str(error)))
        postgres_times = {}
    for page in (*PAGES, *PAGES_OF_NOW):
        cells = [
            f"{1000 * times[page, period]:.0f}" if (page, period) in times else ""
            for times in (sqlite_times, postgres_times)
            for period in PERIODS
        ]
        table.rows.append([f"/owner/{page}", *cells])
    year = sqlite_times["", "365"]
    table.rows.append(
        ["a year by day from the rows, SQL alone", "", "", f"{1000 * slow:.0f}", *[""] * 5]
    )
    for name, times in (("SQLite", sqlite_times), ("PostgreSQL", postgres_times)):
        if times:
            (page, period), worst = max(times.items(), key=lambda item: item[1])
            text = f"slowest page, {name} (/owner/{page}, {period}), seconds"
            table.goals.append(Goal(text, worst, GOAL_SECONDS, at_least=False))
            table.goals.append(Goal(f"sums from rows to that page, {name}", slow / worst, 10))
            over = sorted({key[0] for key, seconds in times.items() if seconds > GOAL_SECONDS})
            table.notes.append(
                f"Pages over {1000 * GOAL_SECONDS:.0f} ms in any period, {name}:"
                f" {', '.join(f'/owner/{page}' for page in over) or 'none'}."
            )
    table.goals.append(Goal("sums from rows to the whole overview of a year", slow / year, 10))
    return table


def fill(url: str, path: Path, count: int) -> float:
    """Fill a ledger; return the seconds that its clicks took to be summed up."""
    with closing(Ledger(url)) as ledger:
        ledger.upgrade()
        now = datetime.now(UTC).replace(tzinfo=None)
        with closing(sqlite3.connect(path)) as db:
            rows = iter_clicks(count, now)
            while some := list(islice(rows, COPIED)):
                db.executemany(f"INSERT INTO clicks VALUES ({','.join('?' * 10)})", some)
                db.commit()
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        write_sales(ledger, path, now)
        write_searches(ledger, count)
        roll_ups, began = RollUps(ledger, UTC), time.monotonic()
        while not roll_ups.advance(60):
            pass
        return time.monotonic() - began


def make_zipf(source: random.Random, size: int, exponent: float) -> Draw:
    """Return a source of ranks from 0, the first the most frequent."""
    sums = list(accumulate(1 / (rank + 1) ** exponent for rank in range(size)))
    return lambda: bisect(sums, source.random() * sums[-1])


def iter_clicks(count: int, now: datetime) -> Iterator[tuple[Any, ...]]:
    """Yield the clicks of a year, the oldest first; one in ten is a program's."""
    source = random.Random(1)
    word, picture = make_zipf(source, WORDS, 1), make_zipf(source, PICTURES, 0.8)
    site, position = make_zipf(source, 20, 1.2), make_zipf(source, 500, 0.9)
    at, step = now - timedelta(days=DAYS), timedelta(days=DAYS) / count
    for number in range(count):
        at += step
        chosen = site()
        yield (
            f"c{number:012}",
            at.isoformat(sep=" ", timespec="microseconds"),
            AGENCIES[number % len(AGENCIES)],
            str(picture()),
            "image",
            f"word {word()}",
            position() + 1,
            f"blog{chosen}.example" if chosen else "",
            source.choice(PLACES),
            "" if source.random() < 0.9 else "program",
        )


def write_sales(ledger: Ledger, path: Path, now: datetime) -> None:
    """Write sales, each of a click, in three states and two currencies."""
    source = random.Random(2)
    every = round(1 / SALES_SHARE)
    query = "SELECT click_id, at, words, site, id FROM clicks WHERE sender = '' AND rowid % ? = 0"
    with closing(sqlite3.connect(path)) as db:
        sold = db.execute(query, (every,)).fetchall()
    rows = [
        {
            "network": "impact",
            "action_id": f"sale-{number}",
            "state": source.choice(["pending", "approved", "approved", "reversed"]),
            "payout": source.randrange(3000, 400_000),
            "currency": source.choice(["USD", "USD", "EUR"]),
            "occurred_at": min(datetime.fromisoformat(at) + timedelta(hours=6), now),
            "program": "1305",
            "site": site,
            "words": words,
            "media_id": media_id,
            "click_id": click_id,
            "as_of": now,
        }
        for number, (click_id, at, words, site, media_id) in enumerate(sold)
    ]
    with ledger.write_transaction() as connection:
        connection.execute(sa.insert(actions), rows)
    refresh_joins(ledger, "impact", now - timedelta(days=2 * DAYS))


def write_searches(ledger: Ledger, count: int) -> None:
    """Write searches, hour by hour as a site does."""
    source = random.Random(3)
    word = make_zipf(source, WORDS, 1)
    end = datetime.now(UTC)
    hours = DAYS * 24
    clock = [end]
    ledger._now = lambda: clock[0]  # noqa: SLF001 - a year in a minute
    figures = SearchFigures(ledger, UTC)
    for hour in range(hours, 0, -1):
        clock[0] = end - timedelta(hours=hour)
        asked: dict[Search, SearchNumbers] = {}
        for _ in range(max(count // hours, 1)):
            search = Search(f"word {word()}", "en")
            known = asked.get(search, SearchNumbers(0, 0, 0, 0))
            asked[search] = SearchNumbers(
                known.asked + 1,
                known.missed + (source.random() < 0.05),
                known.hits + (source.random() < 0.7),
                known.milliseconds + 40,
            )
        figures.add_searches(asked)
    ledger._now = lambda: datetime.now(UTC)  # noqa: SLF001 - as above


def measure_rows(path: Path) -> float:
    """Return the gigabytes of clicks and their indexes."""
    with closing(sqlite3.connect(path)) as db:
        names = ("clicks", "sqlite_autoindex_clicks_1", "clicks_at_agency", "clicks_id_at")
        marks = ",".join("?" * len(names))
        query = f"SELECT sum(pgsize) FROM dbstat WHERE name IN ({marks}) AND aggregate = TRUE"
        try:
            return float(db.execute(query, names).fetchone()[0] or 0) / 1e9
        except sqlite3.OperationalError:  # without the virtual table
            return 0.0


def time_rows(url: str) -> float:
    """Return the seconds of a year's clicks by day, counted from the rows."""
    with closing(Ledger(url)) as ledger:
        began = time.monotonic()
        ledger.count_visitor_clicks(("day",))
        return time.monotonic() - began


def copy_tables(path: Path, server: str) -> str:
    """Copy all tables to a new database of a PostgreSQL server; return its address."""
    address = new_database(server)
    with closing(Ledger(address)) as ledger:
        ledger.upgrade()
    with (
        closing(sqlite3.connect(path)) as source,
        psycopg.connect(address.replace("+psycopg", "")) as target,
    ):
        for table in metadata.sorted_tables:
            names = list_written_columns(table)
            columns = ", ".join(f'"{name}"' for name in names)
            target.execute(f'TRUNCATE "{table.name}"')
            rows = source.execute(f'SELECT {columns} FROM "{table.name}"')
            with target.cursor().copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
        target.commit()
        target.autocommit = True
        target.execute("VACUUM (ANALYZE)")  # as the server does by itself behind
    return address


def measure(site: Server) -> dict[tuple[str, str], float]:
    """Return the median seconds of each page in each period; pages of now have the first alone."""
    addresses = {
        (page, period): f"/owner/{page}{'&' if '?' in page else '?'}{choose_days(period)}"
        for page in PAGES
        for period in PERIODS
    } | {(page, PERIODS[0]): f"/owner/{page}" for page in PAGES_OF_NOW}
    times = {}
    with open_desk(site) as fetch_page:
        for key, address in addresses.items():
            fetch_page(address)
            times[key] = median(fetch_page(address) for _ in range(ROUNDS))
    return times


def choose_days(period: str) -> str:
    """Return the parameters of a period in an address."""
    if period != HALF_MONTH:
        return f"period={period}"
    today = datetime.now(UTC).date()
    last = (today - timedelta(days=15)).replace(day=15)
    return f"from={last - timedelta(days=DAYS - 1)}&to={last}"


@contextmanager
def open_desk(site: Server) -> Iterator[Callable[[str], float]]:
    """Log in; yield a function that returns the seconds of a request."""
    opener = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    page = opener.open(f"{site.url}/owner/log-in", timeout=60).read().decode()
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    form = {"csrf": token[1] if token else "", "password": PASSWORD}
    opener.open(f"{site.url}/owner/log-in", urllib.parse.urlencode(form).encode(), timeout=60)

    def fetch_page(address: str) -> float:
        began = time.monotonic()
        with opener.open(f"{site.url}{address}", timeout=120) as answer:
            answer.read()
        return time.monotonic() - began

    yield fetch_page
