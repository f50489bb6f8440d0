"""An nginx in front of the site, as any CDN would be: it takes the load, by our headers alone."""

import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.codings import unpack
from tests.support.ports import new_port
from tests.support.proxy_programs import running_program, write_nginx_config
from tests.support.shutterstock import TOKEN, Shutterstock, shutterstock
from tests.support.site_server import SiteServer, running_site
from tests.support.waiting import wait_until

CONFIG = """
    proxy_cache_path cache keys_zone=site:1m max_size=64m use_temp_path=off;
    log_format short '$uri $upstream_cache_status $upstream_status';
    log_subrequest on;
    access_log access.log short;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {site};
            proxy_http_version 1.1;
            proxy_cache site;
            proxy_cache_lock on;
            proxy_cache_revalidate on;
            proxy_cache_background_update on;
            proxy_cache_use_stale updating error timeout;
            proxy_read_timeout 5s;
            add_header X-Proxy $upstream_cache_status always;
        }}
    }}
"""


class Answer(NamedTuple):
    """What a client sees; ``proxy`` is nginx's own word, ``number`` the site's for its answer."""

    status: int
    headers: Message
    body: bytes

    @property
    def proxy(self) -> str | None:
        return self.headers["X-Proxy"]

    @property
    def number(self) -> str | None:
        return self.headers["X-Request-Id"]


class World(NamedTuple):
    """A proxy in front of a site, and the agency behind it."""

    url: str
    folder: Path
    site: SiteServer
    agency: Shutterstock

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, headers=named, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def log(self) -> list[str]:
        return (self.folder / "access.log").read_text().splitlines()


@contextmanager
def proxied(folder: Path, **settings: str) -> Iterator[World]:
    with ExitStack() as stack:
        agency = stack.enter_context(shutterstock(100))
        environ = {"SHUTTERSTOCK_URL": agency.url, "SHUTTERSTOCK_API_TOKEN": TOKEN, **settings}
        site = stack.enter_context(running_site(folder, environ))
        url = stack.enter_context(nginx(folder, site.url))
        yield World(url, folder, site, agency)


@contextmanager
def nginx(folder: Path, site: str) -> Iterator[str]:
    """Run nginx until the block ends, with all its files in the folder."""
    port = new_port()
    command = write_nginx_config(folder, CONFIG.format(port=port, site=site))
    with running_program(folder, command, [port]):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One for all tests that do it no harm; each searches for words of its own."""
    with proxied(tmp_path_factory.mktemp("proxy")) as one:
        yield one


@pytest.mark.parametrize("path", ["/search", "/ajax/search", "/api/search"])
def test_what_was_asked_once_never_reaches_us_again(world: World, path: str) -> None:
    """The second client gets the first one's answer from the proxy: whole, as a HEAD, as a 304."""
    address = f"{path}?q=once&lang=en&wait=1"
    first = world.get(address)
    assert (first.status, first.proxy) == (200, "MISS")
    second = world.get(address)
    assert (second.status, second.proxy) == (200, "HIT")
    assert (second.number, second.body) == (first.number, first.body)
    head = world.get(address, "HEAD")
    assert (head.status, head.proxy, head.number, head.body) == (200, "HIT", first.number, b"")
    known = world.get(address, If_None_Match=first.headers["ETag"])
    assert (known.status, known.proxy, known.number, known.body) == (304, "HIT", first.number, b"")


def test_the_assets_are_kept_too(world: World) -> None:
    """Style and script come from the proxy from the second time on, under any address of theirs."""
    for address in ("/static/site.css", "/static/site.js?v=1", "/static/icon.svg"):
        first, second = world.get(address), world.get(address)
        if "no-cache" in first.headers["Cache-Control"]:
            assert second.proxy != "HIT"
        else:
            assert (second.proxy, second.number) == ("HIT", first.number)


def test_a_page_that_is_not_finished_is_never_kept(world: World) -> None:
    """A skeleton is for one visitor; once its pictures are there, the whole page is for all."""
    skeletons = [world.get("/search?q=unfinished&lang=en") for _ in range(3)]
    assert {one.headers["Cache-Control"] for one in skeletons} == {"private, no-cache"}
    assert [one.proxy for one in skeletons] == ["MISS"] * 3
    assert len({one.number for one in skeletons}) == 3
    world.get("/ajax/search?q=unfinished&lang=en&wait=1")
    whole = world.get("/search?q=unfinished&lang=en")
    assert whole.proxy == "MISS"
    assert whole.body.count(b"<img") >= 48
    assert world.get("/search?q=unfinished&lang=en").proxy == "HIT"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/search?q=cat&color=mauve", 400),
        ("/ajax/search?page=0&q=cat", 400),
        ("/search", 400),
        ("/search?q=%FF", 400),
        ("/api/nothing", 404),
        ("/nothing", 404),
        ("/image/shutterstock/1", 404),
    ],
)
def test_an_error_is_never_kept(world: World, path: str, status: int) -> None:
    """Neither problem+json nor an error page is given to a second client."""
    answers = [world.get(path) for _ in range(2)]
    assert [(one.status, one.proxy) for one in answers] == [(status, "MISS")] * 2
    assert len({one.number for one in answers}) == 2
    assert "no-store" in answers[0].headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_what_is_true_just_now_is_never_kept(world: World, path: str) -> None:
    """Probes through the proxy ask the site each time."""
    answers = [world.get(path) for _ in range(2)]
    assert [(one.status, one.proxy) for one in answers] == [(200, "MISS")] * 2


def test_each_client_gets_what_it_can_read(world: World) -> None:
    """Compressed and plain answers stand side by side in the proxy; none meets the wrong client."""
    address = "/api/search?q=squeezed&wait=1"
    wishes = {"gzip": "gzip", "identity": "", "gzip, deflate, br": "br", "br": "br", "": ""}
    plain = world.get(address, Accept_Encoding="identity").body
    for round_ in range(2):
        for wish, coding in wishes.items():
            answer = world.get(address, Accept_Encoding=wish)
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert (answer.headers["Content-Encoding"] or "") == coding
            assert unpack(answer.body, coding) == plain
            assert round_ == 0 or answer.proxy == "HIT"


def test_a_crowd_at_a_new_page_is_one_visitor_to_us(world: World) -> None:
    """Twenty who ask at once for what nobody asked before share one answer of ours."""
    world.agency.gate.clear()
    before = len(world.agency.requests)
    with ThreadPoolExecutor(20) as pool:
        crowd = [pool.submit(world.get, "/api/search?q=crowd&wait=1") for _ in range(20)]
        try:
            wait_until(lambda: len(world.agency.requests) > before)
        finally:
            world.agency.gate.set()
        answers = [one.result(30) for one in crowd]
    assert {one.status for one in answers} == {200}
    assert len({one.number for one in answers}) == 1
    assert sorted(str(one.proxy) for one in answers) == ["HIT"] * 19 + ["MISS"]


def test_what_is_too_old_is_shown_once_more_and_asked_for_behind(tmp_path: Path) -> None:
    """After `s-maxage` a client gets the old answer at once, and the proxy our 304 or a new one."""
    with proxied(tmp_path, CACHE_FRESH_SECONDS="2") as w:
        address = "/api/search?q=cat&wait=1"
        first = w.get(address)
        assert "s-maxage=1," in first.headers["Cache-Control"]
        assert w.get(address).proxy == "HIT"
        wait_until(lambda: w.get(address).proxy == "STALE")
        wait_until(lambda: "REVALIDATED 304" in "\n".join(w.log()))
        assert w.get(address).status == 200
        wait_until(lambda: w.get(address).headers["ETag"] != first.headers["ETag"])
        seen = {line.split()[1] for line in w.log()}
        assert seen <= {"MISS", "HIT", "STALE", "UPDATING", "EXPIRED", "REVALIDATED"}


def test_the_proxy_goes_on_without_us(tmp_path: Path) -> None:
    """While the site hangs or is gone the proxy shows what it has, though its time is over."""
    with proxied(tmp_path, CACHE_FRESH_SECONDS="2") as w:
        for harm, words in ((signal.SIGSTOP, "cat"), (signal.SIGKILL, "dog")):
            address = f"/api/search?q={words}&wait=1"
            first = w.get(address)
            assert first.status == 200
            os.killpg(w.site.process.pid, harm)
            try:
                wait_until(lambda address=address: w.get(address).proxy != "HIT")  # type: ignore[misc]
                for _ in range(20):
                    late = w.get(address)
                    assert (late.status, late.body) == (200, first.body)
                    assert late.proxy in {"STALE", "UPDATING"}
            finally:
                if harm == signal.SIGSTOP:
                    os.killpg(w.site.process.pid, signal.SIGCONT)
