"""``flask license``: buying, with what an owner has paid for."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from decimal import Decimal
from pathlib import Path

import click
import msgspec
from flask.cli import with_appcontext
from flask_babel import force_locale, gettext

from affiliate.cli import options, outputs
from affiliate.cli.context import (
    cli_errors,
    purchases_of_app,
    seller_of_app,
)
from affiliate.cli.license_files import make_room
from affiliate.cli.license_target import place_and_owner, place_of
from affiliate.cli.purchase_records import UNFINISHED, Keeper, Row, row_of
from affiliate.cli.purchase_recovery import journal_of_app, recover
from affiliate.cli.signals import holding_back, interruptible
from affiliate.errors import AgencyError, PurchaseRefused
from affiliate.licensing.offers import LicenseOptions, Offer, describe_total_cost, parse_price
from affiliate.licensing.purchasing.addresses import read_ids
from affiliate.licensing.purchasing.checkout import PurchaseService
from affiliate.licensing.seller import Proposer, Seller
from affiliate.services import current_services


@click.command(cls=outputs.Command)
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
@options.as_json
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
    as_json: bool,
) -> None:
    """License images or videos: in the sandbox, unless --live.

    An ID may be a list with commas, or the address of a picture's page here or at the agency.

    At an agency that has no sandbox this is a dry run, unless --live.

    Nothing is bought twice within a day unless you insist, be it in another size, and nothing at
    all while the outcome of an earlier purchase is unknown.
    """
    media = options.media_of(video=video, editorial=editorial)
    run = _Run(as_json=as_json)
    with interruptible(), _unfinished(run):
        with cli_errors(), _said_apart(as_json=as_json):
            recover()
            ask = LicenseOptions(
                media=media,
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
            wanted = read_ids(ids, agency, media)
            if not wanted:
                raise click.UsageError("Name an image or a video to license.")
            account = seller_of_app(agency, live=live)
            _refuse_mix_up(account, live=live)
            dry_run = dry_run or not (live or account.has_sandbox)
            desk = _desk(account, live=live)
            offers, run.rows = _offers(desk.create_proposer(), ask, wanted)
            if not dry_run:
                offers = [_agreed(one) for one in map(_filled, offers)]
                if not force:
                    offers, unwanted = _insisted_on(offers, desk, yes=yes)
                    run.rows += unwanted
            _show(offers, account, live=live)
            status = int(bool(run.rows))
            if dry_run or not offers:
                run.rows += [row_of(one, state="offered") for one in offers]
            else:
                if not yes:
                    click.confirm("License them?", abort=True)
                make_room(offers, folder)
                with journal_of_app().create_file() as file:
                    run.offers, run.keeper = offers, Keeper(account, file, folder)
                    status = _buy(desk, offers, run.keeper, force=force) or status
        raise click.exceptions.Exit(max(status, run.show()))


class _Run:
    """Collects the outcome of each item in one run of the command, for programs, and prints once.

    ``rows`` are of items that nobody wants to buy; those of ``offers`` come from ``keeper``.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._is_told = not as_json
        self.rows: list[Row] = []
        self.offers: Sequence[Offer] = []
        self.keeper: Keeper | None = None

    def show(self) -> int:
        """Print the rows as JSON where wanted; return `UNFINISHED` where a purchase stays untold.

        Raises:
            KeyboardInterrupt: there was an interrupt, which has broken no document off.
        """
        if self._is_told:
            return 0
        if self.keeper is None:
            outputs.show_json(self.rows)
            return 0
        with holding_back(lambda: None):
            self._is_told = True
            self.keeper.say(outputs.json_text([*self.rows, *self.keeper.rows(self.offers)]))
            outputs.mark_printed()
        return UNFINISHED * self.keeper.failed


@contextmanager
def _unfinished(run: _Run) -> Iterator[None]:
    """End with `UNFINISHED` whatever fails or interrupts once something may have been bought."""
    try:
        yield
    except click.exceptions.Exit:
        raise
    except (Exception, KeyboardInterrupt) as error:
        if not (run.keeper and run.keeper.at_stake):
            raise
        with suppress(KeyboardInterrupt), holding_back(lambda: None):
            run.keeper.tell_all(error)
            run.show()
        raise click.exceptions.Exit(UNFINISHED) from None


@contextmanager
def _said_apart(*, as_json: bool) -> Iterator[None]:
    """Print everything on standard error where standard output is for JSON."""
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        yield


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


def _desk(account: Seller, *, live: bool) -> PurchaseService:
    """The desk, which has settled what is open where the agency is to say what may be bought.

    Else what it sold unseen would be refused as had already, and stay open in our records.
    """
    desk = PurchaseService(account, purchases_of_app(), sandbox=account.has_sandbox and not live)
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
    return None if text is None else parse_price(text)


def _metadata(fields: Sequence[str]) -> Mapping[str, str]:
    pairs = [field.partition("=") for field in fields]
    if any(not equals for _, equals, _ in pairs):
        raise click.BadParameter("Write NAME=VALUE.", param_hint="--metadata")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _offers(
    chooser: Proposer, ask: LicenseOptions, ids: Sequence[str]
) -> tuple[list[Offer], list[Row]]:
    """Return what to license each item with; say those that can't be licensed."""
    offers, refused = [], []
    for one in ids:
        try:
            offers.append(chooser.make_offer(ask, one))
            continue
        except PurchaseRefused as error:
            words = str(error)
        except AgencyError as error:
            if error.kind not in {"not found", "refused"}:
                raise
            words = error.message
        click.echo(f"{one}: {words}", err=True)
        refused.append(Row(id=one, state="refused", error=words))
    return offers, refused


def _filled(offer: Offer) -> Offer:
    """The offer with what its subscription demands, asked of the person at the terminal."""
    if not offer.missing:
        return offer
    if not outputs.is_terminal():
        names = ", ".join(offer.missing)
        raise PurchaseRefused(f"Subscription {offer.subscription.id} needs {names}.")
    return offer.with_values({name: _asked(name, offer.asset.id) for name in offer.missing})


def _asked(name: str, media_id: str) -> str:
    """Return what the person at the terminal says, asked again until it can be sent."""

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
    config = current_services().config
    with force_locale(config.site_language):
        if offer.request.media.endswith("video"):
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
    return offer.with_notice_accepted()


def _insisted_on(
    offers: Sequence[Offer], desk: PurchaseService, *, yes: bool
) -> tuple[list[Offer], list[Row]]:
    """Return the offers, less those in another size of what was bought that nobody wants."""
    wanted = [(one, _insisted(one, desk, yes=yes)) for one in offers]
    unwanted = [row_of(one, state="refused") for one, found in wanted if found is None]
    return [found for _, found in wanted if found], unwanted


def _insisted(offer: Offer, desk: PurchaseService, *, yes: bool) -> Offer | None:
    """Return the offer; None if it is another size of what was bought and its owner says no.

    The desk refuses a size where nobody was asked, or where another is bought after the question.
    """
    other = "" if yes or offer.size_auto_selected else desk.find_other_size(offer)
    if not other:
        return msgspec.structs.replace(offer, size_auto_selected=True)
    words = f"{offer.asset.id}: you bought this {other}; buy {_size(offer)} too?"
    return offer if click.confirm(words) else None


def _size(offer: Offer) -> str:
    """Return the size in words, a custom size by its pixels."""
    return "x".join(str(n or "") for n in offer.request.custom or ()) or offer.request.size


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
        click.echo(f"In all: {describe_total_cost(offers)}.")
    if not live and not account.has_sandbox:
        click.echo("Nothing was sent: there is no sandbox, so only --live buys.")


def _buy(desk: PurchaseService, offers: Sequence[Offer], keeper: Keeper, *, force: bool) -> int:
    """Buy, say what became of each, and return the status to end with.

    Whatever fails once something was bought, or may have been, ends with `UNFINISHED`.
    """
    statuses = {0}
    try:
        for outcome in desk.license(offers, force=force, witness=keeper):
            statuses.add(keeper.finishes(outcome))
    except (Exception, KeyboardInterrupt) as error:
        if not keeper.at_stake:
            raise
        keeper.tell_all(error)
        statuses.add(UNFINISHED)
    if UNFINISHED in statuses and (rest := len(offers) - keeper.begun) > 0:
        keeper.say(f"{rest} were not sent.", err=True)
    return max(*statuses, UNFINISHED * keeper.failed)
