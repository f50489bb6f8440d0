"""Reads paths in settings: with ``~`` and variables, and relative to a known folder."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from affiliate.config.setting_texts import clip_text

VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)\})", re.ASCII)
SQLITE: Final = "sqlite://"
MAX_SHOWN_PATH: Final = 200
"""Characters of a path that a fault repeats."""


def resolve_path(text: str, folder: Path, environ: Mapping[str, str]) -> Path:
    """Return the path that a text means, relative to ``folder`` where the text is relative.

    A ``~`` at the beginning is the user's folder, ``$NAME`` and ``${NAME}`` are variables, as in a
    shell: platforms, ``.env`` files and unit files pass both on unchanged.

    Raises:
        ValueError: a variable is not set, or there is no such user.
    """
    if any(ord(sign) < ord(" ") for sign in text) or re.match("[A-Za-z][A-Za-z0-9+.-]+://", text):
        raise ValueError("must be a path")

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if not environ.get(name):
            raise ValueError(f"names the variable {clip_text(name)}, which is not set")
        return environ[name]

    expanded = VARIABLE.sub(value, text)
    if home := environ.get("HOME"):
        expanded = re.sub(r"\A~(?=/|\Z)", lambda _: home, expanded)
    try:
        path = folder / Path(expanded).expanduser()
        path.exists()  # fails for names that no disk takes
    except OSError as error:
        raise ValueError(f"must be a path that can be used ({error.strerror})") from None
    except RuntimeError:
        user = clip_text(expanded.partition("/")[0])
        raise ValueError(f"begins with {user}, which is no user") from None
    return path


def resolve_data_folder(text: str, folder: Path, environ: Mapping[str, str]) -> Path:
    """Return the folder of the embedded databases, which need not exist yet.

    Raises:
        ValueError: the path can't be read, or the path or one of its parents is no folder.
    """
    path = resolve_path(text, folder, environ)
    nearest = next(parent for parent in (path, *path.parents) if parent.exists())
    if not nearest.is_dir():
        raise ValueError(f"must be a folder, which {_shorten_path(nearest)} is not")
    return path


def resolve_sqlite_address(address: str, folder: Path, environ: Mapping[str, str]) -> str:
    """Return the address of a SQLite file with a path that holds in any working directory.

    Raises:
        ValueError: the address names no file, or the path can't be read.
    """
    path, mark, query = address.removeprefix(SQLITE).partition("?")
    name = path.removeprefix("/")
    if name == path or name in {"", ":memory:"}:
        raise ValueError(
            "must name a file: sqlite:///ledger.db beside app.py, or sqlite:////a/path"
        )
    file = resolve_path(name, folder, environ)
    if file.is_dir():
        raise ValueError(f"must name a file, which {_shorten_path(file)} is not")
    return f"{SQLITE}/{file}{mark}{query}"


def _shorten_path(path: Path) -> str:
    """Return a path for a fault's text: of a long path only the end."""
    text = str(path)
    return text if len(text) <= MAX_SHOWN_PATH else f"...{text[-MAX_SHOWN_PATH:]}"
