"""``flask show`` and ``flask contributor``: an agency's details of pictures and contributors."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import click
from flask.cli import with_appcontext

from affiliate.cli import options, outputs
from affiliate.cli.context import cli_errors
from affiliate.domain.media import Contributor, Media, Size
from affiliate.services import current_services

ids_argument = click.argument("ids", nargs=-1, required=True, metavar="ID...")
agency_option = click.option(
    "--agency", metavar="NAME", help="The agency to ask.  [default: the first]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print all details as JSON.")

Fact = tuple[str, str]


@click.command(cls=outputs.Command)
@ids_argument
@options.video
@agency_option
@json_option
@with_appcontext
def show(ids: Sequence[str], agency: str | None, *, video: bool, as_json: bool) -> None:
    """Show the agency's current details of images or videos.

    The calls count toward the hourly quota.
    """
    media_ids = tuple(dict.fromkeys(ids))
    with cli_errors():
        media = current_services().lookups.fetch_media(
            _choose_agency(agency), media_ids, "video" if video else "image"
        )
    if as_json:
        outputs.print_json(media)
    else:
        for item in media:
            _print_facts(item.id, item.title, _iter_facts(item))
    _report_missing(media_ids, [item.id for item in media])


@click.command(cls=outputs.Command)
@ids_argument
@agency_option
@json_option
@with_appcontext
def contributor(ids: Sequence[str], agency: str | None, *, as_json: bool) -> None:
    """Show contributors, and the address of their works on this site."""
    contributor_ids = tuple(dict.fromkeys(ids))
    with cli_errors():
        contributors = current_services().lookups.fetch_contributors(
            _choose_agency(agency), contributor_ids
        )
    if as_json:
        outputs.print_json(contributors)
    else:
        for person in contributors:
            _print_facts(person.id, person.name, _iter_profile_facts(person))
    _report_missing(contributor_ids, [person.id for person in contributors])


def _choose_agency(agency: str | None) -> str:
    """Return the named agency, or the first that is on.

    Raises:
        BadParameter: the named agency is not on.
    """
    names = [enabled.agency.name for enabled in current_services().registry.enabled]
    if agency and agency not in names:
        raise click.BadParameter(f"Use one of: {', '.join(names)}.", param_hint="--agency")
    return agency or names[0]


def _iter_facts(media: Media) -> Iterator[Fact]:
    """Yield the lines about an image or video, some of them without text."""
    yield "contributor", media.contributor or ""
    yield "credit", media.attribution or ""
    yield "type", media.type or media.media
    yield "duration", f"{media.duration:g} s" if media.duration else ""
    yield "use", "editorial only" if media.editorial else ""
    yield "releases", " and ".join(_iter_releases(media))
    yield "sizes", "; ".join(map(_format_size, media.sizes))
    yield "categories", ", ".join(media.categories)
    yield "keywords", ", ".join(media.keywords)
    yield "link", media.link


def _iter_releases(media: Media) -> Iterator[str]:
    """Yield the kinds of releases of an image or video."""
    if media.released:
        yield "model"
    if media.property_released:
        yield "property"


def _format_size(size: Size) -> str:
    """Return a size in words."""
    weight = f"{size.bytes / 1e6:.1f} MB" if size.bytes else ""
    return " ".join(filter(None, (size.name, f"{size.width}x{size.height}", size.format, weight)))


def _iter_profile_facts(contributor: Contributor) -> Iterator[Fact]:
    """Yield the lines about a contributor, some of them without text."""
    yield "about", contributor.about
    yield "portfolio", contributor.page_url or ""
    query = urlencode({"contributor": contributor.id, "agency": contributor.agency})
    yield "works", f"{current_services().config.site_url or ''}/search?{query}"


def _print_facts(number: str, name: str, facts: Iterator[Fact]) -> None:
    """Print an id and a name, then the facts that have text."""
    click.echo(f"{number}  {name}".rstrip())
    for label, text in facts:
        if text:
            click.echo(f"  {label:12}{text}")


def _report_missing(wanted_ids: Sequence[str], found_ids: Sequence[str]) -> None:
    """Fail if the agency did not have some of the ids.

    Raises:
        ClickException: names the missing ids.
    """
    missing_ids = [wanted_id for wanted_id in wanted_ids if wanted_id not in found_ids]
    if missing_ids:
        raise click.ClickException(f"Not found: {', '.join(missing_ids)}.")
