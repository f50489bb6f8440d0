"""The samples of `/metrics`: from the counts of all processes, from the cache and from the ledger.

Cache and ledger are read in threads behind the request, for which a scrape waits a second at most.
What was not read within `MAX_AGE_SECONDS` is left out, and ``affiliate_part_up`` says so. No agency
is called.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Final, NamedTuple

from affiliate import __version__
from affiliate.database.alert_states import AlertStates
from affiliate.database.earnings import Earnings
from affiliate.domain.troubles import get_rule
from affiliate.durable_files import measure_file
from affiliate.errors import LedgerError, StoreDown, StoreRefused
from affiliate.refreshed_value import RefreshedValue
from affiliate.search.site_counts import (
    CALL_SECONDS,
    CLICK_RESULTS,
    CODES,
    POOLS,
    REASONS,
    REQUEST_SECONDS,
    ROUTES,
    TIERS,
)
from affiliate.services import Services
from affiliate.web.metrics.exposition import Sample, build_histogram, build_sample

REFRESH_SECONDS: Final = 5.0
"""Age from which figures of cache and ledger are read again: less than between two scrapes."""
WAIT_SECONDS: Final = 1.0
"""Longest time for which a scrape waits for cache and ledger; Prometheus gives up after 10."""
MAX_AGE_SECONDS: Final = 30.0
"""Age from which figures are left out: what hangs must not look as it did before."""
JOURNAL: Final = "clicks.journal*"
"""Pattern of the files with clicks that wait for the database."""

log = logging.getLogger(__name__)


class _Reading(NamedTuple):
    """The samples that were read of a part, and the time of the reading; None while unknown."""

    samples: list[Sample] | None
    at: float


class MetricFigures:
    """The samples of a site, for scrapes of any number and in any order."""

    def __init__(self, services: Services, *, now: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._now = now
        self._parts = {
            "cache": self._follow("cache", read_cache),
            "ledger": self._follow("ledger", read_ledger),
        }

    def collect(self) -> Iterator[Sample]:
        """Yield all samples that can be had within `WAIT_SECONDS`."""
        for part in self._parts.values():
            part.get(0.0)  # both read at the same time
        ends = self._now() + WAIT_SECONDS
        yield from read_counts(self._services)
        yield from read_machine(self._services)
        for name, part in self._parts.items():
            reading = part.get(max(ends - self._now(), 0.0))
            is_known = reading.samples is not None and self._now() - reading.at < MAX_AGE_SECONDS
            yield build_sample("affiliate_part_up", is_known, part=name)
            if is_known:
                yield from reading.samples or ()

    def _follow(
        self, name: str, read: Callable[[Services], Iterator[Sample]]
    ) -> RefreshedValue[_Reading]:
        def refresh(_: _Reading) -> _Reading:
            samples: list[Sample] | None = None
            try:
                samples = list(read(self._services))
            except (LedgerError, StoreDown, StoreRefused) as error:
                log.warning("metrics of the %s can't be read: %s", name, error)
            except Exception:  # a scrape must still have the rest
                log.exception("metrics of the %s can't be read", name)
            return _Reading(samples, self._now())

        return RefreshedValue(
            refresh,
            _Reading(None, self._now()),
            REFRESH_SECONDS,
            name=f"metrics of the {name}",
            max_wait=lambda _age: WAIT_SECONDS,
            now=self._now,
        )


def read_counts(services: Services) -> Iterator[Sample]:
    """Yield what all processes of this machine have counted, and what each of them takes."""
    services.counts.report_process()
    sums, living = services.counts.read()
    for route in ROUTES:
        counts = [sums[f"request:{route}:{bound}"] for bound in (*REQUEST_SECONDS, "more")]
        name, total = "affiliate_http_request_duration_seconds", sums[f"request:{route}:sum"]
        yield from build_histogram(name, REQUEST_SECONDS, counts, total, route=route)
        for code in CODES:
            value = sums[f"request:{route}:{code}"]
            yield build_sample("affiliate_http_responses_total", value, route=route, code=code)
    for tier in TIERS.values():
        yield build_sample("affiliate_answers_total", sums[f"answer:{tier}"], tier=tier)
    for agency in (enabled.agency.name for enabled in services.registry.configured):
        counts = [sums[f"call:{agency}:{bound}"] for bound in (*CALL_SECONDS, "more")]
        name, total = "affiliate_agency_call_duration_seconds", sums[f"call:{agency}:sum"]
        yield from build_histogram(name, CALL_SECONDS, counts, total, agency=agency)
        for reason in REASONS:
            name, value = "affiliate_agency_call_failures_total", sums[f"failure:{agency}:{reason}"]
            yield build_sample(name, value, agency=agency, reason=reason)
    for result in CLICK_RESULTS:
        yield build_sample("affiliate_clicks_total", sums[f"click:{result}"], result=result)
    yield build_sample("affiliate_processes", len(living))
    for place, cells in sorted(living.items()):
        process = str(place)
        names = ("process_resident_memory_bytes", "process_cpu_seconds_total")
        yield build_sample(names[0], cells["process:resident"], process=process)
        yield build_sample(names[1], cells["process:cpu"], process=process)
        yield build_sample("process_start_time_seconds", cells["process:start"], process=process)
        for pool in POOLS:
            own = {"process": process, "pool": pool}
            unfinished, threads = (cells[f"pool:{pool}:{n}"] for n in ("unfinished", "threads"))
            yield build_sample("affiliate_unfinished_requests", unfinished, **own)
            yield build_sample("affiliate_request_threads", threads, **own)


def read_machine(services: Services) -> Iterator[Sample]:
    """Yield what is known of this machine's files, and the version."""
    waiting = sum(map(measure_file, services.config.data_dir.glob(JOURNAL)))
    yield build_sample("affiliate_click_journal_bytes", waiting)
    yield build_sample("affiliate_build_info", 1, version=__version__)


def read_cache(services: Services) -> Iterator[Sample]:
    """Yield the state of agencies' limits, which the cache's store holds, and its size.

    Raises:
        StoreDown: the store is out of reach.
    """
    store, config = services.store, services.config
    store.store.read_counter("ready")  # raises while the store is down
    if config.redis_url:
        servers = store.store.read_limits()
        size, limit = (sum(getattr(s, n) for s in servers) for n in ("used", "maxmemory"))
    else:
        size, limit = store.store.measure(), config.cache_bytes
    yield build_sample("affiliate_cache_bytes", size)
    if limit:
        yield build_sample("affiliate_cache_limit_bytes", limit)
    for enabled in services.registry.configured:
        name = enabled.agency.name
        is_suspended = services.gateway.get_suspension(enabled) is not None
        yield build_sample("affiliate_agency_suspended", is_suspended, agency=name)
        for spent in services.gateway.list_spent_calls(enabled):
            own = {"agency": name, "window": spent.limit.window}
            yield build_sample("affiliate_agency_quota_calls", spent.limit.calls, **own)
            yield build_sample("affiliate_agency_quota_left_calls", spent.left, **own)
    if store.is_degraded:
        raise StoreDown(store.trouble)


def read_ledger(services: Services) -> Iterator[Sample]:
    """Yield the last imports, the alerts that last and the size of the database.

    Raises:
        LedgerError: the database can't be read.
    """
    for report in Earnings(services.ledger).find_last_imports():
        at = report.at.replace(tzinfo=UTC).timestamp()
        name = "affiliate_earnings_last_import_timestamp_seconds"
        yield build_sample(name, at, network=report.network)
    states = AlertStates(services.ledger).list_all()
    rules = Counter(get_rule(state.name) for state in states if state.ended_at is None)
    for rule, count in sorted(rules.items()):
        yield build_sample("affiliate_alerts", count, rule=rule)
    yield build_sample("affiliate_ledger_bytes", services.ledger.measure())
