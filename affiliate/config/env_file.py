"""Changes to a ``.env`` file: values are set, every other line stays, the file is replaced whole.

Files with settings hold keys, so that the file and its backup are readable by their owner alone.
"""

import io
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import dotenv
from dotenv.parser import parse_stream

from affiliate.durable_files import sync_folder, write_all
from affiliate.errors import ConfigError

PLAIN_VALUE: Final = r"[A-Za-z0-9_./:@%+,=~-]+"
"""Values that every reader of such files takes as they are."""
PRIVATE_MODE: Final = 0o600


def read_text(file: Path) -> str:
    """Return the text of a file; empty where the file is missing.

    Raises:
        ConfigError: the file can't be read.
    """
    try:
        return file.read_text("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        reason = "is no UTF-8" if isinstance(error, ValueError) else type(error).__name__
        raise ConfigError([f"{file} can't be read ({reason})."]) from None


def parse_values(text: str) -> dict[str, str]:
    """Return the values in a text, as the site reads them."""
    values = dotenv.dotenv_values(stream=io.StringIO(text))
    return {name: value for name, value in values.items() if value}


def format_line(name: str, value: str) -> str:
    """Return the line of a value, in quotes where its signs ask for quotes."""
    if re.fullmatch(PLAIN_VALUE, value):
        return f"{name}={value}"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'"


def set_values(text: str, values: Mapping[str, str]) -> str:
    """Return a text with values set, each in the place of its last line, or at the end.

    Raises:
        ConfigError: a value can't be written so that the site reads the same value.
    """
    bindings = list(parse_stream(io.StringIO(text)))
    places = {binding.key: index for index, binding in enumerate(bindings) if binding.key}
    parts = [binding.original.string for binding in bindings]
    added = []
    for name, value in values.items():
        line = format_line(name, value) + "\n"
        if name not in places:
            added.append(line)
            continue
        index = places[name]
        lead = re.match(r"\s*", parts[index])
        parts[index] = (lead[0] if lead else "") + line
    head = "".join(parts)
    if head and added and not head.endswith("\n"):
        head += "\n"
    result = head + "".join(added)
    read = parse_values(result)
    if lost := [name for name, value in values.items() if read.get(name) != value]:
        raise ConfigError(
            [f"{name} can't be kept in a .env file; set it in the environment." for name in lost]
        )
    return result


def replace_file(file: Path, text: str) -> Path | None:
    """Replace a file by a text at once, and return the backup of the old file, if there was any.

    The file is the old or the new one whole, whenever the process ends. A link stays a link.

    Raises:
        OSError: the folder or the file can't be written.
    """
    target = file.resolve()
    backup = None
    if target.exists():
        backup = target.with_name(f"{target.name}.{datetime.now(UTC):%Y%m%d-%H%M%S}.backup")
        _replace(backup, target.read_bytes(), target)
    _replace(target, text.encode(), target)
    return backup


def _replace(file: Path, content: bytes, owned_as: Path) -> None:
    """Write a private file beside another, and move it over that file; leave no part behind."""
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_MODE)
        try:
            write_all(descriptor, content)
            with suppress(OSError):  # only root gives files away
                owner = owned_as.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)
