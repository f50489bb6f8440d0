"""``flask doctor``: what is wrong with this site, in plain words, and what might be better.

Settings are read before any command runs; what is wrong with them is said then, all at once.
"""

from collections.abc import Iterator
from functools import partial
from typing import Final

import click
from flask.cli import with_appcontext

from affiliate.agencies import AGENCIES
from affiliate.cli import agency_checks, options, outputs, service_checks, site_checks
from affiliate.cli.agencies import needs
from affiliate.cli.findings import FAULT, WARN, Check, Finding, looked
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.services import Services, current_services

WARNED: Final = 1
"""The status with --strict where nothing is worse than a warning."""
FAILED: Final = 2


@click.command(cls=outputs.Command)
@click.option(
    "--live",
    is_flag=True,
    help="Search each agency too and look at what comes back; for a daily run.",
)
@click.option("--agency", type=click.Choice(tuple(AGENCIES)), help="Only this agency.")
@click.option("--strict", is_flag=True, help="End with status 1 on warnings.")
@options.as_json
@with_appcontext
def doctor(*, live: bool, agency: str | None, strict: bool, as_json: bool) -> None:
    """Check settings, agencies, links, account, disk, cache and ledger.

    The exit status is 2 if anything is at fault; with --strict it is 1 if there are warnings.
    """
    found: list[Finding] = []
    for one in findings(current_services(), live=live, agency=agency):
        found.append(one)
        if not as_json:
            click.echo(f"{one.state:6}{one.about}: {one.words}")
    if as_json:
        outputs.show_json([one._asdict() for one in found])
    states = {one.state for one in found}
    if FAULT in states:
        raise SystemExit(FAILED)
    if strict and WARN in states:
        raise SystemExit(WARNED)


def findings(
    services: Services, *, live: bool = False, agency: str | None = None
) -> Iterator[Finding]:
    """Yield everything that is found, one after the other, whatever part of the site is down."""
    checks = (
        _checks(services, live=live) if agency is None else _agency(services, agency, live=live)
    )
    for check in checks:
        yield from looked(check)


def _checks(services: Services, *, live: bool) -> Iterator[Check]:
    yield Check("program", partial(site_checks.program, services))
    yield Check("settings", partial(site_checks.settings, services))
    for name in [one.agency.name for one in services.search.configured]:
        yield from _agency(services, name, live=live)
    yield Check("account", partial(site_checks.account, services))
    yield Check("SITE_URL", partial(site_checks.address, services))
    if live:
        transport = current_services().transport
        yield Check("SITE_URL", partial(site_checks.answers, services, transport))
    yield Check("DATA_DIR", partial(service_checks.folder, services))
    yield Check("clicks", partial(service_checks.clicks, services.ledger))
    yield Check("retention", partial(service_checks.retention, services))
    yield Check("backup", partial(service_checks.backup, services))
    yield Check("ledger", partial(service_checks.tables, services.ledger))
    yield Check("cache", partial(service_checks.cache, services))
    yield Check("ledger", partial(service_checks.ledger, services))


def _agency(services: Services, name: str, *, live: bool) -> Iterator[Check]:
    transport = current_services().transport
    on = [one for one in services.search.configured if one.agency.name == name]
    for one in on:
        look = partial(agency_checks.findings, one, services.search, transport, live=live)
        yield Check(name, look)
        if live and name in SELLERS:
            yield Check(name, partial(site_checks.seller, services, name))
    if not on:
        words = f"not set up; it needs {needs(AGENCIES[name])}"
        yield Check(name, lambda: iter([Finding(FAULT, name, words)]))
