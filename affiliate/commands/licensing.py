"""``flask license``: buying, with what an owner has paid for."""

import re
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

import click
import msgspec
from flask import current_app
from flask.cli import with_appcontext
from flask_babel import force_locale, gettext

from affiliate.commands import options
from affiliate.commands.fetching import fetch, make_room
from affiliate.commands.keeping import Keeper
from affiliate.commands.places import place_and_owner, place_of
from affiliate.commands.recovering import journal_of_app, recover
from affiliate.commands.told import purchases_of_app, seller_of_app, told
from affiliate.errors import AgencyError, PurchaseRefused
from affiliate.licensing.desk import Desk, Outcome
from affiliate.licensing.offers import Ask, Offer, amount, total
from affiliate.licensing.seller import Proposer, Seller

UNKNOWN: Final = 3
"""The status of a command that has bought something, or may have, and could not finish with it."""


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@options.agency
@options.video
@options.editorial
@click.option("--size", default="", help="As `flask subscriptions` names it.  [default: the best]")
@click.option("--format", "format_", type=click.Choice(["jpg", "eps"]), help="Of an image.")
@click.option("--subscription", default="", metavar="ID", help="Use this one.")
@click.option("--price", metavar="AMOUNT", help="What your customer pays (API subscriptions).")
@click.option("--customer-id", default="", help="Your customer (API subscriptions).")
@click.option("--metadata", "fields", multiple=True, metavar="NAME=VALUE", help="At most four.")
@click.option("--custom", metavar="WxH", help="Pixels: 800x for a width, x600 for a height.")
@click.option("--comp", is_flag=True, help="A file for trying a layout, not for publishing.")
@click.option("--search-id", default="", help="The search that led to it.")
@click.option("--country", default="", help="With --editorial: where it is used, such as USA.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Download the files there.")
@options.live
@click.option("--dry-run", is_flag=True, help="Say what it would cost, and buy nothing.")
@click.option("--force", is_flag=True, help="Buy what was bought within a day once more.")
@click.option("--yes", is_flag=True, help="Don't ask before buying; editorial notices still do.")
@with_appcontext
def license(  # noqa: A001, PLR0913 - the command's name; its options
    ids: Sequence[str],
    *,
    agency: str,
    video: bool,
    editorial: bool,
    size: str,
    format_: str | None,
    subscription: str,
    price: str | None,
    customer_id: str,
    fields: Sequence[str],
    custom: str | None,
    comp: bool,
    search_id: str,
    country: str,
    folder: Path | None,
    live: bool,
    dry_run: bool,
    force: bool,
    yes: bool,
) -> None:
    """License images or videos: in the sandbox, unless --live.

    At an agency that has no sandbox this is a dry run, unless --live.

    Nothing is bought twice within a day unless you insist, be it in another size, and nothing at
    all while the outcome of an earlier purchase is unknown.
    """
    with told():
        recover()
        ask = Ask(
            media=options.media_of(video=video, editorial=editorial),
            size=size,
            format=format_ or "",
            subscription_id=subscription,
            comp=comp,
            custom=_sides(custom),
            price=_price(price),
            customer_id=customer_id,
            metadata=_metadata(fields),
            search_id=search_id,
            country=country.upper(),
        )
        account = seller_of_app(agency, live=live)
        _refuse_mix_up(account, live=live)
        dry_run = dry_run or not (live or account.has_sandbox)
        desk = _desk(account, live=live)
        offers, refused = _offers(desk.chooser(), ask, list(dict.fromkeys(ids)))
        if not dry_run:
            offers = [_agreed(one) for one in map(_filled, offers)]
        if not dry_run and not force:
            asked = len(offers)
            offers = [found for one in offers if (found := _insisted(one, desk, yes=yes))]
            refused += asked - len(offers)
        _show(offers, account, live=live)
        if dry_run or not offers:
            raise click.exceptions.Exit(int(bool(refused)))
        if not yes:
            click.confirm("License them?", abort=True)
        make_room(offers, folder)
        with journal_of_app().begun() as file:
            keeper = Keeper(account, file, folder)
            bad = _buy(account, desk, offers, keeper, folder, force=force)
    raise click.exceptions.Exit(bad or int(bool(refused)))


def _refuse_mix_up(account: Seller, *, live: bool) -> None:
    """Refuse to buy for money under the name of the sandbox.

    Raises:
        PurchaseRefused: the sandbox's address is the agency's own.
    """
    is_real = place_of(account.agency, account.url).is_real
    if account.has_sandbox and not live and is_real:
        raise PurchaseRefused(
            "SHUTTERSTOCK_LICENSE_URL is the real account's address; say --live to buy there."
        )


def _desk(account: Seller, *, live: bool) -> Desk:
    """The desk, which has settled what is open where the agency is to say what may be bought.

    Else what it sold unseen would be refused as had already, and stay open in our records.
    """
    desk = Desk(account, purchases_of_app(), sandbox=account.has_sandbox and not live)
    if live and not account.has_sandbox:
        desk.settle()
    return desk


def _sides(custom: str | None) -> tuple[int, int] | None:
    if custom is None:
        return None
    found = re.fullmatch(r"([0-9]{0,6})x([0-9]{0,6})", custom)
    if not found:
        raise click.BadParameter("Write 800x or x600.", param_hint="--custom")
    return int(found[1] or 0), int(found[2] or 0)


def _price(text: str | None) -> Decimal | None:
    return None if text is None else amount(text)


def _metadata(fields: Sequence[str]) -> Mapping[str, str]:
    pairs = [field.partition("=") for field in fields]
    if any(not equals for _, equals, _ in pairs):
        raise click.BadParameter("Write NAME=VALUE.", param_hint="--metadata")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _offers(chooser: Proposer, ask: Ask, ids: Sequence[str]) -> tuple[list[Offer], int]:
    """What to license each with; how many can't be licensed is said here."""
    offers = []
    for one in ids:
        try:
            offers.append(chooser.offer(ask, one))
        except PurchaseRefused as error:
            click.echo(f"{one}: {error}", err=True)
        except AgencyError as error:
            if error.kind not in {"not found", "refused"}:
                raise
            click.echo(f"{one}: {error.message}", err=True)
    return offers, len(ids) - len(offers)


def _filled(offer: Offer) -> Offer:
    """The offer with what its subscription demands, asked of the person at the terminal."""
    if not offer.missing:
        return offer
    if not sys.stdin.isatty():
        names = ", ".join(offer.missing)
        raise PurchaseRefused(f"Subscription {offer.subscription.id} needs {names}.")
    return offer.filled({name: _asked(name, offer.asset.id) for name in offer.missing})


def _asked(name: str, media_id: str) -> str:
    """What the person at the terminal says, asked again until it can be sent."""

    def checked(text: str) -> str:
        if not text.strip():
            raise click.UsageError(f"{name} must not be blank.")
        try:
            _price(text if name == "price" else None)
        except PurchaseRefused as error:
            raise click.UsageError(str(error)) from None
        return text.strip()

    answer: str = click.prompt(f"{name} for {media_id}", value_proc=checked)
    return answer


def _agreed(offer: Offer) -> Offer:
    """The offer once its owner was shown the agency's notice, if it is editorial, and agreed."""
    if not offer.asset.editorial:
        return offer
    config = current_app.extensions["site"].config
    with force_locale(config.site_language):
        if offer.wanted.media.endswith("video"):
            notice = gettext(
                "Editorial Use Only. Use of this video in advertising or for promotional purposes "
                "is prohibited."
            )
        else:
            notice = gettext(
                "Editorial Use Only. Use of this image in advertising or for promotional purposes "
                "is prohibited."
            )
    click.echo(f"{offer.asset.id}  {offer.asset.title}\n{notice}")
    click.confirm("Agree?", abort=True)
    return offer.agreed()


def _insisted(offer: Offer, desk: Desk, *, yes: bool) -> Offer | None:
    """The offer, unless it is another size of what was bought today and its owner says no.

    The size must be insisted on at the terminal: the desk refuses another of what was bought where
    nobody was asked, or where it is bought only after the question.
    """
    other = "" if yes or offer.chosen else desk.other_size(offer)
    if not other:
        return msgspec.structs.replace(offer, chosen=True)
    words = f"{offer.asset.id}: you bought this {other}; buy {_size(offer)} too?"
    return offer if click.confirm(words) else None


def _size(offer: Offer) -> str:
    """The size in words, a custom one by its pixels."""
    return "x".join(str(n or "") for n in offer.wanted.custom or ()) or offer.wanted.size


def _show(offers: Sequence[Offer], account: Seller, *, live: bool) -> None:
    for one in offers:
        plan = one.subscription
        left = "" if plan.downloads_left is None else f" ({plan.downloads_left} left)"
        paid = f"{plan.id}{left}".strip()
        words = (one.asset.id, _size(one), plan.license, paid, one.cost, one.asset.title)
        needs = (f"needs {', '.join(one.missing)}",) if one.missing else ()
        click.echo("  ".join(filter(None, (*words, *needs))))
    click.echo(f"{len(offers)} to license {place_and_owner(account)}.")
    if offers:
        click.echo(f"In all: {total(offers)}.")
    if not live and not account.has_sandbox:
        click.echo("Nothing was sent: there is no sandbox, so only --live buys.")


def _buy(  # noqa: PLR0913 - what is bought, for whom, and where its files go
    account: Seller,
    desk: Desk,
    offers: Sequence[Offer],
    keeper: Keeper,
    folder: Path | None,
    *,
    force: bool,
) -> int:
    """Buy and say what became of each; gives the status to end with.

    Whatever fails once something was bought, or may have been, ends with `UNKNOWN`.
    """
    statuses = {0}
    try:
        for outcome in desk.license(offers, force=force, witness=keeper):
            keeper.show(outcome)
            statuses.add(_status(account, outcome, folder))
    except (Exception, KeyboardInterrupt) as error:
        if not keeper.at_stake:
            raise
        keeper.tell_all(error)
        statuses.add(UNKNOWN)
    if UNKNOWN in statuses and (rest := len(offers) - keeper.begun) > 0:
        keeper.say(f"{rest} were not sent.", err=True)
    return max(*statuses, UNKNOWN * keeper.failed)


def _status(account: Seller, outcome: Outcome, folder: Path | None) -> int:
    """The status that an outcome alone would give; the file comes now, if it may come later."""
    state = outcome.purchase.state if outcome.purchase else "failed"
    if state == "licensed":
        later = not outcome.offer.comes_once
        return UNKNOWN if later and fetch(account, outcome, folder) else 0
    return UNKNOWN if state == "unknown" else 1
