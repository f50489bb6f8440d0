"""Runs nginx and Caddy with the files of ``deploy/`` in front of sites, for tests."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support import proxy_programs
from tests.support.ports import new_port
from tests.support.processes import ROOT
from tests.support.proxy_programs import find_program, running_program

HOST = "pictures.example"
"""The host name in the shipped files."""


def write_nginx_config(folder: Path, port: int, site_ports: Sequence[int]) -> list[str]:
    """Write the shipped file with paths and ports of a test, and return nginx's command."""
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
    return proxy_programs.write_nginx_config(folder, text)


@contextmanager
def running_nginx(folder: Path, site_ports: Sequence[int]) -> Iterator[int]:
    """Run nginx, and yield its port, which speaks TLS."""
    port = new_port()
    with running_program(folder, write_nginx_config(folder, port, site_ports), [port]):
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
    command = [program, "run", "--config", "Caddyfile"]
    with running_program(folder, command, [port], environ):
        yield port
