"""Write docs/commands.md, every command of the site with its options, from the commands."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask

from affiliate import cli

FILE = Path(__file__).parents[1] / "docs/commands.md"
HEAD = """\
# Commands

Run commands beside `app.py`, with the settings of the site: `flask --app app NAME`, or \
`flask NAME` with `FLASK_APP=app` in the environment. This page is generated from the commands \
(`make commands`); `--help` prints the same texts.

- A DAY is a day in UTC: `2026-03-01`, `today`, `yesterday`, or `7d` for seven days ago. \
`--since` after `--until` is refused.
- **Status** 0 is success; 1 is a failure, or something that was not found or not done; 2 is an \
error in the command line, and of `doctor` a fault. `license` ends with 3 when something was \
bought, or may have been, and the command could not finish; `download` and `sync` end with 130 \
on Ctrl-C.
- Failures are a sentence on standard error. Tables fit the terminal and have `?` for characters \
that the terminal can't show. A full disk or a closed output is a failure with status 1; a pipe \
without a reader ends a command in silence.
- **`--json`** prints one document on standard output, in UTF-8, or in ASCII where standard output \
has another encoding. A failure before that prints an object with `error`, the sentence; `doctor` \
prints its list of findings also where settings are wrong. `license --json` prints all other \
texts on standard error.
- **`--csv`** writes UTF-8 with a byte order mark, or to `-` without the mark; texts that a \
spreadsheet would compute begin with an apostrophe."""


def build_content() -> str:
    """Return the page's text."""
    app = Flask("commands")
    before = set(app.cli.commands)
    cli.register(app)
    own = {name: command for name, command in app.cli.commands.items() if name not in before}
    lines = [HEAD]
    for name in sorted(own):
        lines += _iter_section(own[name], name, 2)
    return "\n".join(lines) + "\n"


def _iter_section(command: click.Command, name: str, level: int) -> Iterator[str]:
    """Yield the lines about a command, and about the commands of a group."""
    context = click.Context(command, info_name=name)
    yield f"\n{'#' * level} {name}"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield "\n" + " ".join(paragraph.split())
    if isinstance(command, click.Group):
        for child in sorted(command.commands):
            yield from _iter_section(command.commands[child], f"{name} {child}", level + 1)
        return
    words = [piece for param in command.params for piece in param.get_usage_pieces(context)]
    yield f"\n`flask {' '.join((name, *words))}`"
    options = (param for param in command.params if isinstance(param, click.Option))
    records = [param.get_help_record(context) for param in options]
    if rows := [record for record in records if record]:
        yield "\n| option | |\n|---|---|"
        yield from (
            f"| `{_format_cell(option)}` | {_format_cell(words)} |" for option, words in rows
        )


def _format_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    FILE.write_text(build_content())
