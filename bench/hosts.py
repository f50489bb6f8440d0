"""Two hosts in network namespaces of their own, while one is killed and while one is cut off.

Needs root. Each host is a start of ``app.py`` with its own address on a bridge; Redis, PostgreSQL,
nginx and the agency are on this side of the bridge.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from bench.report import Goal, Table
from bench.servers import MissingProgram, Servers, is_alive, wait_for
from tests.support.host_load import CLIENTS, REQUESTS, Load
from tests.support.processes import clean_environment
from tests.support.site_hosts import FAIL_SECONDS, Hosts
from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until

GATEWAY: Final = "10.231.7.1"
NAMESPACES: Final = {"10.231.7.2": "affiliate-1", "10.231.7.3": "affiliate-2"}
"""The namespace of each host, by its address."""
BRIDGE: Final = "affiliate-br"
VISITORS: Final = 20
BLOCK_BYTES: Final = 65_536


class NamespacedHosts(Hosts):
    """Hosts of which each sees its own network alone."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._relays: dict[str, str] = {}
        options = ("--bind", "127.0.0.1", GATEWAY, "--protected-mode", "no")
        super().__init__(folder, stack, tuple(NAMESPACES), options)

    def settings(self) -> dict[str, str]:
        """Return the settings, with addresses that hosts can reach."""
        settings = super().settings()
        for name in ("SHUTTERSTOCK_URL", "PIXABAY_URL"):
            url = settings[name]
            settings[name] = self._relays.setdefault(url, "") or relay(url)
            self._relays[url] = settings[name]
        settings["REDIS_URL"] = settings["REDIS_URL"].replace("127.0.0.1", GATEWAY)
        return settings

    def start(self, address: str) -> None:
        """Start a host in its namespace."""
        folder, port = self.folder / address, self.ports[address]
        folder.mkdir(exist_ok=True)
        own = {"HOST": address, "PORT": str(port), "DATA_DIR": str(folder)}
        log = folder / "log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                ["ip", "netns", "exec", NAMESPACES[address], sys.executable, "app.py"],
                env={**clean_environment(), **self.settings(), **own},
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._stack.callback(end_session, process)
        url = f"http://{address}:{port}"
        self.servers[address] = SiteServer(url, folder, process, folder)
        wait_for(process, log, lambda: is_alive(url))

    def is_whole(self) -> bool:
        """Return whether nginx asks both hosts."""
        return len({self.get("/healthz", "10.9.0.1").host for _ in range(4)}) == len(NAMESPACES)


def run(servers: Servers, *, quick: bool) -> Table:  # noqa: ARG001 - as all tables have it
    """Harm a host in two ways, each under load."""
    table = Table(
        title="Two hosts",
        how=f"Two hosts of two processes, each in a network namespace, on one Redis and one"
        f" PostgreSQL behind nginx with the lines of docs/scaling.md and"
        f" `fail_timeout={FAIL_SECONDS}s`. {CLIENTS} clients send {REQUESTS} requests each: clicks,"
        " cached searches, new searches. In their midst a host comes to harm.",
        columns=["", "requests", "failed", "slowest", "slower than 1 s"],
    )
    with open_network(), ExitStack() as stack:
        hosts = NamespacedHosts(servers.create_folder("hosts"), stack)
        path = "/ajax/search?q=together&lang=en&wait=1&agency=shutterstock"
        with ThreadPoolExecutor(VISITORS) as threads:
            list(threads.map(lambda n: hosts.get(path, f"10.1.0.{n}"), range(VISITORS)))
        calls = hosts.count_calls("together")
        table.goals.append(
            Goal(f"calls for one search of {VISITORS} visitors", calls, 1, at_least=False)
        )
        first, second = NAMESPACES
        add_row(table, hosts, "a host killed (SIGKILL)", lambda: hosts.kill(first))
        hosts.start(first)
        wait_until(hosts.is_whole)
        add_row(table, hosts, "a host whose link is cut", lambda: cut_link(second))
    return table


def add_row(table: Table, hosts: Hosts, name: str, harm: Callable[[], object]) -> None:
    """Load the hosts, harm them, and add what became of the requests."""
    load = Load(hosts.balancer, len(table.rows) + 1)
    load.hurt(harm)
    seconds = [outcome.seconds for outcome in load.outcomes]
    failed, slow = len(load.list_failures()), sum(one > 1 for one in seconds)
    cells = [f"{len(seconds)}", f"{failed}", f"{max(seconds):.1f} s", f"{slow}"]
    table.rows.append([name, *cells])
    table.goals.append(Goal(f"{name}: failed requests", failed, 0, at_least=False))


@contextmanager
def open_network() -> Iterator[None]:
    """Make a bridge and the namespaces, which are removed at the end."""
    if os.geteuid() != 0:
        raise MissingProgram("network namespaces need root")
    try:
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for address, name in NAMESPACES.items():
            ip("netns", "add", name)
            ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", name, "master", BRIDGE, "up")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                ip("-n", name, "link", "set", device, "up")
        yield
    finally:
        for name in NAMESPACES.values():
            for command in (("link", "del", name), ("netns", "del", name)):
                subprocess.run(["ip", *command], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "link", "del", BRIDGE], check=False, stderr=subprocess.DEVNULL)


def ip(*arguments: str) -> None:
    """Change the network of this machine."""
    subprocess.run(["ip", *arguments], check=True)


def cut_link(address: str) -> None:
    """Cut a host off: nobody hears of it, as after a power failure."""
    ip("link", "set", NAMESPACES[address], "down")


def end_session(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process with all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def relay(url: str) -> str:
    """Relay connections from the bridge to a server of this machine; return the address."""
    port = int(url.rpartition(":")[2])
    listener = socket.create_server((GATEWAY, 0))

    def accept() -> None:
        while True:
            near, _ = listener.accept()
            far = socket.create_connection(("127.0.0.1", port))
            for ends in ((near, far), (far, near)):
                threading.Thread(target=pump, args=ends, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"http://{GATEWAY}:{listener.getsockname()[1]}"


def pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on all bytes of a connection, and its end."""
    with suppress(OSError):
        while data := source.recv(BLOCK_BYTES):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
