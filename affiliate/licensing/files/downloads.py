"""Downloads of licensed files: streamed, resumed, checked, and given their name once complete.

A link is signed, secret, and valid for 8 hours. The host's answer to an expired link is not
documented; 401, 403, 404 and 410 count as expired, and a fresh link is requested once. Range
requests are not documented either; a host without ranges sends the whole file again.
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
    FileBusy,
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
"""The number of retries in a row that make less progress than a checkpoint."""
MAX_REDIRECTS: Final = 3
MAX_LINKS: Final = 2
"""The number of links for a file: the first, and a fresh link once the first has expired."""

Finish = Callable[[Path, FileType], Path]
"""A function from a complete, checked file to the file to place, which is on the same disk.

The function leaves the given file unchanged.
"""
Progress = Callable[[int, int | None], None]
"""A function that receives the number of bytes so far, and the final number, if known."""


class DownloadedFile(msgspec.Struct, frozen=True):
    """A file under its final name; ``sha256`` is in hexadecimal."""

    path: Path
    size: int
    sha256: str


class Downloads:
    """The downloads from an agency; ``pause`` waits for seconds between two attempts."""

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
        """Fetch a file to ``stem`` with the suffix for its content.

        ``links`` yields a link, then fresh links; a complete partial file needs no link.

        Raises:
            FileBusy: the file exists, or another process fetches the file.
            DownloadFailed: the link has expired, or the content is of another medium or type.
            DiskFailed: the disk is full or can't be written.
            AgencyError: the host or the agency did not answer.
        """
        try:
            with PartialFile(stem) as part:
                if placed_file := find_placed_file(stem):
                    part.remove()
                    raise FileBusy(f"{placed_file.name} is there already.")
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
        losses = used_links = 0
        while not part.is_whole:
            safe_bytes = part.note.safe
            try:
                self._stream_once(part, link, progress)
                continue
            except (BadCredentials, NotFound):
                used_links += 1
                fresh_link = next(links, None) if used_links < MAX_LINKS else None
                if fresh_link is None:
                    raise DownloadFailed(
                        "The download link is over, or the file is gone."
                    ) from None
                link = fresh_link
                continue
            except (AgencyDown, AgencyTimeout, FileChanged, RequestRefused) as error:
                losses = 0 if part.note.safe - safe_bytes >= CHECKPOINT_BYTES else losses + 1
                is_refused = isinstance(error, RequestRefused)
                if losses > MAX_RETRIES or (is_refused and not part.size):
                    raise self._build_last_error(error) from None
                part.restart() if is_refused else part.rewind()
            self._pause(0.25 * 2**losses)

    def _stream_once(self, part: PartialFile, link: str, progress: Progress) -> None:
        """Stream over one connection until the file is complete or the connection fails."""
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
            for chunk in answer.iter_chunks():
                part.write(chunk)
                progress(part.size, part.note.length)
        if part.note.length not in {None, part.size}:
            raise AgencyDown(self._agency, "The file broke off.")
        part.finish()

    def _build_last_error(self, error: Exception) -> Exception:
        if isinstance(error, FileChanged):
            return AgencyDown(self._agency, "The file changed again and again.")
        return error


def iter_redownload_links(request_link: Callable[[], str]) -> Iterator[str]:
    """Yield links to a file, each requested on demand, MAX_LINKS at most."""
    return (request_link() for _ in range(MAX_LINKS))


def explain_refusal(record: Record) -> str | None:
    """Explain why a license's file can't be fetched again; None for a file that can.

    The API has redownloads only for images and videos, and marks the licenses that allow them.
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
    """Refuse a compressed file, or a file whose end looks the same as a lost connection.

    A missing length may also mean a connection lost amid the headers, so AgencyDown allows a retry.
    """
    headers = answer.headers
    if headers.get("Content-Encoding", "identity") != "identity":
        raise BadAnswer(agency, "The file comes compressed, though that was not asked for.")
    if "Content-Length" not in headers and headers.get("Transfer-Encoding") != "chunked":
        raise AgencyDown(agency, "The host doesn't say how long the file is.")


def _require_file_type(part: PartialFile, media: str) -> FileType:
    """Return the type of a complete file; remove a file of another medium or type.

    Raises:
        DownloadFailed: the file is empty, or of another medium or type than its link promised.
    """
    kind = detect_file_type(part.read_head(SIGNATURE_BYTES))
    wanted_media = "video" if media.endswith("video") else "image"  # of either collection
    if kind is None or kind.media != wanted_media:
        part.remove()
        raise DownloadFailed(f"What came is no {wanted_media} file.")
    promised_type = part.note.promised
    if promised_type and promised_type != kind.name and kind.media == "image":
        part.remove()
        raise DownloadFailed(f"What came is {kind.name}, where {promised_type} was promised.")
    return kind


def _place_file(part: PartialFile, source: Path, stem: Path, kind: FileType) -> DownloadedFile:
    """Sync the file to the disk and give the file its final name."""
    path = stem.with_name(stem.name + kind.suffix)
    with source.open("rb") as file:
        os.fsync(file.fileno())
    file_info = DownloadedFile(path, source.stat().st_size, compute_sha256(source))
    source.replace(path)
    sync_folder(path.parent)
    part.remove()
    return file_info
