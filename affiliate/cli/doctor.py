"""``flask doctor``: faults of this site and possible improvements, in plain words.

Settings are read before any command runs, and their faults are reported then, all at once.
"""

from typing import Final

import click
from flask.cli import with_appcontext

from affiliate.agencies import AGENCIES
from affiliate.checks.findings import FAULT, WARN, Finding
from affiliate.checks.suite import iter_findings
from affiliate.cli import options, outputs
from affiliate.services import current_services

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
