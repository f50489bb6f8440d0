"""Commands and forms by which hosting platforms take settings.

Settings that somebody has typed are secrets: the shell asks for them again, forms have a gap that
the site refuses at its start. Settings that were just made are shown, as they are needed once.
"""

import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from affiliate.config.env_file import format_line


class Platform(NamedTuple):
    """A hosting platform: the command that takes settings, or the place of its form.

    ``proxies`` is the number of the platform's own proxies, whose addresses its
    ``X-Forwarded-For`` ends with; ``deploy``, ``run`` and ``schedule`` are next steps.
    """

    title: str
    command: str
    form: str
    proxies: int
    deploy: str
    run: str
    schedule: str


PLATFORMS: Final[Mapping[str, Platform]] = {
    "heroku": Platform(
        "Heroku",
        "heroku config:set",
        "",
        1,
        "git push heroku HEAD:main",
        "heroku run flask --app app doctor --live",
        "heroku addons:open scheduler",
    ),
    "fly": Platform(
        "Fly",
        "fly secrets set --stage",
        "",
        2,
        "fly deploy",
        'fly ssh console --command "flask --app app doctor --live"',
        'fly machine run . "flask --app app earnings fetch" --schedule daily --restart no',
    ),
    "render": Platform(
        "Render",
        "",
        "Environment, Add from .env",
        2,
        "New, Blueprint, and choose the repository, which has render.yaml",
        "Shell: flask --app app doctor --live",
        "New, Cron Job",
    ),
    "railway": Platform(
        "Railway",
        "",
        "Variables, Raw Editor",
        1,
        "railway up",
        "railway ssh -- flask --app app doctor --live",
        "a second service with a Cron Schedule",
    ),
    "dokku": Platform(
        "Dokku",
        "dokku config:set --no-restart affiliate-search",
        "",
        1,
        "git push dokku HEAD:main",
        "dokku run affiliate-search flask --app app doctor --live",
        "the cron list of app.json, which Dokku reads",
    ),
    "coolify": Platform(
        "Coolify",
        "",
        "Environment Variables, Developer view",
        1,
        "Deploy",
        "Terminal: flask --app app doctor --live",
        "Scheduled Tasks",
    ),
}
"""Platforms by name; docs/platforms.md describes each, with the source of the numbers."""


def iter_lines(
    platform: Platform, values: Mapping[str, str], typed: Collection[str]
) -> Iterator[str]:
    """Yield the lines that give values to a platform; ``typed`` are the names of typed secrets."""
    if platform.command:
        yield from _iter_shell_lines(platform.command, values, typed)
        return
    yield f"{platform.form}:"
    for name, value in values.items():
        yield f"{name}=<the value that you typed>" if name in typed else format_line(name, value)


def _iter_shell_lines(
    command: str, values: Mapping[str, str], typed: Collection[str]
) -> Iterator[str]:
    """Yield a command as one line of a shell, so that a pasted line is no answer to ``read``."""
    for name in values:
        if name in typed:
            read = f"printf '{name}: '; stty -echo; IFS= read -r {name}; stty echo; echo;"
            yield f"{read} \\"
    pairs = [
        f'{name}="${name}"' if name in typed else f"{name}={shlex.quote(value)}"
        for name, value in values.items()
    ]
    yield " \\\n  ".join([command, *pairs])
