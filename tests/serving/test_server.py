"""The life of the server's processes: real ones, with signals."""

import os
import signal
import threading
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from affiliate.errors import CannotListen
from affiliate.serving import listen, ports
from affiliate.serving.server import Respawned
from tests.support.small_server import PROCESSES, SmallServer, small_server
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
        assert "Killing" not in server.log.read_text()
        assert "Started worker" in server.log.read_text()


def _asks_until_closed(server: SmallServer) -> None:
    """Ask again and again on one connection; each answer is whole, and the last one says so."""
    with closing(server.connect()) as connection:
        while True:
            connection.request("GET", "/pid")
            answer = connection.getresponse()
            assert answer.read().isdigit()
            if answer.headers["Connection"] == "close":
                return


def test_processes_end_with_a_main_process_that_was_killed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is left on the port, though clients keep their connections open."""
    monkeypatch.setattr(ports, "WAIT_SECONDS", 0.0)
    with small_server(tmp_path_factory.mktemp("orphans")) as server:
        workers = server.workers()
        with closing(server.connect()) as connection:
            connection.request("GET", "/pid")
            assert connection.getresponse().read().isdigit()
            server.process.kill()
            wait_until(lambda: not any(_runs(worker) for worker in workers))
        listen("127.0.0.1", server.port).close()


def _runs(process: int) -> bool:
    return not _states(process) <= {"Z"}


def _states(process: int) -> set[str]:
    """Return the states of a process's threads, as the system names them; none once it is gone."""
    found = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            found.add((thread / "stat").read_text().rpartition(")")[2].split()[0])
    return found


def test_a_server_outlives_processes_that_are_killed_again_and_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Killed as soon as they answer, all at once, processes are replaced each time."""
    with small_server(tmp_path_factory.mktemp("killed")) as server:
        for _ in range(4):
            wait_until(lambda: server.answers() and len(server.workers()) == PROCESSES)
            killed = server.workers()
            for process in killed:
                os.kill(process, signal.SIGKILL)
            wait_until(lambda killed=killed: not any(map(_runs, killed)))  # type: ignore[misc]
        wait_until(lambda: server.answers() and len(server.workers()) == PROCESSES)


def test_a_process_that_cannot_start_ends_the_server() -> None:
    """Three starts in a row that come to nothing are no accident; one that ran begins anew."""
    beats = [0.0, 0.0]
    respawned = Respawned(beats)
    respawned[0] = 5.0
    assert [respawned.get(0, 0) for _ in range(2)] == [0, 0]
    beats[0] = 1.0
    assert respawned.get(0, 0) == 0
    beats[0] = 0.0
    assert [respawned.get(0, 0) for _ in range(3)] == [0, 0, 5.0]


def test_a_process_that_hangs_is_replaced(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Meanwhile the other one answers all who come; a second start is still refused."""
    with small_server(tmp_path_factory.mktemp("hangs"), hung_seconds=8) as server:
        wait_until(lambda: len(server.workers()) == PROCESSES)
        stopped = min(server.workers())
        os.kill(stopped, signal.SIGSTOP)
        wait_until(lambda: _states(stopped) == {"T"})
        assert stopped not in server.workers()
        wait_until(lambda: not _runs(stopped))
        wait_until(lambda: len(server.workers()) == PROCESSES)
        with pytest.raises(CannotListen):
            listen("127.0.0.1", server.port)
