"""A folder that the site may not write is named with owner, mode and remedy."""

import os
from pathlib import Path

import pytest

from affiliate.config.data_folder import describe_unwritable_folder


def forbid(monkeypatch: pytest.MonkeyPatch, denied: Path) -> None:
    """Have a path be another user's, even for root."""
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: access(path, mode) and (path != denied or mode == os.F_OK)
    )


def test_a_folder_that_can_be_written_has_no_fault(tmp_path: Path) -> None:
    """Also where the folder is made later."""
    (tmp_path / "ledger.db").touch()
    assert describe_unwritable_folder(tmp_path) is None
    assert describe_unwritable_folder(tmp_path / "not" / "yet") is None


@pytest.mark.parametrize("name", ["", "not/yet"])
def test_the_folder_of_another_user_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    tmp_path.chmod(0o750)
    forbid(monkeypatch, tmp_path)
    fault = describe_unwritable_folder(tmp_path / name)
    user, group = os.geteuid(), os.getegid()
    assert fault == (
        f"DATA_DIR {tmp_path / name} can't be written: {tmp_path} belongs to user"
        f" {tmp_path.stat().st_uid} and group {tmp_path.stat().st_gid} (mode 750), the site runs"
        f" as user {user} and group {group}. As root: chown -R {user}:{group} {tmp_path}"
    )


@pytest.mark.parametrize("name", ["ledger.db", "cache.db"])
def test_a_file_of_another_user_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The command names the folder, whose other files may belong to that user, too."""
    (tmp_path / name).touch(0o600)
    forbid(monkeypatch, tmp_path / name)
    fault = str(describe_unwritable_folder(tmp_path))
    assert fault.startswith(f"{tmp_path / name} can't be written: {tmp_path / name} belongs to")
    assert fault.endswith(f":{os.getegid()} {tmp_path}")
