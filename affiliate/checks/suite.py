"""All checks of a site, in the order of the report."""

from collections.abc import Iterator
from functools import partial

from affiliate.agencies import AGENCIES
from affiliate.agencies.requirements import describe_needed_settings
from affiliate.checks import agencies, fetches, site, stores
from affiliate.checks.findings import FAULT, Check, Finding, run_check
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.services import Services


def iter_findings(
    services: Services, *, calls: bool = True, live: bool = False, agency: str | None = None
) -> Iterator[Finding]:
    """Yield the findings of all checks, or of one agency's, whatever part of the site is down.

    Without ``calls`` no agency is called, as for checks that nobody has asked for; with ``live``
    each agency also searches.
    """
    checks = (
        _iter_checks(services, calls=calls, live=live)
        if agency is None
        else _iter_agency_checks(services, agency, calls=calls, live=live)
    )
    for check in checks:
        yield from run_check(check)


def _iter_checks(services: Services, *, calls: bool, live: bool) -> Iterator[Check]:
    yield Check("program", partial(site.check_program, services))
    yield Check("settings", partial(site.check_settings, services))
    for name in services.registry.names:
        yield from _iter_agency_checks(services, name, calls=calls, live=live)
    yield Check("account", partial(site.check_account, services, calls=calls))
    yield Check("SITE_URL", partial(site.check_address, services))
    if live:
        yield Check("SITE_URL", partial(site.check_reachability, services, services.transport))
    yield Check("DATA_DIR", partial(stores.check_folder, services))
    yield Check("clicks", partial(stores.check_clicks, services.ledger))
    yield Check("retention", partial(stores.check_retention, services))
    yield Check("earnings", partial(fetches.check_fetches, services))
    yield Check("alerts", partial(site.check_alerts, services))
    yield Check("backup", partial(stores.check_backup, services))
    yield Check("ledger", partial(stores.check_tables, services.ledger))
    yield Check("cache", partial(stores.check_cache, services))
    yield Check("ledger", partial(stores.check_ledger, services))


def _iter_agency_checks(
    services: Services, name: str, *, calls: bool, live: bool
) -> Iterator[Check]:
    if source := services.registry.find(name):
        yield Check(name, partial(agencies.check_agency, source, services, calls=calls, live=live))
        if live and name in SELLERS:
            yield Check(name, partial(site.check_seller, services, name))
    else:
        words = f"not set up; it needs {describe_needed_settings(AGENCIES[name])}"
        yield Check(name, lambda: iter([Finding(FAULT, name, words)]))
