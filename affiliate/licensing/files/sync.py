"""Synchronization of a folder with the license history: newest first, each license once.

A run ends at the license from which on all older licenses are listed; a run that ends without a
failure marks that license. So a run that was stopped or killed leaves no gap: the next run walks
through the same licenses again and skips listed licenses. A file is listed after its placement; a
placed file that a kill left unlisted is accepted unchanged.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import msgspec

from affiliate.errors import (
    AgencyError,
    BadCredentials,
    DiskFailed,
    DownloadFailed,
    Forbidden,
    NotFound,
    TooManyCalls,
)
from affiliate.licensing.accounts.shutterstock import PAGE_ROWS, ShutterstockAccount
from affiliate.licensing.files.downloads import (
    DownloadedFile,
    Downloads,
    compute_sha256,
    explain_refusal,
    iter_redownload_links,
)
from affiliate.licensing.files.file_types import FileType, find_placed_file
from affiliate.licensing.files.filenames import FilenamePattern
from affiliate.licensing.files.manifest import Manifest, ManifestLine
from affiliate.licensing.files.metadata import write_sidecar, write_tags
from affiliate.licensing.files.partial_file import (
    build_disk_failure,
    build_tagged_path,
    open_or_create,
    remove_partial_files,
)
from affiliate.licensing.files.xmp import Tags
from affiliate.licensing.models import MediaKind, Record

GROUP_SIZE: Final = 20
"""The number of licenses whose titles are requested in one call."""
MAX_FAILURES_IN_A_ROW: Final = 5
"""The number of failures in a row that end a run, as no single file is the cause then."""
MEDIA: Final[tuple[MediaKind, ...]] = ("image", "video")
LOCK_NAME: Final = ".sync.lock"


Describe = Callable[[MediaKind, Sequence[str]], Mapping[str, Tags]]
"""A function that returns the tags of images or videos by id, without unknown ids."""


class SyncReport(msgspec.Struct):
    """The progress of a run: ``fetched`` files, licenses ``without`` an available file, failures.

    ``now`` is the name of the current file, with its bytes so far and its length, if known.
    """

    fetched: int = 0
    without: int = 0
    bytes: int = 0
    failures: list[str] = []
    now: str = ""
    now_bytes: int = 0
    now_length: int | None = None


class Sync:
    """One run for one folder and one account; ``watch`` is called after every step and chunk."""

    def __init__(  # noqa: PLR0913 - its parts, by name
        self,
        account: ShutterstockAccount,
        downloads: Downloads,
        folder: Path,
        *,
        describe: Describe,
        pattern: FilenamePattern | None = None,
        watch: Callable[[SyncReport], None] = lambda _: None,
    ) -> None:
        self.report = SyncReport()
        self._account = account
        self._downloads = downloads
        self._folder = folder
        self._describe = describe
        self._pattern = pattern or FilenamePattern(unique=True)
        self._watch = watch
        self._in_a_row = 0

    def run(self, media: Iterable[MediaKind] = MEDIA) -> SyncReport:
        """Fetch and list the missing licenses; a run may be stopped at any moment and repeated.

        Raises:
            DiskFailed: the disk is full or can't be written.
            DownloadFailed: another run is at work in the folder, its manifest is damaged, or the
                folder is of another API.
            AgencyError: further calls are pointless for now.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with _lock_folder(self._folder), Manifest(self._folder, self._account.url) as manifest:
                for medium in media:
                    self._sync_media(medium, manifest)
        except OSError as error:
            raise build_disk_failure(self._folder.name, error) from None
        return self.report

    def _sync_media(self, media: MediaKind, manifest: Manifest) -> None:
        """Walk through the history of one medium, until a walk finds nothing more.

        A license that leaves the history meanwhile moves all older licenses up by a place, so that
        a license is missed between two pages; the next walk finds the missed license.
        """
        failure_count = len(self.report.failures)
        end = manifest.get_complete_license(media)
        newest, may_miss = None, True
        while may_miss and len(self.report.failures) == failure_count:
            newest, may_miss = self._walk_history(media, manifest, end)
        if newest and len(self.report.failures) == failure_count:
            manifest.set_complete(media, newest)

    def _walk_history(
        self, media: MediaKind, manifest: Manifest, end: str | None
    ) -> tuple[str | None, bool]:
        """Fetch missing files; return the newest license, and whether a new walk may find more."""
        history = _CountedHistory(self._account.iter_history(media))
        newest = next(history, None)
        if newest is None:
            return None, False
        count = 0
        missing = _iter_missing(chain([newest], history), manifest, end)
        while group := list(islice(missing, GROUP_SIZE)):
            media_ids = [record.media_id for record in group if not explain_refusal(record)]
            tags = self._describe(media, media_ids) if media_ids else {}
            for record in group:
                if record.id not in manifest:  # a page may repeat licenses of the page before
                    self._fetch_and_list(record, tags.get(record.media_id, Tags()), manifest)
                    count += 1
        return newest.id, count > 0 and history.count > PAGE_ROWS

    def _fetch_and_list(self, record: Record, tags: Tags, manifest: Manifest) -> None:
        """Fetch a license's file and list the license; a failure of this file alone is reported.

        Raises:
            AgencyError, DownloadFailed: the failure ends the run.
        """
        stem = self._folder / self._pattern.build_stem(record)
        try:
            manifest.add(self._describe_license(record, tags, stem))
            self._in_a_row = 0
        except (DiskFailed, TooManyCalls):
            raise
        except (AgencyError, DownloadFailed) as error:
            self._in_a_row += 1
            hopeless = isinstance(error, BadCredentials) and not isinstance(error, Forbidden)
            if hopeless or self._in_a_row >= MAX_FAILURES_IN_A_ROW:
                raise
            self.report.failures.append(f"{record.id}: {error}")
        self._watch(self.report)

    def _describe_license(self, record: Record, tags: Tags, stem: Path) -> ManifestLine:
        """Return the manifest's line about a license, after the placement of its file, if any."""
        reason = explain_refusal(record)
        if reason is None:
            try:
                return self._build_file_line(record, tags, self._fetch_file(record, tags, stem))
            except NotFound as error:
                remove_partial_files(stem)
                reason = f"The agency has it no more ({error.message})"
        self.report.without += 1
        return _build_line(record, reason=reason)

    def _fetch_file(self, record: Record, tags: Tags, stem: Path) -> DownloadedFile:
        if placed_file := find_placed_file(stem):
            remove_partial_files(stem)
            return DownloadedFile(
                placed_file, placed_file.stat().st_size, compute_sha256(placed_file)
            )
        self.report.now = stem.name
        return self._downloads.fetch(
            stem,
            iter_redownload_links(lambda: self._request_link(record)),
            media=record.media,
            finish=lambda part, kind: _tag_file(part, kind, tags, stem),
            progress=self._report_bytes,
        )

    def _request_link(self, record: Record) -> str:
        return self._account.request_download_link(record.media, record.id, record.size)

    def _report_bytes(self, size: int, length: int | None) -> None:
        self.report.now_bytes, self.report.now_length = size, length
        self._watch(self.report)

    def _build_file_line(self, record: Record, tags: Tags, file: DownloadedFile) -> ManifestLine:
        sidecar = file.path.with_suffix(".xmp")
        holder = sidecar if sidecar.is_file() else file.path
        self.report.fetched += 1
        self.report.bytes += file.size
        return _build_line(
            record,
            path=file.path.name,
            bytes=file.size,
            sha256=file.sha256,
            tags=holder.name if tags else None,
        )


class _CountedHistory(Iterator[Record]):
    """An iterator over the history that counts the taken licenses."""

    def __init__(self, history: Iterator[Record]) -> None:
        self._history = history
        self.count = 0

    def __next__(self) -> Record:
        record = next(self._history)
        self.count += 1
        return record


def _iter_missing(
    history: Iterable[Record], manifest: Manifest, end: str | None
) -> Iterator[Record]:
    """Yield the unlisted licenses, newest first, up to the license ``end``."""
    for record in history:
        if record.id == end:
            return
        if record.id not in manifest:
            yield record


def _tag_file(part: Path, kind: FileType, tags: Tags, stem: Path) -> Path:
    """Return the file to place: a tagged copy, or the same file with the tags beside it."""
    if not tags:
        return part
    if write_tags(part, kind, tags, build_tagged_path(stem)):
        return build_tagged_path(stem)
    write_sidecar(stem, tags)
    return part


def _build_line(record: Record, **fields: Any) -> ManifestLine:  # noqa: ANN401 - fields of the line
    return ManifestLine(
        license=record.id,
        image=record.media_id,
        media=record.media,
        size=record.size,
        license_name=record.license,
        licensed_at=record.downloaded_at.isoformat(),
        metadata=dict(record.metadata),
        **fields,
    )


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Lock the folder for one run at a time; the lock ends with the process."""
    descriptor = open_or_create(folder / LOCK_NAME)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise DownloadFailed(f"Another run is at work in {folder.name}.") from None
    finally:
        os.close(descriptor)
