"""Write .env.example, every setting with its default and purpose, from the tables."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from affiliate.agencies import AGENCIES
from affiliate.config.setting_table import AGENCY_SETTINGS, SETTINGS, Setting, get_setting_prefix

FILE = Path(__file__).parents[1] / ".env.example"
HEAD = """\
Copy this file to .env beside app.py and take the # away before the settings that you set.
The server and its commands read it; a variable of the environment wins over the file.
Keep .env out of every repository: it holds your keys.

python3 -c "import secrets; print(secrets.token_urlsafe(32))" makes a SECRET_KEY."""


def build_content() -> str:
    """Return the file's text."""
    return "\n".join([*_iter_comment(HEAD), *_iter_lines()]) + "\n"


def _iter_lines() -> Iterator[str]:
    for setting in SETTINGS:
        yield ""
        yield from _iter_row(setting)
    yield from ["", "# -- of each agency, behind its name in capitals, such as SHUTTERSTOCK"]
    for setting in AGENCY_SETTINGS:
        yield ""
        yield from _iter_row(setting, "SHUTTERSTOCK_")
    for name, kind in AGENCIES.items():
        sets = [*kind.credentials, *kind.options, kind.buyer]
        if keys := dict.fromkeys(key for names in sets for key in names):
            yield from ["", f"# {kind.title}"]
            yield from (f"#{get_setting_prefix(name)}{key}=" for key in keys)


def _iter_row(setting: Setting, before: str = "") -> Iterator[str]:
    default = setting.default
    if isinstance(default, frozenset):
        default = sorted(default)
    if isinstance(default, tuple | list):
        default = ", ".join(map(str, default))
    if isinstance(default, bool):
        default = int(default)
    yield from _iter_comment(setting.help)
    text = "" if default is None else str(default)
    yield f"#{before}{setting.name}=" + (f'"{text}"' if re.search("[ #]", text) else text)


def _iter_comment(text: str) -> Iterator[str]:
    for paragraph in text.splitlines():
        yield from (
            f"# {line}".rstrip()
            for line in textwrap.wrap(paragraph, 98, break_on_hyphens=False) or [""]
        )


if __name__ == "__main__":
    FILE.write_text(build_content())
