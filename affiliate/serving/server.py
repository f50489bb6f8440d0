"""The main process: it owns the port and the processes that answer."""

import logging
import multiprocessing
import os
import queue
import resource
import socket
import threading
import time
from collections.abc import Callable, MutableSequence
from contextlib import suppress
from functools import partial
from multiprocessing import connection
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.log import LogLevels
from granian.server.mp import MPServer, WorkerProcess

from affiliate.serving import worker
from affiliate.serving.ports import BACKLOG, LISTENS_LATE, close_listener
from affiliate.serving.replacing import Failures, describe_exit

CONNECTIONS: Final = 4096
"""Connections of a process; the system's limit of open files may allow fewer."""
OTHER_FILES: Final = 256
"""Files that a process opens beside its connections: databases, agencies, the cache's store."""
HUNG_SECONDS: Final = 15.0
"""A process that has not run for so long is killed, and another takes its place."""
LOOK_SECONDS: Final = 1.0
"""How often the processes are looked at."""
RENEW_SECONDS: Final = 30.0
"""How long a process may take to start beside the one whose place it takes."""
LOG_CONFIG: Final = {
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}},
}
"""Granian's settings of its log that leave its lines to the handlers that are there."""

log = logging.getLogger(__name__)


class Server(MPServer):
    """Granian over a socket that is listening already, shared by all processes.

    A process that hangs then keeps no share of new connections, as it would with a socket of its
    own. A process that doesn't show that it runs is replaced.
    """

    def __init__(self, listener: socket.socket, target: str, processes: int, level: str) -> None:
        host, port = listener.getsockname()[:2]
        super().__init__(
            target,
            address=host,
            port=port,
            interface=Interfaces.RSGI,
            runtime_mode=RuntimeModes.mt,
            workers=processes,
            http=HTTPModes.http1,
            websockets=False,
            backpressure=_limit_connections(),
            respawn_failed_workers=True,
            workers_kill_timeout=worker.STOP_SECONDS,
            log_level=LogLevels(level),
            log_dictconfig=LOG_CONFIG,
        )
        self._listener = listener
        self._beats: WeakKeyDictionary[WorkerProcess, MutableSequence[float]] = WeakKeyDictionary()
        self._hung: WeakSet[WorkerProcess] = WeakSet()
        self._failures, self._due = Failures(), dict[int, float]()
        self._has_served = False
        self.main_loop_interrupt = Wake()  # type: ignore[assignment] # as much of it as is used
        self.on_startup(self._watch_processes)

    def run(self, prepare: Callable[[], object]) -> None:
        """Serve until told to end."""
        self.serve(worker.run_worker, partial(worker.load_app, prepare))  # type: ignore[arg-type]

    def _init_shared_socket(self) -> None:
        self._listener.set_inheritable(True)
        more = (BACKLOG,) if LISTENS_LATE else ()
        self._ssp, self._sso = None, self._listener
        self._shd = SocketHolder(self._listener.fileno(), False, *more)  # type: ignore[assignment, call-arg]

    def _drop_shared_socket(self) -> None:
        """Keep the port until nobody waits on it (see `_stop_workers`, and `hold_listener`)."""

    def _stop_workers(self) -> None:
        """End the processes, and give up the port as soon as none accepts any more.

        A process that ended by itself after the server was told to end is no failure of the server.
        """
        closing = threading.Thread(target=self._give_up_port, name="port")
        if any(map(self._read_beat, self.wrks)):
            closing.start()
        for process in self.wrks:
            process.terminate()  # type: ignore[no-untyped-call]
        end = time.monotonic() + worker.STOP_SECONDS
        for process in self.wrks:
            if not _has_ended(process, end - time.monotonic()):
                log.warning("process %d does not end and is killed", process.idx + 1)
                process.kill()  # type: ignore[no-untyped-call]
        self.wrks.clear()
        if self.interrupt_signal:
            self.interrupt_children.clear()
        if closing.ident:
            closing.join()

    def _give_up_port(self) -> None:
        accepting = list(self.wrks)
        end = time.monotonic() + worker.STOP_SECONDS
        while accepting and time.monotonic() < end:  # closed before, it kept their loops busy
            time.sleep(0.001)
            accepting = [one for one in accepting if self._is_accepting(one)]
        close_listener(self._listener)

    def _is_accepting(self, process: WorkerProcess) -> bool:
        return self._read_beat(process) != worker.BEAT_LEAVING and not _has_ended(process)

    def _spawn_worker(  # type: ignore[override] # as Granian's own class for processes has it
        self, idx: int, target: Callable[..., None], callback_loader: Callable[..., Any]
    ) -> WorkerProcess:
        beat = multiprocessing.get_context().Array("d", 1, lock=False)
        process = super()._spawn_worker(idx, target, partial(callback_loader, beat))
        self._beats[process] = beat
        return process

    def _spawn_workers(self, *targets: Any) -> None:  # noqa: ANN401 - Granian's
        with worker.hold_back_signals():
            super()._spawn_workers(*targets)  # type: ignore[no-untyped-call]

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as Granian has it
        """End once, in as many seconds as the processes take that are answering.

        A process that is being started has this handler too, until it has one of its own. Were
        later signals ignored here, they would be in a process that is started at this moment.
        """
        if os.getpid() != self.pid:
            os._exit(1)
        if not self.interrupt_signal:
            for process in self.wrks:  # Ctrl-C reaches each of them, too
                process.interrupt_by_parent = True
            super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:  # noqa: ANN401 - Granian's
        """Give processes that ended a successor, and renew all at SIGHUP, until told to end."""
        spawn = partial(self._spawn_worker, target=spawn_target, callback_loader=target_loader)
        while not self.interrupt_signal and self._plan_successors():
            if self.reload_signal:
                self.reload_signal = False
                log.info("SIGHUP: each process is renewed")
                for place in range(self.workers):
                    self._renew_process(place, spawn)
            self._start_successors(spawn)
            next_due = min(self._due.values(), default=None)
            self.main_loop_interrupt.wait(next_due and max(next_due - time.monotonic(), 0.0))

    def _plan_successors(self) -> bool:
        """Say of each process that ended why, and when another starts; tell whether to go on."""
        self._has_served = self._has_served or any(map(self._read_beat, self.wrks))
        while self.interrupt_children:
            place = self.interrupt_children.pop()
            process = self.wrks[place]
            if not _has_ended(process):  # it has a successor already
                continue
            process.inner.join(0.1)  # another thread may be reading how it ended
            lived = time.monotonic() - process.birth
            pause = self._failures.next_pause(place, lived)
            how = "hung" if process in self._hung else describe_exit(process.inner.exitcode)
            words = f"process {place + 1} {how} after {lived:.0f} s"
            if pause and not self._has_served:
                log.error("%s, as did the one before: the server ends", words)
                self.interrupt_children.append(place)  # Granian ends with status 1 for it
                return False
            line = f"{words}; another starts in {pause:.0f} s"
            log.error(line)  # a message of its own to what counts repetitions
            self._due[place] = time.monotonic() + pause
        return True

    def _start_successors(self, spawn: Callable[..., WorkerProcess]) -> None:
        for place, due in list(self._due.items()):
            if due <= time.monotonic():
                del self._due[place]
                self.wrks[place] = spawn(place)
                with worker.hold_back_signals():
                    self.wrks[place].start()  # type: ignore[no-untyped-call]

    def _renew_process(self, place: int, spawn: Callable[..., WorkerProcess]) -> None:
        """Start a process, and end the one whose place it takes once it serves."""
        old, new = self.wrks[place], spawn(place)
        new.interrupt_by_parent = True  # it has a predecessor, and needs no successor
        with worker.hold_back_signals():
            new.start()  # type: ignore[no-untyped-call]
        end = time.monotonic() + RENEW_SECONDS
        while not self._read_beat(new) and not self.interrupt_signal:
            if _has_ended(new) or time.monotonic() > end:
                log.error("process %d does not start anew: the one before stays", place + 1)
                new.inner.kill()
                return
            time.sleep(LOOK_SECONDS / 10)
        self._due.pop(place, None)
        new.interrupt_by_parent = False
        self.wrks[place] = new
        old.interrupt_by_parent = True
        old.inner.terminate()
        if not _has_ended(old, worker.STOP_SECONDS):
            old.inner.kill()

    def _read_beat(self, process: WorkerProcess) -> float:
        """Return when a process has shown that it runs, or that it doesn't; 0 until it serves."""
        return self._beats[process][0]

    def _watch_processes(self) -> None:
        threading.Thread(target=self._kill_hanging, name="watch", daemon=True).start()

    def _kill_hanging(self) -> None:
        """Kill processes that hang; others then take their places."""
        looked = runs_since = time.monotonic()
        while not self.interrupt_signal:
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            if now - looked > LOOK_SECONDS + HUNG_SECONDS / 3:  # this process was stopped itself
                runs_since = now
            looked = now
            for process in list(self.wrks):
                if self._is_hanging(process, now, runs_since) and not _has_ended(process):
                    log.error("process %d hangs and is killed", process.idx + 1)
                    self._hung.add(process)
                    process.inner.kill()

    def _is_hanging(self, process: WorkerProcess, now: float, runs_since: float) -> bool:
        shown = self._read_beat(process)
        is_late = shown > 0 and now - max(shown, runs_since) > HUNG_SECONDS
        return is_late or shown == worker.BEAT_HANGING


def _has_ended(process: WorkerProcess, seconds: float = 0.0) -> bool:
    """Return whether a process ends within so many seconds.

    A thread of Granian's waits for each process. ``is_alive`` of multiprocessing may call a process
    alive that this thread has just seen end; the sentinel can be read by many threads at once.
    """
    return bool(connection.wait([process.inner.sentinel], max(seconds, 0.0)))


class Wake:
    """An event for the main thread, which handlers of signals may set at any moment.

    `threading.Event` has a lock, which the thread that a signal interrupts may be holding.
    """

    def __init__(self) -> None:
        self._set: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self) -> None:
        """End the wait that is under way, or else the next."""
        self._set.put(None)

    def wait(self, seconds: float | None = None) -> None:
        """Wait until set, for so long at most."""
        with suppress(queue.Empty):
            self._set.get(timeout=seconds)


def serve(
    listener: socket.socket,
    target: str,
    processes: int,
    *,
    level: str = "info",
    prepare: Callable[[], object] = lambda: None,
) -> None:
    """Serve what the function ``target`` (``module:function``) makes, in so many processes.

    ``level`` is the least that the server logs; each process begins with ``prepare``.
    """
    Server(listener, target, processes, level).run(prepare)


def _limit_connections() -> int:
    """Return how many connections a process may have, and raise the limit of open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return CONNECTIONS
    connections = max(soft - OTHER_FILES, soft // 2)
    log.warning(
        "a process may open %d files (ulimit -n): it takes %d connections at once, not %d",
        *(soft, connections, CONNECTIONS),
    )
    return connections
