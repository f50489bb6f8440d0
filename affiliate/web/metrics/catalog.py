"""The table of metrics: name, kind, labels and help, as `/metrics` and docs/metrics.md show them.

Names and units follow https://prometheus.io/docs/practices/naming/: base units, ``_total`` for
counters. Values of labels are of fixed lists, or of what the owner has set up.
"""

from typing import Final, Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]


class Metric(NamedTuple):
    """A metric; ``part`` is what must be in reach: nothing, the ``cache`` or the ``ledger``."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    part: Literal["", "cache", "ledger"] = ""


METRICS: Final = (
    Metric(
        "affiliate_http_request_duration_seconds",
        "histogram",
        ("route",),
        "Time to answer requests, by class of routes.",
    ),
    Metric(
        "affiliate_http_responses_total",
        "counter",
        ("route", "code"),
        "Responses, by class of routes and of status codes.",
    ),
    Metric(
        "affiliate_answers_total",
        "counter",
        ("tier",),
        "Searches of visitors by what answered: memory, store (fresh), stale (refreshed behind),"
        " agencies (a miss).",
    ),
    Metric(
        "affiliate_agency_call_duration_seconds",
        "histogram",
        ("agency",),
        "Time of calls that agencies have got; the count is that of the calls.",
    ),
    Metric(
        "affiliate_agency_call_failures_total",
        "counter",
        ("agency", "reason"),
        "Calls that agencies have got and that failed, by reason.",
    ),
    Metric(
        "affiliate_clicks_total",
        "counter",
        ("result",),
        "Clicks by what became of them: recorded, marked (recorded as no visitor's), refused"
        " (unreadable or too many), failed (neither recorded nor kept).",
    ),
    Metric("affiliate_processes", "gauge", (), "Processes of this machine that answer."),
    Metric(
        "process_resident_memory_bytes",
        "gauge",
        ("process",),
        "Memory of a process, with what it shares.",
    ),
    Metric("process_cpu_seconds_total", "counter", ("process",), "Processor time of a process."),
    Metric(
        "process_start_time_seconds", "gauge", ("process",), "Unix time of the start of a process."
    ),
    Metric(
        "affiliate_unfinished_requests",
        "gauge",
        ("process", "pool"),
        "Requests that wait or are being answered, beside those from memory.",
    ),
    Metric(
        "affiliate_request_threads", "gauge", ("process", "pool"), "Threads that answer requests."
    ),
    Metric(
        "affiliate_click_journal_bytes",
        "gauge",
        (),
        "Clicks on this machine's disk that wait for the database.",
    ),
    Metric("affiliate_build_info", "gauge", ("version",), "1, with the version of the site."),
    Metric(
        "affiliate_part_up",
        "gauge",
        ("part",),
        "Whether a part could be read; figures of a part that can't be read are left out.",
    ),
    Metric(
        "affiliate_agency_suspended",
        "gauge",
        ("agency",),
        "Whether the circuit breaker keeps calls from an agency.",
        "cache",
    ),
    Metric(
        "affiliate_agency_quota_calls",
        "gauge",
        ("agency", "window"),
        "Calls that an agency allows in a window.",
        "cache",
    ),
    Metric(
        "affiliate_agency_quota_left_calls",
        "gauge",
        ("agency", "window"),
        "Calls that are left in the current window.",
        "cache",
    ),
    Metric("affiliate_cache_bytes", "gauge", (), "Size of the cache, or memory of Redis.", "cache"),
    Metric(
        "affiliate_cache_limit_bytes",
        "gauge",
        (),
        "Limit of that size; absent for a Redis without one.",
        "cache",
    ),
    Metric(
        "affiliate_earnings_last_import_timestamp_seconds",
        "gauge",
        ("network",),
        "Unix time of the last import of a network's sales.",
        "ledger",
    ),
    Metric(
        "affiliate_alerts", "gauge", ("rule",), "Alerts that last, by the rule of each.", "ledger"
    ),
    Metric("affiliate_ledger_bytes", "gauge", (), "Size of the ledger's database.", "ledger"),
)
"""All metrics, in the order of `/metrics`."""
