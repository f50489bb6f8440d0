"""The life of the server's processes: real ones, with signals."""

import http.client
import os
import re
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace

import pytest

from affiliate.errors import CannotListen
from affiliate.serving import ports, server, worker
from affiliate.serving.ports import open_listener
from tests.support.small_server import (
    PROCESSES,
    THREADS,
    SmallServer,
    small_server,
    starting_server,
)
from tests.support.waiting import wait_until


@pytest.mark.parametrize("all_at_once", [True, False])
def test_a_server_told_to_end_says_so_on_each_connection(
    tmp_path_factory: pytest.TempPathFactory, *, all_at_once: bool
) -> None:
    """Ctrl-C reaches every process, SIGTERM the first: no request goes unanswered in either."""
    with small_server(tmp_path_factory.mktemp("ends")) as server, ExitStack() as stack:
        idle = stack.enter_context(closing(server.connect()))
        idle.connect()
        clients = [threading.Thread(target=_asks_until_closed, args=(server,)) for _ in range(8)]
        for client in clients:
            client.start()
        if all_at_once:
            os.killpg(server.process.pid, signal.SIGINT)
        else:
            server.process.terminate()
        for client in clients:
            client.join(30)
        server.process.wait(30)
        assert server.process.returncode == 0
        assert "is killed" not in server.log.read_text()
        assert "Started worker" in server.log.read_text()


def test_a_server_ends_that_is_told_so_while_it_starts_a_process(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """What it starts at that moment ends, too, though it was not there for the signal."""
    with starting_server(tmp_path_factory.mktemp("forks"), ends_at=PROCESSES) as server:
        assert server.process.wait(30) == 0
        assert "is killed" not in server.log.read_text()


def _asks_until_closed(server: SmallServer) -> None:
    """Ask again and again on one connection; each answer is whole, and the last one says so."""
    with closing(server.connect()) as connection:
        while True:
            connection.request("GET", "/pid")
            answer = connection.getresponse()
            assert answer.read().isdigit() or answer.status == HTTPStatus.SERVICE_UNAVAILABLE
            if answer.headers["Connection"] == "close":
                return


def test_processes_end_with_a_main_process_that_was_killed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is left on the port, though clients keep their connections, and one is stopped."""
    monkeypatch.setattr(ports, "WAIT_SECONDS", 0.0)
    with small_server(tmp_path_factory.mktemp("orphans")) as server:
        workers = _both(server)
        with closing(server.connect()) as connection:
            connection.request("GET", "/pid")
            stopped = workers - {int(connection.getresponse().read())}
            os.kill(stopped.pop(), signal.SIGSTOP)
            server.process.kill()
            wait_until(lambda: not any(_runs(worker) for worker in workers))
        open_listener("127.0.0.1", server.port).close()


def _runs(process: int) -> bool:
    return not _is_gone(process)


def _is_gone(process: int) -> bool:
    return _states(process) <= {"Z"}


def _states(process: int) -> set[str]:
    """Return the states of a process's threads, as the system names them; none once it is gone."""
    found = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            found.add((thread / "stat").read_text().rpartition(")")[2].split()[0])
    return found


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallServer]:
    """Yield a server that outlives its processes."""
    with small_server(tmp_path_factory.mktemp("lasting"), hung_seconds=8) as server:
        yield server


def _both(server: SmallServer) -> set[int]:
    """Return the processes, once all answer: the connections to one that is killed are reset."""
    found: set[int] = set()

    def all_answer() -> bool:
        with suppress(OSError, http.client.HTTPException):
            found.clear()
            found.update(server.workers())
        return len(found) == PROCESSES

    wait_until(all_answer)
    return found


def test_the_garbage_collector_leaves_the_application_out(lasting: SmallServer) -> None:
    """It looks through the objects of requests alone, so that none waits for it."""
    enabled, left_out = lasting.get("/collector").split()
    assert enabled == b"True"
    assert int(left_out) > 10_000


def test_a_process_that_hangs_is_replaced(lasting: SmallServer) -> None:
    """Meanwhile the other one answers all who come; a second start is still refused."""
    stopped = min(_both(lasting))
    os.kill(stopped, signal.SIGSTOP)
    wait_until(lambda: _states(stopped) == {"T"})
    assert stopped not in lasting.workers()
    wait_until(lambda: not _runs(stopped))
    _both(lasting)
    with pytest.raises(CannotListen):
        open_listener("127.0.0.1", lasting.port)


def test_processes_whose_threads_all_hang_are_replaced(lasting: SmallServer) -> None:
    """The log says at which lines; whoever comes later is answered."""
    before = _both(lasting)
    with ExitStack() as stack:
        for _ in range(4 * THREADS * PROCESSES):  # the system may give nearly all to one process
            connection = stack.enter_context(closing(lasting.connect()))
            connection.request("GET", "/hang")
        wait_until(lambda: not all(_runs(process) for process in before))
    _both(lasting)
    assert "requests don't come to an end" in lasting.log.read_text()
    assert "in hang" in lasting.log.read_text()


def test_a_process_that_is_killed_again_and_again_takes_nobody_with_it(
    lasting: SmallServer,
) -> None:
    """Its successors start after longer and longer pauses, and the log says so."""
    killed, other = _both(lasting)
    for _ in range(2):
        os.kill(killed, signal.SIGKILL)
        wait_until(partial(_is_gone, killed))
        assert lasting.workers() >= {other}
        killed = (_both(lasting) - {other}).pop()
    for process in (killed, other):
        os.kill(process, signal.SIGKILL)
    wait_until(lambda: _is_gone(killed) and _is_gone(other))
    _both(lasting)
    assert re.search(r"was killed, as .*; another starts in [1-9]\d* s", lasting.log.read_text())


def test_all_processes_are_renewed_by_a_signal(lasting: SmallServer) -> None:
    """None ends before another serves in its place."""
    before = _both(lasting)
    lasting.process.send_signal(signal.SIGHUP)
    while any(map(_runs, before)):
        assert lasting.get("/pid").isdigit()
    assert not _both(lasting) & before


def test_a_site_that_cannot_start_ends_and_says_why(tmp_path: Path) -> None:
    with starting_server(tmp_path, "fail") as server:
        assert server.process.wait(60) == 1
        log = server.log.read_text()
    assert "ValueError: no application" in log
    assert "the server ends" in log


def test_who_came_while_processes_started_is_told_to_come_again(tmp_path: Path) -> None:
    """SIGTERM resets no connection that was made."""
    with starting_server(tmp_path, "hang") as server:
        wait_until(lambda: server.log.read_text().count("Spawning worker") == PROCESSES)
        with closing(server.connect()) as connection:
            connection.request("GET", "/pid")
            server.process.terminate()
            answer = connection.getresponse()
            assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
            assert answer.headers["Retry-After"].isdigit()
            assert answer.read()
        assert server.process.wait(60) == 0


INFINITY = resource.RLIM_INFINITY
ALL = server.MAX_CONNECTIONS + server.OTHER_FILES


@pytest.mark.parametrize(
    ("soft", "hard", "raised", "connections"),
    [
        (1024, 1 << 20, ALL, server.MAX_CONNECTIONS),
        (1024, INFINITY, ALL, server.MAX_CONNECTIONS),
        (ALL - 1, ALL, ALL, server.MAX_CONNECTIONS),
        (ALL, ALL, None, server.MAX_CONNECTIONS),
        (1 << 20, 1 << 20, None, server.MAX_CONNECTIONS),
        (INFINITY, INFINITY, None, server.MAX_CONNECTIONS),
        (1024, 1024, 1024, 1024 - server.OTHER_FILES),
        (256, 1024, 1024, 1024 - server.OTHER_FILES),
        (ALL - 1, ALL - 1, ALL - 1, server.MAX_CONNECTIONS - 1),
        (300, 300, 300, 150),
        (64, 64, 64, 32),
    ],
)
def test_a_process_takes_as_many_connections_as_it_may_open_files(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, raised: int | None, connections: int
) -> None:
    """The limit is raised as far as it may be; what connections leave is for other files."""
    limits = [soft, hard]

    def change(_: int, wanted: tuple[int, int]) -> None:
        limits[:] = wanted

    monkeypatch.setattr(resource, "getrlimit", lambda _: (limits[0], limits[1]))
    monkeypatch.setattr(resource, "setrlimit", change)
    assert server._raise_file_limit() == connections
    assert limits == [soft if raised is None else raised, hard]


class Process:
    """A process that is being started, and may be looked at so many times."""

    def __init__(self, looks: int, *, alive: bool) -> None:
        self.inner = self
        self.interrupt_by_parent = False
        self.ends: list[str] = []
        self._looks = looks
        self._end, self._other_end = socket.socketpair()
        if not alive:
            self._other_end.close()

    def start(self) -> None:
        pass

    @property
    def sentinel(self) -> socket.socket:
        """Return what can be read once the process has ended."""
        self._looks -= 1
        assert self._looks >= 0, "it is waited for without end"
        return self._end

    def close(self) -> None:
        self._end.close()
        self._other_end.close()

    def kill(self) -> None:
        self.ends.append("kill")

    def terminate(self) -> None:
        self.ends.append("terminate")


@pytest.mark.parametrize(("renew_seconds", "alive"), [(0.0, True), (-1.0, True), (3600.0, False)])
def test_a_process_stays_whose_successor_ends_or_never_serves(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    renew_seconds: float,
    *,
    alive: bool,
) -> None:
    monkeypatch.setattr(server, "RENEW_SECONDS", renew_seconds)
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.0)
    old, new = Process(1, alive=True), Process(1000, alive=alive)
    place = SimpleNamespace(
        wrks=[old], interrupt_signal=False, _read_beat=lambda _: 0.0, _due=dict[int, float]()
    )
    with closing(old), closing(new):
        server.Server._renew_process(place, 0, lambda _: new)  # type: ignore[arg-type, return-value]
    assert place.wrks == [old]
    assert (old.ends, new.ends) == ([], ["kill"])
    assert new.interrupt_by_parent  # its end asks for no successor
    assert "process 1 does not start anew: the one before stays" in caplog.text


@pytest.mark.parametrize("tells", ["SIGTERM", "SIGHUP", "kill"])
def test_a_purchase_under_way_ends_before_its_process(tmp_path: Path, tells: str) -> None:
    """Told to end, renewed or orphaned, a process answers what must not be cut, however late."""
    with small_server(tmp_path) as server, closing(server.connect()) as buyer:
        buyer.request("GET", f"/finish{tmp_path}/released")
        wait_until((tmp_path / "begun").exists)
        with closing(server.connect()) as other:
            other.request("GET", "/hang")
            if tells == "kill":
                server.process.kill()
            else:
                server.process.send_signal(getattr(signal, tells))
            wait_until(lambda: "waits for a purchase" in server.log.read_text())
            (tmp_path / "released").touch()
            assert buyer.getresponse().status == HTTPStatus.OK
        if tells == "SIGTERM":
            assert server.process.wait(30) == 0
            assert "is killed" not in server.log.read_text()


def test_a_process_ends_where_no_proc_is_mounted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It then accepts connections until it closes them: there is no list of its loops."""
    monkeypatch.setattr(worker, "Path", lambda _: tmp_path / "unmounted")
    worker._stop_accepting(0)


@pytest.mark.parametrize(("finishing", "ends"), [(0, False), (3, True), (10**6, False)])
def test_a_process_with_a_purchase_is_killed_late(
    monkeypatch: pytest.MonkeyPatch, finishing: int, *, ends: bool
) -> None:
    """The main process waits as long as a purchase is told of, but not for ever."""
    looks = iter(range(10**6))
    clock = iter(range(10**6))
    ticking = SimpleNamespace(monotonic=lambda: float(next(clock)))
    monkeypatch.setattr("affiliate.serving.server.time", ticking)
    monkeypatch.setattr(server, "_has_ended", lambda *_: 0 < finishing <= next(looks))
    beats = iter([worker.BEAT_FINISHING] * finishing + [worker.BEAT_LEAVING])
    fake = SimpleNamespace(_read_beat=lambda _: next(beats))
    ended = server.Server._await_end(fake, SimpleNamespace(), 0.0)  # type: ignore[arg-type] # as much of them as is used
    assert ended is ends
    assert next(clock) < 4 * worker.FINISH_SECONDS
