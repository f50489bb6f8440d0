"""The peers that are Flask applications, each configured as its documentation recommends.

Their routes: ``/page`` passes on the upstream's bytes of the page, and ``/search`` the agency's
JSON for ``q`` and ``page``; without a cache each view is one call. The environment
gives ``UPSTREAM``, ``FRESH`` (seconds), ``REDIS``, ``FILE`` and ``PAGE``.
"""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
from flask import Flask, Response, request
from msgspec import to_builtins

FRESH = int(os.environ.get("FRESH", "86400"))
STALE = 30 * 86400
TIMES = (1.0, 2.5)
"""Seconds to connect and to read, the same as the site's."""
ALL_CONNECTIONS = 64

View = Callable[[], Response]


def create_empty() -> Flask:
    """Return an application whose view does nothing but send the bytes."""
    body, headers = _read_page()

    def page() -> Response:
        return Response(body, headers=headers)

    return _create_app(page, page)


def create_bare() -> Callable[..., list[bytes]]:
    """Return a WSGI callable without a framework: the server's own limit with Python."""
    body, headers = _read_page()

    def answer(_environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        start("200 OK", [*headers, ("Content-Length", str(len(body)))])
        return [body]

    answer.find_hit = lambda _environ: True  # type: ignore[attr-defined] # as the page cache says
    return answer


def create_cached() -> Flask:
    """Return Flask-Caching: ``@cached(query_string=True)`` in Redis, errors left out."""
    from flask_caching import Cache  # noqa: PLC0415 - imports of this peer alone

    cache = Cache(config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": os.environ["REDIS"]})
    keep = cache.cached(
        timeout=FRESH, query_string=True, response_filter=lambda r: r.status_code == 200
    )
    session = _create_session()
    app = _create_app(keep(_create_search_view(session)), keep(_create_page_view(session)))
    cache.init_app(app)
    return app


def create_ajax() -> Flask:
    """Return a page with Ajax as tutorials have it: a skeleton, a script, JSON by Flask-Caching.

    With ``wait=1`` the page waits for the agency and has the pictures, as a metasearch's has them.
    """
    from flask_caching import Cache  # noqa: PLC0415 - a peer imports only what it is about

    cache = Cache(config={"CACHE_TYPE": "SimpleCache"})
    keep = cache.cached(
        timeout=FRESH, query_string=True, response_filter=lambda r: r.status_code == 200
    )
    find = _create_search_view(_create_session())
    style = "img{width:250px;height:167px;object-fit:cover}"
    script = """
        const q = new URLSearchParams(location.search).get("q");
        fetch("/api?q=" + encodeURIComponent(q)).then(r => r.json()).then(found => {
            document.querySelector("main").replaceChildren(...found.data.map(one => {
                const image = new Image();
                image.src = one.assets.huge_thumb.url;
                return image;
            }));
        });"""

    def page() -> Response:
        words, pictures = request.args.get("q", ""), ""
        if waits := "wait" in request.args:
            found = json.loads(find().get_data())
            addresses = [one["assets"]["huge_thumb"]["url"] for one in found["data"]]
            pictures = "".join(f"<img src='{address}'>" for address in addresses)
        end = "" if waits or not words else '<script src="/script.js"></script>'
        return Response(
            "<!doctype html><html lang=en><meta name=viewport content='width=device-width'>"
            "<title>Pictures</title><link rel=stylesheet href='/style.css'>"
            "<form action=/search><input name=q type=search></form>"
            f"<main>{pictures or 'Loading ...'}</main>{end}",
            mimetype="text/html",
        )

    app = _create_app(page, _no_answer)
    app.add_url_rule("/", "start", page)
    app.add_url_rule("/api", "api", keep(find))
    app.add_url_rule("/style.css", "style", lambda: Response(style, mimetype="text/css"))
    app.add_url_rule("/script.js", "script", lambda: Response(script, mimetype="text/javascript"))
    cache.init_app(app)
    return app


def create_requests_cache() -> Flask:
    """Return requests-cache: SQLite with WAL, stale answers on errors and while refreshing."""
    from requests_cache import CachedSession  # noqa: PLC0415 - imports of this peer alone

    session = CachedSession(
        os.environ["FILE"],
        backend="sqlite",
        wal=True,
        expire_after=FRESH,
        allowable_codes=(200,),
        stale_if_error=True,
        stale_while_revalidate=True,
    )
    return _create_app(_create_search_view(session), _no_answer)


def create_dogpile() -> Flask:
    """Return dogpile.cache: Redis with its distributed lock, stale answers while refreshing."""
    from dogpile.cache import make_region  # noqa: PLC0415 - imports of this peer alone

    region = make_region().configure(
        "dogpile.cache.redis",
        expiration_time=FRESH,
        arguments={
            "url": os.environ["REDIS"],
            "distributed_lock": True,
            "thread_local_lock": False,
            "lock_timeout": 10,
            "redis_expiration_time": FRESH + STALE,
        },
    )
    session = _create_session()

    def search() -> Response:
        words, page = request.args.get("q", ""), request.args.get("page", "1")
        address = _build_address(words, page)

        def create() -> str:
            answer = session.get(*address, timeout=TIMES)
            answer.raise_for_status()
            return answer.text

        try:
            text = region.get_or_create(f"{page}:{words}", create)
        except requests.RequestException:
            return _no_answer()
        return Response(text, mimetype="application/json")

    return _create_app(search, _no_answer)


def create_metasearch() -> Flask:
    """Return a metasearch like SearXNG, which waits for the slowest or 3 s and keeps nothing."""
    from affiliate.agencies import AGENCIES  # noqa: PLC0415 - imports of this peer alone
    from affiliate.config.loading import load_config  # noqa: PLC0415
    from affiliate.domain.media import SearchQuery  # noqa: PLC0415
    from affiliate.errors import AgencyError  # noqa: PLC0415
    from affiliate.transport.client import Transport  # noqa: PLC0415

    configs = load_config(
        None, {name: kind.credentials for name, kind in AGENCIES.items()}
    ).agencies
    transport = Transport(total_seconds=3.0)
    pool = ThreadPoolExecutor(ALL_CONNECTIONS)
    agencies = [
        AGENCIES[name](
            transport,
            url=config.url,
            credentials={key: secret.reveal() for key, secret in config.credentials.items()},
        )
        for name, config in configs.items()
    ]

    def ask(agency: Any, query: SearchQuery) -> list[dict[str, Any]]:  # noqa: ANN401 - any agency
        try:
            return [to_builtins(media) for media in agency.search(query, 0).items]
        except AgencyError:
            return []

    def search() -> Response:
        query = SearchQuery(q=request.args.get("q", ""))
        futures = [pool.submit(ask, agency, query) for agency in agencies]
        return Response(json.dumps([future.result()[:4] for future in futures]))

    return _create_app(search, _no_answer)


def _create_app(search: View, page: View) -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/healthz", "healthz", lambda: "ok")
    app.add_url_rule("/search", "search", search)
    app.add_url_rule("/page", "page", page)
    return app


def _read_page() -> tuple[bytes, list[tuple[str, str]]]:
    page = json.loads(Path(os.environ["PAGE"]).read_text())
    return page["body"].encode("latin-1"), [(name, value) for name, value in page["headers"]]


def _create_session() -> requests.Session:
    """Return a session that keeps a connection for every thread."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=ALL_CONNECTIONS))
    return session


def _build_address(words: str, page: str) -> tuple[str, dict[str, str]]:
    params = {"query": words, "view": "full", "page": page, "per_page": "48"}
    return f"{os.environ['UPSTREAM']}/v2/images/search", params


def _create_search_view(session: requests.Session) -> View:
    """Return a view that calls the agency and passes on its JSON."""

    def search() -> Response:
        address, params = _build_address(request.args.get("q", ""), request.args.get("page", "1"))
        try:
            answer = session.get(address, params=params, timeout=TIMES)
            answer.raise_for_status()
        except requests.RequestException:
            return _no_answer()
        return Response(answer.content, mimetype="application/json")

    return search


def _create_page_view(session: requests.Session) -> View:
    """Return a view that passes on the upstream's page unchanged, compressed or not."""

    def page() -> Response:
        answer = session.get(f"{os.environ['UPSTREAM']}/page", timeout=TIMES, stream=True)
        body = answer.raw.read(decode_content=False)
        headers = {n: v for n, v in answer.headers.items() if n != "Content-Length"}
        return Response(body, headers=headers)

    return page


def _no_answer() -> Response:
    return Response("The agency does not answer.", 502)
