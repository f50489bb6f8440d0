"""The variables that settings are read from: those of the process and those of a file.

The file is the ``.env`` beside ``app.py``, so that the server and its commands mean one site in
any working directory. A variable of the process wins over the file's.
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
"""The variable that switches python-dotenv itself off, so that tests read no file."""


def read_environment(folder: Path) -> Mapping[str, str]:
    """Return the variables of the process and of the file in a folder.

    Raises:
        ConfigError: the file can't be read, or its values name variables that are not set; the
            message holds no value.
    """
    file = folder / ENV_FILE
    if (
        os.environ.get(DOTENV_OFF, "").casefold() in {"1", "true", "t", "yes", "y"}
        or not file.exists()
    ):
        return os.environ
    try:
        text = file.read_text("utf-8-sig")  # editors of Windows write a byte order mark
    except (OSError, ValueError) as error:
        reason = "is no UTF-8" if isinstance(error, ValueError) else type(error).__name__
        raise ConfigError([f"{file} can't be read ({reason})."]) from None
    if faults := list(_find_unset_names(text, file)):
        raise ConfigError(faults)
    values = dotenv.dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in values.items() if value is not None} | dict(os.environ)


def _find_unset_names(text: str, file: Path) -> Iterator[str]:
    """Yield a fault for each setting whose value names a variable that is not set before.

    python-dotenv drops such a ``${name}`` from the value, which changes a password that holds
    ``${name}``. The fault does not show the name, which may be a part of a secret.
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
    """Return the file that ``flask`` itself has read from the working directory or a parent.

    Return None without such a file or where the file is that of ``folder``. Variables of the other
    file are variables of the process then, and win.
    """
    file = dotenv.find_dotenv(ENV_FILE, usecwd=True)
    if not file or os.environ.get("FLASK_SKIP_DOTENV", "0").casefold() not in {"0", "false", "no"}:
        return None
    is_own = (folder / ENV_FILE).exists() and Path(file).samefile(folder / ENV_FILE)
    return None if is_own else Path(file)
