"""``flask license``: buy licenses with an owner's subscriptions."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from decimal import Decimal
from pathlib import Path

import click
from flask.cli import with_appcontext
from flask_babel import force_locale, gettext

from affiliate.cli import options, outputs
from affiliate.cli.context import (
    cli_errors,
    describe_account,
    get_purchases,
    get_seller,
)
from affiliate.cli.purchase_records import PurchaseRecorder, Row, build_row
from affiliate.cli.purchase_recovery import get_journal, recover
from affiliate.cli.signals import convert_end_signals, defer_interrupt
from affiliate.errors import PurchaseRefused
from affiliate.licensing.offers import LicenseOptions, Offer, describe_total_cost, parse_price
from affiliate.licensing.purchasing.addresses import read_ids
from affiliate.licensing.purchasing.checkout import PurchaseService
from affiliate.licensing.purchasing.preparation import (
    create_service,
    describe_payment,
    find_other_size,
    format_size,
    make_offer,
    parse_custom_size,
    refuse_live_address,
    refuse_other_sizes,
)
from affiliate.licensing.purchasing.purchased_files import prepare_folder
from affiliate.licensing.purchasing.recorder import UNFINISHED, buy_offers
from affiliate.licensing.seller import Proposer, Seller
from affiliate.services import current_services


@click.command(cls=outputs.Command)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@options.agency
@options.video
@options.editorial
@click.option(
    "--size", default="", help="A size listed by `flask subscriptions`.  [default: the best]"
)
@click.option(
    "--format", "format_", type=click.Choice(["jpg", "eps"]), help="File format of an image."
)
@click.option("--subscription", default="", metavar="ID", help="Use this subscription.")
@click.option(
    "--price", metavar="AMOUNT", help="Price that your customer pays (API subscriptions)."
)
@click.option("--customer-id", default="", help="Your customer (API subscriptions).")
@click.option("--metadata", "fields", multiple=True, metavar="NAME=VALUE", help="At most four.")
@click.option("--custom", metavar="WxH", help="Pixels: 800x for a width, x600 for a height.")
@click.option("--comp", is_flag=True, help="A file for trying a layout, not for publishing.")
@click.option("--search-id", default="", help="The search that led to the item.")
@click.option("--country", default="", help="With --editorial: country of use, such as USA.")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), help="Download the files into this folder."
)
@options.live
@click.option("--dry-run", is_flag=True, help="Show the cost, and buy nothing.")
@click.option("--force", is_flag=True, help="Buy again what was bought within a day.")
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

    An ID may be a comma-separated list, or the address of a picture's page on this site or at the
    agency.

    At an agency without a sandbox this is a dry run, unless --live.

    An item is not bought twice within a day, not even in another size, unless you insist. While
    the outcome of an earlier purchase is unknown, nothing is bought.
    """
    media = options.choose_media(video=video, editorial=editorial)
    run = _Run(as_json=as_json)
    with convert_end_signals(), _end_unfinished(run):
        with cli_errors(), _redirect_output(as_json=as_json):
            recover()
            license_options = LicenseOptions(
                media=media,
                size=size,
                format=format_ or "",
                subscription_id=subscription,
                comp=comp,
                custom=_parse_custom_size(custom),
                price=_parse_price(price),
                customer_id=customer_id,
                metadata=_parse_metadata(fields),
                search_id=search_id,
                country=country.upper(),
            )
            media_ids = read_ids(ids, agency, media)
            if not media_ids:
                raise click.UsageError("Name an image or a video to license.")
            account = get_seller(agency, live=live)
            refuse_live_address(account, live=live)
            dry_run = dry_run or not (live or account.has_sandbox)
            service = create_service(account, get_purchases(), live=live)
            offers, run.rows = _make_offers(service.create_proposer(), license_options, media_ids)
            if not dry_run:
                offers = [_confirm_editorial(offer) for offer in map(_fill_missing, offers)]
                if not force:
                    offers, declined_rows = _confirm_other_sizes(offers, service, yes=yes)
                    run.rows += declined_rows
            _show_offers(offers, account, live=live)
            status = int(bool(run.rows))
            if dry_run or not offers:
                run.rows += [build_row(offer, state="offered") for offer in offers]
            else:
                if not yes:
                    click.confirm("License them?", abort=True)
                prepare_folder(offers, folder)
                with get_journal().create_file() as file:
                    run.offers, run.recorder = offers, PurchaseRecorder(account, file, folder)
                    status = buy_offers(service, offers, run.recorder, force=force) or status
        raise click.exceptions.Exit(max(status, run.print_json()))


class _Run:
    """The rows of one run of the command, printed once as JSON for programs.

    ``rows`` are of items that are not bought; ``recorder`` has the rows of ``offers``.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._is_told = not as_json
        self.rows: list[Row] = []
        self.offers: Sequence[Offer] = []
        self.recorder: PurchaseRecorder | None = None

    def print_json(self) -> int:
        """Print the rows as JSON if wanted; return `UNFINISHED` after a failure of the recorder.

        Raises:
            KeyboardInterrupt: at the end, as an interrupt does not cut the document off.
        """
        if self._is_told:
            return 0
        if self.recorder is None:
            outputs.print_json(self.rows)
            return 0
        with defer_interrupt(lambda: None):
            self._is_told = True
            self.recorder.say(
                outputs.format_json([*self.rows, *self.recorder.build_rows(self.offers)])
            )
            outputs.mark_printed()
        return UNFINISHED * self.recorder.has_failed


@contextmanager
def _end_unfinished(run: _Run) -> Iterator[None]:
    """End with `UNFINISHED` after a failure or interrupt once something may have been bought."""
    try:
        yield
    except click.exceptions.Exit:
        raise
    except (Exception, KeyboardInterrupt) as error:
        if not (run.recorder and run.recorder.may_have_bought):
            raise
        with suppress(KeyboardInterrupt), defer_interrupt(lambda: None):
            run.recorder.report_failure(error)
            run.print_json()
        raise click.exceptions.Exit(UNFINISHED) from None


@contextmanager
def _redirect_output(*, as_json: bool) -> Iterator[None]:
    """Print all texts on standard error where standard output is for JSON."""
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        yield


def _parse_custom_size(custom: str | None) -> tuple[int, int] | None:
    """Return width and height in pixels, 0 for a side that is left open.

    Raises:
        BadParameter: the text has another form.
    """
    if custom is None:
        return None
    try:
        return parse_custom_size(custom)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--custom") from None


def _parse_price(text: str | None) -> Decimal | None:
    """Return a price, if given."""
    return None if text is None else parse_price(text)


def _parse_metadata(fields: Sequence[str]) -> Mapping[str, str]:
    """Return the values of ``NAME=VALUE`` by name.

    Raises:
        BadParameter: a field has no equals sign.
    """
    pairs = [field.partition("=") for field in fields]
    if any(not equals for _, equals, _ in pairs):
        raise click.BadParameter("Write NAME=VALUE.", param_hint="--metadata")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _make_offers(
    proposer: Proposer, license_options: LicenseOptions, media_ids: Sequence[str]
) -> tuple[list[Offer], list[Row]]:
    """Return the offers, and rows of the items that can't be licensed; print the refusals."""
    offers, refused_rows = [], []
    for media_id in media_ids:
        try:
            offers.append(make_offer(proposer, license_options, media_id))
        except PurchaseRefused as error:
            click.echo(f"{media_id}: {error}", err=True)
            refused_rows.append(Row(id=media_id, state="refused", error=str(error)))
    return offers, refused_rows


def _fill_missing(offer: Offer) -> Offer:
    """Return the offer with the values its subscription demands, prompted for at the terminal.

    Raises:
        PurchaseRefused: values are missing and there is no terminal.
    """
    if not offer.missing:
        return offer
    if not outputs.is_terminal():
        names = ", ".join(offer.missing)
        raise PurchaseRefused(f"Subscription {offer.subscription.id} needs {names}.")
    return offer.with_values({name: _prompt_value(name, offer.asset.id) for name in offer.missing})


def _prompt_value(name: str, media_id: str) -> str:
    """Prompt for a value at the terminal until the value can be sent, and return the value."""

    def validate(text: str) -> str:
        if not text.strip():
            raise click.UsageError(f"{name} must not be blank.")
        try:
            _parse_price(text if name == "price" else None)
        except PurchaseRefused as error:
            raise click.UsageError(str(error)) from None
        return text.strip()

    answer: str = click.prompt(f"{name} for {media_id}", value_proc=validate)
    return answer


def _confirm_editorial(offer: Offer) -> Offer:
    """Show the agency's notice on an editorial item and return the offer once the owner agrees."""
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


def _confirm_other_sizes(
    offers: Sequence[Offer], service: PurchaseService, *, yes: bool
) -> tuple[list[Offer], list[Row]]:
    """Return the confirmed offers, and rows of items whose other size the owner declined."""
    answers = [(offer, _confirm_other_size(offer, service, yes=yes)) for offer in offers]
    declined_rows = [
        build_row(offer, state="refused") for offer, answer in answers if answer is None
    ]
    return [answer for _, answer in answers if answer], declined_rows


def _confirm_other_size(offer: Offer, service: PurchaseService, *, yes: bool) -> Offer | None:
    """Return the offer; None if the item was bought in another size and the owner declines.

    `PurchaseService` refuses another size without this question, or bought after the question.
    """
    other_size = "" if yes else find_other_size(offer, service)
    if not other_size:
        return refuse_other_sizes(offer)
    question = f"{offer.asset.id}: you bought this {other_size}; buy {format_size(offer)} too?"
    return offer if click.confirm(question) else None


def _show_offers(offers: Sequence[Offer], account: Seller, *, live: bool) -> None:
    """Print a line about each offer, then the target and the total cost."""
    for offer in offers:
        words = (
            offer.asset.id,
            format_size(offer),
            offer.subscription.license,
            describe_payment(offer),
            offer.cost,
            offer.asset.title,
        )
        needs = (f"needs {', '.join(offer.missing)}",) if offer.missing else ()
        click.echo("  ".join(filter(None, (*words, *needs))))
    click.echo(f"{len(offers)} to license {describe_account(account)}.")
    if offers:
        click.echo(f"In all: {describe_total_cost(offers)}.")
    if not live and not account.has_sandbox:
        click.echo("Nothing was sent: there is no sandbox, so only --live buys.")
