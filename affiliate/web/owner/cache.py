"""The page of the cache: its size, the sources of today's answers, and the memory of Redis."""

from typing import Final

from flask import Response

from affiliate.errors import StoreDown, StoreRefused
from affiliate.search.usage import MARKS, counter_name
from affiliate.services import current_services
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.numbers import format_count, format_share
from affiliate.web.owner.page_requests import read_page_request
from affiliate.web.owner.tables import Column, Row, Sheet, build_table

COLUMNS: Final = (
    Column("source", "Source"),
    Column("answers", "Answers", "count"),
    Column("share", "Share", "share"),
)
FIGURE_COLUMNS: Final = (Column("title", "Title"), Column("figure", "Figure"))
SERVER_COLUMNS: Final = (
    Column("used", "Memory"),
    Column("limit", "Limit"),
    Column("policy", "Policy"),
    Column("evicted", "Evicted"),
)
SOURCES: Final = {
    "MEMORY": "page cache, without rendering",
    "HIT": "cached answer, fresh",
    "STALE": "cached answer, refreshed behind",
    "MISS": "agencies",
}
"""The source of an answer in words, by its mark."""


@blueprint.get("/cache")
def show_cache() -> Response:
    """Show the size of the cache and how often the cache answered today, by the day in UTC."""
    view = read_page_request()
    services = current_services()
    store = services.store.store
    trouble, figures, servers = "", {}, []
    counts = dict.fromkeys(MARKS, 0)
    try:
        entries, size_bytes = store.size()
        counts = {mark: store.read_counter(counter_name(mark)) for mark in MARKS}
        figures = {"Entries": format_count(entries), "Size": _format_megabytes(size_bytes)}
        if services.config.redis_url:
            servers = _list_servers(store)
        else:
            figures["Limit"] = _format_megabytes(services.config.cache_bytes)
    except (StoreDown, StoreRefused) as error:
        trouble = f"The cache can't be read, so agencies are asked more often: {error}"
    total = sum(counts.values())
    if total:
        figures["Answered without an agency today"] = format_share(1 - counts["MISS"] / total)
    rows: list[Row] = [
        {
            "source": SOURCES[mark],
            "answers": count,
            "share": count / total if total else None,
        }
        for mark, count in counts.items()
    ]
    return render_page(
        "owner_cache.html",
        "Cache",
        view=view,
        table=build_table(view, "Answers of today, in UTC", COLUMNS, rows, default_sort="-answers"),
        sheets=[
            Sheet(
                "Figures",
                FIGURE_COLUMNS,
                [{"title": title, "figure": text} for title, text in figures.items()],
            ),
            *([Sheet("Redis", SERVER_COLUMNS, servers)] if servers else []),
        ],
        figures=figures,
        servers=servers,
        trouble=trouble,
    )


def _list_servers(store: object) -> list[dict[str, str]]:
    """Return the memory of each server of Redis, in words.

    Raises:
        StoreDown: a server is out of reach.
    """
    from affiliate.cache.stores.redis import RedisStore  # noqa: PLC0415 - a site without needs none

    if not isinstance(store, RedisStore):
        return []
    return [
        {
            "used": _format_megabytes(server.used),
            "limit": _format_megabytes(server.maxmemory) if server.maxmemory else "no limit",
            "policy": server.policy or "unknown",
            "evicted": format_count(server.evicted),
        }
        for server in store.read_limits()
    ]


def _format_megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
