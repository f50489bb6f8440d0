"""``flask doctor``: faults of this site and possible improvements, in plain words.

Settings are read before any command runs, and their faults are reported then, all at once.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

import click
from flask.cli import with_appcontext

from affiliate.agencies import AGENCIES
from affiliate.cli import agency_checks, options, outputs, service_checks, site_checks
from affiliate.cli.agencies import describe_needed_settings
from affiliate.cli.findings import FAULT, WARN, Check, Finding, run_check
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.services import Services, current_services

WARN_STATUS: Final = 1
"""The exit status with --strict where nothing is worse than a warning."""
FAULT_STATUS: Final = 2


@click.command(cls=outputs.Command)
@click.option(
    "--live",
    is_flag=True,
    help="Also search each agency and check the result; for a daily run.",
)
@click.option("--agency", type=click.Choice(tuple(AGENCIES)), help="Check only this agency.")
@click.option("--strict", is_flag=True, help="Exit with status 1 on warnings.")
@options.as_json
@with_appcontext
def doctor(*, live: bool, agency: str | None, strict: bool, as_json: bool) -> None:
    """Check settings, agencies, links, account, disk, cache and ledger.

    The exit status is 2 if there is a fault; with --strict, warnings alone give 1.
    """
    findings: list[Finding] = []
    for finding in iter_findings(current_services(), live=live, agency=agency):
        findings.append(finding)
        if not as_json:
            click.echo(f"{finding.state:6}{finding.about}: {finding.words}")
    if as_json:
        outputs.print_json([finding._asdict() for finding in findings])
    states = {finding.state for finding in findings}
    if FAULT in states:
        raise SystemExit(FAULT_STATUS)
    if strict and WARN in states:
        raise SystemExit(WARN_STATUS)


def iter_findings(
    services: Services, *, live: bool = False, agency: str | None = None
) -> Iterator[Finding]:
    """Yield the findings of all checks, or of one agency's, whatever part of the site is down."""
    checks = (
        _iter_checks(services, live=live)
        if agency is None
        else _iter_agency_checks(services, agency, live=live)
    )
    for check in checks:
        yield from run_check(check)


def _iter_checks(services: Services, *, live: bool) -> Iterator[Check]:
    yield Check("program", partial(site_checks.check_program, services))
    yield Check("settings", partial(site_checks.check_settings, services))
    for name in services.registry.names:
        yield from _iter_agency_checks(services, name, live=live)
    yield Check("account", partial(site_checks.check_account, services))
    yield Check("SITE_URL", partial(site_checks.check_address, services))
    if live:
        transport = current_services().transport
        yield Check("SITE_URL", partial(site_checks.check_reachability, services, transport))
    yield Check("DATA_DIR", partial(service_checks.check_folder, services))
    yield Check("clicks", partial(service_checks.check_clicks, services.ledger))
    yield Check("retention", partial(service_checks.check_retention, services))
    yield Check("backup", partial(service_checks.check_backup, services))
    yield Check("ledger", partial(service_checks.check_tables, services.ledger))
    yield Check("cache", partial(service_checks.check_cache, services))
    yield Check("ledger", partial(service_checks.check_ledger, services))


def _iter_agency_checks(services: Services, name: str, *, live: bool) -> Iterator[Check]:
    if source := services.registry.find(name):
        yield Check(name, partial(agency_checks.check_agency, source, services, live=live))
        if live and name in SELLERS:
            yield Check(name, partial(site_checks.check_seller, services, name))
    else:
        words = f"not set up; it needs {describe_needed_settings(AGENCIES[name])}"
        yield Check(name, lambda: iter([Finding(FAULT, name, words)]))
