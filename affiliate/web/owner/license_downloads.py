"""Files of licenses, sent from this site: the agency's addresses, which are secrets, stay here.

Files that the agency gives only once are fetched with the purchase and stay in the folder
``licensed`` of ``DATA_DIR``. All other files are fetched when they are wanted, by the same checks
as those of `flask download`, into the folder ``licensed/again``, from which copies that are older
than `COPY_LIFETIME` are removed: the agency gives these files again.
"""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from flask import Response, send_file

from affiliate.database.purchases import Purchase
from affiliate.errors import DownloadFailed, FileBusy
from affiliate.licensing.files.downloads import iter_redownload_links
from affiliate.licensing.models import MediaKind
from affiliate.licensing.purchasing.purchased_files import MIN_FREE_BYTES, download_file, find_file
from affiliate.licensing.seller import Seller
from affiliate.services import current_services
from affiliate.web.owner.license_buying import get_file_folder

COPY_LIFETIME: Final = timedelta(days=1)
"""Age at which a copy of a file that the agency gives again is removed."""
MAX_FETCHES: Final = 2
"""Files fetched at once by a process, as each takes a thread for as long as the file takes."""

BUSY_SECONDS: Final = 20.0
"""Longest wait for a file that another tab, or the first of two clicks, is fetching already."""
POLL_SECONDS: Final = 0.2

_fetches = threading.BoundedSemaphore(MAX_FETCHES)


def has_file(purchase: Purchase) -> bool:
    """Return whether this site has the file of a purchase."""
    return _find_own_file(purchase) is not None


def send_license_file(account: Seller, purchase: Purchase) -> Response:
    """Return the file of a license as a download, fetched before if this site has no copy.

    Raises:
        AgencyError: the agency gives no address of the file, or the host did not answer.
        DownloadFailed: the file can't be had or kept; tells the reason.
    """
    path = _find_own_file(purchase) or _wait_for_copy(account, purchase)
    response = send_file(path, as_attachment=True, download_name=path.name, etag=False)
    response.headers["Accept-Ranges"] = "none"
    return response


def get_copy_folder() -> Path:
    """Return the folder of copies that the agency gives again."""
    return get_file_folder() / "again"


def _find_own_file(purchase: Purchase) -> Path | None:
    folders = (get_file_folder(), get_copy_folder())
    return next(filter(None, (find_file(purchase, folder) for folder in folders)), None)


def _wait_for_copy(account: Seller, purchase: Purchase) -> Path:
    """Return a copy of the file, fetched by this request or by another that has begun before."""
    ends = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return _fetch_copy(account, purchase)
        except FileBusy:
            if time.monotonic() > ends:
                raise
        time.sleep(POLL_SECONDS)


def _fetch_copy(account: Seller, purchase: Purchase) -> Path:
    media: MediaKind = purchase.media  # type: ignore[assignment] # written by PurchaseService
    license_id = purchase.license_id
    if not license_id:
        raise DownloadFailed("The license has no id yet; look at the agency's history.")

    def request_link() -> str:
        return account.request_download_link(media, license_id, purchase.size)

    with _be_fetcher():
        _prune_copies()
        try:
            get_copy_folder().mkdir(parents=True, exist_ok=True)
            is_full = shutil.disk_usage(get_copy_folder()).free < MIN_FREE_BYTES
        except OSError:
            raise DownloadFailed("DATA_DIR can't be written.") from None
        if is_full:
            raise DownloadFailed(f"DATA_DIR has less than {MIN_FREE_BYTES // 10**6} MB left.")
        links = iter_redownload_links(request_link)
        return download_file(purchase, get_copy_folder(), links, current_services().transport)


def _prune_copies() -> None:
    """Remove old copies, and what is left of downloads that nobody took up again."""
    oldest = time.time() - COPY_LIFETIME.total_seconds()
    with suppress(OSError):
        for path in get_copy_folder().iterdir():
            if path.is_file() and path.stat().st_mtime < oldest:
                path.unlink()


@contextmanager
def _be_fetcher() -> Iterator[None]:
    if not _fetches.acquire(blocking=False):
        raise DownloadFailed("Other files are being fetched; try again when these are here.")
    try:
        yield
    finally:
        _fetches.release()
