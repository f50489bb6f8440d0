"""``flask collection``: collections of images and videos, and those that the agency features."""

from collections.abc import Iterable

import click
from flask import current_app
from flask.cli import AppGroup

from affiliate.commands.told import account_of_app, told
from affiliate.licensing.collections import MEDIA, Collection, Collections
from affiliate.page import Site

group = AppGroup("collection", help="Collections of images and videos in the connected account.")

video = click.option(
    "--video", "media", flag_value=MEDIA[1], default=MEDIA[0], help="Videos instead of images."
)
collection = click.argument("collection")
items = click.argument("ids", nargs=-1, required=True)


@group.command("list")
@video
def list_(media: str) -> None:
    """Show the account's collections."""
    with told():
        _show(Collections(account_of_app(live=True), media).own())


@group.command()
@video
def featured(media: str) -> None:
    """Show the collections that the agency features, which visitors may see too.

    The application's key is enough: no account needs to be connected.
    """
    site: Site = current_app.extensions["site"]
    with told():
        for one in site.search.listed:
            for found in one.agency.featured(media) if one.agency.collection_size else ():
                total = "" if found.total is None else found.total
                click.echo(f"{found.id:12}  {total:6}  {found.name}".rstrip())


@group.command()
@click.argument("name")
@video
def create(name: str, media: str) -> None:
    """Make a collection and print its id."""
    with told():
        click.echo(Collections(account_of_app(live=True), media).create(name))


@group.command()
@collection
@click.argument("name")
@video
def rename(collection: str, name: str, media: str) -> None:
    """Give a collection another name."""
    with told():
        Collections(account_of_app(live=True), media).rename(collection, name)
    click.echo("Renamed.")


@group.command()
@collection
@video
@click.option("--yes", is_flag=True, help="Don't ask.")
def delete(collection: str, media: str, *, yes: bool) -> None:
    """Delete a collection; what is in it stays at the agency."""
    with told():
        collections = Collections(account_of_app(live=True), media)
        if not yes:
            one = collections.one(collection)
            question = f"Delete {one.name!r} with its {one.total_item_count} items?"
            click.confirm(question, abort=True)
        collections.delete(collection)
    click.echo("Deleted.")


@group.command()
@collection
@items
@video
def add(collection: str, ids: tuple[str, ...], media: str) -> None:
    """Put images or videos into a collection."""
    with told():
        Collections(account_of_app(live=True), media).add(collection, ids)
    click.echo(f"Added {len(ids)}.")


@group.command()
@collection
@items
@video
def remove(collection: str, ids: tuple[str, ...], media: str) -> None:
    """Take images or videos out of a collection."""
    with told():
        Collections(account_of_app(live=True), media).remove(collection, ids)
    click.echo(f"Removed {len(ids)}.")


@group.command()
@collection
@video
@click.option("--featured", is_flag=True, help="It is one that the agency features.")
def show(collection: str, media: str, *, featured: bool) -> None:
    """Show a collection's name, share address and the ids in it."""
    with told():
        collections = Collections(account_of_app(live=True), media)
        one = collections.one(collection, featured=featured)
        click.echo(f"{one.name} ({one.total_item_count})")
        click.echo(one.share_url or "no share address")
        for item in collections.items(collection, featured=featured):
            click.echo(f"{item.id}  {item.added_time or ''}".rstrip())


def _show(found: Iterable[Collection]) -> None:
    for one in found:
        click.echo(
            f"{one.id:12}  {one.total_item_count:6}  {one.name}  {one.share_url or ''}".rstrip()
        )
