"""Platforms get settings by commands that a shell reads as meant, or by lines for their form."""

import os
import subprocess
from pathlib import Path

import pytest

from affiliate.cli.platform_commands import PLATFORMS, iter_lines
from affiliate.config import env_file
from affiliate.config.placeholders import is_blanked

VALUES = {"TOKEN": "typed", "SITE_NAME": 'Ann\'s "pictures" $HOME `x` \\ !', "PLAIN": "a=b"}
SHELLS = [name for name, platform in PLATFORMS.items() if platform.command]


@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_hands_over_each_value_as_it_is(tmp_path: Path, name: str, shell: str) -> None:
    """Quotes, blanks and dollar signs stay; a typed secret is asked for again, and not printed."""
    lines = "\n".join(iter_lines(PLATFORMS[name], VALUES, {"TOKEN"}))
    program = tmp_path / PLATFORMS[name].command.split()[0]
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    (tmp_path / "stty").symlink_to("/bin/true")
    run = subprocess.run(
        [shell, "-c", lines],
        input=" a secret \n",
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = run.stdout.splitlines()[-len(VALUES) :]
    assert pairs == [f"{key}={value}" for key, value in (VALUES | {"TOKEN": " a secret "}).items()]
    assert "typed" not in lines


@pytest.mark.parametrize("name", sorted(PLATFORMS.keys() - SHELLS))
def test_a_form_gets_lines(name: str) -> None:
    """The lines are those of a .env file; a site with the gap of a typed secret does not start."""
    place, *lines = iter_lines(PLATFORMS[name], VALUES, {"TOKEN"})
    assert place == f"{PLATFORMS[name].form}:"
    values = env_file.parse_values("\n".join(lines))
    assert is_blanked(values.pop("TOKEN"))
    assert values == {key: value for key, value in VALUES.items() if key != "TOKEN"}
