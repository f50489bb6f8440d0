"""The main process: it owns the port and the processes that answer."""

import logging
import multiprocessing
import os
import resource
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.log import LogLevels
from granian.server.mp import MPServer, WorkerProcess

from affiliate.serving import worker
from affiliate.serving.ports import BACKLOG

CONNECTIONS: Final = 4096
"""Connections of a process; the system's limit of open files may allow fewer."""
OTHER_FILES: Final = 256
"""Files that a process opens beside its connections: databases, agencies, the cache's store."""
HUNG_SECONDS: Final = 15.0
"""A process that has not run for so long is killed, and another takes its place."""
LOOK_SECONDS: Final = 1.0
"""How often the processes are looked at."""
STARTS: Final = 3
"""So often in a row a process may fail to start before the server gives up."""
TO_OUR_LOG: Final = {
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}},
}
"""Granian's settings of its log that leave its lines to the handlers that are there."""

log = logging.getLogger(__name__)


class Respawned(dict[int, float]):
    """When Granian has started each process anew, as far as that tells of a process that can't run.

    Granian ends the server where a process ends within seconds of such a start. One that had begun
    to show that it runs, in ``beats``, was killed from outside, as where memory is scarce; it is
    started again as often as that happens.
    """

    def __init__(self, beats: Sequence[float]) -> None:
        super().__init__()
        self._beats = beats
        self._failed: Counter[int] = Counter()

    def get(self, idx: int, default: float = 0.0) -> float:  # type: ignore[override] # as Granian asks
        """Return when a process that has ended was started; the default if it may be once more."""
        if self._beats[idx]:
            del self._failed[idx]
        else:
            self._failed[idx] += 1
        return super().get(idx, default) if self._failed[idx] >= STARTS else default


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
            backpressure=_connections(),
            respawn_failed_workers=True,
            workers_kill_timeout=worker.STOP_SECONDS,
            log_level=LogLevels(level),
            log_dictconfig=TO_OUR_LOG,
        )
        self._listener = listener
        self._beats = multiprocessing.get_context().Array("d", processes, lock=False)
        self.respawned_wrks = Respawned(self._beats)
        self.on_startup(self._watch_processes)

    def run(self, prepare: Callable[[], object]) -> None:
        """Serve until told to end."""
        self.serve(worker.work, partial(worker.load, self._beats, prepare))  # type: ignore[arg-type]

    def _init_shared_socket(self) -> None:
        self._listener.set_inheritable(True)
        self._ssp, self._sso = None, self._listener
        self._shd = SocketHolder(self._listener.fileno(), False, BACKLOG)  # type: ignore[assignment, call-arg]

    def _spawn_worker(  # type: ignore[override] # as Granian's own class for processes has it
        self, idx: int, target: Callable[..., None], callback_loader: Callable[..., Any]
    ) -> WorkerProcess:
        self._beats[idx] = 0.0  # it is not looked at until it has started
        return super()._spawn_worker(idx, target, callback_loader)

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as Granian has it
        """End once: a second signal could catch Granian holding its own lock.

        A process that is being started has this handler too, until it has one of its own.
        """
        if os.getpid() != self.pid:
            os._exit(1)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]

    def _watch_processes(self) -> None:
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def _watch(self) -> None:
        """Kill processes that hang; Granian then starts others."""
        looked = runs_since = time.monotonic()
        gone: set[int] = set()
        while not self.interrupt_signal:
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
            if now - looked > LOOK_SECONDS + HUNG_SECONDS / 3:  # this process was stopped itself
                runs_since = now
            looked = now
            for process in list(self.wrks):
                beat = self._beats[process.idx]
                if beat and now - max(beat, runs_since) > HUNG_SECONDS:
                    log.error("process %d hangs and is replaced", process.idx + 1)
                    self._beats[process.idx] = 0.0
                    process.inner.kill()
            gone = self._replace(gone)

    def _replace(self, gone: set[int]) -> set[int]:
        """Have processes replaced that were gone at the last look; return those gone now.

        Granian overlooks a process that ends in the moment in which it sees another one's end.
        """
        now = {one.idx: one for one in list(self.wrks) if one.inner.exitcode is not None}
        for idx in now.keys() & (gone - set(self.interrupt_children)):
            if not now[idx].interrupt_by_parent:
                self.interrupt_children.append(idx)
                self.main_loop_interrupt.set()
        return set(now)


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


def _connections() -> int:
    """Return how many connections a process may have, and raise the limit of open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS if soft == resource.RLIM_INFINITY else min(CONNECTIONS, soft - OTHER_FILES)
