"""Runs the programs that stand in front of a site, with all their files in a folder."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.processes import clean_environment, reset_inherited
from tests.support.waiting import wait_until

HEAD = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {}
http {
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
"""


def find_program(name: str) -> str | None:
    """Return the path of a program, also of one for administrators; None where it is missing."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")


def write_nginx_config(folder: Path, http: str) -> list[str]:
    """Write the configuration with a block ``http``, and return nginx's command."""
    program = find_program("nginx")
    assert program, "nginx is missing; `make test` says how to install it"
    (folder / "nginx.conf").write_text(f"{HEAD}{http}}}\n")
    return [program, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]


@contextmanager
def running_program(
    folder: Path, command: Sequence[str], ports: Sequence[int], environ: Mapping[str, str] = {}
) -> Iterator[None]:
    """Run a program until the block ends, which begins once all ports are listened at."""
    log = folder / f"proxy-{ports[0]}.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**clean_environment(), **environ},
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
        ) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or all(map(_listens, ports)))
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
