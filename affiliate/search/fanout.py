"""Fetches from agencies side by side; late fetches go on behind the page that waited."""

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Final, Generic, NamedTuple, TypeVar

from affiliate import logs

LINGER_SECONDS: Final = 0.8
"""Seconds that a page waits for other agencies after the first agency has given pictures."""
MAX_FETCHERS: Final = 64
"""Threads for the fetches of one agency, so that a slow agency takes no thread of another."""
MAX_QUEUED: Final = 256
"""Fetches of one agency that may wait for a thread; beyond this number the oldest is given up."""
MAX_WAITERS: Final = 64
"""Requests that may wait for agencies at once: half of a process's threads, so hits go on."""

Given = TypeVar("Given")


class Question(NamedTuple, Generic[Given]):
    """A fetch from an agency, which raises nothing; equal keys share a running fetch."""

    agency: str
    key: tuple[str, ...]
    fetch: Callable[[], Given]


class FanOut:
    """A process's fetches under way or queued, and the waiting requests.

    Fetches outlive the requests that wait. The newest fetch of an agency's queue begins first, as
    its visitor is the most likely to be waiting still.
    """

    def __init__(self) -> None:
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._running: Counter[str] = Counter()
        self._queues: dict[str, deque[tuple[Question[Any], Future[Any]]]] = defaultdict(deque)
        self._under_way: dict[tuple[str, ...], Future[Any]] = {}
        self._lock = threading.Lock()
        self._waiters = threading.BoundedSemaphore(MAX_WAITERS)

    def ask(
        self,
        questions: Mapping[int, Question[Given]],
        limit: float,
        *,
        shows: Callable[[Given], bool] | None = None,
    ) -> dict[int, Given]:
        """Return the answers that come within ``limit`` seconds; the other fetches go on.

        With ``shows`` the wait ends `LINGER_SECONDS` after the first answer that shows something.
        With too many requests waiting already there is no wait, but every fetch is begun or queued.
        """
        futures = {i: self._join_or_queue(question) for i, question in questions.items()}
        may_wait = self._waiters.acquire(blocking=False)
        try:
            done = _wait_for_answers(futures.values(), limit if may_wait else 0, shows)
        finally:
            if may_wait:
                self._waiters.release()
        return {i: future.result() for i, future in futures.items() if future in done}

    def is_under_way(self, question: Question[Any]) -> bool:
        """Return whether a fetch is under way or queued; joining such a fetch costs nothing."""
        return question.key in self._under_way

    def begin_in_background(self, question: Question[Any]) -> None:
        """Begin a fetch without a waiting page, once no page's fetch waits for a thread."""
        self._join_or_queue(question, behind=True)

    def _join_or_queue(self, question: Question[Given], *, behind: bool = False) -> Future[Given]:
        """Return the fetch for a question: a fetch under way or queued, or a new fetch."""
        with self._lock:
            queue = self._queues[question.agency]
            future = self._under_way.get(question.key)
            if future is not None:
                if not behind:
                    _move_to_end(queue, future)
                return future
            future = self._under_way[question.key] = Future()
            question = question._replace(fetch=logs.carry_context(question.fetch))
            (queue.appendleft if behind else queue.append)((question, future))
            if self._running[question.agency] < MAX_FETCHERS:
                self._running[question.agency] += 1
                self._get_pool(question.agency).submit(self._run_queue, question.agency)
            elif len(queue) > MAX_QUEUED:
                oldest, given_up = queue.popleft()
                del self._under_way[oldest.key]
                given_up.cancel()
                given_up.set_running_or_notify_cancel()  # wakes the waiting requests
            return future

    def _get_pool(self, agency: str) -> ThreadPoolExecutor:
        pool = self._threads.get(agency)
        if pool is None:
            pool = ThreadPoolExecutor(MAX_FETCHERS, thread_name_prefix=f"fetch-{agency}")
            self._threads[agency] = pool
        return pool

    def _run_queue(self, agency: str) -> None:
        """Run the fetches of an agency's queue, the newest first, until none is left."""
        queue = self._queues[agency]
        while True:
            with self._lock:
                if not queue:
                    self._running[agency] -= 1
                    return
                question, future = queue.pop()
            try:
                answer = question.fetch()
            except BaseException as error:  # noqa: BLE001 - raised again in the waiting requests
                self._finish_fetch(question, future, error)
            else:
                self._finish_fetch(question, future, answer)

    def _finish_fetch(self, question: Question[Any], future: Future[Any], answer: object) -> None:
        with self._lock:
            del self._under_way[question.key]
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def _move_to_end(queue: deque[tuple[Question[Any], Future[Any]]], future: Future[Any]) -> None:
    """Make a queued fetch the next to begin, as another page needs the same fetch."""
    for at, (_, queued) in enumerate(queue):
        if queued is future:
            queue.append(queue[at])
            del queue[at]
            return


def _wait_for_answers(
    futures: Iterable[Future[Any]], limit: float, shows: Callable[[Any], bool] | None
) -> set[Future[Any]]:
    """Return the futures that have answered within ``limit`` seconds, or soon after the first."""
    end = time.monotonic() + limit
    answered: set[Future[Any]] = set()
    pending = set(futures)
    while pending:
        done, pending = wait(pending, max(end - time.monotonic(), 0), FIRST_COMPLETED)
        answered |= {future for future in done if not future.cancelled()}
        if not done:
            break
        if shows and any(shows(future.result()) for future in done & answered):
            end, shows = min(end, time.monotonic() + LINGER_SECONDS), None
    return answered
