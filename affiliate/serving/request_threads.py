"""Threads that answer requests, bounded in their number and in the requests that wait."""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

from affiliate.search.site_counts import RequestLoad
from affiliate.serving.progress import Progress

IDLE_SECONDS: Final = 30.0
"""Seconds after which a thread without a request ends."""

log = logging.getLogger(__name__)


class RequestThreads:
    """Up to ``limit`` threads, and up to ``max_unfinished`` requests that wait or are answered.

    The threads are daemons: those of `concurrent.futures` would keep a process from ending until
    the last request ends.
    """

    def __init__(self, name: str, limit: int, max_unfinished: int) -> None:
        self.progress = Progress(limit)
        self._name = name
        self._limit = limit
        self._max_unfinished = max_unfinished
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self.unfinished = 0
        """Requests that wait or are being answered."""

    @property
    def is_full(self) -> bool:
        """Return whether the next request would be refused."""
        return self.unfinished >= self._max_unfinished

    def read_load(self) -> RequestLoad:
        """Return the unfinished requests, and the threads that there are for them."""
        return RequestLoad(self.unfinished, self._threads)

    def submit(self, call: Callable[[], None]) -> bool:
        """Have a thread make a call that answers a request.

        Return False, and log why, if there is no room, or no thread and none can be started.
        """
        with self._lock:
            if not self.is_full and self.unfinished >= self._threads < self._limit:
                self._start_thread()
            if self.is_full or not self._threads:
                log.warning(
                    "a request is refused: %d wait or are answered by %d threads",
                    self.unfinished,
                    self._threads,
                )
                return False
            self.unfinished += 1
        self._calls.put(call)
        return True

    def _start_thread(self) -> None:
        try:
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        except RuntimeError as error:
            log.warning("no thread for a request: %s", error)
        else:
            self._threads += 1

    def _run(self) -> None:
        while True:
            try:
                call = self._calls.get(timeout=IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._threads > self.unfinished:
                        self._threads -= 1
                        return
                continue
            try:
                with self.progress:
                    call()
            except BaseException:
                log.exception("a request could not be answered")
            del call  # an idle thread must hold no request in memory
            with self._lock:
                self.unfinished -= 1
