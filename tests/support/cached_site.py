"""A small WSGI application that counts its calls, behind a page cache, and a client."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from werkzeug.test import Client
from werkzeug.wrappers import Response

from affiliate.domain.query import read_parameters, read_single
from affiliate.errors import BadQuery
from affiliate.web.cached_response import CacheKey
from affiliate.web.page_cache import REPLAY_ENVIRON, PageCacheMiddleware
from affiliate.web.shared_pages import SharedPages
from tests.support.clocks import SetClock
from tests.support.memory_store import Memory
from tests.support.visits import FIREFOX

BODY = b"<p>cat</p>" * 500


class Application:
    """Answers with its query string, and lets it be kept for as long as the test says."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.seconds = 100.0
        self.headers: dict[str, str] = {"ETag": 'W/"1"', "X-Cache": "MISS", "Age": "0"}
        self.status = "200 OK"
        self.body = BODY
        self.during: Callable[[], None] = lambda: None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.calls.append(environ["QUERY_STRING"])
        self.during()
        if REPLAY_ENVIRON in environ:
            environ[REPLAY_ENVIRON].seconds = self.seconds
        headers = {"Content-Type": "text/html", "Content-Length": str(len(self.body))}
        start(self.status, list((headers | self.headers).items()))
        return [self.body]


def words(raw: bytes) -> str:
    q = read_single(read_parameters(raw), "q")
    if q is None:
        raise BadQuery("q", "missing")
    return urlencode({"q": q.lower()})


class Site:
    """An application behind a tier, and a client of it."""

    def __init__(
        self,
        limit: int = 10**6,
        shelf: Memory | None = None,
        edition: str = "e1",
        shelf_bytes: int = 10**6,
        is_variant: Callable[[CacheKey], bool] = lambda _: False,
    ) -> None:
        self.app = Application()
        self.clock = SetClock(0.0)
        self.hits: list[CacheKey] = []
        self.tier = PageCacheMiddleware(
            self.app,
            {"/s": words, "/p/": words},
            limit=limit,
            now=self.clock,
            on_hit=lambda hit: self.hits.append(hit[0]),
            shared_pages=SharedPages(
                shelf,
                max_bytes=shelf_bytes,
                build_id=lambda: edition,
                is_variant=is_variant,
                now=self.clock,
            )
            if shelf is not None
            else None,
            is_variant=is_variant,
        )
        self.client = Client(self.tier, Response)

    def get(self, address: str = "/s?q=cat", **headers: str) -> Response:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(address, headers={"User-Agent": FIREFOX, **names})


def pretend(place: CacheKey) -> bool:
    return place[1].startswith("q=v")
