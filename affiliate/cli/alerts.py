"""``flask alerts``: what is wrong now, told by mail and webhook, and silence for some of it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import click

from affiliate.alerts.channels import build_channels
from affiliate.alerts.digest import build_digest
from affiliate.alerts.messages import format_text
from affiliate.alerts.watch import AlertWatch, Failure
from affiliate.cli import options, outputs, tables
from affiliate.cli.context import cli_errors
from affiliate.database.alert_states import AlertState, AlertStates
from affiliate.services import current_services

MAX_SILENT_DAYS: Final = 3650
"""Days of the longest silence, ten years: longer is for ever."""
NO_CHANNEL: Final = (
    "Nobody would be told: set SMTP_URL and ALERT_TO, or ALERT_WEBHOOK_URL and"
    " ALERT_WEBHOOK_SECRET."
)

group = outputs.Group("alerts", help="Alerts: what is wrong now, told by mail and webhook.")


@group.command()
def check() -> None:
    """Check the site, and tell of alerts that have begun or ended; for a platform's scheduler.

    A running server does the same every ten minutes. The exit status is 1 if a mail or a webhook
    could not be sent; the next check sends it again.
    """
    services = current_services()
    watch = AlertWatch(services)
    if not watch.channels:
        raise click.ClickException(NO_CHANNEL)
    with cli_errors():
        failures = watch.check()
        active = [state for state in watch.states.list_all() if state.ended_at is None]
    if failures is None:
        click.echo("Another process is checking just now.")
        return
    count = "1 alert is active" if len(active) == 1 else f"{len(active)} alerts are active"
    click.echo(f"{count}: flask alerts list." if active else "No alert is active.")
    if failures:
        raise click.ClickException(
            " ".join(f"Not told by {failure.channel}: {failure.reason}" for failure in failures)
        )


@group.command("list")
@options.as_json
def list_alerts(*, as_json: bool) -> None:
    """List the active alerts, and those that ended in the last 30 days."""
    with cli_errors():
        states = AlertStates(current_services().ledger)
        rows, now = states.list_all(), states.now()
    if as_json:
        outputs.print_json([_describe_alert(state, now) for state in rows])
        return
    if not rows:
        click.echo("There is no alert.")
        return
    heads = ["name", "state", "since", "title"]
    shown = [
        {**_describe_alert(state, now), "since": f"{state.since:%Y-%m-%d %H:%M}"} for state in rows
    ]
    tables.show(heads, [[row[name] for name in heads] for row in shown], frozenset())


@group.command()
@click.argument("name")
@click.option(
    "--days",
    type=click.IntRange(0, MAX_SILENT_DAYS),
    default=7,
    show_default=True,
    help="Days of silence; 0 ends the silence.",
)
def silence(name: str, days: int) -> None:
    """Silence the alert NAME for some days; if the alert is active then, you are told again."""
    with cli_errors():
        states = AlertStates(current_services().ledger)
        is_known = states.silence(name, days)
        names = [state.name for state in states.list_all()]
    if not is_known:
        known = f"known are {', '.join(names)}" if names else "none is active"
        raise click.BadParameter(f"There is no such alert; {known}.", param_hint="NAME")
    period = "1 day" if days == 1 else f"{days} days"
    click.echo(f"{name} is silent for {period}." if days else f"{name} is no longer silent.")


@group.command()
def test() -> None:
    """Send a test by mail and webhook; the exit status is 1 if either fails."""
    services = current_services()
    if not build_channels(services.config, services.transport):
        raise click.ClickException(NO_CHANNEL)
    _show_results(AlertWatch(services).send_test())


@group.command()
@click.option("--send", "sends", is_flag=True, help="Send the digest instead of printing it.")
def digest(*, sends: bool) -> None:
    """Print the digest of the last week, Monday to Sunday in the owner's time zone.

    A running server, or alerts check, sends it once on Monday from 8 o'clock on.
    """
    watch = AlertWatch(current_services())
    if sends and not watch.channels:
        raise click.ClickException(NO_CHANNEL)
    with cli_errors():
        if sends:
            _show_results(watch.send_digest())
        else:
            message = build_digest(current_services(), watch.states.now())
            click.echo(format_text(message), nl=False)


def _show_results(results: Iterable[tuple[str, Failure | None]]) -> None:
    """Print the result of each channel; exit with status 1 if any failed."""
    has_failed = False
    for channel, failure in results:
        click.echo(f"{channel}: {failure.reason if failure else 'sent'}")
        has_failed |= failure is not None
    if has_failed:
        raise click.exceptions.Exit(1)


def _describe_alert(state: AlertState, now: datetime) -> dict[str, object]:
    """Return an alert as named values."""
    times = {"since": state.since, "ended": state.ended_at, "silenced_until": state.silenced_until}
    word = "ended" if state.ended_at else "silent" if state.is_silenced(now) else "active"
    return {
        "name": state.name,
        "state": word,
        "title": state.title,
        "advice": state.advice,
        "told_to": sorted(state.told_to),
        **{name: at and at.replace(tzinfo=UTC).isoformat() for name, at in times.items()},
    }
