"""``flask agency``: which agencies there are, and switching one off or on without a deploy."""

from collections.abc import Iterator
from typing import Final

import click
from flask import current_app
from flask.cli import AppGroup

from affiliate.agencies import AGENCIES, Agency
from affiliate.commands.told import told
from affiliate.config import prefix
from affiliate.errors import AgencyError
from affiliate.page import Site
from affiliate.responses import KEEP_SECONDS
from affiliate.switches import LOOK_SECONDS, Switches

KNOWN_SECONDS: Final = LOOK_SECONDS + KEEP_SECONDS
"""How old a page may be when a process looks, and what it remembers of it."""

group = AppGroup("agency", help="The agencies that can be searched.")


@group.command("list")
@click.option("--size", is_flag=True, help="Ask those that are on how many pictures they have.")
def list_(*, size: bool) -> None:
    """Show every agency: whether it is on, how it speaks, what it can, how sure that is."""
    names = ("agency", "state", *(("pictures",) if size else ()))
    with told():
        rows = [(*names, "speaks", "can", "filters", "roughly", "links", "sure"), *_rows(size=size)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


@group.command()
@click.argument("name", type=click.Choice(tuple(AGENCIES)))
def off(name: str) -> None:
    """Stop searching an agency, now and until it is switched on again."""
    with told():
        _switches().turn(name, off=True)
        left = [one.agency.name for one in _site().search.every]
        left = [one for one in left if one not in _switches().read()]
    click.echo(f"{name} is off; every page knows within {KNOWN_SECONDS:.0f} s.")
    if not left:
        click.echo("No agency is on now, so visitors find nothing.", err=True)


@group.command()
@click.argument("name", type=click.Choice(tuple(AGENCIES)))
def on(name: str) -> None:
    """Search an agency again, at once where it was left alone after failures."""
    search = _site().search
    with told():
        _switches().turn(name, off=False)
        for one in search.every:
            if one.agency.name == name:
                search.ask_again(one)
    if name in {one.agency.name for one in search.every}:
        click.echo(f"{name} is on; every page knows within {KNOWN_SECONDS:.0f} s.")
    else:
        click.echo(f"{name} is not switched off, but not set up either: {needs(AGENCIES[name])}.")


def _rows(*, size: bool) -> Iterator[tuple[str, ...]]:
    off_now = _switches().read()
    weights = {one.agency.name: one.weight for one in _site().search.every}
    for name, kind in AGENCIES.items():
        state = f"on, weight {weights[name]}" if name in weights else f"needs {needs(kind)}"
        yield (
            name,
            "off" if name in off_now else state,
            *((_pictures(name, off_now),) if size else ()),
            kind.wire,
            ", ".join(_abilities(kind)),
            str(len(kind.expresses)),
            ", ".join(_roughly(kind)) or "none",
            kind.network or "none",
            f"{kind.sure}; experimental" if kind.experimental else kind.sure,
        )


def _pictures(name: str, off_now: frozenset[str]) -> str:
    """The size of an agency's collection, where it is on and a call says so."""
    search = _site().search
    if name in off_now or name not in {one.agency.name for one in search.every}:
        return "-"
    try:
        count = search.size(name)
    except AgencyError as error:
        return f"? ({error.kind})"
    return "not said" if count is None else f"{count:,}"


def _abilities(kind: type[Agency]) -> Iterator[str]:
    """What an agency can beside searching pictures."""
    able = {
        "footage": bool(kind.footage),
        "details": kind.details is not Agency.details,
        "similar": kind.has_similar,
        "suggestions": kind.suggests,
        "categories": kind.categorizes,
        "popularity": "popular" in (kind.expresses.get("sort") or ()),
    }
    return (name for name, can in able.items() if can)


def _roughly(kind: type[Agency]) -> Iterator[str]:
    """The filters, or some values of them, that mean only nearly the same there as elsewhere."""
    for name, values in kind.loosely.items():
        yield name if values is None else f"{name} {'/'.join(values)}"
    if kind.is_loose("sort", "popular"):
        yield "sort popular"


def needs(kind: type[Agency]) -> str:
    """The settings without which an agency is not on."""
    sets = (" and ".join(prefix(kind.name) + n for n in names) for names in kind.credentials)
    return ", or ".join(sets) or f"{kind.name} in AGENCIES"


def _site() -> Site:
    site: Site = current_app.extensions["site"]
    return site


def _switches() -> Switches:
    switches: Switches = current_app.extensions["switches"]
    return switches
