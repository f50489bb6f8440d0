"""The watch over a site: finds troubles, and tells each once, and its end once.

A check holds the lease of the ledger's database, so that of all processes and commands one tells.
Troubles are told first and remembered afterwards: a process that is killed in between has told
what the next check tells again (at least once). Events for webhooks keep their id.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from affiliate.alerts.alert_messages import build_message, build_test_message
from affiliate.alerts.channels import Channel, build_channels
from affiliate.alerts.digest import MAX_DELAY, build_digest, find_sending_time
from affiliate.alerts.messages import Link, Message
from affiliate.alerts.silence_links import build_silence_url
from affiliate.alerts.troubles import find_troubles
from affiliate.alerts.week_figures import find_week
from affiliate.database.alert_states import AlertState, AlertStates
from affiliate.database.local_time import find_local_day
from affiliate.errors import AgencyError, MailFailed, describe_error
from affiliate.services import Services

log = logging.getLogger(__name__)


class Failure(NamedTuple):
    """A channel that has not taken a message, and why."""

    channel: str
    reason: str


class AlertWatch:
    """The watch of a process, which tells by ``channels``, by default those of the settings."""

    def __init__(self, services: Services, channels: Sequence[Channel] | None = None) -> None:
        self._services = services
        self.channels = (
            build_channels(services.config, services.transport) if channels is None else channels
        )
        self.states = AlertStates(services.ledger)

    def check(self, every: timedelta = timedelta()) -> list[Failure] | None:
        """Find troubles and tell what has begun or ended; return the channels that failed.

        Return None where another process is checking, or has checked within ``every``.

        Raises:
            LedgerError: the states can't be read or written.
        """
        turn = self.states.take_turn(every)
        if turn is None:
            return None
        try:
            troubles, unknown = find_troubles(self._services, self.states.now())
            self.states.record(troubles, unknown)
            return [*self._iter_failures(), *self._iter_digest_failures()]
        finally:
            self.states.end_turn(turn)

    def send_test(self) -> Iterator[tuple[str, Failure | None]]:
        """Send a test by each channel; yield the channel's name and its failure, if any."""
        message = build_test_message(datetime.now(UTC))
        for channel in self.channels:
            yield channel.name, try_to_send(channel, message)

    def _iter_failures(self) -> Iterator[Failure]:
        """Tell each channel the news that the channel lacks; yield the failures."""
        for channel in self.channels:
            now, states = self.states.now(), self.states.list_all()
            started = [state for state in states if _is_to_tell(state, channel.name, now)]
            over = [state for state in states if state.ended_at and channel.name in state.told_to]
            ended = [state for state in over if not state.is_silenced(now)]
            if not (started or over):
                continue
            message = build_message(started, ended, self._find_links) if started or ended else None
            if message and (failure := try_to_send(channel, message)):
                yield failure
                continue
            self.states.mark_told([state.name for state in started], channel.name)
            self.states.mark_told([state.name for state in over], channel.name, ended=True)

    def _iter_digest_failures(self) -> Iterator[Failure]:
        """Send the weekly digest when due; yield failures, after which the digest stays due."""
        now, last = self.states.now(), self.states.read_digest()
        zone = self._services.config.site_timezone
        due, sent_at = find_sending_time(now, zone), last.told_at or now
        week = f"{find_week(find_local_day(due, zone)).first}"
        is_this_week = last.title == week
        if due <= sent_at <= now or (is_this_week and not last.told_to):
            return
        if sent_at > now or now - due > MAX_DELAY:  # after a clock that was wrong, or a long outage
            self.states.write_digest((), now, week)
            return
        message = build_digest(self._services, now)
        told_to = set(last.told_to) if is_this_week else set()
        for channel in self.channels:
            if channel.name in told_to:
                continue
            if failure := try_to_send(channel, message):
                yield failure
            else:
                told_to.add(channel.name)
                self.states.write_digest(told_to, sent_at, week)
        if told_to >= {channel.name for channel in self.channels}:
            self.states.write_digest((), now, week)

    def send_digest(self) -> Iterator[tuple[str, Failure | None]]:
        """Send the digest of the last week by each channel now; yield name and failure, if any."""
        message = build_digest(self._services, self.states.now())
        for channel in self.channels:
            yield channel.name, try_to_send(channel, message)

    def _find_links(self, name: str) -> tuple[Link, ...]:
        """Return the link that silences an alert, where the site has an address and a desk."""
        config = self._services.config
        if not config.site_url or not config.owner_password:
            return ()
        url = build_silence_url(config.site_url, self._services.site_key, name)
        return (Link("Silence it", url), Link("All alerts", f"{config.site_url}/owner/alerts"))


def try_to_send(channel: Channel, message: Message) -> Failure | None:
    """Send a message by a channel; return the failure, which is logged, if any."""
    try:
        channel.send(message)
    except (MailFailed, AgencyError) as error:
        reason = describe_error(error)
        log.warning("the owner can't be told by %s: %s", channel.name, reason)
        return Failure(channel.name, reason)
    except Exception as error:  # the other channels must still be told, and the thread go on
        log.exception("the owner can't be told by %s", channel.name)
        return Failure(channel.name, f"It failed unexpectedly ({type(error).__name__}).")
    return None


def _is_to_tell(state: AlertState, channel: str, now: datetime) -> bool:
    """Return whether a channel is to be told of an alert that lasts."""
    return state.is_due(now) and channel not in state.told_to and not state.is_silenced(now)
