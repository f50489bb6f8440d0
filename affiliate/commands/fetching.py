"""The file of a license that was just bought, where it was asked for or can't be had later."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile

import click
from flask import current_app

from affiliate.errors import AgencyError, DownloadFailed, PurchaseRefused
from affiliate.licensing.account import Account
from affiliate.licensing.desk import Outcome
from affiliate.licensing.downloads import Downloads
from affiliate.licensing.filenames import Pattern
from affiliate.licensing.offers import Offer
from affiliate.licensing.wire import KINDS, Media, Record
from affiliate.purchases import Purchase


def make_room(offers: Sequence[Offer], folder: Path | None) -> None:
    """Have the folder for the files before anything is bought.

    Raises:
        PurchaseRefused: it can't be made or written.
    """
    if folder is None and not any(map(_is_platform, offers)):
        return
    place = folder or Path()
    try:
        place.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=place):
            pass
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise PurchaseRefused(f"{place} can't be written: {reason}. Nothing was sent.") from None


def _is_platform(offer: Offer) -> bool:
    """Whether its file can be had right after the purchase only."""
    return "platform" in offer.subscription.license


def fetch(account: Account, outcome: Outcome, folder: Path | None) -> int:
    """Download the file where asked to, or where it can't be done later (platform licenses)."""
    done, offer = outcome.purchase, outcome.offer
    platform = _is_platform(offer)
    if done is None or (folder is None and not platform):
        return 0
    place = folder or Path()
    try:
        stem = place / Pattern().stem(_record(done, offer.wanted.media))
        downloads = Downloads(current_app.extensions["transport"])
        found = downloads.fetch(
            stem, _links(account, outcome), media=KINDS[done.media].history_name
        )
    except (AgencyError, DownloadFailed, OSError) as error:
        later = "" if platform else " Get it by `flask download`."
        click.echo(f"{done.media_id}: the file was not fetched: {error}{later}", err=True)
        return 1
    click.echo(str(found.path))
    return 0


def _links(account: Account, outcome: Outcome) -> Iterator[str]:
    """The link of the purchase, then one made anew."""
    if outcome.licensed and outcome.licensed.download_url:
        yield outcome.licensed.download_url
    done = outcome.purchase
    if done and done.license_id:
        wanted = outcome.offer.wanted
        size = "" if wanted.custom else wanted.size
        yield account.download_link(wanted.media, done.license_id, size)


def _record(done: Purchase, media: Media) -> Record:
    return Record(
        id=done.license_id or done.purchase_id,
        media=media,
        media_id=done.media_id,
        license=done.license,
        size=done.size,
        downloaded_at=done.made_at,
    )
