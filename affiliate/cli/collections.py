"""``flask collection``: the account's collections, and collections that the agency features."""

from collections.abc import Iterable

import click

from affiliate.cli import options, outputs, tables
from affiliate.cli.context import (
    cli_errors,
    get_shutterstock_account,
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

video_option = click.option(
    "--video", "media", flag_value=MEDIA[1], default=MEDIA[0], help="Videos instead of images."
)
collection_argument = click.argument("collection")
items_argument = click.argument("ids", nargs=-1, required=True)


@group.command("list")
@video_option
@options.as_json
def list_(media: str, *, as_json: bool) -> None:
    """Show the account's collections."""
    with cli_errors():
        _show_collections(
            Collections(get_shutterstock_account(live=True), media).list_own(), as_json=as_json
        )


@group.command()
@video_option
@options.as_json
def featured(media: str, *, as_json: bool) -> None:
    """Show the collections that agencies feature; visitors can see them too.

    The application's key is enough: no account needs to be connected.
    """
    with cli_errors():
        sources = current_services().registry.find_able(lambda agency: agency.collection_size)
        collections = [
            collection for source in sources for collection in source.agency.list_collections(media)
        ]
    if as_json:
        outputs.print_json(collections)
    elif collections:
        rows = [(row.agency, row.id, row.total, row.name) for row in collections]
        tables.show(("agency", "id", "items", "name"), rows, {"items"}, {"agency", "id"})
    else:
        click.echo("There is no collection.")


@group.command()
@click.argument("name")
@video_option
def create(name: str, media: str) -> None:
    """Create a collection in the connected account and print the collection's id."""
    with cli_errors():
        click.echo(Collections(get_shutterstock_account(live=True), media).create(name))


@group.command()
@collection_argument
@click.argument("name")
@video_option
def rename(collection: str, name: str, media: str) -> None:
    """Rename a collection."""
    with cli_errors():
        Collections(get_shutterstock_account(live=True), media).rename(collection, name)
    click.echo("Renamed.")


@group.command()
@collection_argument
@video_option
@click.option("--yes", is_flag=True, help="Don't ask.")
def delete(collection: str, media: str, *, yes: bool) -> None:
    """Delete a collection; its images and videos stay at the agency."""
    with cli_errors():
        collections = Collections(get_shutterstock_account(live=True), media)
        if not yes:
            details = collections.fetch_collection(collection)
            question = f"Delete {details.name!r} with its {details.total_item_count} items?"
            click.confirm(question, abort=True)
        collections.delete(collection)
    click.echo("Deleted.")


@group.command()
@collection_argument
@items_argument
@video_option
def add(collection: str, ids: tuple[str, ...], media: str) -> None:
    """Add images or videos to a collection, and report which ids are new or unknown.

    The exit status is 1 if the agency does not know some of the ids.
    """
    with cli_errors():
        new_ids = Collections(get_shutterstock_account(live=True), media).add_items(collection, ids)
        unknown_ids = _find_unknown_ids(ids, media)
    known_count = len(set(ids) - new_ids)
    suffix = (
        f" {known_count} {'was' if known_count == 1 else 'were'} there before."
        if known_count
        else ""
    )
    click.echo(f"Added {len(new_ids)}.{suffix}")
    if unknown_ids:
        raise click.ClickException(f"The agency does not know: {', '.join(unknown_ids)}.")


def _find_unknown_ids(ids: tuple[str, ...], media: str) -> list[str]:
    """Return the ids of which the agency has no details; none where the agency is not on.

    The agency itself adds any id to a collection without an error.
    """
    if not current_services().registry.find_enabled(ACCOUNT):
        return []
    wanted_ids = tuple(dict.fromkeys(ids))
    known_ids = {
        item.id for item in current_services().lookups.fetch_media(ACCOUNT, wanted_ids, media)
    }
    return [media_id for media_id in wanted_ids if media_id not in known_ids]


@group.command()
@collection_argument
@items_argument
@video_option
def remove(collection: str, ids: tuple[str, ...], media: str) -> None:
    """Remove images or videos from a collection."""
    with cli_errors():
        Collections(get_shutterstock_account(live=True), media).remove_items(collection, ids)
    click.echo(f"Removed {len(ids)}.")


@group.command()
@collection_argument
@video_option
@click.option("--featured", is_flag=True, help="Show a collection that the agency features.")
def show(collection: str, media: str, *, featured: bool) -> None:
    """Show the name, the share address and the ids of a collection."""
    with cli_errors():
        collections = Collections(get_shutterstock_account(live=True), media)
        details = collections.fetch_collection(collection, featured=featured)
        click.echo(f"{details.name} ({details.total_item_count})")
        click.echo(details.share_url or "no share address")
        for item in collections.list_items(collection, featured=featured):
            click.echo(f"{item.id}  {item.added_time or ''}".rstrip())


def _show_collections(collections: Iterable[Collection], *, as_json: bool) -> None:
    rows = list(collections)
    if as_json:
        outputs.print_json(rows)
    elif rows:
        headers = ("id", "items", "name", "address")
        cells = [
            (
                collection.id,
                collection.total_item_count,
                collection.name,
                collection.share_url or "",
            )
            for collection in rows
        ]
        tables.show(headers, cells, {"items"}, {"id", "address"})
    else:
        click.echo("There is no collection.")
