"""The manifest keeps every line that it took, through kills and full disks."""

import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from affiliate.errors import DiskFailed, DownloadFailed
from affiliate.licensing.files.manifest import (
    MANIFEST_NAME,
    STATE_NAME,
    Manifest,
    ManifestLine,
    iter_lines,
)

API = "https://api.example"


def line(license_id: str, **fields: object) -> ManifestLine:
    usual = {"image": "1", "media": "image", "size": "huge", "license_name": "standard"}
    return ManifestLine(license=license_id, licensed_at="2026-03-01", **{**usual, **fields})  # type: ignore[arg-type]


def test_lines_are_json_and_known_again(tmp_path: Path) -> None:
    """A line can be read by anybody, and a later run knows its license."""
    with Manifest(tmp_path, API) as manifest:
        manifest.add(line("e1", path="a.jpg", sha256="00", metadata={"job": "猫"}))
        manifest.add(line("e2", reason="gone"))
        assert "e1" in manifest
    rows = [json.loads(one) for one in (tmp_path / MANIFEST_NAME).read_text().splitlines()]
    assert (rows[0]["license"], rows[0]["metadata"]) == ("e1", {"job": "猫"})
    assert [one.license for one in iter_lines(tmp_path)] == ["e1", "e2"]
    with Manifest(tmp_path, API) as manifest:
        assert "e2" in manifest
        assert "e3" not in manifest


def test_a_line_with_a_file_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is synced with all before it, and so is what a mark counts."""
    synced: dict[int, int] = {}
    sync = os.fsync

    def noted(descriptor: int) -> None:
        sync(descriptor)
        held = os.fstat(descriptor)
        synced[held.st_ino] = held.st_size

    monkeypatch.setattr(os, "fsync", noted)
    with Manifest(tmp_path, API) as manifest:

        def all_synced() -> bool:
            held = manifest.path.stat()
            return synced.get(held.st_ino) == held.st_size

        manifest.add(line("e1", reason="gone"))
        manifest.add(line("e2", path="a.jpg"))
        assert all_synced()
        manifest.add(line("e3", reason="gone"))
        manifest.set_complete("image", "e3")
        assert all_synced()


@pytest.mark.parametrize("torn", [b"{", b'{"license": "e2"' + b" " * 500, b"\0\0\0"])
def test_a_torn_line_was_never_written(tmp_path: Path, torn: bytes) -> None:
    """What a kill left of a line is cut off, and the next line stands alone."""
    with Manifest(tmp_path, API) as manifest:
        manifest.add(line("e1"))
    with (tmp_path / MANIFEST_NAME).open("ab") as file:
        file.write(torn)
    with Manifest(tmp_path, API) as manifest:
        assert "e2" not in manifest
        manifest.add(line("e3"))
    assert [one.license for one in iter_lines(tmp_path)] == ["e1", "e3"]


def test_other_damage_is_said(tmp_path: Path) -> None:
    """A whole line that can't be read stops the run before it changes anything."""
    (tmp_path / MANIFEST_NAME).write_bytes(b'{"license": 1}\nrest')
    with pytest.raises(DownloadFailed, match=r"Line 1 of manifest\.jsonl is damaged"):
        Manifest(tmp_path, API).__enter__()
    assert (tmp_path / MANIFEST_NAME).read_bytes() == b'{"license": 1}\nrest'


def test_a_full_disk_tears_no_line(small_disk: Path) -> None:
    """A line that has no room leaves the manifest as it was."""
    with Manifest(small_disk, API) as manifest:
        manifest.add(line("e1"))
        with pytest.raises(DiskFailed, match="No space left"):
            manifest.add(line("e2", reason="x" * 100_000))
        assert "e2" not in manifest
        subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
        manifest.add(line("e3"))
    assert [one.license for one in iter_lines(small_disk)] == ["e1", "e3"]


def test_how_far_back_it_is_complete_is_kept_by_medium(tmp_path: Path) -> None:
    """Each medium has its mark; a mark that can't be read is none."""
    with Manifest(tmp_path, API) as manifest:
        assert manifest.get_complete_license("image") is None
        for media, name in (("image", "e1"), ("video", "e2")):
            manifest.add(line(name))
            manifest.set_complete(media, name)
    with Manifest(tmp_path, API) as manifest:
        assert (manifest.get_complete_license("image"), manifest.get_complete_license("video")) == (
            "e1",
            "e2",
        )
    (tmp_path / STATE_NAME).write_bytes(b"\0")
    with Manifest(tmp_path, API) as manifest:
        assert manifest.get_complete_license("image") is None


@pytest.mark.parametrize("cut", [1, 10, 10_000])
def test_a_mark_counts_only_with_all_that_it_was_of(tmp_path: Path, cut: int) -> None:
    """A manifest cut in mid-line, between lines or wholly has no mark, though it grows again."""
    with Manifest(tmp_path, API) as manifest:
        for number in range(9):
            manifest.add(line(f"e{number}"))
        manifest.set_complete("image", "e0")
    text = (tmp_path / MANIFEST_NAME).read_bytes()
    (tmp_path / MANIFEST_NAME).write_bytes(text[: max(len(text) - cut, 0)])
    with Manifest(tmp_path, API) as manifest:
        assert manifest.get_complete_license("image") is None
        for number in range(9):
            manifest.add(line(f"f{number}"))
    with Manifest(tmp_path, API) as manifest:
        assert manifest.get_complete_license("image") is None


def test_a_folder_is_of_one_api(tmp_path: Path) -> None:
    """What the sandbox gave stands never among what was paid for; an empty folder is anyone's."""
    with Manifest(tmp_path, "https://api-sandbox.example"):
        pass
    with Manifest(tmp_path, API) as manifest:
        manifest.add(line("e1"))
    with pytest.raises(DownloadFailed, match=r"of api\.example, not of api-sandbox\.example"):
        Manifest(tmp_path, "https://api-sandbox.example").__enter__()
    with Manifest(tmp_path, API) as manifest:
        assert "e1" in manifest


@pytest.mark.parametrize("name", [MANIFEST_NAME, STATE_NAME, f"{STATE_NAME}.new"])
def test_a_link_leads_nowhere(tmp_path: Path, name: str) -> None:
    """What others put into the folder doesn't have us write elsewhere."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"mine")
    folder = tmp_path / "dam"
    folder.mkdir()
    (folder / name).symlink_to(precious)
    with suppress(OSError), Manifest(folder, API) as manifest:
        manifest.add(line("e1"))
        manifest.set_complete("image", "e1")
    assert precious.read_bytes() == b"mine"
