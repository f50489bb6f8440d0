"""Runs a site of two hosts: a Redis, a PostgreSQL, a load balancer and a CDN (both nginx).

Each host is a server of two processes with a folder and an address of its own; hosts share the two
databases alone.
"""

import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from email.message import Message
from pathlib import Path
from typing import Final, NamedTuple

from tests.dialects import Server, serve_dialect
from tests.dialects.pixabay import PixabayDialect
from tests.support.metrics import TOKEN as METRICS_TOKEN
from tests.support.ports import new_port
from tests.support.postgres import OwnPostgres, own_postgres
from tests.support.proxy_programs import running_program, write_nginx_config
from tests.support.redis_server import RedisServer, redis_server
from tests.support.shutterstock import TOKEN, Shutterstock, shutterstock
from tests.support.site_server import SiteServer, running_sites

ADDRESSES: Final = ("127.0.0.2", "127.0.0.3")
CALLS_PER_HOUR: Final = 6
"""Limit of calls to the second agency."""
SEARCHES_PER_HOUR: Final = 8
"""Limit of a client's searches that cost calls."""
TIMEOUTS: Final = "proxy_connect_timeout 1s; proxy_read_timeout 8s;"
"""Timeouts of the load balancer, as docs/scaling.md has them."""
FAIL_SECONDS: Final = 2
"""Seconds for which nginx leaves out a host that has failed."""
CONFIG: Final = """
    access_log off;
    proxy_cache_path cache keys_zone=cdn:1m max_size=64m use_temp_path=off;
    upstream hosts {{
        {hosts}
        keepalive 16;
    }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host pictures.example;
    proxy_set_header X-Forwarded-For $http_x_client;
    proxy_pass_header Date;
    server {{
        listen 127.0.0.1:{balancer};
        proxy_next_upstream error timeout http_503;
        {timeouts}
        add_header X-Host $upstream_addr always;
        location / {{
            proxy_pass http://hosts;
        }}
        location = /clicks {{
            proxy_pass http://hosts;
            proxy_next_upstream error timeout http_503 non_idempotent;
        }}
    }}
    server {{
        listen 127.0.0.1:{cdn};
        location / {{
            proxy_pass http://127.0.0.1:{balancer};
            proxy_cache cdn;
            proxy_cache_lock on;
            proxy_cache_revalidate on;
            proxy_cache_background_update on;
            proxy_cache_use_stale updating error timeout;
            add_header X-Cdn $upstream_cache_status always;
        }}
    }}
"""


class Answer(NamedTuple):
    """An answer as a client gets it."""

    status: int
    headers: Message
    body: str

    @property
    def host(self) -> str:
        """Return the address of the host that has answered, after a failure that of the last."""
        return str(self.headers["X-Host"]).rpartition(", ")[2]


class Hosts:
    """The site: its hosts, what is in front of them, and what they share."""

    def __init__(
        self,
        folder: Path,
        stack: ExitStack,
        addresses: Sequence[str] = ADDRESSES,
        redis_options: Sequence[str] = (),
        timeouts: str = TIMEOUTS,
    ) -> None:
        self.folder = folder
        self.agency: Shutterstock = stack.enter_context(shutterstock(100))
        self.second: Server = stack.enter_context(serve_dialect(PixabayDialect()))
        self.redis: RedisServer = stack.enter_context(redis_server(folder, *redis_options))
        self.postgres: OwnPostgres = stack.enter_context(own_postgres())
        self._stack = stack
        self.ports = {address: new_port() for address in addresses}
        self.servers: dict[str, SiteServer] = {}
        self._timeouts = timeouts
        for address in addresses:
            self.start(address)
        self.balancer, self.cdn = self._start_nginx()

    def settings(self) -> dict[str, str]:
        """Return the settings of all hosts."""
        return {
            "AGENCIES": "shutterstock,pixabay",
            "SHUTTERSTOCK_URL": self.agency.url,
            "SHUTTERSTOCK_API_TOKEN": TOKEN,
            "PIXABAY_URL": self.second.url,
            "PIXABAY_KEY": PixabayDialect.keys["KEY"],
            "PIXABAY_CALLS_PER_HOUR": str(CALLS_PER_HOUR),
            "CLIENT_SEARCHES_PER_MINUTE": "0",
            "CLIENT_SEARCHES_PER_HOUR": str(SEARCHES_PER_HOUR),
            "REDIS_URL": self.redis.url,
            "DATABASE_URL": self.postgres.url,
            "METRICS_TOKEN": METRICS_TOKEN,
            "TRUSTED_PROXIES": "1",
            "WEB_CONCURRENCY": "2",
        }

    def start(self, address: str) -> None:
        """Start a host, in its folder and at its address."""
        folder = self.folder / address
        folder.mkdir(exist_ok=True)
        settings = self.settings() | {"HOST": address}
        started = running_sites(folder, settings, [self.ports[address]])
        self.servers[address] = self._stack.enter_context(started)[0]

    def kill(self, address: str) -> None:
        """Kill all processes of a host, as a power failure would end them."""
        os.killpg(self.servers[address].process.pid, signal.SIGKILL)

    def get(self, path: str, client: str, *, cdn: bool = False) -> Answer:
        """Request a path of the load balancer, or of the CDN, as a client of an address."""
        request = urllib.request.Request(
            f"{self.cdn if cdn else self.balancer}{path}", headers={"X-Client": client}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read().decode())

    def count_calls(self, words: str) -> int:
        """Return the calls that the agency has got for words."""
        return sum(words in str(search["query"]) for search in self.agency.searches())

    def _start_nginx(self) -> tuple[str, str]:
        balancer, cdn = new_port(), new_port()
        hosts = "\n".join(
            f"server {address}:{port} fail_timeout={FAIL_SECONDS}s;"
            for address, port in self.ports.items()
        )
        text = CONFIG.format(hosts=hosts, balancer=balancer, cdn=cdn, timeouts=self._timeouts)
        command = write_nginx_config(self.folder, text)
        self._stack.enter_context(running_program(self.folder, command, [balancer, cdn]))
        return f"http://127.0.0.1:{balancer}", f"http://127.0.0.1:{cdn}"


@contextmanager
def site_hosts(folder: Path) -> Iterator[Hosts]:
    """Run the site of two hosts until the block ends."""
    with ExitStack() as stack:
        yield Hosts(folder, stack)
