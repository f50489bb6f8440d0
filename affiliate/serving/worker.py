"""A worker process of the server, which answers requests until a signal to end."""

import asyncio
import gc
import importlib
import logging
import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, MutableSequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from granian._granian import RSGIWorker, WorkerSignal
from granian.server.mp import WorkerProcess

from affiliate.memory_allocation import share_heaps
from affiliate.search.site_counts import RequestLoad
from affiliate.serving.parent_death import signal_at_parent_death
from affiliate.serving.requests import HIT_THREADS, HitFinder, RequestScheduler
from affiliate.unfinished_work import is_held

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

STOP_SECONDS: Final = 4
"""Seconds that requests under way have to end: more than a page waits for agencies, and less than
the 5 seconds after which some platforms kill."""
CLOSE_SECONDS: Final = 0.5
"""Seconds for which an ending process accepts connections, closing each behind its answer, which
says so. After as long again, connections without a request are closed without an answer."""
LEAVE_SECONDS: Final = 3.6
"""Seconds after which an ending process drops open requests, so that it ends by itself."""
FINISH_SECONDS: Final = 40.0
"""Further seconds for which an ending process waits for a purchase under way: more than the call
to an agency takes (`licensing.seller.LICENSE_CALL_SECONDS`)."""
FINISH_POLL_SECONDS: Final = 0.1
"""Seconds between two looks of an ending process at purchases under way."""
BEAT_SECONDS: Final = 0.5
"""Seconds between two beats of a process, and between two looks for its main process."""
BEAT_HANGING: Final = -1.0
"""Beat of a process whose requests don't come to an end."""
BEAT_LEAVING: Final = -2.0
"""Beat of a process that accepts no more connections."""
BEAT_FINISHING: Final = -3.0
"""Beat of a process that accepts no more connections and finishes a purchase."""
END_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
"""Signals that end a process."""


log = logging.getLogger(__name__)


class LoadedApp(NamedTuple):
    """An application, and the array of one number that holds its process's last beat.

    ``report_loads`` gets the loads of the pools of threads with each beat.
    """

    app: "WSGIApplication"
    find_hit: HitFinder
    report_loads: Callable[[Mapping[str, RequestLoad]], None]
    beat: MutableSequence[float]


@contextmanager
def hold_back_signals() -> Iterator[None]:
    """Block signals to end while a process is started; `load_app` unblocks them in that process.

    Python loses signals that reach a new process before its first line.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def load_app(prepare: Callable[[], object], target: str, beat: MutableSequence[float]) -> LoadedApp:
    """Make the application by the function ``target`` (``module:function``).

    An application whose ``find_hit`` recognizes requests that are answered from memory has them
    answered apart from others. ``report_loads`` of an application gets the loads of the pools.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, END_SIGNALS)
    share_heaps()
    prepare()
    module, _, factory = target.partition(":")
    with _kept_for_good():
        app = getattr(importlib.import_module(module), factory)()
    find_hit = getattr(app, "find_hit", lambda _environ: False)
    return LoadedApp(app, find_hit, getattr(app, "report_loads", lambda _loads: None), beat)


@contextmanager
def _kept_for_good() -> Iterator[None]:
    """Leave the objects that exist at the end out of garbage collection.

    The collector would look through a hundred thousand of them now and then, amid requests.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@WorkerProcess.wrap_target  # type: ignore[untyped-decorator] # Granian has no types for it
def run_worker(  # noqa: PLR0913, PLR0917 - as Granian calls what runs in a process
    number: int,
    loaded: LoadedApp,
    sock: Any,  # noqa: ANN401 - Granian's own, as are most of the others
    ipc: Any,  # noqa: ANN401
    loop: asyncio.AbstractEventLoop,
    _mode: Any,  # noqa: ANN401
    runtime_threads: int,
    runtime_blocking_threads: int,
    _threads: int,
    idle_seconds: int,
    backpressure: int,
    _tasks: Any,  # noqa: ANN401
    http: Any,  # noqa: ANN401
    http1: Any,  # noqa: ANN401
    http2: Any,  # noqa: ANN401
    websockets: bool,  # noqa: FBT001
    static: Any,  # noqa: ANN401
    _access_log: Any,  # noqa: ANN401
    tls: tuple[Any, ...],
    _scope: Any,  # noqa: ANN401
    metrics: Any,  # noqa: ANN401
) -> None:
    """Serve until SIGTERM or SIGINT, or until the main process is gone."""
    # Should the process be stopped, the system continues it as an orphan.
    signal_at_parent_death(signal.SIGCONT)
    requests = RequestScheduler(loop, loaded.app, loaded.find_hit)
    end = _ProcessEnd(loop, requests, loaded.beat, sock[1].get_fd(), number)

    def stop_orphan() -> None:
        loop.call_soon_threadsafe(end.begin, 0.0)  # the port is wanted by the next start

    def beat() -> None:
        if loaded.beat[0] >= 0:
            loaded.beat[0] = BEAT_HANGING if requests.check_hanging() else time.monotonic()
            loaded.report_loads(requests.read_loads())
            loop.call_later(BEAT_SECONDS, beat)

    for number_of_signal in END_SIGNALS:
        loop.add_signal_handler(number_of_signal, end.begin)
    threading.Thread(
        target=_follow_main_process, args=(stop_orphan,), name="follow", daemon=True
    ).start()
    loop.call_soon(beat)
    worker = RSGIWorker(
        *(number, sock, ipc, runtime_threads, runtime_blocking_threads),
        *(HIT_THREADS, idle_seconds),
        *(backpressure, http, http1, http2, websockets, static, *tls, metrics),
    )
    worker.serve_mtr(requests, loop, end.signal)  # type: ignore[attr-defined]
    loop.run_until_complete(end.reached.wait())


class _ProcessEnd:
    """The steps of a process that is told to end; ``signal`` ends Granian, ``reached`` the process.

    While a purchase is under way, the last step waits.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        requests: RequestScheduler,
        beat: MutableSequence[float],
        listener: int,
        number: int,
    ) -> None:
        self._loop = loop
        self._requests = requests
        self._beat = beat
        self._listener = listener
        self._number = number
        self.signal, self.reached = WorkerSignal(), asyncio.Event()
        self.signal.add_cb(lambda: loop.call_soon_threadsafe(self.reached.set))

    def begin(self, close_seconds: float = CLOSE_SECONDS) -> None:
        """Begin to end, once: Ctrl-C and the main process may send two signals."""
        if not self._requests.stopping:
            self._requests.stopping = True
            self._loop.call_later(close_seconds, self._leave)
            self._loop.call_later(2 * close_seconds, self.signal.set)
            self._loop.call_later(LEAVE_SECONDS, self._drop_requests)

    def _leave(self) -> None:
        _stop_accepting(self._listener)
        self._tell_beat()

    def _tell_beat(self) -> None:
        self._beat[0] = BEAT_FINISHING if is_held() else BEAT_LEAVING
        self._loop.call_later(FINISH_POLL_SECONDS, self._tell_beat)

    def _drop_requests(self) -> None:
        if is_held():
            log.info("process %d waits for a purchase under way before its end", self._number)
            self._loop.call_later(FINISH_SECONDS, self.reached.set)
        self._end_if_free()

    def _end_if_free(self) -> None:
        if is_held():
            self._loop.call_later(FINISH_POLL_SECONDS, self._end_if_free)
        else:
            self.reached.set()


def _stop_accepting(listener: int) -> None:
    """Accept no more connections, by removing the listener from Granian's event loop (Linux).

    Granian itself stops accepting only when it closes connections without a request: the last
    clients would have no time to send their requests.
    """
    if sys.platform != "linux":
        return
    for file in _list_open_files():
        with suppress(OSError):  # a file that was closed meanwhile, a loop without the listener
            if str(file.readlink()) == "anon_inode:[eventpoll]":
                with select.epoll.fromfd(os.dup(int(file.name))) as loop:
                    loop.unregister(listener)


def _list_open_files() -> list[Path]:
    """Return the links to this process's open files; none where /proc is not mounted."""
    try:
        return list(Path("/proc/self/fd").iterdir())
    except FileNotFoundError:
        return []


def _follow_main_process(stop_orphan: Callable[[], None]) -> None:
    """End this process soon after its main process.

    A killed main process can't end its workers; they would serve on, with the old settings, beside
    the workers of the next start.
    """
    main = multiprocessing.parent_process()
    while main is None or os.getppid() == main.pid:
        time.sleep(BEAT_SECONDS)
    stop_orphan()
    end = time.monotonic() + FINISH_SECONDS
    time.sleep(STOP_SECONDS)
    while is_held() and time.monotonic() < end:
        time.sleep(FINISH_POLL_SECONDS)
    os._exit(1)
