"""Writes clicks to the ledger's database in batches, so that one bad row costs only itself.

Whoever has the turn writes all that waits in one transaction: many clicks share the wait for the
disk. Rows that the database as a whole can't take now wait in a journal on disk where there is
one, and are written in the background as soon as the database takes them.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from threading import BoundedSemaphore, Event, Lock, Thread
from typing import Any, Final

from affiliate.database.click_journal import ClickJournal
from affiliate.database.connections import PATIENCE
from affiliate.errors import JournalFailed, LedgerError, LedgerLost, LedgerRefused

RECORDERS: Final = 32
"""Clicks that may wait at once: half of a process's threads."""
RETRY_SECONDS: Final = 1.0
"""How long clicks go to the journal alone before the database is tried again."""
UNREADABLE_SECONDS: Final = 30.0
"""How long a journal is left alone that can't be read, or whose file can't be removed."""
TOO_SLOW: Final = "The ledger's database is too slow."
TOO_MANY: Final = "Too many clicks wait for the ledger's database."

Row = dict[str, Any]
Write = Callable[[Sequence[Row]], None]
"""Writes rows in one transaction that is on the disk at its end; known rows change nothing."""

log = logging.getLogger(__name__)


class _Waiting:
    """A row on its way to the disk, and why it is not there (yet).

    A row ``may_wait`` in the journal until the database or the journal has refused it.
    """

    def __init__(self, row: Row) -> None:
        self.row = row
        self.failure: str | None = TOO_SLOW
        self.may_wait = True

    def refuse(self, failure: str) -> None:
        self.failure = failure
        self.may_wait = False


class Recorder:
    """Writes the clicks of one process with ``write``; safe to share between threads.

    ``failure`` is why clicks go to the journal; None while the database takes them.
    """

    def __init__(self, write: Write, journal: ClickJournal | None = None) -> None:
        self._write = write
        self._journal = journal
        self._waiting: deque[_Waiting] = deque()
        self._turn = Lock()
        self._places = BoundedSemaphore(RECORDERS)
        self._state = Lock()
        self._stopping = Event()
        self._replaying: Thread | None = None
        self.failure: str | None = None

    def record(self, row: Row) -> None:
        """Keep a row in the database or the journal; returns once the row is on the disk.

        Raises:
            LedgerError: neither took the row in time. It may yet be kept; send it again.
        """
        mine = _Waiting(row)
        if self._places.acquire(timeout=1):
            try:
                self._record(mine)
            finally:
                self._places.release()
        else:
            mine.failure = TOO_MANY
        if mine.failure and mine.may_wait:
            self._keep([mine])
        if mine.failure:
            raise LedgerError(mine.failure)

    def _record(self, mine: _Waiting) -> None:
        self._waiting.append(mine)
        if self._turn.acquire(timeout=PATIENCE):
            try:
                if mine.failure and self._waiting:
                    self._write_waiting()
            finally:
                self._turn.release()

    @property
    def keeps(self) -> bool:
        """Return whether what the database refuses is kept on this machine's disk."""
        return self._journal is not None and self._journal.has_room()

    def replay(self) -> None:
        """Begin to write what a process before has left in the journal, if anything."""
        if self._journal and self._journal.size():
            self._begin_replay("Clicks that waited are being written.")

    def close(self) -> None:
        """Stop writing in the background; what is left is for the next process."""
        self._stopping.set()
        if replaying := self._replaying:
            replaying.join(RETRY_SECONDS)

    def _write_waiting(self) -> None:
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if self.failure is None or not self._keep(batch):
            self._keep(self._write_batch(batch))

    def _write_batch(self, batch: Sequence[_Waiting]) -> Sequence[_Waiting]:
        """Write rows at once, else in parts; return those that the database can't take now."""
        try:
            self._write_again([waiting.row for waiting in batch])
        except LedgerRefused as error:
            return self._write_parts(batch) if batch[1:] else self._write_in_ascii(batch[0], error)
        except LedgerError as error:
            return _fail(batch, str(error))
        _fail(batch, None)
        return ()

    def _write_parts(self, batch: Sequence[_Waiting]) -> Sequence[_Waiting]:
        """Write halves of a batch: a bad row costs few transactions among hundreds of good ones."""
        middle = len(batch) // 2
        if left := self._write_batch(batch[:middle]):
            return _fail([*left, *batch[middle:]], left[0].failure)
        return self._write_batch(batch[middle:])

    def _write_in_ascii(self, waiting: _Waiting, why: LedgerRefused) -> Sequence[_Waiting]:
        """Write a row in ASCII where the database takes no other signs: the click counts yet."""
        try:
            self._write_again([_in_ascii(waiting.row)])
        except LedgerRefused as error:
            waiting.refuse(str(error))
        except LedgerError as error:
            return _fail([waiting], str(error))
        else:
            waiting.failure = None
            log.warning("a click is kept without signs that the database can't hold: %s", why)
        return ()

    def _write_again(self, rows: Sequence[Row]) -> None:
        """Write rows; once more where the connection was no longer good."""
        try:
            self._write_all(rows)
        except LedgerLost:
            self._write_all(rows)

    def _write_all(self, rows: Sequence[Row]) -> None:
        try:
            self._write(rows)
        except LedgerError:
            raise
        except Exception as error:  # whatever a driver throws must cost no other row
            log.exception("the ledger's database failed in an unknown way")
            raise LedgerRefused(f"The ledger's database failed ({type(error).__name__}).") from None

    def _keep(self, batch: Sequence[_Waiting]) -> bool:
        """Put rows into the journal, where there is one; tell whether they are there."""
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
        _fail(batch, None)
        self._begin_replay(why)
        return True

    def _begin_replay(self, why: str) -> None:
        with self._state:
            if self.failure is None:
                log.warning("clicks wait in a journal: %s", why)
            self.failure = why
            if self._replaying is None and not self._stopping.is_set():
                self._replaying = Thread(target=self._replay, name="clicks", daemon=True)
                self._replaying.start()

    def _replay(self) -> None:
        """Write what is in the journal until nothing is left there."""
        seconds: float | None = 0
        while seconds is not None and not self._stopping.wait(seconds):
            seconds = self._try_to_replay()

    def _try_to_replay(self) -> float | None:
        """Return after how many seconds to try again; None where nothing is left."""
        try:
            return None if self._is_replayed() else RETRY_SECONDS
        except LedgerError as error:
            self.failure = str(error)
            return RETRY_SECONDS
        except JournalFailed as error:
            log.error("clicks that wait can't be written: %s", error)  # noqa: TRY400 - no trace
        except Exception:  # the clicks of later days would wait for ever
            log.exception("clicks that wait can't be written")
        self.failure = None  # as far as is known the database takes others
        return UNREADABLE_SECONDS

    def _is_replayed(self) -> bool:
        journal = self._journal
        if journal is None:
            return True
        written = journal.replay(self._write_replayed)
        with self._turn, self._state:
            if journal.size():  # more has come meanwhile, or another process is at it
                return False
            self.failure = self._replaying = None
        log.warning("the ledger's database takes clicks again; written: %s that waited", written)
        return True

    def _write_replayed(self, rows: Sequence[Row]) -> None:
        batch = [_Waiting(row) for row in rows]
        if left := self._write_batch(batch):
            raise LedgerError(left[0].failure or TOO_SLOW)
        for waiting in batch:
            if waiting.failure:
                log.error("a click that waited is lost: %s", waiting.failure)


def _fail(batch: Sequence[_Waiting], failure: str | None) -> Sequence[_Waiting]:
    for waiting in batch:
        waiting.failure = failure
    return batch


def _in_ascii(row: Row) -> Row:
    return {
        name: value.encode("ascii", "replace").decode() if isinstance(value, str) else value
        for name, value in row.items()
    }
