"""Files of new purchases: files that are wanted, and files that can't be had later."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, NamedTuple, Protocol

import msgspec

from affiliate.database.purchases import Purchase
from affiliate.errors import AgencyError, DownloadFailed, PurchaseRefused
from affiliate.licensing.files.downloads import Downloads
from affiliate.licensing.files.file_types import find_placed_file
from affiliate.licensing.files.filenames import FilenamePattern
from affiliate.licensing.models import MEDIA_ENDPOINTS, MediaKind, Record
from affiliate.licensing.offers import Offer
from affiliate.licensing.purchasing.outcomes import PurchaseOutcome
from affiliate.licensing.seller import Seller
from affiliate.transport.client import Transport

MIN_FREE_BYTES: Final = 100 * 10**6
"""Bytes for a file that can't be had later: a guess for images, too little for some clips."""


def prepare_folder(offers: Sequence[Offer], folder: Path | None) -> None:
    """Create the folder for the files before anything is bought, and check its free space.

    Raises:
        PurchaseRefused: the folder can't be made or written, or lacks room for files that can't be
            had later.
    """
    has_single_downloads = any(offer.comes_once for offer in offers)
    if folder is None and not has_single_downloads:
        return
    target = folder or Path()
    try:
        target.mkdir(parents=True, exist_ok=True)
        # A TemporaryFile would pass on tmpfs in a folder that was deleted (O_TMPFILE).
        with NamedTemporaryFile(dir=target, prefix=".affiliate-"):
            is_full = has_single_downloads and shutil.disk_usage(target).free < MIN_FREE_BYTES
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise PurchaseRefused(f"{target} can't be written: {reason}. Nothing was sent.") from None
    if is_full:
        raise PurchaseRefused(
            f"{target} has less than {MIN_FREE_BYTES // 10**6} MB left. Nothing was sent."
        )


class FetchResult(NamedTuple):
    """The path of a file, if any; ``failed`` tells that a wanted file was not fetched."""

    path: Path | None = None
    failed: bool = False


class Printer(Protocol):
    """A function that prints a line, to standard error with ``err``."""

    def __call__(self, words: str, *, err: bool = False) -> None: ...


def fetch_license_file(  # noqa: PLR0913, PLR0917 - the parts of a purchase
    account: Seller,
    outcome: PurchaseOutcome,
    folder: Path | None,
    say: Printer,
    transport: Transport,
    ask_again: Callable[[], bool] = lambda: False,
) -> FetchResult:
    """Download the file of a purchase if there is a folder, or if the file can't be had later.

    After a failure to fetch a file that can't be had later, ``ask_again`` returns whether to try
    again.
    """
    purchase, comes_once = outcome.purchase, outcome.offer.comes_once
    if purchase is None or (folder is None and not comes_once):
        return FetchResult()
    while True:
        try:
            links = _iter_links(account, outcome)
            path = download_file(purchase, folder or Path(), links, transport)
        except (AgencyError, DownloadFailed, OSError) as error:
            hint = "It can't be had later." if comes_once else "Get it by `flask download`."
            say(f"{purchase.media_id}: the file was not fetched: {error} {hint}", err=True)
        else:
            say(str(path))
            return FetchResult(path)
        if not (comes_once and ask_again()):
            return FetchResult(failed=True)


def download_file(
    purchase: Purchase, folder: Path, links: Iterator[str], transport: Transport
) -> Path:
    """Return the path of a purchase's file, downloaded into the folder if not there already.

    Raises:
        AgencyError, DownloadFailed: the file was not fetched.
        OSError: the folder can't be made.
    """
    media: MediaKind = purchase.media  # type: ignore[assignment] # written by PurchaseService
    folder.mkdir(parents=True, exist_ok=True)
    stem = build_stem(purchase, folder)
    if placed_file := find_placed_file(stem):
        return placed_file
    downloads = Downloads(transport, agency=purchase.agency)
    return downloads.fetch(stem, links, media=MEDIA_ENDPOINTS[media].history_name).path


def build_stem(purchase: Purchase, folder: Path) -> Path:
    """Return the path of a purchase's file, without its suffix."""
    return folder / FilenamePattern().build_stem(_build_record(purchase))


def find_file(purchase: Purchase, folder: Path) -> Path | None:
    """Return the file of a purchase in a folder, also a file from before the license had an id."""
    unnamed = msgspec.structs.replace(purchase, license_id=None)
    stems = (build_stem(row, folder) for row in (purchase, unnamed))
    return next(filter(None, map(find_placed_file, stems)), None)


def _iter_links(account: Seller, outcome: PurchaseOutcome) -> Iterator[str]:
    """Yield the link of the purchase, then a newly requested link."""
    if outcome.result and outcome.result.download_url:
        yield outcome.result.download_url
    purchase = outcome.purchase
    if purchase and purchase.license_id:
        request = outcome.offer.request
        yield account.request_download_link(request.media, purchase.license_id, request.size)


def _build_record(purchase: Purchase) -> Record:
    """Return a purchase as the license record from which file names are built."""
    media: MediaKind = purchase.media  # type: ignore[assignment] # written by PurchaseService
    return Record(
        id=purchase.license_id or purchase.purchase_id,
        media=media,
        media_id=purchase.media_id,
        license=purchase.license,
        size=purchase.size,
        downloaded_at=purchase.made_at,
    )
