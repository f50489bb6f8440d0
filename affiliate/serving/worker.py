"""One of the server's processes: it answers requests until it is told to end."""

import asyncio
import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, MutableSequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from granian._granian import RSGIWorker, WorkerSignal
from granian.server.mp import WorkerProcess

from affiliate.fanout import WAITERS
from affiliate.serving.allocation import share_heaps
from affiliate.serving.requests import Requests

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

THREADS: Final = 2 * WAITERS
"""Request threads of a process; more wait in the server's queue."""
STOP_SECONDS: Final = 4
"""How long requests under way may take to end: more than a page waits for agencies, and less than
the 5 seconds after which some platforms kill."""
CLOSE_SECONDS: Final = 0.5
"""How long a process that ends goes on, closing each connection behind an answer that says so.
Connections on which nothing comes in this time are closed without a word."""
LEAVE_SECONDS: Final = 3.6
"""When a process that ends leaves what is still open, so that it ends by itself."""
BEAT_SECONDS: Final = 0.5
"""How often a process shows that it runs, and looks whether its main process does."""


class Loaded(NamedTuple):
    """An application, and where its process shows that it runs: a time for each process."""

    app: "WSGIApplication"
    beats: MutableSequence[float]


def load(beats: MutableSequence[float], prepare: Callable[[], object], target: str) -> Loaded:
    """Make the application: ``target`` is a module, a colon and a function of it."""
    share_heaps()
    prepare()
    module, _, factory = target.partition(":")
    return Loaded(getattr(importlib.import_module(module), factory)(), beats)


@WorkerProcess.wrap_target  # type: ignore[untyped-decorator] # Granian has no types for it
def work(  # noqa: PLR0913, PLR0917 - as Granian calls what runs in a process
    number: int,
    loaded: Loaded,
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
    requests = Requests(loop, loaded.app)
    told, ended = WorkerSignal(), asyncio.Event()
    told.add_cb(lambda: loop.call_soon_threadsafe(ended.set))

    def stop(close_seconds: float = CLOSE_SECONDS) -> None:
        if not requests.stopping:  # a second signal, as Ctrl-C and the main process send
            requests.stopping = True
            loop.call_later(close_seconds, told.set)
            loop.call_later(LEAVE_SECONDS, ended.set)

    def orphaned() -> None:
        loop.call_soon_threadsafe(stop, 0.0)  # the port is wanted by the next start

    for number_of_signal in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number_of_signal, stop)
    arguments = (loaded.beats, number - 1, orphaned)
    threading.Thread(target=_beat, args=arguments, name="beat", daemon=True).start()
    worker = RSGIWorker(
        *(number, sock, ipc, runtime_threads, runtime_blocking_threads, THREADS, idle_seconds),
        *(backpressure, http, http1, http2, websockets, static, *tls, metrics),
    )
    worker.serve_mtr(requests, loop, told)  # type: ignore[attr-defined]
    loop.run_until_complete(ended.wait())


def _beat(beats: MutableSequence[float], place: int, orphaned: Callable[[], None]) -> None:
    """Show again and again that the process runs, and end it soon after its main process.

    Killed, a main process can't tell its workers to end; they would serve on, with settings of
    before, beside those of the next start.
    """
    main = multiprocessing.parent_process()
    while main is None or os.getppid() == main.pid:
        beats[place] = time.monotonic()
        time.sleep(BEAT_SECONDS)
    orphaned()
    time.sleep(STOP_SECONDS)
    os._exit(1)
