"""``flask agency``: which agencies there are, and switching one off or on without a deploy."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from affiliate.agencies import AGENCIES, Agency
from affiliate.cache.freshness import REPLAY_SECONDS
from affiliate.cli import options, outputs, tables
from affiliate.cli.context import cli_errors
from affiliate.config.settings import setting_prefix
from affiliate.database.agency_switches import LOOK_SECONDS, Switches
from affiliate.errors import AgencyError
from affiliate.services import current_services

KNOWN_SECONDS: Final = LOOK_SECONDS + REPLAY_SECONDS
"""How old a page may be when a process looks, and what it remembers of it."""

group = outputs.Group("agency", help="The agencies that can be searched.")


@group.command("list")
@click.option("--size", is_flag=True, help="Ask those that are on how many pictures they have.")
@click.option("--long", is_flag=True, help="All that is known of each, on lines of its own.")
@options.as_json
def list_(*, size: bool, long: bool, as_json: bool) -> None:
    """Show every agency: whether it is on, how it speaks, what it can, how sure that is."""
    with cli_errors():
        found = [_described(kind, size=size) for kind in AGENCIES.values()]
    if as_json:
        outputs.show_json(found)
    elif long:
        for one in found:
            click.echo(f"{one['agency']}: {_state(one)}")
            tables.show_facts(_facts(one))
    else:
        heads = ("agency", "state", *(("pictures",) if size else ()), "speaks", "filters", "links")
        rows = [[_cell(one, head) for head in heads] for one in found]
        tables.show(heads, rows, {"pictures", "filters"}, {"agency", "state", "links"})


@group.command()
@click.argument("name", type=click.Choice(tuple(AGENCIES)), metavar="NAME")
def off(name: str) -> None:
    """Stop searching an agency, now and until it is switched on again."""
    with cli_errors():
        _switches().turn(name, off=True)
        left = [one.agency.name for one in current_services().search.configured]
        left = [one for one in left if one not in _switches().read()]
    click.echo(f"{name} is off; every page knows within {KNOWN_SECONDS:.0f} s.")
    if not left:
        click.echo("No agency is on now, so visitors find nothing.", err=True)


@group.command()
@click.argument("name", type=click.Choice(tuple(AGENCIES)), metavar="NAME")
def on(name: str) -> None:
    """Search an agency again, at once where it was left alone after failures.

    The exit status is 1 where it is not set up.
    """
    search = current_services().search
    with cli_errors():
        _switches().turn(name, off=False)
        for one in search.configured:
            if one.agency.name == name:
                search.ask_again(one)
    if name not in {one.agency.name for one in search.configured}:
        words = f"{name} is not set up, so nobody searches it; it needs {needs(AGENCIES[name])}."
        raise click.ClickException(f"{words} It is not switched off.")
    click.echo(f"{name} is on; every page knows within {KNOWN_SECONDS:.0f} s.")


def _described(kind: type[Agency], *, size: bool) -> dict[str, Any]:
    """Return all that is known of an agency; with ``size`` it is asked for its pictures."""
    off_now = _switches().read()
    weights = {one.agency.name: one.weight for one in current_services().search.configured}
    state = "on" if kind.name in weights else "not set up"
    pictures = {"pictures": _pictures(kind.name, off_now)} if size else {}
    return {
        "agency": kind.name,
        "title": kind.title,
        "state": "off" if kind.name in off_now else state,
        "weight": weights.get(kind.name),
        "needs": "" if kind.name in weights else needs(kind),
        **pictures,
        "speaks": kind.protocol,
        "can": list(_abilities(kind)),
        "filters": sorted(kind.image_filters),
        "roughly": list(_roughly(kind)),
        "links": kind.network or "none",
        "sure": kind.source_quality,
        "experimental": kind.experimental,
    }


def _state(one: Mapping[str, Any]) -> str:
    return f"on, weight {one['weight']}" if one["state"] == "on" else str(one["state"])


def _cell(one: Mapping[str, Any], head: str) -> object:
    """Return a cell of the table: filters by their number, all else as it is."""
    if head == "filters":
        return len(one["filters"])
    return _state(one) if head == "state" else one[head]


def _facts(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "needs", one["needs"]
    yield "pictures", str(one.get("pictures", ""))
    yield "speaks", one["speaks"]
    yield "can", ", ".join(one["can"])
    yield "filters", ", ".join(one["filters"])
    yield "roughly", ", ".join(one["roughly"])
    yield "links", one["links"]
    yield "sure", one["sure"] + ("; experimental" if one["experimental"] else "")


def _pictures(name: str, off_now: frozenset[str]) -> str:
    """The size of an agency's collection, where it is on and a call says so."""
    search = current_services().search
    if name in off_now or name not in {one.agency.name for one in search.configured}:
        return "-"
    try:
        count = search.size(name)
    except AgencyError as error:
        return f"? ({error.kind})"
    return "not said" if count is None else f"{count:,}"


def _abilities(kind: type[Agency]) -> Iterator[str]:
    """Return what an agency can beside searching pictures."""
    able = {
        "footage": bool(kind.video_filters),
        "details": kind.details is not Agency.details,
        "similar": kind.has_similar,
        "suggestions": kind.suggests,
        "categories": kind.categorizes,
        "popularity": "popular" in (kind.image_filters.get("sort") or ()),
    }
    return (name for name, can in able.items() if can)


def _roughly(kind: type[Agency]) -> Iterator[str]:
    """The filters, or some values of them, that mean only nearly the same there as elsewhere."""
    for name, values in kind.approximate_filters.items():
        yield name if values is None else f"{name} {'/'.join(values)}"
    if kind.is_loose("sort", "popular"):
        yield "sort popular"


def needs(kind: type[Agency]) -> str:
    """The settings without which an agency is not on."""
    sets = (
        " and ".join(setting_prefix(kind.name) + n for n in names) for names in kind.credentials
    )
    return ", or ".join(sets) or f"{kind.name} in AGENCIES"


def _switches() -> Switches:
    switches: Switches = current_services().switches
    return switches
