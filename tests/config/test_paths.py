"""Paths in settings mean one place, from whatever folder a command is started."""

from pathlib import Path

import pytest

from affiliate.config.paths import resolve_data_folder, resolve_path, resolve_sqlite_address

SITE = Path("/srv/site")
ENVIRON = {"HOME": "/home/me", "DISK": "/mnt/d$1", "EMPTY": ""}
PLACES = {
    "instance": "/srv/site/instance",
    "../data": "/srv/site/../data",
    "/data": "/data",
    "~": "/home/me",
    "~/data": "/home/me/data",
    "a~b": "/srv/site/a~b",
    "$DISK/data": "/mnt/d$1/data",
    "${DISK}x": "/mnt/d$1x",
    "$HOME/$DISK": "/home/me//mnt/d$1",
    "costs $": "/srv/site/costs $",
}


@pytest.mark.parametrize("text", PLACES)
def test_a_path_is_read_as_in_a_shell(text: str) -> None:
    """Relative paths are relative to the site, a tilde and variables are expanded once."""
    assert resolve_path(text, SITE, ENVIRON) == Path(PLACES[text])


@pytest.mark.parametrize("text", ["$NOPE/a", "${EMPTY}/a", "~no-such-user/a", "a\0b"])
def test_a_path_that_can_t_be_read_is_refused(text: str) -> None:
    """No folder with such a name is made."""
    for read in (resolve_path, resolve_data_folder):
        with pytest.raises(ValueError, match=r"^(names|begins|must)"):
            read(text, SITE, ENVIRON)


def test_the_file_of_a_database_is_read_likewise() -> None:
    """What stands behind a question mark stays."""
    found = {
        "sqlite:///a.db": "sqlite:////srv/site/a.db",
        "sqlite:////tmp/a.db": "sqlite:////tmp/a.db",
        "sqlite:///~/a.db?timeout=5": "sqlite:////home/me/a.db?timeout=5",
    }
    assert {text: resolve_sqlite_address(text, SITE, ENVIRON) for text in found} == found


@pytest.mark.parametrize(
    "text", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://rel.db", "sqlite:////tmp"]
)
def test_a_database_without_a_file_is_refused(text: str) -> None:
    """One in memory would lose every click; a name without its slash has no meaning."""
    with pytest.raises(ValueError, match="must name a file"):
        resolve_sqlite_address(text, SITE, ENVIRON)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    """Whoever reads the sentence knows which path is meant."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match=f"must be a folder, which {file} is not"):
        resolve_data_folder("file", tmp_path, {})
