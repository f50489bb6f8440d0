"""Compares a folder of synced files with what the agency sold."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from affiliate.licensing.files.manifest import ManifestLine, iter_lines
from tests.simulator import Simulator
from tests.support.owner_account import list_names


def check_folder(
    agency: Simulator, folder: Path, *, missing: Sequence[str] = ()
) -> list[ManifestLine]:
    """Check that every purchase is listed once, and every file is there whole, without others."""
    listed = list(iter_lines(folder))
    bought = {one.id: one for one in agency.purchases}
    assert sorted(one.license for one in listed) == sorted(set(bought) - set(missing))
    for one in listed:
        if one.path is not None:
            content = (folder / one.path).read_bytes()
            assert hashlib.sha256(content).hexdigest() == one.sha256
            assert len(content) == one.bytes
    paths = [one.path for one in listed if one.path]
    sides = [one.tags for one in listed if one.tags and one.tags.endswith(".xmp")]
    assert list_names(folder) == sorted(
        [*paths, *sides, "manifest.jsonl", ".sync.json", ".sync.lock"]
    )
    return listed


def count_link_requests(agency: Simulator) -> int:
    return sum(one.method == "POST" and "downloads" in one.path for one in agency.requests)
