"""The manifest of a folder: a line of JSON for each license, never changed once written.

Lines are in the order of the downloads, not of the purchases. A separate note marks the license
from which on all older licenses are listed. The mark is valid only while the manifest has all the
lines of that time. The note also names the API of the folder, so that files of the sandbox, which
have a watermark, are never mixed with paid files.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from affiliate.domain import decoding
from affiliate.durable_files import write_all
from affiliate.errors import DownloadFailed
from affiliate.licensing.files.partial_file import build_disk_failure, open_or_create, replace_file

MANIFEST_NAME = "manifest.jsonl"
STATE_NAME = ".sync.json"


class ManifestLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One license: ``image`` is the image's or video's id, ``path`` relative to the folder.

    Without a path, ``reason`` tells why there is no file. ``tags`` names the file with title,
    keywords and credit: the file itself, or its ``.xmp`` neighbor. ``sha256`` and ``bytes`` are the
    digest and the length of the file with tags.
    """

    license: str
    image: str
    media: str
    size: str
    license_name: str
    licensed_at: str
    metadata: dict[str, Any] = {}
    path: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    tags: str | None = None
    reason: str | None = None


class CompletionMark(msgspec.Struct):
    """The license from which on all older licenses are in the manifest's first ``bytes``."""

    license: str
    bytes: int


class SyncState(msgspec.Struct):
    """The note beside the manifest: the host of the API, and a mark for each medium."""

    api: str = ""
    marks: dict[str, CompletionMark] = {}


class Manifest:
    """A context manager over the manifest of a folder of ``api``'s files, ready for more lines.

    A hash of each listed license is in memory, some hundred bytes for each.

    Raises:
        DownloadFailed: the manifest is damaged otherwise than by a kill, or the folder is of
            another API.
    """

    def __init__(self, folder: Path, api: str) -> None:
        self.path = folder / MANIFEST_NAME
        self._state = folder / STATE_NAME
        parts = urlsplit(api)
        self._api = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        self._known: set[bytes] = set()

    def __enter__(self) -> Self:
        self._file = open_or_create(self.path)
        try:
            self._end = self._read_lines()
            self._note = self._drop_stale_marks(self._read_state())
            os.ftruncate(self._file, self._end)
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def __contains__(self, license_id: str) -> bool:
        return _hash_license_id(license_id) in self._known

    def add(self, line: ManifestLine) -> None:
        """Write a line; a line with a file is synced to the disk, with all lines before.

        Raises:
            DiskFailed: the line can't be written; the manifest is unchanged.
        """
        record = msgspec.json.encode(line) + b"\n"
        try:
            write_all(self._file, record, self._end)
            if line.path:
                os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, self._end)
            raise build_disk_failure(MANIFEST_NAME, error) from None
        self._end += len(record)
        self._known.add(_hash_license_id(line.license))

    def get_complete_license(self, media: str) -> str | None:
        """Return the license from which on all older licenses of the medium are listed."""
        mark = self._note.marks.get(media)
        return mark.license if mark else None

    def set_complete(self, media: str, license_id: str) -> None:
        self._note.marks[media] = CompletionMark(license_id, self._end)
        try:
            os.fsync(self._file)
            self._write_state(self._note)
        except OSError as error:
            raise build_disk_failure(STATE_NAME, error) from None

    def _drop_stale_marks(self, note: SyncState) -> SyncState:
        """Drop marks that cover more bytes than the manifest has, and store the state first.

        A manifest that was cut, deleted or restored from a copy would grow beyond the mark again.
        """
        if self._end and note.api not in {"", self._api}:
            message = f"The folder is of {note.api}, not of {self._api}; give each one of its own."
            raise DownloadFailed(message)
        marks = {
            media: mark
            for media, mark in note.marks.items()
            if self._end >= mark.bytes and mark.license in self
        }
        state = SyncState(self._api, marks)
        if state != note:
            self._write_state(state)
        return state

    def _write_state(self, note: SyncState) -> None:
        replace_file(self._state, msgspec.json.encode(note))

    def _read_state(self) -> SyncState:
        try:
            return decoding.decode_json(self._state.read_bytes(), SyncState)
        except (FileNotFoundError, ValueError):
            return SyncState()  # then the whole history is read again

    def _read_lines(self) -> int:
        """Read the listed licenses; return the end of the complete lines: a kill may cut one."""
        end = 0
        with self.path.open("rb") as file:
            for number, text in enumerate(file, 1):
                if not text.endswith(b"\n"):
                    break
                try:
                    line = decoding.decode_json(text, ManifestLine)
                except ValueError:
                    raise DownloadFailed(f"Line {number} of {MANIFEST_NAME} is damaged.") from None
                self._known.add(_hash_license_id(line.license))
                end += len(text)
        return end


def iter_lines(folder: Path) -> Iterator[ManifestLine]:
    """Yield the lines of a folder's manifest, in order."""
    with (folder / MANIFEST_NAME).open("rb") as file:
        for text in file:
            yield decoding.decode_json(text, ManifestLine)


def _hash_license_id(license_id: str) -> bytes:
    return hashlib.blake2b(license_id.encode(), digest_size=16).digest()
