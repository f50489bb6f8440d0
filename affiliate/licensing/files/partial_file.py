"""Partial files: ``NAME.part``, and beside each a note on the complete file.

The bytes up to a checkpoint are safely on the disk, and a later run continues from there, whatever
ended the earlier run. A partial file belongs to one process at a time.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Self

import msgspec

from affiliate.domain import decoding
from affiliate.durable_files import measure_room, write_all
from affiliate.errors import DiskFailed, FileBusy
from affiliate.transport.client import Stream

CHECKPOINT_BYTES: Final = 4 * 1024 * 1024
"""Bytes between two checkpoints, the most that a kill can lose."""


class PartState(msgspec.Struct):
    """The host's facts about the complete file, and the number of bytes safely on the disk.

    ``length`` is in bytes, None while unknown; ``validator`` is for If-Range: a strong ETag, else
    the time of the last change (RFC 9110, 13.1.5).
    """

    length: int | None = None
    validator: str = ""
    promised: str = ""
    safe: int = 0


class PartialFile:
    """A context manager over a partial file; ``stem`` is the final path without the suffix.

    Raises:
        FileBusy: another process fetches the file.
        DiskFailed: the disk is full, too small for the file, or can't be written.
    """

    def __init__(self, stem: Path) -> None:
        self.path = stem.with_name(f"{stem.name}.part")
        self._note_path = stem.with_name(f"{stem.name}.part.json")
        self.note = PartState()
        self.size = 0

    def __enter__(self) -> Self:
        self._file = self._open_locked()
        self.note = self._read_note()
        size = os.fstat(self._file).st_size
        if size < self.note.safe:
            self.note = PartState()
        self.size = self.note.safe
        os.ftruncate(self._file, self.size)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    @property
    def is_whole(self) -> bool:
        return self.note.length is not None and self.note.safe == self.note.length

    def read_head(self, size: int) -> bytes:
        return os.pread(self._file, size, 0)

    def build_range_headers(self) -> dict[str, str]:
        """Return headers that request the rest of an unchanged file, or else the whole file."""
        if not self.size:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self.note.validator}

    def accept_answer(self, answer: Stream, promised_type: str) -> None:
        """Continue the file if the answer starts at its end; else start the file again."""
        if not self._is_continuation(answer):
            self._begin(answer, promised_type)
        self._require_room()

    def _begin(self, answer: Stream, promised_type: str) -> None:
        length = _parse_number(answer.headers.get("Content-Length"))
        self.note = PartState(
            length=length, validator=_get_validator(answer), promised=promised_type
        )
        self.size = 0
        os.ftruncate(self._file, 0)
        self._write_note()

    def write(self, chunk: bytes) -> None:
        write_all(self._file, chunk, self.size)
        self.size += len(chunk)
        if self.size - self.note.safe >= CHECKPOINT_BYTES:
            self.checkpoint()
            self._require_room()

    def checkpoint(self) -> None:
        """Flush the written bytes to the disk, and record their number as safe."""
        os.fsync(self._file)
        if self.note.validator or self.note.length == self.size:
            self.note.safe = self.size
            self._write_note()

    def finish(self) -> None:
        """Mark the received bytes as the whole file."""
        if self.note.length is None:
            self.note.length = self.size
        self.checkpoint()

    def restart(self) -> None:
        """Drop the written bytes, as after a lost connection without a way to resume."""
        self.note, self.size = PartState(), 0
        self._note_path.unlink(missing_ok=True)
        os.ftruncate(self._file, 0)

    def rewind(self) -> None:
        """Drop the written bytes after a lost connection, unless a later request can resume."""
        if not self.note.validator or self.note.length is None:
            self.restart()

    @contextmanager
    def remove_empty_on_failure(self) -> Iterator[None]:
        """Remove the files after a failure that left no bytes to resume from."""
        try:
            yield
        except BaseException:
            if not self.size:
                self.remove()
            raise

    def remove(self) -> None:
        """Remove the partial file and its note, once the file is placed or is worthless."""
        remove_partial_files(self.path.with_name(self.path.name.removesuffix(".part")))

    def _is_continuation(self, answer: Stream) -> bool:
        """Return whether a 206 continues the same file at our end (RFC 9110, 14.4).

        Raises:
            FileChanged: the 206 is of another file or another part.
        """
        match = re.fullmatch(
            r"bytes ([0-9]+)-[0-9]+/([0-9]+)", answer.headers.get("Content-Range", "").strip()
        )
        fits = match and (int(match[1]), int(match[2])) == (self.size, self.note.length)
        validator = _get_validator(answer)
        if answer.status == 206 and fits and validator in {"", self.note.validator}:  # noqa: PLR2004
            return True
        if answer.status == 206:  # noqa: PLR2004 - Partial Content
            self.restart()
            raise FileChanged
        return False

    def _require_room(self) -> None:
        """Refuse to fill the disk, on which the site's databases may be.

        Raises:
            DiskFailed: the disk has no room for the rest of the file.
        """
        free, reserved = measure_room(self.path.parent)
        rest = max((self.note.length or 0) - self.size, 0)
        if reserved and free - rest < reserved:
            raise DiskFailed(
                f"{self.path.stem} needs {rest / 10**6:.1f} MB more, and its disk has"
                f" {free / 10**6:.1f} MB, of which {reserved / 10**6:.1f} MB stay free."
            )

    def _open_locked(self) -> int:
        """Return a locked descriptor of the file that the path names."""
        while True:
            file = open_or_create(self.path)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(file), self.path.stat()):
                    return file
            except FileNotFoundError:  # placed or removed by another process meanwhile
                os.close(file)
            except BlockingIOError:
                os.close(file)
                raise FileBusy(f"Another process is fetching {self.path.stem}.") from None
            except BaseException:
                os.close(file)
                raise
            else:
                os.close(file)

    def _read_note(self) -> PartState:
        try:
            return decoding.decode_json(self._note_path.read_bytes(), PartState)
        except (FileNotFoundError, ValueError):
            return PartState()

    def _write_note(self) -> None:
        replace_file(self._note_path, msgspec.json.encode(self.note))


class FileChanged(Exception):
    """The host sent a part of another file, or another part; the written bytes are dropped."""


def replace_file(path: Path, content: bytes) -> None:
    """Write a small file atomically: at any moment either the old or the new file is there."""
    new = _build_new_path(path)
    with create_anew(new) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def open_or_create(path: Path) -> int:
    """Open one of our files to continue, creating an absent file.

    A symbolic link is refused (ELOOP), as it could make this program write elsewhere.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)


def create_anew(path: Path) -> IO[bytes]:
    """Create a new file to write, replacing any file or link of the same name."""
    path.unlink(missing_ok=True)
    return path.open("xb")


def remove_partial_files(stem: Path) -> None:
    """Remove the files that an unfinished download may have left beside a file."""
    note = stem.with_name(f"{stem.name}.part.json")
    for path in (
        stem.with_name(f"{stem.name}.part"),
        note,
        _build_new_path(note),
        build_tagged_path(stem),
    ):
        path.unlink(missing_ok=True)


def build_tagged_path(stem: Path) -> Path:
    """Return the path of the tagged copy of a file before its placement."""
    return stem.with_name(f"{stem.name}.tagged")


def _build_new_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def build_disk_failure(name: str, error: OSError) -> DiskFailed:
    """Return our error for a disk error, with the system's message but without the folder."""
    return DiskFailed(f"{name} can't be written: {os.strerror(error.errno or 0)}.")


def _get_validator(answer: Stream) -> str:
    tag = answer.headers.get("ETag", "")
    return tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")


def _parse_number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,15}", text) else None
