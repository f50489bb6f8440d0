"""The rules that find what is wrong with a site; each reads what the site knows, and calls nobody.

A rule is a function whose name in `RULES` begins the names of its troubles. What a rule can't know
now, it yields as `Unknown`: an alert that lasts is then neither ended nor begun.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from affiliate.agencies import Agency
from affiliate.agencies.limits import HOUR
from affiliate.agencies.link_earnings import assess_links
from affiliate.alerts.quiet_hours import find_silence
from affiliate.checks import stores
from affiliate.checks.findings import FAULT, OK, Check, run_check
from affiliate.database.earnings import Earnings
from affiliate.database.failed_fetches import FailedFetch, FailedFetches
from affiliate.database.figures import Figures
from affiliate.database.local_time import DAY, Days, find_local_day
from affiliate.domain.troubles import Trouble
from affiliate.earnings import apis
from affiliate.errors import BadCredentials, LedgerError, TooManyCalls
from affiliate.search.enabled_agencies import build_link_style
from affiliate.search.limits import SpentCalls
from affiliate.services import Services

FAILING: Final = timedelta(minutes=30)
"""Time for which an agency fails before the owner is told; most outages are shorter."""
REFUSING: Final = timedelta(hours=2)
"""Time for which an agency answers 429 alone before the owner is told; the last 429 is remembered
for an hour, so that a single pause is told never."""
CACHE_PATIENCE: Final = timedelta(minutes=10)
"""Time for which the cache fails before the owner is told; a restart of Redis is shorter."""
FETCHED_AGE: Final = timedelta(days=3)
"""Age of the last import from a network's API, which a scheduler should call daily."""
IMPORTED_AGE: Final = timedelta(days=40)
"""Age of the last import by hand: networks close their months."""
REVERSAL_DAYS: Final = 90
"""Days of sales whose reversals are counted, as networks reverse sales for months."""
REVERSAL_SHARE: Final = 0.3
"""Share of reversed sales above which a network deserves a question."""
MIN_REVERSAL_SALES: Final = 20
"""Sales below which a share says nothing."""

log = logging.getLogger(__name__)


class Unknown(NamedTuple):
    """A name, or a rule, of which nothing is known now."""

    name: str


Found = Iterator[Trouble | Unknown]
Rule = Callable[[Services, datetime], Found]


class Findings(NamedTuple):
    """The troubles of a site, and the names and rules of which nothing is known."""

    troubles: list[Trouble]
    unknown: list[str]


def find_troubles(services: Services, now: datetime) -> Findings:
    """Return what is wrong; ``now`` is the time in UTC without a zone.

    A rule that fails says nothing of the others; what it was to find is unknown.
    """
    findings = Findings([], [])
    for name, rule in RULES.items():
        try:
            for found in rule(services, now):
                if isinstance(found, Unknown):
                    findings.unknown.append(found.name)
                else:
                    findings.troubles.append(found)
        except LedgerError as error:
            log.warning("alerts of %s can't be looked at: %s", name, error)
            findings.unknown.append(name)
        except Exception:  # the other rules must still run
            log.exception("alerts of %s can't be looked at", name)
            findings.unknown.append(name)
    return findings


def _find_refused_keys(services: Services, now: datetime) -> Found:
    yield from _find_failures(services, now, "key")


def _find_failing_agencies(services: Services, now: datetime) -> Found:
    yield from _find_failures(services, now, "failing")


def _find_failures(services: Services, now: datetime, rule: str) -> Found:
    """Yield agencies that were suspended and have not answered since, by the kind of failure."""
    answering = _list_answering(services, now)
    for enabled in services.registry.enabled:
        reason = services.gateway.read_failure(enabled)
        is_answering = enabled.agency.name in answering
        trouble = _describe_failure(enabled.agency, reason, is_answering=is_answering)
        name = f"{rule}:{enabled.agency.name}"
        if trouble is not None and trouble.name == name:
            yield trouble
        elif not is_answering and (reason is None or rule == "key"):
            yield Unknown(name)


def _describe_failure(agency: Agency, reason: str | None, *, is_answering: bool) -> Trouble | None:
    """Return the trouble of an agency that was suspended for a reason; None where there is none."""
    if reason == BadCredentials.kind:
        return Trouble(
            name=f"key:{agency.name}",
            title=f"{agency.title} refuses the key, so that it is not searched.",
            advice=(
                f"Look at the key in your account at {agency.title}, correct the setting, and"
                " start the site anew; flask doctor shows what the agency says."
            ),
        )
    if reason is None or (reason == TooManyCalls.kind and is_answering):
        return None
    is_paced = reason == TooManyCalls.kind
    title = f"{agency.title} has failed for half an hour and is mostly left alone."
    if is_paced:
        title = f"{agency.title} answers no call, as too many were made."
    advice = (
        "Visitors see cached answers and the other agencies; the site tries again by itself."
        f" flask agency off {agency.name} gives its places to the others."
    )
    if is_paced:
        advice += " Your account at the agency shows the calls of the day and the month."
    return Trouble(
        name=f"failing:{agency.name}",
        title=title,
        advice=advice,
        patience=REFUSING if is_paced else FAILING,
    )


def _list_answering(services: Services, now: datetime) -> set[str]:
    """Return the agencies that have answered a call in this hour or in the hour before."""
    zone = services.config.site_timezone
    last = find_local_day(now, zone)
    rows = Figures(services.ledger, zone).sum_calls(Days(last - DAY, last), ("hour", "agency"))
    return {
        row["agency"]
        for row in rows
        if row["calls"] > row["failures"] and row["hour"] > now - timedelta(hours=2)
    }


def _find_spent_quotas(services: Services, _: datetime) -> Found:
    for enabled in services.registry.enabled:
        for quota in services.gateway.list_spent_calls(enabled):
            if quota.limit.seconds >= HOUR and quota.is_nearly_spent:
                yield _describe_quota(enabled.agency, quota)


def _describe_quota(agency: Agency, quota: SpentCalls) -> Trouble:
    limit, left = quota.limit, quota.left
    return Trouble(
        name=f"quota:{agency.name}:{limit.seconds}",
        title=f"{agency.title} has {left:,} of {limit.calls:,} calls left this {limit.window}.",
        advice=(
            "When they are spent, visitors see cached answers and the other agencies. Ask the"
            " agency for more calls, give the agency less weight in AGENCIES, or lower"
            " CLIENT_SEARCHES_PER_HOUR."
        ),
        calm=timedelta(seconds=min(limit.seconds + HOUR, 26 * HOUR)),
    )


def _find_unpaid_links(services: Services, _: datetime) -> Found:
    for enabled in services.registry.enabled:
        name = enabled.agency.name
        status = assess_links(type(enabled.agency), build_link_style(name, services.config))
        if status.state != OK:
            yield Trouble(
                name=f"links:{name}",
                title=_end_sentence(f"{enabled.agency.title}: {status.words}"),
                advice="Set what is missing, or silence this alert if it is meant so.",
            )


def _find_missing_clicks(services: Services, now: datetime) -> Found:
    """Yield a trouble where a day has no click though the days a week apart have many."""
    before = find_silence(services.ledger.count_visitor_clicks_between, now)
    if before:
        counts = ", ".join(map(str, before[:-1]))
        yield Trouble(
            name="clicks",
            title="No visitor has clicked for 24 hours.",
            advice=(
                f"In the same 24 hours of the last four weeks there were {counts} and"
                f" {before[-1]} clicks, so that this is no chance. Open your site and its embeds"
                " and click on a picture; look at flask doctor --live and at your last changes."
            ),
        )
    elif before is not None:
        yield Unknown("clicks")


def _find_missing_imports(services: Services, now: datetime) -> Found:
    """Yield networks whose last fetch failed, or whose last import by any way is old."""
    last = {report.network: report.at for report in Earnings(services.ledger).find_last_imports()}
    fetched = apis.open_apis(services.config, services.transport).keys()
    failed = FailedFetches(services.ledger).find_all()
    for network in sorted(last.keys() | fetched):
        if network in fetched and (fetch := failed.get(network)):
            yield _describe_failed_fetch(fetch)
            continue
        at = last.get(network)
        age = FETCHED_AGE if network in fetched else IMPORTED_AGE
        if at is not None and now - at <= age:
            continue
        when = f"since {at:%Y-%m-%d}" if at else "yet"
        advice = "Download its report and run flask earnings import FILE."
        if network in fetched:
            advice = (
                "Run flask earnings fetch, which says what is wrong, and let your platform's"
                " scheduler run it daily."
            )
        yield Trouble(
            name=f"import:{network}",
            title=f"No sales of {network} have been imported {when}.",
            advice=advice,
            patience=FETCHED_AGE if at is None else timedelta(),
        )


def _describe_failed_fetch(fetch: FailedFetch) -> Trouble:
    return Trouble(
        name=f"import:{fetch.network}",
        title=f"The sales of {fetch.network} could not be fetched: {fetch.reason}",
        advice=(
            f"This was at {fetch.at:%Y-%m-%d %H:%M} UTC; the import before stays. Mend the reason"
            " and run flask earnings fetch; the scheduler's next run tries again, too."
        ),
    )


def _find_reversals(services: Services, now: datetime) -> Found:
    since = now.date() - timedelta(days=REVERSAL_DAYS)
    counts: dict[str, dict[str, int]] = {}
    for row in Earnings(services.ledger).sum_payouts(("network",), since):
        states = counts.setdefault(row["network"], {})
        states[row["state"]] = states.get(row["state"], 0) + row["sales"]
    for network, states in sorted(counts.items()):
        total, reversed_ = sum(states.values()), states.get("reversed", 0)
        if total >= MIN_REVERSAL_SALES and reversed_ > REVERSAL_SHARE * total:
            yield Trouble(
                name=f"reversals:{network}",
                title=(
                    f"{network} has reversed {reversed_} of {total} sales of the last"
                    f" {REVERSAL_DAYS} days ({reversed_ / total:.0%})."
                ),
                advice=(
                    "flask earnings status --by site and --by words show where these sales"
                    " come from; ask the network for the reason."
                ),
                calm=timedelta(days=1),
            )


def _find_full_disk(services: Services, _: datetime) -> Found:
    for finding in stores.check_folder(services):
        if finding.state != OK:
            yield Trouble(
                name="disk",
                title=_end_sentence(f"The disk of DATA_DIR: {finding.words}"),
                advice="Make room, or lower CACHE_BYTES; the ledger of clicks needs the disk.",
            )


def _find_cache_faults(services: Services, _: datetime) -> Found:
    check = Check("cache", lambda: stores.check_cache(services))
    faults = [finding for finding in run_check(check) if finding.state == FAULT]
    if faults:
        yield Trouble(
            name="cache",
            title=_end_sentence(f"The cache: {faults[0].words}"),
            advice="Look at REDIS_URL and at its server, or at the disk of DATA_DIR.",
            patience=CACHE_PATIENCE,
        )


def _end_sentence(words: str) -> str:
    """Return words with one period, as those of a server may end with their own."""
    return f"{words.rstrip(' .')}."


RULES: Final[Mapping[str, Rule]] = {
    "key": _find_refused_keys,
    "failing": _find_failing_agencies,
    "quota": _find_spent_quotas,
    "links": _find_unpaid_links,
    "clicks": _find_missing_clicks,
    "import": _find_missing_imports,
    "reversals": _find_reversals,
    "disk": _find_full_disk,
    "cache": _find_cache_faults,
}
"""The rules, by the beginning of the names of their troubles."""
