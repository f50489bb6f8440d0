"""The variables that settings are read from: the process's own, and those of a file.

The file is the ``.env`` beside ``app.py``, so that the server and its commands, started from any
folder, mean one site. A variable of the process wins over the file's.
"""

import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import dotenv
from dotenv.parser import parse_stream
from dotenv.variables import Variable, parse_variables

from affiliate.errors import ConfigError

ENV_FILE: Final = ".env"
DOTENV_OFF: Final = "PYTHON_DOTENV_DISABLED"
"""The variable by which python-dotenv itself is switched off, so that tests read no file."""


def read_environment(folder: Path) -> Mapping[str, str]:
    """Return the variables of the process and of the file in a folder; no text tells a value.

    Raises:
        ConfigError: the file is there and can't be read, or values in it name variables that are
            not set.
    """
    file = folder / ENV_FILE
    if (
        os.environ.get(DOTENV_OFF, "").casefold() in {"1", "true", "t", "yes", "y"}
        or not file.exists()
    ):
        return os.environ
    try:
        text = file.read_text("utf-8-sig")  # editors of Windows put a mark before
    except (OSError, ValueError) as error:
        what = "is no UTF-8" if isinstance(error, ValueError) else type(error).__name__
        raise ConfigError([f"{file} can't be read ({what})."]) from None
    if faults := list(_find_unset_names(text, file)):
        raise ConfigError(faults)
    found = dotenv.dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in found.items() if value is not None} | dict(os.environ)


def _find_unset_names(text: str, file: Path) -> Iterator[str]:
    """Yield a fault for each setting whose value names a variable that is not set before.

    python-dotenv leaves such a ``${name}`` out of the value, which changes a password that holds
    one. The fault does not show the name, which may be a part of a secret.
    """
    known: dict[str, str | None] = dict(os.environ)
    for line in parse_stream(io.StringIO(text)):
        if line.key is None:
            continue
        if any(
            isinstance(part, Variable) and part.default is None and known.get(part.name) is None
            for part in parse_variables(line.value or "")
        ):
            yield (
                f"{line.key} has in {file} a ${{...}} that names no variable set before it; where"
                " it is a part of the value, take the line out and set the variable in the"
                " environment."
            )
        known[line.key] = line.value


def find_other_file(folder: Path) -> Path | None:
    """Return the file that ``flask`` itself has read from the working directory or above it.

    None where there is none but that of ``folder``. Its variables are those of the process then,
    and win.
    """
    found = dotenv.find_dotenv(ENV_FILE, usecwd=True)
    if not found or os.environ.get("FLASK_SKIP_DOTENV", "0").casefold() not in {"0", "false", "no"}:
        return None
    is_own = (folder / ENV_FILE).exists() and Path(found).samefile(folder / ENV_FILE)
    return None if is_own else Path(found)
