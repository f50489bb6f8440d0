"""``flask show`` and ``flask contributor``: what an agency says of pictures and who made them."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import click
from flask.cli import with_appcontext

from affiliate.cli import options, outputs
from affiliate.cli.context import cli_errors
from affiliate.domain.media import Contributor, Media, Size
from affiliate.services import current_services

ids_argument = click.argument("ids", nargs=-1, required=True, metavar="ID...")
agency_option = click.option("--agency", metavar="NAME", help="Whose.  [default: the first]")
json_option = click.option("--json", "as_json", is_flag=True, help="All that is known, as JSON.")

Fact = tuple[str, str]


@click.command(cls=outputs.Command)
@ids_argument
@options.video
@agency_option
@json_option
@with_appcontext
def show(ids: Sequence[str], agency: str | None, *, video: bool, as_json: bool) -> None:
    """Show images or videos as the agency has them now.

    What it costs in calls counts on the hour's quota.
    """
    wanted = tuple(dict.fromkeys(ids))
    with cli_errors():
        found = current_services().search.several(
            _named(agency), wanted, "video" if video else "image"
        )
    if as_json:
        outputs.show_json(found)
    else:
        for one in found:
            _print(one.id, one.title, _facts(one))
    _say_missing(wanted, [one.id for one in found])


@click.command(cls=outputs.Command)
@ids_argument
@agency_option
@json_option
@with_appcontext
def contributor(ids: Sequence[str], agency: str | None, *, as_json: bool) -> None:
    """Show who made pictures, and where their works are found on this site."""
    wanted = tuple(dict.fromkeys(ids))
    with cli_errors():
        found = current_services().search.contributors(_named(agency), wanted)
    if as_json:
        outputs.show_json(found)
    else:
        for one in found:
            _print(one.id, one.name, _profile(one))
    _say_missing(wanted, [one.id for one in found])


def _named(agency: str | None) -> str:
    """The agency that is asked: the one that was named, or the first that is on."""
    names = [one.agency.name for one in current_services().search.enabled]
    if agency and agency not in names:
        raise click.BadParameter(f"Use one of: {', '.join(names)}.", param_hint="--agency")
    return agency or names[0]


def _facts(one: Media) -> Iterator[Fact]:
    yield "contributor", one.contributor or ""
    yield "credit", one.attribution or ""
    yield "type", one.type or one.media
    yield "duration", f"{one.duration:g} s" if one.duration else ""
    yield "use", "editorial only" if one.editorial else ""
    yield "releases", " and ".join(_releases(one))
    yield "sizes", "; ".join(map(_size, one.sizes))
    yield "categories", ", ".join(one.categories)
    yield "keywords", ", ".join(one.keywords)
    yield "link", one.link


def _releases(one: Media) -> Iterator[str]:
    if one.released:
        yield "model"
    if one.property_released:
        yield "property"


def _size(one: Size) -> str:
    weight = f"{one.bytes / 1e6:.1f} MB" if one.bytes else ""
    return " ".join(filter(None, (one.name, f"{one.width}x{one.height}", one.format, weight)))


def _profile(one: Contributor) -> Iterator[Fact]:
    yield "about", one.about
    yield "portfolio", one.page_url or ""
    asked = urlencode({"contributor": one.id, "agency": one.agency})
    yield "works", f"{current_services().config.site_url or ''}/search?{asked}"


def _print(number: str, name: str, facts: Iterator[Fact]) -> None:
    click.echo(f"{number}  {name}".rstrip())
    for label, text in facts:
        if text:
            click.echo(f"  {label:12}{text}")


def _say_missing(wanted: Sequence[str], found: Sequence[str]) -> None:
    """Name what the agency does not have; the command has failed then."""
    missing = [one for one in wanted if one not in found]
    if missing:
        raise click.ClickException(f"Not found: {', '.join(missing)}.")
