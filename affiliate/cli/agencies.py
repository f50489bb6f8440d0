"""``flask agency``: list the agencies, and switch an agency off or on without a deploy."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from affiliate.agencies import AGENCIES, Agency
from affiliate.agencies.requirements import describe_needed_settings
from affiliate.cli import options, outputs, tables
from affiliate.cli.context import cli_errors
from affiliate.database.agency_switches import AgencySwitches
from affiliate.errors import AgencyError
from affiliate.search.switching import SWITCH_DELAY_SECONDS, switch_off, switch_on
from affiliate.services import current_services

group = outputs.Group("agency", help="The agencies that can be searched.")


@group.command("list")
@click.option(
    "--size", is_flag=True, help="Ask the agencies that are on for the number of their pictures."
)
@click.option(
    "--long", is_flag=True, help="Show everything known of each agency, over several lines."
)
@options.as_json
def list_(*, size: bool, long: bool, as_json: bool) -> None:
    """Show every agency with its state, protocol, filters and affiliate network."""
    with cli_errors():
        descriptions = [_describe(kind, size=size) for kind in AGENCIES.values()]
    if as_json:
        outputs.print_json(descriptions)
    elif long:
        for description in descriptions:
            click.echo(f"{description['agency']}: {_format_state(description)}")
            tables.show_facts(_iter_facts(description))
    else:
        headers = (
            "agency",
            "state",
            *(("pictures",) if size else ()),
            "speaks",
            "filters",
            "links",
        )
        rows = [
            [_format_cell(description, header) for header in headers]
            for description in descriptions
        ]
        tables.show(headers, rows, {"pictures", "filters"}, {"agency", "state", "links"})


@group.command()
@click.argument("name", type=click.Choice(tuple(AGENCIES)), metavar="NAME")
def off(name: str) -> None:
    """Stop searching an agency until the agency is switched on again."""
    with cli_errors():
        names_left = switch_off(name, _get_switches(), current_services().registry)
    click.echo(f"{name} is off; every page shows that within {SWITCH_DELAY_SECONDS:.0f} s.")
    if not names_left:
        click.echo("No agency is on now, so visitors find nothing.", err=True)


@group.command()
@click.argument("name", type=click.Choice(tuple(AGENCIES)), metavar="NAME")
def on(name: str) -> None:
    """Search an agency again, also if the agency was suspended after failures.

    The exit status is 1 if the agency is not set up.
    """
    services = current_services()
    with cli_errors():
        switch_on(name, services.switches, services.registry, services.gateway)
    if services.registry.find(name) is None:
        needed_settings = describe_needed_settings(AGENCIES[name])
        message = f"{name} is not set up, so nobody searches it; it needs {needed_settings}."
        raise click.ClickException(f"{message} It is not switched off.")
    click.echo(f"{name} is on; every page shows that within {SWITCH_DELAY_SECONDS:.0f} s.")


def _describe(kind: type[Agency], *, size: bool) -> dict[str, Any]:
    """Return all that is known of an agency; ``size`` asks the agency to count its pictures."""
    switched_off = _get_switches().read_off_agencies()
    weights = {
        enabled.agency.name: enabled.weight for enabled in current_services().registry.configured
    }
    state = "on" if kind.name in weights else "not set up"
    pictures = {"pictures": _count_pictures(kind.name, switched_off)} if size else {}
    return {
        "agency": kind.name,
        "title": kind.title,
        "state": "off" if kind.name in switched_off else state,
        "weight": weights.get(kind.name),
        "needs": "" if kind.name in weights else describe_needed_settings(kind),
        **pictures,
        "speaks": kind.protocol,
        "can": list(_list_abilities(kind)),
        "filters": sorted(kind.image_filters),
        "roughly": list(_iter_approximations(kind)),
        "links": kind.network or "none",
        "sure": kind.source_quality,
        "experimental": kind.experimental,
    }


def _format_state(description: Mapping[str, Any]) -> str:
    """Return an agency's state, with the weight of an agency that is on."""
    state = str(description["state"])
    return f"on, weight {description['weight']}" if state == "on" else state


def _format_cell(description: Mapping[str, Any], header: str) -> object:
    """Return a cell of the table: the number of filters, the state in words, or the value."""
    if header == "filters":
        return len(description["filters"])
    return _format_state(description) if header == "state" else description[header]


def _iter_facts(description: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of the lines about an agency."""
    yield "needs", description["needs"]
    yield "pictures", str(description.get("pictures", ""))
    yield "speaks", description["speaks"]
    yield "can", ", ".join(description["can"])
    yield "filters", ", ".join(description["filters"])
    yield "roughly", ", ".join(description["roughly"])
    yield "links", description["links"]
    yield "sure", description["sure"] + ("; experimental" if description["experimental"] else "")


def _count_pictures(name: str, switched_off: frozenset[str]) -> str:
    """Return the size of an agency's collection, where the agency is on and a call tells it."""
    if name in switched_off or not current_services().registry.find(name):
        return "-"
    try:
        count = current_services().lookups.count_pictures(name)
    except AgencyError as error:
        return f"? ({error.kind})"
    return "not said" if count is None else f"{count:,}"


def _list_abilities(kind: type[Agency]) -> Iterator[str]:
    """Return the names of an agency's abilities beside searching pictures."""
    abilities = {
        "footage": bool(kind.video_filters),
        "details": kind.fetch_details is not Agency.fetch_details,
        "similar": kind.has_similar,
        "suggestions": kind.has_suggestions,
        "categories": kind.has_categories,
        "popularity": "popular" in (kind.image_filters.get("sort") or ()),
    }
    return (name for name, is_able in abilities.items() if is_able)


def _iter_approximations(kind: type[Agency]) -> Iterator[str]:
    """Yield the filters, or values of filters, that an agency only approximates."""
    for name, values in kind.approximate_filters.items():
        yield name if values is None else f"{name} {'/'.join(values)}"
    if kind.is_approximate("sort", "popular"):
        yield "sort popular"


def _get_switches() -> AgencySwitches:
    """Return the owner's switches of agencies."""
    switches: AgencySwitches = current_services().switches
    return switches
