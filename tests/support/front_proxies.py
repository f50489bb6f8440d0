"""Runs nginx and Caddy with the files of ``deploy/`` in front of sites, for tests."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.ports import new_port
from tests.support.processes import ROOT, clean_environment, reset_inherited
from tests.support.waiting import wait_until

HOST = "pictures.example"
"""The host name in the shipped files."""
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
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")


def write_nginx_config(folder: Path, port: int, site_ports: Sequence[int]) -> list[str]:
    """Write the shipped file with paths and ports of a test, and return nginx's command."""
    program = find_program("nginx")
    assert program, "nginx is missing; `make test` says how to install it"
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    text = re.sub(r"(?m)^ *listen \[::\].*\n", "", text)
    certificate = ROOT / "tests" / "support" / "localhost.pem"
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{new_port()};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        (f"/etc/letsencrypt/live/{HOST}/fullchain.pem", f'"{certificate}"'),
        (f"/etc/letsencrypt/live/{HOST}/privkey.pem", f'"{certificate}"'),
        ("/var/cache/nginx/affiliate-search", str(folder / "cache")),
        ("/var/log/nginx/affiliate-search.log", str(folder / "access.log")),
        ("127.0.0.1:8001", f"127.0.0.1:{site_ports[0]}"),
        ("127.0.0.1:8002", f"127.0.0.1:{site_ports[1]}"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(f"{HEAD}{text}}}\n")
    return [program, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"]


@contextmanager
def running_nginx(folder: Path, site_ports: Sequence[int]) -> Iterator[int]:
    """Run nginx, and yield its port, which speaks TLS."""
    port = new_port()
    with _running(folder, write_nginx_config(folder, port, site_ports), port):
        yield port


@contextmanager
def running_caddy(folder: Path, site_ports: Sequence[int]) -> Iterator[int]:
    """Run Caddy, and yield its port, which speaks HTTP without TLS."""
    program = find_program("caddy")
    assert program
    port = new_port()
    shipped = (ROOT / "deploy" / "Caddyfile").read_text()
    (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + shipped)
    environ = {
        "HOME": str(folder),
        "SITE_HOST": f"http://{HOST}:{port}",
        "SITE_UPSTREAMS": " ".join(f"127.0.0.1:{one}" for one in site_ports),
        "SITE_UPSTREAMS_AGAIN": " ".join(f"127.0.0.1:{one}" for one in reversed(site_ports)),
    }
    with _running(folder, [program, "run", "--config", "Caddyfile"], port, environ):
        yield port


@contextmanager
def _running(
    folder: Path, command: Sequence[str], port: int, environ: dict[str, str] | None = None
) -> Iterator[None]:
    log = folder / f"proxy-{port}.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command,
            cwd=folder,
            env={**clean_environment(), **(environ or {})},
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
        ) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or _listens(port))
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
