"""Starts a real PostgreSQL server for tests that need one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg


@contextmanager
def running_postgres() -> Iterator[str]:
    """A server of its own, which listens on a Unix socket alone; gives the folder of the socket.

    Raises:
        RuntimeError: PostgreSQL is not installed.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # pytest's folders are too deep for a socket
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
    data = str(folder / "data")
    options = f"-c listen_addresses='' -c fsync=off -k {folder}"
    try:
        _run(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        _run(programs / "pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        yield str(folder)
    finally:
        subprocess.run(
            [*_as_owner(), programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
            capture_output=True,
            cwd="/",
            check=False,  # it may never have started
        )
        shutil.rmtree(folder)


def new_database(server: str) -> str:
    """Make an empty database on the server; gives its address."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(host=server, user="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"postgresql+psycopg://postgres@/{name}?host={server}"


def _programs() -> Path:
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
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
