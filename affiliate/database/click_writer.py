"""The writer of clicks: group commit to the ledger's database, a bad row costs only itself.

The thread that has the turn writes all waiting rows in one transaction: many clicks share the wait
for the disk. While the database is out of reach, rows wait in a journal on disk where there is
one, and are written in the background as soon as the database takes rows again.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import Any, Final

from affiliate.database.click_journal import ClickJournal
from affiliate.database.connections import WAIT_SECONDS
from affiliate.errors import JournalFailed, LedgerError, LedgerLost, LedgerRefused

MAX_WAITING: Final = 32
"""Clicks that may wait at once: half of the threads of a process."""
RETRY_SECONDS: Final = 1.0
"""Seconds for which clicks go to the journal alone before the database is tried again."""
UNREADABLE_SECONDS: Final = 30.0
"""Seconds until a journal is tried again that can't be read, or whose file can't be removed."""
TOO_SLOW: Final = "The ledger's database is too slow."
TOO_MANY: Final = "Too many clicks wait for the ledger's database."

Row = dict[str, Any]
Write = Callable[[Sequence[Row]], None]
"""Function that writes rows in one transaction, synced at its end; known rows change nothing."""

log = logging.getLogger(__name__)


class _WaitingRow:
    """A row on its way to the disk; ``failure`` is the reason why the row is not there (yet).

    A row ``may_wait`` in the journal until the database or the journal has refused the row.
    """

    def __init__(self, row: Row) -> None:
        self.row = row
        self.failure: str | None = TOO_SLOW
        self.may_wait = True

    def refuse(self, failure: str) -> None:
        self.failure = failure
        self.may_wait = False


class ClickWriter:
    """A writer for the clicks of one process by ``write``; safe to share between threads.

    ``failure`` is the reason why clicks go to the journal; None while the database takes clicks.
    """

    def __init__(self, write: Write, journal: ClickJournal | None = None) -> None:
        self._write = write
        self._journal = journal
        self._waiting: deque[_WaitingRow] = deque()
        self._turn = Lock()
        self._places = BoundedSemaphore(MAX_WAITING)
        self._state = Lock()
        self._stopping = Event()
        self._replaying: Thread | None = None
        self.failure: str | None = None

    def record(self, row: Row) -> None:
        """Write a row to the database or the journal; return once the row is on the disk.

        Raises:
            LedgerError: neither took the row in time. The row may yet be written; send it again.
        """
        waiting = _WaitingRow(row)
        if self._places.acquire(timeout=1):
            try:
                self._write_in_turn(waiting)
            finally:
                self._places.release()
        else:
            waiting.failure = TOO_MANY
        if waiting.failure and waiting.may_wait:
            self._put_in_journal([waiting])
        if waiting.failure:
            raise LedgerError(waiting.failure)

    def _write_in_turn(self, waiting: _WaitingRow) -> None:
        self._waiting.append(waiting)
        if self._turn.acquire(timeout=WAIT_SECONDS):
            try:
                if waiting.failure and self._waiting:
                    self._write_waiting()
            finally:
                self._turn.release()

    @property
    def can_journal(self) -> bool:
        """Return whether the journal can take the clicks that the database doesn't take now."""
        return self._journal is not None and self._journal.has_room()

    def replay_journal(self) -> None:
        """Begin to write the clicks that an earlier process has left in the journal, if any."""
        if self._journal and self._journal.size():
            self._begin_replay("Clicks that waited are being written.")

    def close(self) -> None:
        """Stop writing in the background; rows left in the journal are for the next process."""
        self._stopping.set()
        if replaying := self._replaying:
            replaying.join(RETRY_SECONDS)

    def _write_waiting(self) -> None:
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if self.failure is None or not self._put_in_journal(batch):
            self._put_in_journal(self._write_batch(batch))

    def _write_batch(self, batch: Sequence[_WaitingRow]) -> Sequence[_WaitingRow]:
        """Write rows at once, else in parts; return the rows that the database can't take now."""
        try:
            self._write_with_retry([waiting.row for waiting in batch])
        except LedgerRefused as error:
            return self._write_parts(batch) if batch[1:] else self._write_in_ascii(batch[0], error)
        except LedgerError as error:
            return _set_failure(batch, str(error))
        _set_failure(batch, None)
        return ()

    def _write_parts(self, batch: Sequence[_WaitingRow]) -> Sequence[_WaitingRow]:
        """Write halves of a batch: a bad row costs few transactions among hundreds of good ones."""
        middle = len(batch) // 2
        if left := self._write_batch(batch[:middle]):
            return _set_failure([*left, *batch[middle:]], left[0].failure)
        return self._write_batch(batch[middle:])

    def _write_in_ascii(self, waiting: _WaitingRow, why: LedgerRefused) -> Sequence[_WaitingRow]:
        """Write a row in ASCII to a database that can't hold its characters: the click counts."""
        try:
            self._write_with_retry([_to_ascii(waiting.row)])
        except LedgerRefused as error:
            waiting.refuse(str(error))
        except LedgerError as error:
            return _set_failure([waiting], str(error))
        else:
            waiting.failure = None
            log.warning("a click is kept without signs that the database can't hold: %s", why)
        return ()

    def _write_with_retry(self, rows: Sequence[Row]) -> None:
        """Write rows; try once more after a lost connection."""
        try:
            self._write_rows(rows)
        except LedgerLost:
            self._write_rows(rows)

    def _write_rows(self, rows: Sequence[Row]) -> None:
        try:
            self._write(rows)
        except LedgerError:
            raise
        except Exception as error:  # no error of a driver may cost other rows
            log.exception("the ledger's database failed in an unknown way")
            raise LedgerRefused(f"The ledger's database failed ({type(error).__name__}).") from None

    def _put_in_journal(self, batch: Sequence[_WaitingRow]) -> bool:
        """Put rows into the journal, where there is one; return whether the journal has them."""
        if self._journal is None or not batch:
            return False
        why = self.failure or batch[0].failure or TOO_SLOW
        try:
            self._journal.append([waiting.row for waiting in batch])
        except JournalFailed as error:
            log.error("clicks are refused: %s %s", why, error)  # noqa: TRY400 - no trace
            for waiting in batch:
                waiting.refuse(why)
            return False
        _set_failure(batch, None)
        self._begin_replay(why)
        return True

    def _begin_replay(self, why: str) -> None:
        with self._state:
            if self.failure is None:
                log.warning("clicks wait in a journal: %s", why)
            self.failure = why
            if self._replaying is None and not self._stopping.is_set():
                self._replaying = Thread(target=self._run_replay, name="clicks", daemon=True)
                self._replaying.start()

    def _run_replay(self) -> None:
        """Write the rows of the journal until none are left."""
        seconds: float | None = 0
        while seconds is not None and not self._stopping.wait(seconds):
            seconds = self._replay_once()

    def _replay_once(self) -> float | None:
        """Replay the journal; return the seconds until the next try, None if no row is left."""
        try:
            return None if self._finish_replay() else RETRY_SECONDS
        except LedgerError as error:
            self.failure = str(error)
            return RETRY_SECONDS
        except JournalFailed as error:
            log.error("clicks that wait can't be written: %s", error)  # noqa: TRY400 - no trace
        except Exception:  # else the clicks of later days would wait for ever
            log.exception("clicks that wait can't be written")
        self.failure = None  # nothing says that the database refuses other clicks
        return UNREADABLE_SECONDS

    def _finish_replay(self) -> bool:
        """Write the rows of the journal; return whether none are left."""
        journal = self._journal
        if journal is None:
            return True
        written = journal.replay(self._write_replayed)
        with self._turn, self._state:
            if journal.size():  # more rows have come, or another process is writing them
                return False
            self.failure = self._replaying = None
        log.warning("the ledger's database takes clicks again; written: %s that waited", written)
        return True

    def _write_replayed(self, rows: Sequence[Row]) -> None:
        batch = [_WaitingRow(row) for row in rows]
        if left := self._write_batch(batch):
            raise LedgerError(left[0].failure or TOO_SLOW)
        for waiting in batch:
            if waiting.failure:
                log.error("a click that waited is lost: %s", waiting.failure)


def _set_failure(batch: Sequence[_WaitingRow], failure: str | None) -> Sequence[_WaitingRow]:
    for waiting in batch:
        waiting.failure = failure
    return batch


def _to_ascii(row: Row) -> Row:
    return {
        name: value.encode("ascii", "replace").decode() if isinstance(value, str) else value
        for name, value in row.items()
    }
