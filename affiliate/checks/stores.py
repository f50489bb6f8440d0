"""The checks of ``flask doctor`` for the cache, the ledger and the folder of both."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from affiliate.checks.findings import FAULT, OK, WARN, Finding
from affiliate.config.data_folder import describe_unwritable_folder
from affiliate.database.ledger import Ledger
from affiliate.database.migrations import REVISION
from affiliate.database.sqlite_file import BACKUP_NOTE
from affiliate.durable_files import measure_file
from affiliate.errors import LedgerError, StoreDown, StoreRefused
from affiliate.services import Services

PROBE_BYTES: Final = 4096
PROBE_SECONDS: Final = 60
MIN_FREE_BYTES: Final = 100 * 10**6
"""Bytes that should be free beside the possible growth of the cache."""
QUIET_PERIOD: Final = timedelta(days=7)
"""The time without a click after which a warning is due."""
MAX_BACKUP_AGE: Final = timedelta(days=31)
BUSY_SHARE: Final = 0.8
"""The share of Redis' connections above which a warning is due."""


def check_cache(services: Services) -> Iterator[Finding]:
    """Check that the cache's store answers, returns written values and has room."""
    outage = "out of reach; the site goes on, but asks the agencies more often"
    services.store.get("doctor")  # so that the state of the store is current
    try:
        yield from _check_room(services)
        finding = _check_round_trip(services)
    except StoreDown as error:
        yield Finding(FAULT, "cache", f"{outage}: {error}")
    except StoreRefused as error:
        words = f"takes no writing, so agencies are asked more often: {error}"
        yield Finding(FAULT, "cache", words)
    else:
        trouble = f"{outage}: {services.store.trouble}"
        yield Finding(FAULT, "cache", trouble) if services.store.is_degraded else finding


def _check_round_trip(services: Services) -> Finding:
    """Write a probe value, read the value back and delete the value.

    Raises:
        StoreDown: the store is out of reach.
        StoreRefused: the store refuses the write.
    """
    store, key = services.store.store, f"doctor:{secrets.token_hex(8)}"
    value = secrets.token_bytes(PROBE_BYTES)
    store.set(key, value, PROBE_SECONDS)
    answer = store.get(key)
    store.delete(key)
    if answer != value:
        return Finding(FAULT, "cache", "does not give back what was written a moment before")
    return Finding(OK, "cache", "answers")


def _check_room(services: Services) -> Iterator[Finding]:
    """Report the used size of the store; warn of a Redis that evicts nothing or is busy."""
    store = services.store.store
    if services.config.redis_url is None:
        _, size_bytes = store.size()
        limit = _format_megabytes(services.config.cache_bytes)
        yield Finding(OK, "cache", f"{_format_megabytes(size_bytes)} of {limit} are used")
        return
    for node in store.read_limits():
        room = f" of {_format_megabytes(node.maxmemory)}" if node.maxmemory else ""
        words = (
            f"Redis uses {_format_megabytes(node.used)}{room}, policy {node.policy or 'unknown'}"
        )
        if node.evicted:
            words += f"; {node.evicted:,} keys were evicted to make room since its start"
        yield Finding(OK, "cache", words)
        if node.policy == "noeviction":
            condition = (
                "when it is full" if room else "and has no maxmemory: when its machine is full"
            )
            words = f"Redis forgets nothing (noeviction), {condition} it takes no answer any more"
            yield Finding(WARN, "cache", f"{words}; set maxmemory-policy to allkeys-lru")
        if node.maxclients and node.clients > BUSY_SHARE * node.maxclients:
            words = f"{node.clients} of Redis' {node.maxclients} connections are in use"
            yield Finding(WARN, "cache", words)


def check_ledger(services: Services) -> Iterator[Finding]:
    """Check that the ledger can be written and read."""
    services.ledger.check_writing()
    services.ledger.find_last_click()
    yield Finding(OK, "ledger", "answers")


def check_tables(ledger: Ledger) -> Iterator[Finding]:
    """Compare the tables' revision with this version's; `check_ledger` reports a broken ledger."""
    try:
        revision = ledger.read_revision()
    except LedgerError:
        return
    if revision == REVISION:
        yield Finding(OK, "ledger", f"its tables are of revision {revision}, as of this version")
    elif revision is None:
        yield Finding(FAULT, "ledger", "has no tables yet; `flask ledger upgrade` makes them")
    elif revision < REVISION:
        words = f"its tables are of revision {revision}, this version has {REVISION}"
        yield Finding(WARN, "ledger", f"{words}: `flask ledger upgrade` or a start brings them on")
    else:
        words = f"its tables are of a newer version (revision {revision}, this one {REVISION})"
        yield Finding(WARN, "ledger", f"{words}; run that version, or go back by its downgrade")


def check_retention(services: Services) -> Iterator[Finding]:
    """Report the retention of clicks and of counts of searches."""
    config = services.config
    days = {"clicks": config.clicks_keep_days, "searches": config.searches_keep_days}
    periods = (f"{name} {f'{count} days' if count else 'for ever'}" for name, count in days.items())
    yield Finding(OK, "retention", f"keeps {' and '.join(periods)}")


def check_backup(services: Services) -> Iterator[Finding]:
    """Report the last backup of a SQLite ledger; warn of a ledger with clicks and no backup."""
    if not services.config.database_url.startswith("sqlite"):
        return
    note = services.config.data_dir / BACKUP_NOTE
    if note.exists():
        age = datetime.now(UTC) - datetime.fromtimestamp(note.stat().st_mtime, UTC)
        state = WARN if age > MAX_BACKUP_AGE else OK
        yield Finding(state, "backup", f"the last one was made {_format_age(age)}")
    elif _has_clicks(services.ledger):
        words = "none is known of the SQLite ledger, which holds clicks, purchases and tokens"
        yield Finding(WARN, "backup", f"{words}; `flask ledger backup FILE` makes one")


def _has_clicks(ledger: Ledger) -> bool:
    """Return whether the ledger can be read and has a click."""
    try:
        return ledger.find_last_click() is not None
    except LedgerError:
        return False


def check_clicks(ledger: Ledger) -> Iterator[Finding]:
    """Report the last click of a visitor; `check_ledger` reports a broken ledger."""
    try:
        last_click = ledger.find_last_click()
    except LedgerError:
        return
    if last_click is None:
        yield Finding(OK, "clicks", "none was counted yet")
        return
    age = datetime.now(UTC) - last_click
    words = f"the last one was counted {_format_age(age)}, on {last_click:%Y-%m-%d at %H:%M} UTC"
    yield Finding(WARN if age > QUIET_PERIOD else OK, "clicks", words)


def _format_age(age: timedelta) -> str:
    """Return an age in hours or days, in words."""
    hours = age / timedelta(hours=1)
    if hours < 1:
        return "within the last hour"
    days = int(hours // 24)
    return f"{days} days ago" if days > 1 else f"{hours:.0f} hours ago"


def check_folder(services: Services) -> Iterator[Finding]:
    """Check that files in ``DATA_DIR`` can be written, and that the disk has room."""
    path = services.config.data_dir
    if fault := describe_unwritable_folder(path):
        yield Finding(FAULT, "DATA_DIR", fault.removeprefix("DATA_DIR "))
        return
    nearest = next(
        parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists()
    )
    try:
        if nearest == path.absolute():
            _write_file(nearest)
    except OSError as error:
        yield Finding(FAULT, "DATA_DIR", f"{path} can't be written: {error.strerror}")
        return
    free = shutil.disk_usage(nearest).free
    growth = 0
    if services.config.redis_url is None:
        growth = max(services.config.cache_bytes - measure_file(path / "cache.db"), 0)
    words = f"{_format_megabytes(free)} are free on the disk of {path}"
    if free < MIN_FREE_BYTES + growth:
        hint = f", and the cache alone may take {_format_megabytes(growth)} more" if growth else ""
        yield Finding(WARN, "DATA_DIR", f"only {words}{hint}")
    else:
        yield Finding(OK, "DATA_DIR", words)


def _write_file(folder: Path) -> None:
    """Write a temporary file to the disk.

    Raises:
        OSError: the file can't be written.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(secrets.token_bytes(PROBE_BYTES))
        file.flush()
        os.fsync(file.fileno())


def _format_megabytes(count: int) -> str:
    """Return a number of bytes in megabytes."""
    return f"{count / 1e6:,.0f} MB" if count >= 10**7 else f"{count / 1e6:.1f} MB"
