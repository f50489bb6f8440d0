"""The weekly digest: money, movers, words that found nothing, and what to do."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import time as clock_time
from typing import Final

from affiliate.alerts.messages import Event, Link, Message, Section
from affiliate.alerts.week_figures import Sums, WeekFigures, find_week, read_week
from affiliate.database.alert_states import AlertState, AlertStates
from affiliate.database.local_time import DAY, find_day_start, find_local_day
from affiliate.domain.actions import EARNING_STATES, MONEY_UNITS, STATES
from affiliate.domain.rates import ConvertedSums, Rates, convert_sums
from affiliate.domain.times import to_naive_utc
from affiliate.services import Services

SEND_AT: Final = clock_time(8)
"""Time of Monday, in the owner's time zone, from which on the digest is sent."""
MAX_DELAY: Final = timedelta(days=2)
"""Time after which a digest that could not be sent is left out."""
MAX_TEXT: Final = 40
"""Characters of words, sites and pictures in a table, so that its lines fit into a mail."""


def find_sending_time(now: datetime, zone: tzinfo) -> datetime:
    """Return the last time at which a digest was due; both times are UTC without a zone."""
    today = find_local_day(now, zone)
    for weeks in (0, 1):
        monday = today - timedelta(days=today.weekday(), weeks=weeks)
        due = to_naive_utc(datetime.combine(monday, SEND_AT, zone))
        if due <= now:
            break
    return due


def build_digest(services: Services, now: datetime) -> Message:
    """Return the digest of the last whole week; ``now`` is the time in UTC without a zone.

    Raises:
        LedgerError: the ledger can't be read.
    """
    zone = services.config.site_timezone
    week = read_week(services, find_week(find_local_day(now, zone)))
    states = AlertStates(services.ledger).list_all()
    lasting = [state for state in states if _is_to_do(state, now)]
    first, last = week.days
    sections = [
        Section(f"Your week from {first:%B} {first.day} to {last:%B} {last.day}"),
        _describe_money(week),
        _describe_visits(week, zone),
        *_describe_movers(week),
        _describe_missed(week),
        _describe_tasks(lasting, services),
    ]
    event = Event(
        event_id=f"msg_digest-{first:%Y-%m-%d}",
        kind="digest.weekly",
        at=now.replace(tzinfo=UTC),
        data=_build_data(week, lasting),
    )
    return Message(f"Your week from {first:%B} {first.day}", tuple(sections), (event,))


def _is_to_do(state: AlertState, now: datetime) -> bool:
    return state.is_due(now) and not state.is_silenced(now)


def _describe_money(week: WeekFigures) -> Section:
    keys = sorted({*week.sums.payouts, *week.before.payouts}, key=_rank_state)
    table = [
        (
            f"{state}, {currency}",
            format_amount(week.sums.payouts.get((currency, state), 0)),
            format_amount(week.before.payouts.get((currency, state), 0)),
        )
        for currency, state in keys
    ]
    now, before = (_convert_earnings(sums, week.rates) for sums in (week.sums, week.before))
    if table and now and before:
        lacking = ", ".join(sorted({*now.missing, *before.missing}))
        title = f"all but reversed, in {now.currency}"
        title += f", without {lacking}" if lacking else ""
        amounts = [format_amount(part.sums.get("", 0)) for part in (now, before)]
        table.append((title, amounts[0], amounts[1]))
    sentences = [
        f"{last.network}: reported as of {last.as_of:%Y-%m-%d %H:%M} UTC." for last in week.imports
    ]
    if not week.imports:
        sentences = ["No sales have been imported yet: flask earnings import FILE."]
    elif not table:
        sentences.append("No sale was reported for these days; networks report late.")
    heads = ("Payout", "week", "week before")
    return Section("Money", tuple(sentences), (heads, *table) if table else ())


def _convert_earnings(sums: Sums, rates: Rates) -> ConvertedSums | None:
    """Return the earnings of a week in one currency; None where the owner has given no rates."""
    earned = (
        ("", currency, payout)
        for (currency, state), payout in sums.payouts.items()
        if state in EARNING_STATES
    )
    return convert_sums(earned, rates)


def _rank_state(key: tuple[str, str]) -> tuple[str, int]:
    """Return the order of a currency and a state: a currency's states follow each other."""
    currency, state = key
    return currency, [*STATES].index(state) if state in STATES else len(STATES)


def format_amount(amount: int) -> str:
    """Return an amount in `MONEY_UNITS` with two decimals."""
    return f"{amount / MONEY_UNITS:,.2f}"


def _describe_visits(week: WeekFigures, zone: tzinfo) -> Section:
    now, before = week.sums, week.before
    table = (
        ("", "week", "week before"),
        ("clicks of visitors", f"{now.clicks:,}", f"{before.clicks:,}"),
        ("searches", f"{now.asked:,}", f"{before.asked:,}"),
        ("searches that found nothing", f"{now.missed:,}", f"{before.missed:,}"),
        ("earned per click", *(_describe_rate(sums) for sums in (now, before))),
    )
    sentences = []
    if now.marked:
        programs = f"{now.marked:,} clicks of programs and other marked senders"
        sentences.append(f"{programs} are in none of these figures.")
    if week.counted_until and week.counted_until < find_day_start(
        week.days.last + DAY, zone
    ).replace(tzinfo=UTC):
        sentences.append(f"Clicks are counted up to {week.counted_until:%Y-%m-%d %H:%M} UTC only.")
    return Section("Clicks and searches", tuple(sentences), table)


def _describe_rate(sums: Sums) -> str:
    """Return the earnings per click of visitors, in each currency; reversed sales earn nothing."""
    if not sums.clicks:
        return "-"
    totals: dict[str, int] = {}
    for (currency, state), payout in sums.payouts.items():
        if state in EARNING_STATES:
            totals[currency] = totals.get(currency, 0) + payout
    rates = (
        f"{total / sums.clicks / MONEY_UNITS:.3f} {currency}"
        for currency, total in sorted(totals.items())
    )
    return ", ".join(rates) or "-"


def _describe_movers(week: WeekFigures) -> list[Section]:
    """Return the lists of what moved and of what earned, without empty ones."""
    sections = []
    for title, movers in week.movers.items():
        if movers:
            rows = [
                (shorten_text(mover.text), f"{mover.now:,}", f"{mover.before:,}")
                for mover in movers
            ]
            heads = (title, "clicks", "week before")
            sections.append(Section(f"{title} that moved", table=(heads, *rows)))
    for title, earners in week.earners.items():
        if earners:
            rows = [
                (
                    shorten_text(mover.text),
                    f"{format_amount(mover.now)} {currency}",
                    format_amount(mover.before),
                )
                for mover, currency in earners
            ]
            heads = (title, "earned", "week before")
            sections.append(Section(f"{title} that earned", table=(heads, *rows)))
    return sections


def shorten_text(text: str) -> str:
    """Return a text of at most `MAX_TEXT` characters."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _describe_missed(week: WeekFigures) -> Section:
    if not week.missed_words:
        words = "Every search found something." if week.sums.asked else "Nobody has searched."
        return Section("Words that found nothing", (words,))
    rows = [(shorten_text(text), f"{count:,}") for text, count in week.missed_words]
    hint = "Another agency may have pictures of these."
    return Section("Words that found nothing", (hint,), (("words", "times"), *rows))


def _describe_tasks(lasting: Sequence[AlertState], services: Services) -> Section:
    """Return what to do: the active alerts, and a link to the desk."""
    sentences = [f"{state.title} {state.advice}" for state in lasting] or [
        "Nothing: no alert is active."
    ]
    config = services.config
    has_desk = config.site_url and config.owner_password
    links = (Link("Your desk", f"{config.site_url}/owner/"),) if has_desk else ()
    return Section("What to do", tuple(sentences), links=links)


def _build_data(week: WeekFigures, lasting: Sequence[AlertState]) -> dict[str, object]:
    """Return the figures for a webhook; money is in whole units of its currency."""

    def list_sums(sums: Sums) -> dict[str, object]:
        payouts = [
            {"currency": currency, "state": state, "payout": payout / MONEY_UNITS}
            for (currency, state), payout in sorted(sums.payouts.items())
        ]
        return {**sums._asdict(), "payouts": payouts}

    movers = {
        title.lower(): [mover._asdict() for mover in movers]
        for title, movers in week.movers.items()
    }
    earners = {
        title.lower(): [
            {
                "text": earner.text,
                "currency": currency,
                "now": earner.now / MONEY_UNITS,
                "before": earner.before / MONEY_UNITS,
            }
            for earner, currency in earners
        ]
        for title, earners in week.earners.items()
    }
    imports = [
        {"network": last.network, "as_of": last.as_of.replace(tzinfo=UTC).isoformat()}
        for last in week.imports
    ]
    return {
        "first_day": f"{week.days.first}",
        "last_day": f"{week.days.last}",
        "week": list_sums(week.sums),
        "week_before": list_sums(week.before),
        "imports": imports,
        "movers": movers,
        "earners": earners,
        "missed": [{"words": text, "times": count} for text, count in week.missed_words],
        "alerts": [{"name": state.name, "title": state.title} for state in lasting],
    }
