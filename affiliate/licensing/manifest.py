"""The list of what a folder holds: a line of JSON for each license, never changed once written.

The order of lines is that of the work, not of the purchases. Besides the lines there is a note of
how far back the folder is complete: licenses older than that are all listed.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import msgspec

from affiliate.errors import DownloadFailed
from affiliate.licensing.parts import disk_failure, replace_file, write_all

NAME = "manifest.jsonl"
STATE = ".sync.json"


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One license: ``image`` is the image's or video's id, ``path`` relative to the folder.

    Without a path ``reason`` says why there is no file. ``tags`` names the file that holds title,
    keywords and credit: the file itself, or its ``.xmp`` neighbor. ``sha256`` is of the file as
    it lies there, tags included; ``bytes`` its length.
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


class Manifest:
    """A context manager over the folder's manifest, ready for more lines.

    Of each listed license it keeps a hash in memory, some hundred bytes in all.

    Raises:
        DownloadFailed: the manifest was damaged by something else than a kill.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._state = folder / STATE
        self._known: set[bytes] = set()

    def __enter__(self) -> Self:
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._end = self._read()
            os.ftruncate(self._file, self._end)
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def __contains__(self, license_id: str) -> bool:
        return _short(license_id) in self._known

    def add(self, line: Line) -> None:
        """Write a line; one with a file is on the disk when this returns, with all before it.

        Raises:
            DiskFailed: it isn't, and the manifest is as it was.
        """
        record = msgspec.json.encode(line) + b"\n"
        try:
            write_all(self._file, record, self._end)
            if line.path:
                os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, self._end)
            raise disk_failure(NAME, error) from None
        self._end += len(record)
        self._known.add(_short(line.license))

    def complete_from(self, media: str) -> str | None:
        """The license from which on, backwards in time, every one of the medium is listed."""
        return self._states().get(media)

    def set_complete(self, media: str, license_id: str) -> None:
        try:
            os.fsync(self._file)
            states = self._states() | {media: license_id}
            replace_file(self._state, msgspec.json.encode(states))
        except OSError as error:
            raise disk_failure(STATE, error) from None

    def _states(self) -> dict[str, str]:
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=dict[str, str])
        except (FileNotFoundError, ValueError):
            return {}  # then the whole history is looked through again

    def _read(self) -> int:
        """Learn what is listed; returns where the whole lines end, a kill having torn the last."""
        end = 0
        with self.path.open("rb") as file:
            for number, text in enumerate(file, 1):
                if not text.endswith(b"\n"):
                    break
                try:
                    line = msgspec.json.decode(text, type=Line)
                except ValueError:
                    raise DownloadFailed(f"Line {number} of {NAME} is damaged.") from None
                self._known.add(_short(line.license))
                end += len(text)
        return end


def lines(folder: Path) -> Iterator[Line]:
    """The lines of a folder's manifest, in order."""
    with (folder / NAME).open("rb") as file:
        for text in file:
            yield msgspec.json.decode(text, type=Line)


def _short(license_id: str) -> bytes:
    return hashlib.blake2b(license_id.encode(), digest_size=16).digest()
