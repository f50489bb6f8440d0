"""The page of the commands has all of them."""

import re

import click
from flask import Flask

from affiliate import cli
from tools import commands_page

TEXT = commands_page.FILE.read_text()


def test_the_page_is_made_of_the_commands() -> None:
    """``make commands`` brings it up to date."""
    assert commands_page.build_content() == TEXT


def test_every_option_stands_in_the_section_of_its_command() -> None:
    """With words on what it is for; README leads there."""
    app = Flask("commands")
    before = set(app.cli.commands)
    cli.register(app)
    sections = dict(re.findall(r"^##+ (.+)\n((?:(?!#).*\n)*)", TEXT, re.MULTILINE))
    todo = [(name, one) for name, one in app.cli.commands.items() if name not in before]
    missing = []
    for name, command in todo:
        if isinstance(command, click.Group):
            todo += [(f"{name} {one}", sub) for one, sub in command.commands.items()]
        for param in command.params if name in sections else ():
            if isinstance(param, click.Option):
                words = rf"`[^`\n]*{param.opts[0]}\b[^`\n]*` \| \S"
                missing += [] if re.search(words, sections[name]) else [(name, param.opts[0])]
    assert missing == []
    assert {name for name, _ in todo} <= sections.keys()
    assert "(docs/commands.md)" in (commands_page.FILE.parents[1] / "README.md").read_text()
