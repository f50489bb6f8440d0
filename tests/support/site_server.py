"""Runs the site as a real server process, for tests that need one."""

import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from affiliate.agencies import AGENCIES
from affiliate.config.setting_table import get_setting_prefix
from tests.support.forks import Fork, fork
from tests.support.ledgers import place_ledger
from tests.support.ports import new_port
from tests.support.processes import ROOT, clean_environment, reset_inherited
from tests.support.waiting import wait_until

AGENCY_PREFIXES: Final = ("AGENCIES", *(get_setting_prefix(n) for n in AGENCIES if n != "demo"))
"""Beginnings of settings that say which agencies are on."""
Process = subprocess.Popen[bytes] | Fork


class SiteServer(NamedTuple):
    """A running server: its address without a slash at the end, its data, its process.

    Its log is in the folder ``logs``, by default beside its data.
    """

    url: str
    data_dir: Path
    process: Process
    logs: Path | None = None

    @property
    def log(self) -> Path:
        """Return the file with the output of the process."""
        return _log_file(self.logs or self.data_dir, int(self.url.rpartition(":")[2]))

    def clicks(self) -> list[sqlite3.Row]:
        """Return the rows of the ledger, in the order of their writing."""
        address = f"file:{self.data_dir / 'ledger.db'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as ledger:
            ledger.row_factory = sqlite3.Row
            return ledger.execute("SELECT * FROM clicks ORDER BY rowid").fetchall()


@contextmanager
def running_site(
    data_dir: Path,
    settings: Mapping[str, str] | None = None,
    port: int | None = None,
    *,
    is_new: bool = False,
    logs: Path | None = None,
) -> Iterator[SiteServer]:
    """Run the site on a loopback port, in an environment with ``settings`` alone.

    ``port`` is for a server that takes the place of one that was ended or killed. A site that
    ``is_new`` makes its ledger itself and is started as an owner starts it, which takes seconds;
    others are forks of a process that has loaded what they need. Its log is in the folder
    ``logs``, by default beside its data.

    Raises:
        RuntimeError: it ended instead of answering; the message is what it printed.
    """
    if not is_new:
        place_ledger(data_dir)
    ports = [port or new_port()]
    with running_sites(data_dir, settings or {}, ports, logs=logs, is_new=is_new) as (server,):
        yield server


@contextmanager
def running_sites(
    data_dir: Path,
    settings: Mapping[str, str],
    ports: Sequence[int],
    *,
    logs: Path | None = None,
    is_new: bool = False,
) -> Iterator[list[SiteServer]]:
    """Run several servers of one site side by side, each as `running_site` does.

    Their logs are in the folder ``logs``, by default beside the data.
    """
    servers: list[SiteServer] = []
    try:
        for port in ports:
            own = {"DATA_DIR": str(data_dir), "PORT": str(port), **settings}
            process = _start_process(own, _log_file(logs or data_dir, port), is_new=is_new)
            host = settings.get("HOST", "127.0.0.1")
            servers.append(SiteServer(f"http://{host}:{port}", data_dir, process, logs))
        for server in servers:
            _await_health(server)
        yield servers
    finally:
        for server in servers:
            _kill(server.process)


def _log_file(folder: Path, port: int) -> Path:
    return folder / f"server-{port}.log"


def _start_process(settings: Mapping[str, str], log: Path, *, is_new: bool) -> Process:
    environ = {**clean_environment(), **settings}
    if not is_new:
        if not any(name.startswith(AGENCY_PREFIXES) for name in settings):
            environ["AGENCIES"] = "demo"  # without the pretend shop, which answers late
        return fork(["app.py"], environ, log)
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that workers can be ended with it
            preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
        )


def _await_health(server: SiteServer) -> None:
    wait_until(lambda: server.process.poll() is not None or _answers(server.url + "/healthz"))
    if server.process.poll() is not None:
        printed = server.log.read_text(errors="replace")
        raise RuntimeError(f"the site did not start:\n{printed}")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def _kill(process: Process) -> None:
    """Kill a server and its workers, which would take a third of a second to end."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()  # a fork that has no session yet
    process.wait()
