"""Licensed files onto the disk: streamed, resumed, checked, and only whole under their name.

A link lives for 8 hours and is a secret, being signed. How its host tells that one is over is not
documented; 401, 403, 404 and 410 are taken for that, and a fresh link is asked for once. That the
host takes ranges is not documented either; where it doesn't, the file is fetched anew.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from affiliate.durable_files import sync_folder
from affiliate.errors import (
    AgencyDown,
    AgencyTimeout,
    BadAnswer,
    BadCredentials,
    DownloadFailed,
    NotFound,
    RequestRefused,
)
from affiliate.licensing.accounts.shutterstock import AGENCY
from affiliate.licensing.files.file_types import (
    SIGNATURE_BYTES,
    FileType,
    detect_file_type,
    find_placed_file,
    guess_file_type,
)
from affiliate.licensing.files.partial_file import (
    CHECKPOINT_BYTES,
    FileChanged,
    PartialFile,
    build_disk_failure,
)
from affiliate.licensing.models import Record
from affiliate.transport.client import STALL_SECONDS, Stream, Transport
from affiliate.transport.messages import Request

MAX_RETRIES: Final = 5
"""How often a file is asked for again without a checkpoint's worth of progress."""
MAX_REDIRECTS: Final = 3
MAX_LINKS: Final = 2
"""How many links a file may take: the first, and a fresh one when that is over."""

Finish = Callable[[Path, FileType], Path]
"""Makes of a whole, checked file (which it leaves alone) the one to place; both on one disk."""
Progress = Callable[[int, int | None], None]
"""Told the bytes that are there, and how many it will be."""


class DownloadedFile(msgspec.Struct, frozen=True):
    """A file in its place; ``sha256`` in hexadecimal."""

    path: Path
    size: int
    sha256: str


class Downloads:
    """Fetches files of an agency; ``pause`` waits for seconds between two attempts."""

    def __init__(
        self,
        transport: Transport,
        *,
        agency: str = AGENCY,
        pause: Callable[[float], None] = time.sleep,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._transport = transport
        self._agency = agency
        self._pause = pause
        self._stall_seconds = stall_seconds

    def fetch(
        self,
        stem: Path,
        links: Iterator[str],
        *,
        media: str = "image",
        finish: Finish = lambda part, _: part,
        progress: Progress = lambda _size, _length: None,
    ) -> DownloadedFile:
        """Fetch a file to ``stem`` and the suffix that fits its content.

        ``links`` gives a link, and a fresh one when asked again; a part that is whole already
        takes none.

        Raises:
            DownloadFailed: it is there already, another process is at it, the link is over, or
                what came is not such a file.
            DiskFailed: the disk is full or can't be written.
            AgencyError: the host or the agency did not answer.
        """
        try:
            with PartialFile(stem) as part:
                if found := find_placed_file(stem):
                    part.remove()
                    raise DownloadFailed(f"{found.name} is there already.")
                with part.remove_empty_on_failure():
                    self._fetch_rest(part, links, progress)
                kind = _require_file_type(part, media)
                return _place_file(part, finish(part.path, kind), stem, kind)
        except OSError as error:
            raise build_disk_failure(stem.name, error) from None

    def _fetch_rest(self, part: PartialFile, links: Iterator[str], progress: Progress) -> None:
        link = "" if part.is_whole else next(links, None)
        if link is None:
            raise DownloadFailed("There is no link to the file.")
        lost = taken = 0
        while not part.is_whole:
            before = part.note.safe
            try:
                self._stream_once(part, link, progress)
                continue
            except (BadCredentials, NotFound):
                taken += 1
                fresh = next(links, None) if taken < MAX_LINKS else None
                if fresh is None:
                    raise DownloadFailed(
                        "The download link is over, or the file is gone."
                    ) from None
                link = fresh
                continue
            except (AgencyDown, AgencyTimeout, FileChanged, RequestRefused) as error:
                lost = 0 if part.note.safe - before >= CHECKPOINT_BYTES else lost + 1
                refused = isinstance(error, RequestRefused)
                if lost > MAX_RETRIES or (refused and not part.size):
                    raise self._build_last_error(error) from None
                part.restart() if refused else part.rewind()
            self._pause(0.25 * 2**lost)

    def _stream_once(self, part: PartialFile, link: str, progress: Progress) -> None:
        """Stream over one connection, up to a whole part or an error."""
        address = urlsplit(link)
        request = Request(
            agency=self._agency,
            url=link,
            headers={"Accept-Encoding": "identity", **part.build_range_headers()},
            secrets=(link, address.path, address.query),
        )
        with self._transport.stream(
            request, self._stall_seconds, redirects=MAX_REDIRECTS
        ) as answer:
            _refuse_unverifiable(answer, self._agency)
            kind = guess_file_type(link)
            part.accept_answer(answer, kind.name if kind else "")
            for chunk in answer.chunks():
                part.write(chunk)
                progress(part.size, part.note.length)
        if part.note.length not in {None, part.size}:
            raise AgencyDown(self._agency, "The file broke off.")
        part.finish()

    def _build_last_error(self, error: Exception) -> Exception:
        if isinstance(error, FileChanged):
            return AgencyDown(self._agency, "The file changed again and again.")
        return error


def iter_redownload_links(ask: Callable[[], str]) -> Iterator[str]:
    """Yield links to a file, each requested on demand, MAX_LINKS at most."""
    return (ask() for _ in range(MAX_LINKS))


def explain_refusal(record: Record) -> str | None:
    """Explain why a license's file can't be fetched again; None for a file that can.

    The API has redownloads for images and videos alone, and says of each license whether.
    """
    if record.downloadable and record.media in {"image", "video"}:
        return None
    if "platform" in record.license:
        return "Files of platform licenses can't be downloaded again after they were bought."
    if record.media.startswith("editorial") or "editorial" in record.license.split("_"):
        return "Shutterstock's API doesn't give editorial files again."
    return "The agency says that this license's file can't be downloaded again."


def compute_sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_unverifiable(answer: Stream, agency: str) -> None:
    """Refuse a file whose end couldn't be told from a lost connection, or that is encoded.

    A connection lost in mid-head can look like the former, so that is worth asking again.
    """
    headers = answer.headers
    if headers.get("Content-Encoding", "identity") != "identity":
        raise BadAnswer(agency, "The file comes compressed, though that was not asked for.")
    if "Content-Length" not in headers and headers.get("Transfer-Encoding") != "chunked":
        raise AgencyDown(agency, "The host doesn't say how long the file is.")


def _require_file_type(part: PartialFile, media: str) -> FileType:
    """Return the type of a whole file; remove a file of another medium or type.

    Raises:
        DownloadFailed: it is empty, of another medium, or not what its link's name promised.
    """
    kind = detect_file_type(part.read_head(SIGNATURE_BYTES))
    wanted = "video" if media.endswith("video") else "image"  # of either collection
    if kind is None or kind.media != wanted:
        part.remove()
        raise DownloadFailed(f"What came is no {wanted} file.")
    promised = part.note.promised
    if promised and promised != kind.name and kind.media == "image":
        part.remove()
        raise DownloadFailed(f"What came is {kind.name}, where {promised} was promised.")
    return kind


def _place_file(part: PartialFile, finished: Path, stem: Path, kind: FileType) -> DownloadedFile:
    """Give the file its final name, for good."""
    path = stem.with_name(stem.name + kind.suffix)
    with finished.open("rb") as file:
        os.fsync(file.fileno())
    fetched = DownloadedFile(path, finished.stat().st_size, compute_sha256(finished))
    finished.replace(path)
    sync_folder(path.parent)
    part.remove()
    return fetched
