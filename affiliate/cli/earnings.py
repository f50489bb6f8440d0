"""``flask earnings``: what affiliate networks report of sales, imported and summed up."""

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from flask.cli import with_appcontext

from affiliate.cli import options, outputs, tables
from affiliate.cli.context import cli_errors
from affiliate.cli.report_options import (
    Currency,
    Network,
    ReportOptions,
    Zone,
    build_form,
    has_other_ids,
    remember_mapping,
)
from affiliate.database.earnings import GROUPS, Earnings
from affiliate.database.failed_fetches import FailedFetches
from affiliate.database.report_joins import ReportJoins, count_report_joins
from affiliate.database.report_mappings import ReportMappings
from affiliate.database.report_writes import ImportCounts
from affiliate.domain.actions import MONEY_UNITS, STATES
from affiliate.domain.rates import ConvertedSums, convert_sums
from affiliate.earnings import impact, partnerize, reports
from affiliate.earnings.apis import SETTINGS, open_apis
from affiliate.earnings.network_agencies import find_agencies
from affiliate.earnings.tables import MAX_BYTES
from affiliate.errors import AgencyError, ReportError
from affiliate.services import current_services

DEFAULT_DAYS: Final = 365
"""Days back that sales are fetched: networks change amounts for months."""
MAX_DAYS: Final = 3 * 365
"""Days back that impact.com answers for; Partnerize documents no limit."""
MIN_UNJOINED: Final = 5
"""Sales without a click that are no chance: a few may come by links that carry nothing."""
AHEAD: Final = timedelta(days=1)
"""Time by which sales may be later than now: the account's zone may be ahead of the named one."""
NUMBER_COLUMNS: Final = frozenset({"sales", "payout"})


@click.group("earnings", cls=outputs.Group)
def group() -> None:
    """Import what affiliate networks report of sales, and sum up the payouts."""


@group.command("import")
@click.argument(
    "report",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
)
@click.option(
    "--network",
    type=Network(),
    default=impact.NETWORK,
    show_default=True,
    help="Network of the report: one whose form is known, or a name of your own.",
)
@click.option(
    "--column",
    "columns",
    metavar="FIELD=HEAD",
    multiple=True,
    help="Column of a field, by its head; remembered for a network whose form is unknown.",
)
@click.option(
    "--state",
    "states",
    metavar="WORD=STATE",
    multiple=True,
    help="Meaning of a word in the column of status: pending, approved or reversed; a STATE alone"
    " is that of all rows without a word. Remembered likewise.",
)
@click.option("--currency", type=Currency(), help="Currency of a report that names none.")
@click.option(
    "--time-zone",
    "zone",
    type=Zone(),
    help="Time zone of times without an offset: that of your account at the network.  [UTC]",
)
@click.option(
    "--date-format",
    metavar="FORMAT",
    help="Form of times, such as %d.%m.%Y or '%m/%d/%Y %H:%M', in a report that has not that of"
    " ISO 8601; remembered likewise.",
)
@click.option(
    "--as-of",
    type=options.Day(),
    metavar="DAY",
    help="Day on which the report was made.  [the file's time]",
)
@options.as_json
@with_appcontext
def import_report(*, report: Path, as_of: datetime | None, as_json: bool, **texts: Any) -> None:  # noqa: ANN401 - the fields of `ReportOptions`
    """Import a report of sales: a CSV file, as downloaded from impact.com or any other network.

    Name the columns of another network once: --network NAME --column payout=HEAD and others of
    sale-id, sale-date, status, currency, sale-amount, click-time, click-id, site, words, picture,
    program, item. The next import of that network needs no option.

    Import a report as often as you like: a sale counts once, with the state and the amounts of the
    newest report. Amounts change until a network has paid, so let each report go back a year. A
    file with a fault is not imported at all.
    """
    file = report.stat()
    if file.st_size > MAX_BYTES:
        raise click.ClickException(f"{report.name} is larger than {MAX_BYTES // 1024**2} MB.")
    made_at = as_of.replace(tzinfo=UTC) if as_of else datetime.fromtimestamp(file.st_mtime, UTC)
    now = datetime.now(UTC)
    made_at = min(made_at, now)  # no later report would count
    report_options = ReportOptions(**texts)
    network = report_options.network
    warnings: list[str] = []
    ledger = current_services().ledger
    mappings = ReportMappings(ledger)
    with cli_errors():
        earnings = Earnings(ledger)
        form, mapping = build_form(report_options, mappings, current_services().config)
        form = msgspec.structs.replace(form, latest=now + AHEAD)
        if mapping and has_other_ids(network, mapping, mappings) and earnings.has_sales(network):
            raise click.ClickException(
                f"{report.name} was not imported: with these options the sales of {network} that"
                " were imported before would count twice. Delete them first by flask earnings"
                f" forget {network}, then import all its reports."
            )
        try:
            with report.open("rb") as stream:  # a pipe has no size
                data = stream.read(MAX_BYTES + 1)
            actions = reports.read_report(data, form, warnings.append)
        except ReportError as error:
            faults = "\n".join(f"- {fault}" for fault in error.faults)
            if _is_network_assumed():
                faults += f"\nIf the report is not {network}'s, name its network by --network."
            raise click.ClickException(f"{report.name} was not imported:\n{faults}") from None
        agencies = find_agencies(network, current_services().config)
        counts = earnings.record(network, actions, made_at, agencies)
        was_remembered = remember_mapping(network, mapping, mappings)
        warnings += _list_join_warnings(count_report_joins(ledger, network, actions), network)
    for warning in warnings:
        click.echo(warning, err=True)
    if as_json:
        outputs.print_json(counts)
        return
    _show_counts(counts, len(actions), made_at, network)
    if was_remembered:
        click.echo(f"The columns are remembered for {network}.")
    if "sale id" not in form.columns:
        click.echo("As this report has no ids of sales, let each of its kind have whole days.")
    if network == partnerize.NETWORK:
        click.echo(
            "Partnerize's files lack the references of links: sales are joined to clicks by the"
            " time of the click. flask earnings fetch reads the references, too."
        )


def _list_join_warnings(joins: ReportJoins, network: str) -> list[str]:
    """Return a warning for a report whose sales have nothing to do with this site's clicks."""
    if joins.joined or joins.sales < MIN_UNJOINED:
        return []
    sales = _count_sales(joins.sales)
    return [
        (
            f"None of its {sales} since the first click that is kept is joined to a click of this"
            f" site. If the report is of another account, flask earnings forget {network} deletes"
            " all sales of the network; then import your own reports again."
        )
    ]


def _is_network_assumed() -> bool:
    """Return whether the command line names no network."""
    source = click.get_current_context().get_parameter_source("network")
    return source is click.core.ParameterSource.DEFAULT


def _show_counts(counts: ImportCounts, sales: int, as_of: datetime, network: str) -> None:
    click.echo(
        f"Imported {_count_sales(sales)} of {network}, as of {as_of:%Y-%m-%d %H:%M} UTC:"
        f" {counts.new} new, {counts.changed} changed, {counts.unchanged} as before."
    )


@group.command("forget")
@click.argument("network", type=Network())
@click.option("--yes", is_flag=True, help="Don't ask.")
@with_appcontext
def forget(*, network: str, yes: bool) -> None:
    """Delete all imported sales of a network, such as those of a report of the wrong network.

    Columns that were named for its reports stay remembered. Import its reports again afterwards.
    """
    earnings = Earnings(current_services().ledger)
    with cli_errors():
        if not earnings.has_sales(network):
            click.echo(f"No sale of {network} was imported.")
            return
        if not yes:
            click.confirm(f"Delete all sales of {network}?", abort=True)
        earnings.forget(network)
    click.echo(f"The sales of {network} are deleted.")


@group.command("fetch")
@click.option(
    "--network",
    type=click.Choice(list(SETTINGS)),
    help="Fetch from one network alone.  [all with an account in the settings]",
)
@click.option(
    "--days",
    type=click.IntRange(1, MAX_DAYS),
    default=DEFAULT_DAYS,
    show_default=True,
    help="How far back sales are fetched.",
)
@options.as_json
@with_appcontext
def fetch(*, network: str | None, days: int, as_json: bool) -> None:
    """Fetch the sales of the last year from impact.com and Partnerize, with states and amounts.

    Set IMPACT_ACCOUNT_SID and IMPACT_AUTH_TOKEN, or PARTNERIZE_APPLICATION_KEY,
    PARTNERIZE_USER_API_KEY and PARTNERIZE_PUBLISHER_ID, and run the command daily by a scheduler:
    amounts change until the network has paid. Where a network limits calls, the command waits up to
    a quarter of an hour. Where a network fails, its last import stays, the other network is
    fetched, and the status is 1. Without any of these settings nothing is fetched, and the status
    is 0.
    """
    services = current_services()
    apis = open_apis(services.config, services.transport, _wait_aloud)
    if network and network not in apis:
        raise click.ClickException(f"Set {SETTINGS[network]} first.")
    if not apis:  # no failure: platforms' files schedule the command before there is an account
        needed = ", or ".join(SETTINGS.values())
        click.echo(f"Nothing to fetch: to fetch sales, set {needed}.", err=as_json)
    now = datetime.now(UTC)
    earnings, failed = Earnings(services.ledger), FailedFetches(services.ledger)
    counts: dict[str, ImportCounts] = {}
    failures: list[str] = []
    for name in [network] if network else apis:
        try:
            actions = apis[name].fetch_actions(now - timedelta(days=days), now)
        except AgencyError as error:
            failures.append(f"{name} was not fetched: {error.message}")
            with cli_errors():
                failed.record(name, error.message)
            continue
        with cli_errors():
            agencies = find_agencies(name, services.config)
            counts[name] = earnings.record(name, actions, now, agencies)
            failed.forget(name)
        if not as_json:
            _show_counts(counts[name], len(actions), now, name)
    if as_json:
        outputs.print_json({"imported": counts, "failed": failures})
    if failures:
        raise click.ClickException("\n".join(failures))


def _wait_aloud(network: str, seconds: float) -> None:
    """Wait for seconds, and say so apart from the output of ``--json``."""
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    click.echo(
        f"{network} takes no more calls now: waiting {math.ceil(seconds)} s, until"
        f" {until:%H:%M:%S} UTC.",
        err=True,
    )
    time.sleep(seconds)


@group.command("status")
@click.option("--by", metavar="NAMES", default="", help=f"Comma list of {', '.join(GROUPS)}.")
@options.since
@options.until
@options.limit
@options.as_json
@with_appcontext
def show_status(
    *, by: str, since: datetime | None, until: datetime | None, limit: int | None, as_json: bool
) -> None:
    """Sum up payouts by currency and state, by the day of the sale, and show the last imports.

    Pending payouts may be reversed. A day without earnings may be one that the network has not
    reported yet.
    """
    options.check_period(since, until)
    first, last = since.date() if since else None, until.date() if until else None
    earnings = Earnings(current_services().ledger)
    groups = tuple(dict.fromkeys(by.replace(",", " ").split()))
    with cli_errors():
        rows = [dict(row) for row in earnings.sum_payouts(groups, first, last)][:limit]
        joins = earnings.count_joins(first, last)
        sums = earnings.sum_payouts((), first, last)
        imports = earnings.find_last_imports()
    converted = convert_sums(
        ((row["state"], row["currency"], row["payout"]) for row in sums),
        current_services().config.earnings_rates,
    )
    if as_json:
        outputs.print_json(
            {
                "sums": [{**row, "payout": row["payout"] / MONEY_UNITS} for row in rows],
                "converted": converted and _describe_converted(converted),
                "joins": joins,
                "imports": imports,
            }
        )
        return
    if not imports:
        click.echo("No sales have been imported yet: flask earnings import FILE.")
        return
    _show_sums(groups, rows)
    if converted:
        _show_converted(converted)
    click.echo(
        f"Joined to clicks: {joins['exact']} exactly, {joins['estimated']} by estimate,"
        f" {joins['unknown']} not."
    )
    for report in imports:
        click.echo(
            f"{report.network}: {_count_sales(report.sales)} imported"
            f" {report.at:%Y-%m-%d %H:%M} UTC, as of {report.as_of:%Y-%m-%d %H:%M}."
        )


def _count_sales(count: int) -> str:
    return "1 sale" if count == 1 else f"{count:,} sales"


def _describe_converted(converted: ConvertedSums) -> dict[str, Any]:
    """Return converted sums in whole units, for JSON."""
    sums = {state: units / MONEY_UNITS for state, units in converted.sums.items()}
    return {"currency": converted.currency, "sums": sums, "missing": converted.missing}


def _show_converted(converted: ConvertedSums) -> None:
    known = [state for state in STATES if state in converted.sums]
    parts = [f"{converted.sums[state] / MONEY_UNITS:,.2f} {state}" for state in known]
    without = ", ".join(converted.missing)
    click.echo(
        f"In {converted.currency}: {', '.join(parts) or 'nothing'}"
        f"{f', without {without}, which EARNINGS_RATES lacks' if without else ''}."
    )


def _show_sums(groups: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    heads = [*groups, "currency", "state", "sales", "payout"]
    shown = [{**row, "payout": f"{row['payout'] / MONEY_UNITS:,.2f}"} for row in rows]
    tables.show(heads, [[row[name] for name in heads] for row in shown], NUMBER_COLUMNS)
