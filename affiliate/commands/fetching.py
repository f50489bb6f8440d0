"""The file of a license that was just bought, where it was asked for or can't be had later."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import click
from flask import current_app

from affiliate.errors import AgencyError, DownloadFailed, PurchaseRefused
from affiliate.licensing.desk import Outcome
from affiliate.licensing.downloads import Downloads
from affiliate.licensing.filenames import Pattern
from affiliate.licensing.offers import Offer
from affiliate.licensing.seller import Seller
from affiliate.licensing.wire import KINDS, Media, Record
from affiliate.purchases import Purchase

ROOM: Final = 100 * 10**6
"""Bytes that a file which comes once needs: a guess for images, too little for some clips."""


def make_room(offers: Sequence[Offer], folder: Path | None) -> None:
    """Have the folder for the files before anything is bought, with room for what comes once.

    Raises:
        PurchaseRefused: it can't be made or written, or is nearly full.
    """
    once = any(map(_comes_once, offers))
    if folder is None and not once:
        return
    place = folder or Path()
    try:
        place.mkdir(parents=True, exist_ok=True)
        # A TemporaryFile would pass on tmpfs in a folder that was deleted (O_TMPFILE).
        with NamedTemporaryFile(dir=place, prefix=".affiliate-"):
            full = once and shutil.disk_usage(place).free < ROOM
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise PurchaseRefused(f"{place} can't be written: {reason}. Nothing was sent.") from None
    if full:
        raise PurchaseRefused(f"{place} has less than {ROOM // 10**6} MB left. Nothing was sent.")


def _comes_once(offer: Offer) -> bool:
    """Whether its file can be had right after the purchase only: of platforms and editorial."""
    return (
        offer.once
        or "platform" in offer.subscription.license
        or offer.wanted.media.startswith("editorial")
    )


def fetch(account: Seller, outcome: Outcome, folder: Path | None) -> int:
    """Download the file where asked to, or where it can't be done later.

    A file that comes once is tried for as long as the person at the terminal wants.
    """
    done, once = outcome.purchase, _comes_once(outcome.offer)
    if done is None or (folder is None and not once):
        return 0
    stem = (folder or Path()) / Pattern().stem(_record(done, outcome.offer.wanted.media))
    while True:
        try:
            click.echo(str(_fetched(account, outcome, stem)))
        except (AgencyError, DownloadFailed, OSError) as error:
            later = "It can't be had later." if once else "Get it by `flask download`."
            click.echo(f"{done.media_id}: the file was not fetched: {error} {later}", err=True)
        else:
            return 0
        if not (once and sys.stdin.isatty() and click.confirm("Try again?", default=True)):
            return 1


def _fetched(account: Seller, outcome: Outcome, stem: Path) -> Path:
    downloads = Downloads(current_app.extensions["transport"], agency=account.agency)
    media = KINDS[outcome.offer.wanted.media].history_name
    return downloads.fetch(stem, _links(account, outcome), media=media).path


def _links(account: Seller, outcome: Outcome) -> Iterator[str]:
    """The link of the purchase, then one made anew."""
    if outcome.licensed and outcome.licensed.download_url:
        yield outcome.licensed.download_url
    done = outcome.purchase
    if done and done.license_id:
        wanted = outcome.offer.wanted
        yield account.download_link(wanted.media, done.license_id, wanted.size)


def _record(done: Purchase, media: Media) -> Record:
    return Record(
        id=done.license_id or done.purchase_id,
        media=media,
        media_id=done.media_id,
        license=done.license,
        size=done.size,
        downloaded_at=done.made_at,
    )
