"""The file of a license that was just bought, where it was asked for or can't be had later."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, NamedTuple, Protocol

import click

from affiliate.cli.outputs import is_terminal
from affiliate.database.purchases import Purchase
from affiliate.errors import AgencyError, DownloadFailed, PurchaseRefused
from affiliate.licensing.files.downloads import Downloads
from affiliate.licensing.files.file_types import find_placed_file
from affiliate.licensing.files.filenames import FilenamePattern
from affiliate.licensing.models import MEDIA_ENDPOINTS, MediaKind, Record
from affiliate.licensing.offers import Offer
from affiliate.licensing.purchasing.checkout import PurchaseOutcome
from affiliate.licensing.seller import Seller
from affiliate.services import current_services

ROOM: Final = 100 * 10**6
"""Bytes that a file which comes once needs: a guess for images, too little for some clips."""


def make_room(offers: Sequence[Offer], folder: Path | None) -> None:
    """Have the folder for the files before anything is bought, with room for what comes once.

    Raises:
        PurchaseRefused: it can't be made or written, or is nearly full.
    """
    once = any(one.comes_once for one in offers)
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


class Fetched(NamedTuple):
    """Where a file is now, if anywhere; ``failed`` tells that it was wanted and isn't there."""

    path: Path | None = None
    failed: bool = False


class Say(Protocol):
    """Prints a line, to standard error with ``err``."""

    def __call__(self, words: str, *, err: bool = False) -> None: ...


def fetch(account: Seller, outcome: PurchaseOutcome, folder: Path | None, say: Say) -> Fetched:
    """Download the file where asked to, or where it can't be done later.

    A file that comes once is tried for as long as the person at the terminal wants.
    """
    done, once = outcome.purchase, outcome.offer.comes_once
    if done is None or (folder is None and not once):
        return Fetched()
    while True:
        try:
            path = fetch_from(done, folder or Path(), _links(account, outcome))
        except (AgencyError, DownloadFailed, OSError) as error:
            later = "It can't be had later." if once else "Get it by `flask download`."
            say(f"{done.media_id}: the file was not fetched: {error} {later}", err=True)
        else:
            say(str(path))
            return Fetched(path)
        if not (once and is_terminal() and click.confirm("Try again?", default=True)):
            return Fetched(failed=True)


def fetch_from(done: Purchase, folder: Path, links: Iterator[str]) -> Path:
    """Download the file of a purchase into a folder, unless it is there; return its path.

    Raises:
        AgencyError, DownloadFailed: it was not fetched.
        OSError: the folder can't be made.
    """
    media: MediaKind = done.media  # type: ignore[assignment] # written by the desk
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / FilenamePattern().build_stem(_record(done, media))
    if there := find_placed_file(stem):
        return there
    downloads = Downloads(current_services().transport, agency=done.agency)
    return downloads.fetch(stem, links, media=MEDIA_ENDPOINTS[media].history_name).path


def _links(account: Seller, outcome: PurchaseOutcome) -> Iterator[str]:
    """The link of the purchase, then one made anew."""
    if outcome.result and outcome.result.download_url:
        yield outcome.result.download_url
    done = outcome.purchase
    if done and done.license_id:
        wanted = outcome.offer.request
        yield account.request_download_link(wanted.media, done.license_id, wanted.size)


def _record(done: Purchase, media: MediaKind) -> Record:
    return Record(
        id=done.license_id or done.purchase_id,
        media=media,
        media_id=done.media_id,
        license=done.license,
        size=done.size,
        downloaded_at=done.made_at,
    )
