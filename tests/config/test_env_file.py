"""A .env file is changed value by value, and replaced as a whole."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.config import env_file
from affiliate.errors import ConfigError

OLD = """\
# mine
export A=1  # one

B="two
lines"
A=3
"""


def test_other_lines_stay() -> None:
    """Comments, blank lines, further values and duplicates stay; the last line of a name counts."""
    text = env_file.set_values(OLD, {"A": "4", "C": "it's $5"})
    assert text == OLD.replace("A=3", "A=4") + "C='it\\'s $5'\n"
    assert env_file.parse_values(text) == {"A": "4", "B": "two\nlines", "C": "it's $5"}


def test_a_last_line_without_an_end_is_ended() -> None:
    """A new value never becomes a part of the line before."""
    assert env_file.set_values("A=1", {"B": "2"}) == "A=1\nB=2\n"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1))
def test_a_value_is_read_as_written_or_refused(value: str) -> None:
    """No sign of a key is changed on the way."""
    try:
        text = env_file.set_values(OLD, {"KEY": value})
    except ConfigError:
        return
    assert env_file.parse_values(text)["KEY"] == value


@pytest.mark.parametrize("value", ["v2/abc+def==", "a b#c", '"$HOME" `x`'])
def test_a_shell_reads_the_same(tmp_path: Path, value: str) -> None:
    """Values are those that `. ./.env` gives, too, where they hold no apostrophe."""
    file = tmp_path / ".env"
    file.write_text(env_file.set_values("", {"KEY": value}))
    run = subprocess.run(
        ["sh", "-c", '. "$1"; printf %s "$KEY"', "sh", str(file)], capture_output=True, check=True
    )
    assert run.stdout.decode() == value


def test_only_the_owner_reads_the_file_and_its_backup(tmp_path: Path) -> None:
    """Both are of mode 0600, whatever the old file's mode was; a link stays a link."""
    real, link = tmp_path / "real", tmp_path / ".env"
    real.write_text("A=1\n")
    real.chmod(0o644)
    link.symlink_to(real)
    backup = env_file.replace_file(link, "A=2\n")
    assert backup is not None
    assert (link.is_symlink(), real.read_text(), backup.read_text()) == (True, "A=2\n", "A=1\n")
    assert {path.stat().st_mode & 0o777 for path in (real, backup)} == {0o600}


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half-written stays, not even beside the file."""
    file = tmp_path / ".env"
    file.write_text("A=1\n")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        env_file.replace_file(file, "A=2\n")
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
    assert file.read_text() == "A=1\n"
