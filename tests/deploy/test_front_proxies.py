"""nginx and Caddy with the shipped files: client addresses, ids, caching, and a quiet restart."""

import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import NamedTuple, Self

import pytest

from tests.support import front_proxies
from tests.support.front_proxies import HOST, running_caddy, running_nginx
from tests.support.ports import new_port
from tests.support.processes import ROOT
from tests.support.proxy_programs import find_program
from tests.support.shutterstock import TOKEN, shutterstock
from tests.support.site_server import SiteServer, running_site, running_sites
from tests.support.waiting import wait_until

TLS = ssl.create_default_context()
TLS.check_hostname = False
TLS.verify_mode = ssl.CERT_NONE

SETTINGS = {
    "TRUSTED_PROXIES": "1",
    "SITE_URL": f"https://{HOST}",
    "ACCESS_LOG": "1",
    "CLIENT_SEARCHES_PER_HOUR": "2",
}


def has_caddy() -> bool:
    return find_program("caddy") is not None


PROXIES = [
    pytest.param("nginx"),
    pytest.param(
        "caddy", marks=pytest.mark.skipif(not has_caddy(), reason="caddy is not installed")
    ),
]


class World(NamedTuple):
    """A proxy in front of a site that runs on the first of two ports."""

    name: str
    port: int
    folder: Path
    site: SiteServer
    other_port: int

    def connect(self, source: str = "127.0.0.1") -> HTTPConnection:
        if self.name == "nginx":
            return http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=20, source_address=(source, 0), context=TLS
            )
        return HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(source, 0))

    def get(
        self, path: str, source: str = "127.0.0.1", method: str = "GET", **headers: str
    ) -> HTTPResponse:
        connection = self.connect(source)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        host = HOST if self.name == "nginx" else f"{HOST}:{self.port}"
        connection.request(method, path, headers={"Host": host, **named})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer


@contextmanager
def proxied(name: str, folder: Path, **settings: str) -> Iterator[World]:
    ports = new_port(), new_port()
    run: Callable[[Path, tuple[int, int]], AbstractContextManager[int]] = (
        running_nginx if name == "nginx" else running_caddy
    )
    with ExitStack() as stack:
        site = stack.enter_context(running_site(folder, {**SETTINGS, **settings}, ports[0]))
        port = stack.enter_context(run(folder, ports))
        yield World(name, port, folder, site, ports[1])


@pytest.fixture(scope="module", params=PROXIES)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with (
        shutterstock(100) as agency,
        proxied(
            request.param,
            tmp_path_factory.mktemp("front"),
            SHUTTERSTOCK_URL=agency.url,
            SHUTTERSTOCK_API_TOKEN=TOKEN,
        ) as one,
    ):
        yield one


def test_nginx_takes_the_shipped_file(tmp_path: Path) -> None:
    """``nginx -t`` finds no fault and has nothing to warn of."""
    command = front_proxies.write_nginx_config(tmp_path, new_port(), (8001, 8002))
    run = subprocess.run(
        [*command, "-t"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "[warn]" not in run.stderr


@pytest.mark.skipif(not has_caddy(), reason="caddy is not installed")
def test_caddy_takes_the_shipped_file(tmp_path: Path) -> None:
    """``caddy validate`` finds no fault, and ``caddy fmt`` nothing to format."""
    caddy, file = find_program("caddy"), ROOT / "deploy" / "Caddyfile"
    assert caddy
    command = [caddy, "validate", "--adapter", "caddyfile", "--config", str(file)]
    environ = {"HOME": str(tmp_path)}
    subprocess.run(command, env=environ, capture_output=True, check=True)
    run = subprocess.run(
        [caddy, "fmt", str(file)], env=environ, capture_output=True, text=True, check=True
    )
    assert run.stdout == file.read_text()


def test_each_client_has_a_budget_of_its_own(world: World) -> None:
    """The limits see the client's address, whatever the client writes in the header."""

    def spend(words: str, source: str, **headers: str) -> int:
        return world.get(f"/api/search?q={words}", source, **headers).status

    assert [spend(f"one{n}", "127.0.0.3") for n in range(3)] == [200, 200, 429]
    forged = {"X_Forwarded_For": "203.0.113.9"}
    assert spend("one4", "127.0.0.3", **forged) == 429
    assert spend("one5", "127.0.0.4", **forged) == 200


def test_one_id_leads_from_the_proxy_to_the_site(world: World) -> None:
    """The answer, the proxy's log and the site's log have the same id; the client makes none."""
    answer = world.get("/opensearch.xml", X_Request_Id="of-the-client")
    number = answer.headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f-]{32,36}", number)
    wait_until(lambda: number in world.site.log.read_text())
    if world.name == "nginx":
        log = world.folder / "access.log"
    else:
        log = world.folder / f"proxy-{world.port}.log"
    wait_until(lambda: number in log.read_text())


def test_a_page_of_results_is_kept(world: World) -> None:
    """The answer of nginx has the Date of its making, Caddy's the Age of the site's own cache."""
    path = "/search?q=kept&lang=en&wait=1"
    first, second = world.get(path), world.get(path)
    assert second.headers["ETag"] == first.headers["ETag"]
    assert second.headers["Age"].isdigit()
    if world.name == "caddy":
        assert second.headers["X-Cache"] == "HIT"
        return
    assert [one.headers["X-Proxy-Cache"] for one in (first, second)] == ["MISS", "HIT"]
    for name in ("Date", "X-Request-Id", "Cache-Control"):
        assert second.headers[name] == first.headers[name]
    assert world.get("/healthz").headers["X-Proxy-Cache"] != "HIT"
    assert "kept" not in (world.folder / "access.log").read_text()


def test_nginx_speaks_http_2(tmp_path: Path) -> None:
    """A browser that offers HTTP/2 gets HTTP/2."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        running_nginx(tmp_path, (new_port(), new_port())) as port,
        socket.create_connection(("127.0.0.1", port), 20) as plain,
        context.wrap_socket(plain) as connection,
    ):
        assert connection.selected_alpn_protocol() == "h2"


class Load:
    """Clients that search for words of their own and report clicks until they are stopped."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ends = threading.Event()
        self.answers: list[tuple[str, int | str]] = []
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(4)]

    def _run(self, client: int) -> None:
        count = 0
        while not self._ends.is_set():
            count += 1
            click = f"/clicks?agency=demo&id={client}x{count}&position=1"
            for method, path in (("GET", f"/api/search?q=w{client}x{count}"), ("POST", click)):
                try:
                    status: int | str = self._world.get(path, method=method).status
                except OSError as error:
                    status = repr(error)
                self.answers.append((method, status))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def wait_for_answers(self, count: int) -> None:
        """Wait for further answers."""
        goal = len(self.answers) + count
        wait_until(lambda: len(self.answers) >= goal)


@pytest.mark.parametrize("name", PROXIES)
def test_a_new_version_takes_over_without_a_lost_request(name: str, tmp_path: Path) -> None:
    """The new process starts before the old one ends, as systemd ends it; each click is kept."""
    free = {"CLIENT_SEARCHES_PER_MINUTE": "0", "CLIENT_SEARCHES_PER_HOUR": "0"}
    with proxied(name, tmp_path, **free) as world, Load(world) as load:
        load.wait_for_answers(20)
        settings = {**SETTINGS, **free}
        with running_sites(tmp_path, settings, [world.other_port]) as (new,):
            load.wait_for_answers(20)
            os.killpg(world.site.process.pid, signal.SIGTERM)  # KillMode=control-group
            wait_until(lambda: world.site.process.poll() is not None)
            load.wait_for_answers(40)
            load.__exit__()
            assert new.process.poll() is None
            wrong = [one for one in load.answers if one not in {("GET", 200), ("POST", 204)}]
            assert wrong == []
            clicks = sum(method == "POST" for method, _ in load.answers)
            assert len(new.clicks()) == clicks
