"""The main process, which owns the port and the processes that answer."""

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
from affiliate.serving.replacing import EarlyExits, describe_exit

MAX_CONNECTIONS: Final = 4096
"""Connections of a process; the system's limit of open files may allow fewer."""
OTHER_FILES: Final = 256
"""Files that a process opens beside its connections: databases, agencies, the cache's store."""
HUNG_SECONDS: Final = 15.0
"""Seconds without a beat after which a process is killed and replaced."""
LOOK_SECONDS: Final = 1.0
"""Seconds between two checks of the processes."""
RENEW_SECONDS: Final = 30.0
"""Seconds that a process may take to start beside its predecessor."""
LOG_CONFIG: Final = {
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}},
}
"""Granian's log settings that leave its lines to the existing handlers."""

log = logging.getLogger(__name__)


class Server(MPServer):
    """Granian over one listening socket that all processes share.

    A process that hangs gets no share of new connections, unlike with a socket of its own. A
    process without beats is replaced.
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
            backpressure=_raise_file_limit(),
            respawn_failed_workers=True,
            workers_kill_timeout=worker.STOP_SECONDS,
            log_level=LogLevels(level),
            log_dictconfig=LOG_CONFIG,
        )
        self._listener = listener
        self._beats: WeakKeyDictionary[WorkerProcess, MutableSequence[float]] = WeakKeyDictionary()
        self._hung: WeakSet[WorkerProcess] = WeakSet()
        self._early_exits, self._due = EarlyExits(), dict[int, float]()
        self._has_served = False
        self.main_loop_interrupt = Wake()  # type: ignore[assignment] # the methods that are used
        self.on_startup(self._watch_processes)

    def run(self, prepare: Callable[[], object]) -> None:
        """Serve until a signal to end."""
        self.serve(worker.run_worker, partial(worker.load_app, prepare))  # type: ignore[arg-type]

    def _init_shared_socket(self) -> None:
        self._listener.set_inheritable(True)
        more = (BACKLOG,) if LISTENS_LATE else ()
        self._ssp, self._sso = None, self._listener
        self._shd = SocketHolder(self._listener.fileno(), False, *more)  # type: ignore[assignment, call-arg]

    def _drop_shared_socket(self) -> None:
        """Leave the socket open; `_stop_workers` or `hold_listener` closes the socket later."""

    def _stop_workers(self) -> None:
        """End the processes, and give up the port as soon as none accepts any more.

        A process that ended by itself after the signal to end is no failure of the server.
        """
        closing = threading.Thread(target=self._give_up_port, name="port")
        if any(map(self._read_beat, self.wrks)):
            closing.start()
        for process in self.wrks:
            process.terminate()  # type: ignore[no-untyped-call]
        end = time.monotonic() + worker.STOP_SECONDS
        for process in self.wrks:
            if not self._await_end(process, end):
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
            accepting = [process for process in accepting if self._is_accepting(process)]
        close_listener(self._listener)

    def _is_accepting(self, process: WorkerProcess) -> bool:
        has_left = self._read_beat(process) in {worker.BEAT_LEAVING, worker.BEAT_FINISHING}
        return not has_left and not _has_ended(process)

    def _await_end(self, process: WorkerProcess, end: float) -> bool:
        """Wait for the end of a process until a monotonic time, or longer for its purchase.

        Return whether the process has ended.
        """
        last_end = end + worker.FINISH_SECONDS
        while not _has_ended(process, end - time.monotonic()):
            is_finishing = self._read_beat(process) == worker.BEAT_FINISHING
            if not is_finishing or time.monotonic() > last_end:
                return False
            end = time.monotonic() + LOOK_SECONDS
        return True

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
        """End once, in as many seconds as answers under way take.

        A starting process has this handler, too, until it sets its own. Signals that this handler
        ignored later on would also be ignored by a process that is starting at that moment.
        """
        if os.getpid() != self.pid:
            os._exit(1)
        if not self.interrupt_signal:
            for process in self.wrks:  # Ctrl-C reaches each of them, too
                process.interrupt_by_parent = True
            super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:  # noqa: ANN401 - Granian's
        """Replace processes that ended, and renew all at SIGHUP, until a signal to end."""
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
        """Log the end of each ended process and schedule its successor; return whether to go on."""
        self._has_served = self._has_served or any(map(self._read_beat, self.wrks))
        while self.interrupt_children:
            place = self.interrupt_children.pop()
            process = self.wrks[place]
            if not _has_ended(process):  # the place has a successor already
                continue
            process.inner.join(0.1)  # another thread may be reading the exit code
            life_seconds = time.monotonic() - process.birth
            pause = self._early_exits.next_pause(place, life_seconds)
            how = "hung" if process in self._hung else describe_exit(process.inner.exitcode)
            words = f"process {place + 1} {how} after {life_seconds:.0f} s"
            if pause and not self._has_served:
                log.error("%s, as did the one before: the server ends", words)
                self.interrupt_children.append(place)  # Granian ends with status 1 for it
                return False
            line = f"{words}; another starts in {pause:.0f} s"
            log.error(line)  # without arguments, so that the log counts no two as repetitions
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
        """Start a process, and end its predecessor once the new process serves."""
        old, new = self.wrks[place], spawn(place)
        new.interrupt_by_parent = True  # no successor while its predecessor serves
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
        if not self._await_end(old, time.monotonic() + worker.STOP_SECONDS):
            old.inner.kill()

    def _read_beat(self, process: WorkerProcess) -> float:
        """Return the time of a process's last beat, or a BEAT constant; 0 until it serves."""
        return self._beats[process][0]

    def _watch_processes(self) -> None:
        threading.Thread(target=self._kill_hanging, name="watch", daemon=True).start()

    def _kill_hanging(self) -> None:
        """Kill processes that hang; their successors are started by `_serve_loop`."""
        last_look = runs_since = time.monotonic()
        while not self.interrupt_signal:
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            if now - last_look > LOOK_SECONDS + HUNG_SECONDS / 3:  # this process was stopped itself
                runs_since = now
            last_look = now
            for process in list(self.wrks):
                if self._is_hanging(process, now, runs_since) and not _has_ended(process):
                    log.error("process %d hangs and is killed", process.idx + 1)
                    self._hung.add(process)
                    process.inner.kill()

    def _is_hanging(self, process: WorkerProcess, now: float, runs_since: float) -> bool:
        beat = self._read_beat(process)
        is_late = beat > 0 and now - max(beat, runs_since) > HUNG_SECONDS
        return is_late or beat == worker.BEAT_HANGING


def _has_ended(process: WorkerProcess, seconds: float = 0.0) -> bool:
    """Return whether a process ends within ``seconds``.

    A thread of Granian waits for each process. ``is_alive`` of multiprocessing may call a process
    alive that this thread has just seen end; the sentinel can be read by many threads at once.
    """
    return bool(connection.wait([process.inner.sentinel], max(seconds, 0.0)))


class Wake:
    """An event for the main thread, which signal handlers may set at any moment.

    The lock of a `threading.Event` may be held by the very thread that a signal interrupts.
    """

    def __init__(self) -> None:
        self._set: queue.SimpleQueue[None] = queue.SimpleQueue()

    def set(self) -> None:
        """End the wait that is under way, or else the next."""
        self._set.put(None)

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the next `set`, at most ``seconds``; each `set` ends only one wait."""
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
    """Serve the application that the function ``target`` (``module:function``) makes.

    ``level`` is the lowest level of the server's log; each process begins with ``prepare``.
    """
    Server(listener, target, processes, level).run(prepare)


def _raise_file_limit() -> int:
    """Raise the limit of open files; return the most connections that a process may hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MAX_CONNECTIONS
    connections = max(soft - OTHER_FILES, soft // 2)
    log.warning(
        "a process may open %d files (ulimit -n): it takes %d connections at once, not %d",
        *(soft, connections, MAX_CONNECTIONS),
    )
    return connections
