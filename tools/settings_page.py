"""Write docs/settings.md, every setting with its default and purpose, from the tables."""

from collections.abc import Iterator
from pathlib import Path

from affiliate.config.setting_table import AGENCY_SETTINGS, SETTINGS, Setting
from affiliate.config.shown_settings import format_default

FILE = Path(__file__).parents[1] / "docs/settings.md"
HEAD = """\
# Settings

Every setting is an environment variable, or a line of a `.env` file beside `app.py`. The server \
and its commands read that file whatever the working directory is; a variable of the environment \
wins. [.env.example](../.env.example) lists every setting. `make settings` writes this page and \
that file from the table in the code.

```sh
cp .env.example .env && chmod 600 .env                                # git ignores .env
python3 -c "import secrets; print(secrets.token_urlsafe(32))"         # prints a SECRET_KEY
```

- A variable with an empty value counts as unset.
- In `.env`, `${NAME}` is the value of a variable that is set before, in single quotation marks, \
too; a name that is not set stops the start.
- A wrong value stops the start, with a message that names every fault at once.
- `SECRET_KEY` and `OWNER_PASSWORD` are refused when they are guessed first: by lists of leaked \
passwords, keyboard patterns, dates, and the site's own name.
- The start and `flask --app app doctor` say of each agency whether its links earn ("shutterstock: \
on, links carry 12345"), name settings without effect and variables that look like misspelled \
settings, and say that the demo is shown because no agency has credentials.
- A new SQLite ledger is announced with its path.
- The `flask` program itself also reads a `.env` of the working directory, and warns when that is \
another file.

## The site

| name | default | purpose |
|---|---|---|"""
AGENCY_HEAD = """
## Each agency

`<AGENCY>` stands for the agency's name in capitals, such as `SHUTTERSTOCK`. The names of the \
credentials stand with each [agency](agencies.md).

| name | default | purpose |
|---|---|---|"""


def build_content() -> str:
    """Return the page's text."""
    return "\n".join(_iter_lines()) + "\n"


def _iter_lines() -> Iterator[str]:
    """Yield the lines of the page, in the order of the tables."""
    yield HEAD
    yield from (format_row(setting) for setting in SETTINGS)
    yield AGENCY_HEAD
    yield from (format_row(setting, "<AGENCY>_") for setting in AGENCY_SETTINGS)


def format_row(setting: Setting, prefix: str = "") -> str:
    """Return the table row of a setting whose name follows ``prefix``."""
    default = format_default(setting.default)
    cell = f"`{default}`" if default else ""
    return f"| `{prefix}{setting.name}` | {cell} | {setting.help} |"


if __name__ == "__main__":
    FILE.write_text(build_content())
