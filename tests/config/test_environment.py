"""Settings come from the process and from the .env beside app.py, from any working folder."""

from pathlib import Path

import pytest

from affiliate.config import environment as module
from affiliate.config.environment import find_other_file, read_environment
from affiliate.errors import ConfigError
from app import load


@pytest.fixture(autouse=True)
def reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests read no file but those of this module."""
    monkeypatch.delenv(module.DOTENV_OFF, raising=False)
    monkeypatch.delenv("FLASK_SKIP_DOTENV", raising=False)


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that is set to nothing wins, too; a name alone sets nothing."""
    monkeypatch.setenv("SITE_NAME", "Ours")
    monkeypatch.setenv("SITE_URL", "")
    lines = ["SITE_NAME=Theirs", "SITE_URL=https://a.example", "PORT = '81' # mine", "export HOST"]
    (tmp_path / ".env").write_text("\ufeffREDIS_URL=redis://h\r\n" + "\n".join(lines), "utf-8")
    found = read_environment(tmp_path)
    assert (found["SITE_NAME"], found["SITE_URL"], found["PORT"]) == ("Ours", "", "81")
    assert found["REDIS_URL"] == "redis://h"
    assert "HOST" not in found


LINES = [
    "PORT=81\r\nSITE_NAME=x",
    "PORT=81\rSITE_NAME=x",
    "export PORT=81",
    "export\tPORT = 81 ",
    "  PORT=81  \t",
    "\u00a0PORT=81\u00a0",
    "\ufeffPORT=81",
    "\ufeff\ufeffPORT=81",
    "PORT=81\u200b",
    "PORT=\u00a0'81'",
    'PORT="81" # the usual',
    "PORT=80\nPORT=81",
    "'PORT'=81",
    "PORT=81\0",
]


@pytest.mark.parametrize("text", LINES)
def test_lines_are_read_as_editors_write_them(tmp_path: Path, text: str) -> None:
    """What can't be seen is no part of a value."""
    (tmp_path / ".env").write_bytes(text.encode())
    assert load(read_environment(tmp_path)).port == 81


def test_a_file_of_windows_powershell_is_refused(tmp_path: Path) -> None:
    """Its ``>`` writes UTF-16."""
    (tmp_path / ".env").write_bytes("PORT=81".encode("utf-16"))
    with pytest.raises(ConfigError, match=r"is no UTF-8"):
        read_environment(tmp_path)


def test_without_a_file_there_is_the_environment_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is where python-dotenv is switched off."""
    monkeypatch.setenv("SITE_NAME", "Ours")
    assert read_environment(tmp_path)["SITE_NAME"] == "Ours"
    (tmp_path / ".env").write_text("PORT=81")
    monkeypatch.setenv(module.DOTENV_OFF, "1")
    assert "PORT" not in read_environment(tmp_path)


@pytest.mark.parametrize("content", [b"SECRET_KEY=s\xe9cret", None])
def test_a_file_that_can_t_be_read_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    """The sentence names the file and nothing that is in it."""
    file = tmp_path / ".env"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_environment(tmp_path)
    assert f"{file} can't be read" in str(caught.value)
    assert "cret" not in str(caught.value)


UNSET = [
    "OWNER_PASSWORD='a${b_3f}c'",
    'OWNER_PASSWORD="a${b_3f}c"',
    "OWNER_PASSWORD=${b_3f}",
    "OWNER_PASSWORD=a${}c",
    "export OWNER_PASSWORD=a${b_3f}${PORT}",
    "OWNER_PASSWORD=a${b_3f}c\nb_3f=too late",
    "b_3f\nOWNER_PASSWORD=a${b_3f}c",
]


@pytest.mark.parametrize("text", UNSET)
def test_a_name_in_a_value_that_is_not_set_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """It would be left out of the value in silence; what may be a part of a secret is not shown."""
    (tmp_path / ".env").write_text(f"PORT=81\n{text}\n")
    monkeypatch.setenv("OWNER_PASSWORD", "ac")  # as flask has read it from the same file
    with pytest.raises(ConfigError) as caught:
        read_environment(tmp_path)
    assert [fault.partition(" ")[0] for fault in caught.value.faults] == ["OWNER_PASSWORD"]
    assert "b_3f" not in str(caught.value)


def test_all_values_with_names_that_are_not_set_are_told_at_once(tmp_path: Path) -> None:
    """Each has a sentence of its own."""
    (tmp_path / ".env").write_text("SITE_NAME=${b_3f}\nPORT=81\nSECRET_KEY=${c_3f}\n")
    with pytest.raises(ConfigError) as caught:
        read_environment(tmp_path)
    told = [fault.partition(" ")[0] for fault in caught.value.faults]
    assert told == ["SITE_NAME", "SECRET_KEY"]


SET = {
    "FOO=x\nSITE_NAME=a${FOO}c": "axc",
    "SITE_NAME=a${OURS_3F}c": "a-c",
    "FOO=\nSITE_NAME=a${FOO}c": "ac",
    "SITE_NAME=a${b_3f:-d}c": "adc",
    "SITE_NAME=a${b_3f:-}c": "ac",
    "SITE_NAME=a$b_3fc": "a$b_3fc",
    "SITE_NAME=a${b_3f": "a${b_3f",
    "SITE_NAME='a$${'": "a$${",
    "# SITE_NAME=${b_3f}\nSITE_NAME=a": "a",
}


@pytest.mark.parametrize("text", SET)
def test_names_in_values_are_read_where_they_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """So are those that have a value of their own for where they are not."""
    monkeypatch.setenv("OURS_3F", "-")
    (tmp_path / ".env").write_text(text)
    assert read_environment(tmp_path)["SITE_NAME"] == SET[text]


def test_a_line_that_can_t_be_read_is_told_by_its_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The other lines count; nothing of the line is shown."""
    (tmp_path / ".env").write_text("PORT=81\n'hunter2\nSITE_NAME=Ours\n")
    assert read_environment(tmp_path)["PORT"] == "81"
    assert "line 2" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_file_of_another_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``flask`` reads the one of the working directory, which may be another site's."""
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    site.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert find_other_file(site) is None
    (elsewhere / ".env").write_text("PORT=1")
    (site / ".env").write_text("PORT=2")
    assert find_other_file(site) == elsewhere / ".env"
    monkeypatch.chdir(site)
    assert find_other_file(site) is None
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("FLASK_SKIP_DOTENV", "1")
    assert find_other_file(site) is None
