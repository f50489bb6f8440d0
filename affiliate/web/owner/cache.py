"""The page of the cache: its size, the sources of today's answers, and the memory of Redis."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from flask import Response

from affiliate.domain.query import LANGUAGES, SearchQuery
from affiliate.errors import StoreDown, StoreRefused
from affiliate.search.cached_searches import peek_first_chunk
from affiliate.search.usage import MARKS, counter_name
from affiliate.services import current_services
from affiliate.web.owner.filters import WORDS, FilterField, Filters
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.numbers import format_count, format_share
from affiliate.web.owner.page_requests import read_page_request
from affiliate.web.owner.tables import Cell, Column, Row, Sheet, State, build_table

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
ANSWER_COLUMNS: Final = (
    Column("agency", "Agency"),
    Column("state", "State", "state"),
    Column("fetched", "Fetched", "time"),
    Column("minutes", "Minutes left", "count"),
    Column("pictures", "Pictures", "count"),
    Column("total", "Of", "count"),
    Column("failure", "Failure"),
)
FILTERS: Final = (
    WORDS,
    FilterField("lang", "Language", dict(zip(LANGUAGES, LANGUAGES, strict=True))),
)
NO_ANSWER: Final = State("off", "not cached")
STATES: Final = {
    "fresh": State("ok", "fresh"),
    "stale": State("warn", "refreshed at the next search"),
    "failed": State("bad", "failed"),
}
"""The state of a cached answer in words."""


class _CacheFigures(NamedTuple):
    """The cache's figures in words, the memory of Redis, and today's answers by their marks.

    ``trouble`` says why the cache can't be read; empty where all is known.
    """

    figures: dict[str, str]
    servers: list[dict[str, str]]
    counts: dict[str, int]
    trouble: str


@blueprint.get("/cache")
def show_cache() -> Response:
    """Show the size of the cache, and the cached answers to some words.

    Without words, show how often the cache has answered today, by the day in UTC.
    """
    view = read_page_request(FILTERS)
    cache = _read_figures()
    if words := view.filters.get("words"):
        title, rows = f"Cached answers to “{words}”", _list_answers(view.filters)
        table = build_table(view, title, ANSWER_COLUMNS, rows, default_sort="agency")
    else:
        title, rows = "Answers of today, in UTC", _list_sources(cache.counts)
        table = build_table(view, title, COLUMNS, rows, default_sort="-answers")
    figures: list[Row] = [{"title": name, "figure": text} for name, text in cache.figures.items()]
    return render_page(
        "owner_cache.html",
        "Cache",
        view=view,
        table=table,
        sheets=[
            Sheet("Figures", FIGURE_COLUMNS, figures),
            *([Sheet("Redis", SERVER_COLUMNS, cache.servers)] if cache.servers else []),
        ],
        cache=cache,
    )


def _read_figures() -> _CacheFigures:
    """Return what can be read of the cache."""
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
    if total := sum(counts.values()):
        figures["Answered without an agency today"] = format_share(1 - counts["MISS"] / total)
    return _CacheFigures(figures, servers, counts, trouble)


def _list_sources(counts: Mapping[str, int]) -> list[Row]:
    """Return the sources of answers, with their shares."""
    total = sum(counts.values())
    return [
        {"source": SOURCES[mark], "answers": count, "share": count / total if total else None}
        for mark, count in counts.items()
    ]


def _list_answers(filters: Filters) -> list[Row]:
    """Return the first cached answer of each agency to the words, as `flask cache look` does.

    Raises:
        BadQuery: the words can't be searched for.
    """
    services = current_services()
    lang = filters.get("lang") or services.config.site_language
    query = SearchQuery.from_parameters({"q": [filters.get("words")], "lang": [lang]})
    rows: list[Row] = []
    for enabled in services.registry.enabled:
        answer = peek_first_chunk(services.gateway, enabled, query)
        row: dict[str, Cell] = {"agency": enabled.agency.title, "state": NO_ANSWER}
        if answer:
            row["state"] = STATES[answer.status]
            row["minutes"] = max(round(answer.lifetime / 60), 0)
            row["failure"] = answer.failure.message if answer.failure else ""
        if answer and answer.fetched_at:
            row["fetched"] = datetime.fromtimestamp(answer.fetched_at, UTC)
        if answer and answer.value:
            row["pictures"], row["total"] = len(answer.value.items), answer.value.total
        rows.append(row)
    return rows


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
