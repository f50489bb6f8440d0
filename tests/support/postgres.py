"""Starts a real PostgreSQL server for tests that need one."""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psycopg

from tests.support.folders import socket_folder


@contextmanager
def shared_postgres(run: Path) -> Iterator[str]:
    """Share one server among the workers of a run, whose folder is ``run``.

    The first worker starts the server, the last one to leave stops it.
    """
    state = run / "postgres.json"
    with _locked(run / "postgres.lock"):
        users, folder = json.loads(state.read_text()) if state.exists() else (0, "")
        folder = folder or _start()
        state.write_text(json.dumps([users + 1, folder]))
    try:
        yield folder
    finally:
        with _locked(run / "postgres.lock"):
            users, folder = json.loads(state.read_text())
            state.write_text(json.dumps([users - 1, folder if users > 1 else ""]))
            if users == 1:
                _stop(folder)


def _start() -> str:
    """Start a server that listens on a Unix socket alone; return the folder of the socket.

    Raises:
        RuntimeError: PostgreSQL is not installed, or did not start.
    """
    tools = programs()
    folder = socket_folder("pg-")
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
    options = f"-c listen_addresses='' -c fsync=off -k {folder}"
    data = str(folder / "data")
    try:
        _run(tools / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        _run(tools / "pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
    except RuntimeError:
        _stop(str(folder))
        raise
    return str(folder)


class Standby(NamedTuple):
    """A replica of the shared server: the folder of its socket."""

    folder: str

    def promote(self) -> None:
        """Make the replica a server of its own, which writes."""
        _run(programs() / "pg_ctl", "-D", f"{self.folder}/data", "-w", "promote")


@contextmanager
def standby(server: str) -> Iterator[Standby]:
    """Run a replica of a server, which follows until it is promoted."""
    tools, folder = programs(), socket_folder("pg-")
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data, options = f"{folder}/data", f"-c listen_addresses='' -c fsync=off -k {folder}"
    copy = ("-h", server, "-U", "postgres", "-D", data, "-R", "-c", "fast", "-N")
    try:
        _run(tools / "pg_basebackup", *copy)
        _run(tools / "pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        yield Standby(str(folder))
    finally:
        _stop(str(folder))


def _stop(folder: str) -> None:
    subprocess.run(
        [*_as_owner(), programs() / "pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop"],
        capture_output=True,
        cwd="/",
        check=False,  # the server may never have started
    )
    shutil.rmtree(folder)


class OwnPostgres:
    """A server that a test may damage: ``url`` is the address of its database.

    It is started in a folder, which `_start` has made.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._options = f"-c listen_addresses='' -c fsync=off -k {folder}"
        self.url = new_database(folder)

    def crash(self) -> None:
        """End the server as a crash would."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start the server again, which recovers what was committed."""
        self._control("start", "-l", f"{self._folder}/log", "-o", self._options)

    def processes(self) -> list[int]:
        """Return the processes of the server: the first one, and those that serve connections."""
        main = int((Path(self._folder) / "data/postmaster.pid").read_text().split()[0])
        served = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [main, *map(int, served)]

    def _control(self, what: str, *options: str) -> None:
        _run(programs() / "pg_ctl", "-D", f"{self._folder}/data", "-w", *options, what)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Run a server for one test, with one database."""
    folder = _start()
    try:
        yield OwnPostgres(folder)
    finally:
        _stop(folder)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def new_database(server: str, encoding: str = "UTF8") -> str:
    """Create an empty database on the server, and return its address."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(host=server, user="postgres", autocommit=True) as connection:
        kind = f"ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        unusual = "" if encoding == "UTF8" else kind
        connection.execute(f"CREATE DATABASE {name} {unusual}".encode())
    return f"postgresql+psycopg://postgres@/{name}?host={server}"


def programs() -> Path:
    """Return the folder of PostgreSQL's own programs."""
    found = shutil.which("initdb")
    folders = (
        [Path(found).resolve().parent]
        if found
        else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    )
    if not folders:
        raise RuntimeError("PostgreSQL is not installed; `make test` installs it on Debian as root")
    return folders[-1]


def _as_owner() -> list[str]:
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def _run(program: Path, *arguments: str) -> None:
    # The server keeps what it inherits open; a pipe would never end.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [*_as_owner(), program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            check=False,
        )
        output.seek(0)
        if done.returncode:
            raise RuntimeError(f"{program.name} failed: {output.read().decode()}")
