"""``flask collection``: collections of images and videos, and those that the agency features."""

from collections.abc import Iterable

import click

from affiliate.cli import options, outputs, tables
from affiliate.cli.context import (
    account_of_app,
    cli_errors,
)
from affiliate.licensing.accounts.shutterstock_collections import (
    MEDIA,
    Collection,
    Collections,
)
from affiliate.licensing.oauth.flow import ACCOUNT
from affiliate.services import current_services

group = outputs.Group(
    "collection", help="Collections of images and videos in the connected account."
)

video = click.option(
    "--video", "media", flag_value=MEDIA[1], default=MEDIA[0], help="Videos instead of images."
)
collection = click.argument("collection")
items = click.argument("ids", nargs=-1, required=True)


@group.command("list")
@video
@options.as_json
def list_(media: str, *, as_json: bool) -> None:
    """Show the account's collections."""
    with cli_errors():
        _show(Collections(account_of_app(live=True), media).list_own(), as_json=as_json)


@group.command()
@video
@options.as_json
def featured(media: str, *, as_json: bool) -> None:
    """Show the collections that the agency features, which visitors may see too.

    The application's key is enough: no account needs to be connected.
    """
    with cli_errors():
        featuring = [one for one in current_services().search.enabled if one.agency.collection_size]
        found = [about for one in featuring for about in one.agency.list_collections(media)]
    if as_json:
        outputs.show_json(found)
    elif found:
        rows = [(one.agency, one.id, one.total, one.name) for one in found]
        tables.show(("agency", "id", "items", "name"), rows, {"items"}, {"agency", "id"})
    else:
        click.echo("There is no collection.")


@group.command()
@click.argument("name")
@video
def create(name: str, media: str) -> None:
    """Make a collection and print its id."""
    with cli_errors():
        click.echo(Collections(account_of_app(live=True), media).create(name))


@group.command()
@collection
@click.argument("name")
@video
def rename(collection: str, name: str, media: str) -> None:
    """Give a collection another name."""
    with cli_errors():
        Collections(account_of_app(live=True), media).rename(collection, name)
    click.echo("Renamed.")


@group.command()
@collection
@video
@click.option("--yes", is_flag=True, help="Don't ask.")
def delete(collection: str, media: str, *, yes: bool) -> None:
    """Delete a collection; what is in it stays at the agency."""
    with cli_errors():
        collections = Collections(account_of_app(live=True), media)
        if not yes:
            one = collections.fetch_collection(collection)
            question = f"Delete {one.name!r} with its {one.total_item_count} items?"
            click.confirm(question, abort=True)
        collections.delete(collection)
    click.echo("Deleted.")


@group.command()
@collection
@items
@video
def add(collection: str, ids: tuple[str, ...], media: str) -> None:
    """Put images or videos into a collection, and say which of them are new or unknown.

    The exit status is 1 if the agency knows some of them not.
    """
    with cli_errors():
        new = Collections(account_of_app(live=True), media).add_items(collection, ids)
        unknown = _unknown(ids, media)
    before = len(set(ids) - new)
    were = f" {before} {'was' if before == 1 else 'were'} there before." if before else ""
    click.echo(f"Added {len(new)}.{were}")
    if unknown:
        raise click.ClickException(f"The agency does not know: {', '.join(unknown)}.")


def _unknown(ids: tuple[str, ...], media: str) -> list[str]:
    """Return those of some ids that the agency has no details of; none where it is not on.

    The agency itself takes any id into a collection without a word.
    """
    search = current_services().search
    if ACCOUNT not in {one.agency.name for one in search.enabled}:
        return []
    wanted = tuple(dict.fromkeys(ids))
    known = {one.id for one in search.several(ACCOUNT, wanted, media)}
    return [one for one in wanted if one not in known]


@group.command()
@collection
@items
@video
def remove(collection: str, ids: tuple[str, ...], media: str) -> None:
    """Take images or videos out of a collection."""
    with cli_errors():
        Collections(account_of_app(live=True), media).remove_items(collection, ids)
    click.echo(f"Removed {len(ids)}.")


@group.command()
@collection
@video
@click.option("--featured", is_flag=True, help="It is one that the agency features.")
def show(collection: str, media: str, *, featured: bool) -> None:
    """Show a collection's name, share address and the ids in it."""
    with cli_errors():
        collections = Collections(account_of_app(live=True), media)
        one = collections.fetch_collection(collection, featured=featured)
        click.echo(f"{one.name} ({one.total_item_count})")
        click.echo(one.share_url or "no share address")
        for item in collections.list_items(collection, featured=featured):
            click.echo(f"{item.id}  {item.added_time or ''}".rstrip())


def _show(found: Iterable[Collection], *, as_json: bool) -> None:
    rows = list(found)
    if as_json:
        outputs.show_json(rows)
    elif rows:
        heads = ("id", "items", "name", "address")
        cells = [(one.id, one.total_item_count, one.name, one.share_url or "") for one in rows]
        tables.show(heads, cells, {"items"}, {"id", "address"})
    else:
        click.echo("There is no collection.")
