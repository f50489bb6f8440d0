"""What ``flask doctor`` looks at in the cache, the ledger and the folder of both."""

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from affiliate.cache.stores import RedisStore
from affiliate.cli.findings import FAULT, OK, WARN, Finding
from affiliate.cli.ledger import BACKUP_NOTE
from affiliate.database.ledger import Ledger
from affiliate.database.migrations import REVISION
from affiliate.errors import LedgerError, StoreDown, StoreRefused
from affiliate.services import Services

PROBE_BYTES: Final = 4096
PROBE_SECONDS: Final = 60
ROOM: Final = 100 * 10**6
"""Bytes that should be free beside what the cache may still take."""
QUIET: Final = timedelta(days=7)
"""So long without a click is worth a look."""
OLD_BACKUP: Final = timedelta(days=31)
FULL: Final = 0.8
"""The share of Redis' connections that is worth a warning."""


def cache(services: Services) -> Iterator[Finding]:
    """Look whether the cache's store takes what is written, gives it back and has room."""
    away = "out of reach; the site goes on, but asks the agencies more often"
    services.store.get("doctor")  # so that its state is today's
    try:
        yield from _room(services)
        written = _written(services)
    except StoreDown as error:
        yield Finding(FAULT, "cache", f"{away}: {error}")
    except StoreRefused as error:
        words = f"takes no writing, so agencies are asked more often: {error}"
        yield Finding(FAULT, "cache", words)
    else:
        trouble = f"{away}: {services.store.trouble}"
        yield Finding(FAULT, "cache", trouble) if services.store.is_degraded else written


def _written(services: Services) -> Finding:
    """Write a value of its own, read and forget it.

    Raises:
        StoreDown: the store is out of reach.
        StoreRefused: it takes no writing.
    """
    store, key = services.store.store, f"doctor:{secrets.token_hex(8)}"
    value = secrets.token_bytes(PROBE_BYTES)
    store.set(key, value, PROBE_SECONDS)
    found = store.get(key)
    store.delete(key)
    if found != value:
        return Finding(FAULT, "cache", "does not give back what was written a moment before")
    return Finding(OK, "cache", "answers")


def _room(services: Services) -> Iterator[Finding]:
    """Tell how full the store is, and what it does when it is full."""
    store = services.store.store
    if not isinstance(store, RedisStore):
        _, used = store.size()
        words = f"{_megabytes(used)} of {_megabytes(services.config.cache_bytes)} are used"
        yield Finding(OK, "cache", words)
        return
    for node in store.read_limits():
        room = f" of {_megabytes(node.maxmemory)}" if node.maxmemory else ""
        words = f"Redis uses {_megabytes(node.used)}{room}, policy {node.policy or 'unknown'}"
        if node.evicted:
            words += f"; {node.evicted:,} keys were evicted to make room since its start"
        yield Finding(OK, "cache", words)
        if node.policy == "noeviction":
            full = "when it is full" if room else "and has no maxmemory: when its machine is full"
            words = f"Redis forgets nothing (noeviction), {full} it takes no answer any more"
            yield Finding(WARN, "cache", f"{words}; set maxmemory-policy to allkeys-lru")
        if node.maxclients and node.clients > FULL * node.maxclients:
            words = f"{node.clients} of Redis' {node.maxclients} connections are in use"
            yield Finding(WARN, "cache", words)


def ledger(services: Services) -> Iterator[Finding]:
    """Look whether the ledger takes clicks, and gives them back."""
    services.ledger.check()
    services.ledger.last_click()
    yield Finding(OK, "ledger", "answers")


def tables(ledger: Ledger) -> Iterator[Finding]:
    """Tell whether the tables are of this version; `ledger` tells what is out of reach."""
    try:
        revision = ledger.revision()
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


def retention(services: Services) -> Iterator[Finding]:
    """Tell for how long clicks and counts of searches are kept."""
    config = services.config
    days = {"clicks": config.clicks_keep_days, "searches": config.searches_keep_days}
    kept = (f"{what} {f'{n} days' if n else 'for ever'}" for what, n in days.items())
    yield Finding(OK, "retention", f"keeps {' and '.join(kept)}")


def backup(services: Services) -> Iterator[Finding]:
    """Tell when a SQLite ledger that has something to lose was copied last."""
    if not services.config.database_url.startswith("sqlite"):
        return
    noted = services.config.data_dir / BACKUP_NOTE
    if noted.exists():
        ago = datetime.now(UTC) - datetime.fromtimestamp(noted.stat().st_mtime, UTC)
        state = WARN if ago > OLD_BACKUP else OK
        yield Finding(state, "backup", f"the last one was made {_ago(ago)}")
    elif _has_clicks(services.ledger):
        words = "none is known of the SQLite ledger, which holds clicks, purchases and tokens"
        yield Finding(WARN, "backup", f"{words}; `flask ledger backup FILE` makes one")


def _has_clicks(ledger: Ledger) -> bool:
    try:
        return ledger.last_click() is not None
    except LedgerError:
        return False


def clicks(ledger: Ledger) -> Iterator[Finding]:
    """Tell when a visitor clicked last; a ledger that is out of reach is told elsewhere."""
    try:
        last = ledger.last_click()
    except LedgerError:
        return
    if last is None:
        yield Finding(OK, "clicks", "none was counted yet")
        return
    ago = datetime.now(UTC) - last
    words = f"the last one was counted {_ago(ago)}, on {last:%Y-%m-%d at %H:%M} UTC"
    yield Finding(WARN if ago > QUIET else OK, "clicks", words)


def _ago(ago: timedelta) -> str:
    hours = ago / timedelta(hours=1)
    if hours < 1:
        return "within the last hour"
    days = int(hours // 24)
    return f"{days} days ago" if days > 1 else f"{hours:.0f} hours ago"


def folder(services: Services) -> Iterator[Finding]:
    """Look whether files in ``DATA_DIR`` can be written, and what room there is."""
    path = services.config.data_dir
    there = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    try:
        _write_file(there, writes=there == path.absolute())
    except OSError as error:
        yield Finding(FAULT, "DATA_DIR", f"{path} can't be written: {error.strerror}")
        return
    free = shutil.disk_usage(there).free
    grows = 0
    if services.config.redis_url is None:
        grows = max(services.config.cache_bytes - _size(path / "cache.db"), 0)
    words = f"{_megabytes(free)} are free on the disk of {path}"
    if free < ROOM + grows:
        more = f", and the cache alone may take {_megabytes(grows)} more" if grows else ""
        yield Finding(WARN, "DATA_DIR", f"only {words}{more}")
    else:
        yield Finding(OK, "DATA_DIR", words)


def _write_file(folder: Path, *, writes: bool) -> None:
    """Write a file of its own into a folder, down to the disk; it has no name and goes by itself.

    Raises:
        OSError: it can't be written, or not made where only a parent is there.
    """
    if not writes:
        if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(secrets.token_bytes(PROBE_BYTES))
        file.flush()
        os.fsync(file.fileno())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB" if count >= 10**7 else f"{count / 1e6:.1f} MB"
