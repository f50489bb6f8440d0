"""The messages about alerts: what has begun, what has ended, and a test."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from affiliate.alerts.messages import Event, Link, Message, Section
from affiliate.database.alert_states import AlertState
from affiliate.domain.times import format_utc

STARTED = "alert.started"
ENDED = "alert.ended"

FindLinks = Callable[[str], tuple[Link, ...]]
"""A function that returns the links below the alert of a name."""


def build_message(
    started: Sequence[AlertState], ended: Sequence[AlertState], find_links: FindLinks
) -> Message:
    """Return one message about all alerts that have begun or ended since the last message."""
    sections = [_describe_start(state, find_links(state.name)) for state in started]
    sections += [_describe_end(state) for state in ended]
    events = [_build_event(STARTED, state) for state in started]
    events += [_build_event(ENDED, state) for state in ended]
    first = started[0].title if started else f"Over: {ended[0].title}"
    others = len(sections) - 1
    subject = f"{first.rstrip('.')} (and {others} more)" if others else first.rstrip(".")
    return Message(subject, tuple(sections), tuple(events))


def build_test_message(now: datetime) -> Message:
    """Return a message that says that messages arrive."""
    text = "This is a test. Alerts and the weekly digest of this site reach you this way."
    event_id = f"test-{int(now.timestamp())}"
    event = Event(event_id, "alert.test", now, {"title": text})
    return Message("A test of your alerts", (Section("", (text,)),), (event,))


def _describe_start(state: AlertState, links: tuple[Link, ...]) -> Section:
    since = f"Since {state.since:%Y-%m-%d %H:%M} UTC. You are told again when it is over."
    command = f"To silence this alert: flask alerts silence {state.name} --days 7"
    return Section(state.title, (since, state.advice, command), links=links)


def _describe_end(state: AlertState) -> Section:
    ended = state.ended_at or state.since
    times = f"It lasted from {state.since:%Y-%m-%d %H:%M} to {ended:%Y-%m-%d %H:%M} UTC."
    return Section(f"Over: {state.title}", (times,))


def _build_event(kind: str, state: AlertState) -> Event:
    """Return the event of a beginning or an end, whose id is the same in every process.

    Receivers drop events whose id they know: an alert that is told again after a silence has a new
    id.
    """
    silence = f" {state.silenced_until.isoformat()}" if state.silenced_until else ""
    digest = hashlib.sha256(f"{kind} {state.name} {state.since.isoformat()}{silence}".encode())
    data: dict[str, object] = {
        "name": state.name,
        "title": state.title,
        "advice": state.advice,
        "since": format_utc(state.since.replace(tzinfo=UTC)),
    }
    at = state.since
    if kind == ENDED:
        at = state.ended_at or state.since
        data["ended"] = format_utc(at.replace(tzinfo=UTC))
    return Event(f"msg_{digest.hexdigest()[:32]}", kind, at.replace(tzinfo=UTC), data)


def build_outage_message(error: str, now: datetime) -> Message:
    """Return a message about the ledger's database, whose rows can't be used; its end if empty."""
    title = "The database of clicks and searches is out of reach."
    if not error:
        title = "The database of clicks and searches is back."
    advice = (
        "The site goes on, and clicks wait in a file on the disk. Look at DATABASE_URL and its"
        " server; flask doctor says more."
    )
    sentences = (error, advice) if error else ()
    data: dict[str, object] = {"name": "ledger", "title": title, "since": format_utc(now)}
    kind = STARTED if error else ENDED
    event = Event(f"msg_{kind}-ledger-{int(now.timestamp())}", kind, now, data)
    return Message(title.rstrip("."), (Section(title, sentences),), (event,))
