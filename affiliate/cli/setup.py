"""``flask setup``: ask a newcomer for an agency's key, check the key, and write the settings."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TextIO

import click
from flask import current_app
from flask.cli import with_appcontext

from affiliate.agencies.site_config import load_site_config
from affiliate.checks.agencies import check_agency
from affiliate.checks.findings import FAULT, Check, run_check
from affiliate.cli import outputs
from affiliate.cli.platform_commands import PLATFORMS, Platform, iter_lines
from affiliate.cli.setup_questions import CHOICES, DEMO, Questions
from affiliate.cli.signals import convert_end_signals
from affiliate.config import env_file
from affiliate.config.environment import ENV_FILE
from affiliate.config.loading import DEMO_WEIGHTS
from affiliate.config.setting_secrets import iter_secrets
from affiliate.config.setting_table import get_setting_prefix
from affiliate.config.settings import Config
from affiliate.errors import ConfigError
from affiliate.search.enabled_agencies import build_enabled_agency
from affiliate.services import current_services

READABLE_SIGNS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""Signs that are told apart in every font."""
GROUPS: Final = 4
GROUP_SIGNS: Final = 4
"""Signs of a group: four groups have 80 bits."""
KEY_BYTES: Final = 32


@click.command(cls=outputs.Command)
@click.option("--agency", type=click.Choice(CHOICES), help="The agency; demo without a key.")
@click.option("--affiliate-id", help="Your affiliate id at the agency.")
@click.option("--site-url", help="Public address of the site.")
@click.option(
    "--answers",
    type=click.File(encoding="utf-8"),
    help="Ask nothing, and read settings such as keys from lines NAME=VALUE; - is standard input.",
)
@click.option(
    "--for",
    "platform_name",
    type=click.Choice(tuple(PLATFORMS)),
    help="Print what gives the settings to a platform, in place of writing a file.",
)
@click.option(
    "--keep-keys",
    is_flag=True,
    help="With --for: the platform has SECRET_KEY and OWNER_PASSWORD already; make none.",
)
@click.option("--no-check", is_flag=True, help="Don't ask the agency whether it takes the key.")
@click.option("--yes", is_flag=True, help="Replace settings, and keep them if the check fails.")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.  [default: .env beside app.py]",
)
@with_appcontext
def setup(  # noqa: PLR0913 - an option each
    *,
    agency: str | None,
    affiliate_id: str | None,
    site_url: str | None,
    answers: TextIO | None,
    platform_name: str | None,
    keep_keys: bool,
    no_check: bool,
    yes: bool,
    file: Path | None,
) -> None:
    """Ask for agency, key and affiliate id, check them, and write .env or a platform's commands.

    Makes SECRET_KEY and OWNER_PASSWORD where they are missing. Other lines of the file stay, the
    old file is kept beside it, and a second run changes only what you answer otherwise. Typed keys
    are never printed.
    """
    platform = PLATFORMS[platform_name] if platform_name else None
    file = file or Path(current_app.root_path) / ENV_FILE
    with _report_faults(), convert_end_signals():
        text = "" if platform else env_file.read_text(file)
        given = env_file.parse_values(answers.read()) if answers else {}
        given |= {"SITE_URL": site_url} if site_url else {}
        asks = outputs.is_terminal() and answers is None
        questions = Questions(given, env_file.parse_values(text), asks=asks)
        agency = agency or questions.choose_agency()
        if affiliate_id:
            questions.given[f"{get_setting_prefix(agency)}AFFILIATE_ID"] = affiliate_id
        if platform and asks and not keep_keys:
            keep_keys = click.confirm(f"Does the site run on {platform.title} already?")
        made = {} if keep_keys else _make_keys({**questions.known, **questions.given})
        fixed = {"TRUSTED_PROXIES": str(platform.proxies), **made} if platform else made
        is_accepted = partial(_accept_check, agency=agency, asks=asks, yes=yes)
        values, config = _ask_until_accepted(
            questions, agency, fixed, None if no_check or agency == DEMO else is_accepted
        )
        if platform:
            _print_commands(platform, values, made, config)
        elif _write_file(file, text, values, asks=asks, yes=yes):
            _print_steps(config, made.get("OWNER_PASSWORD"))


def _ask_until_accepted(
    questions: Questions,
    agency: str,
    fixed: Mapping[str, str],
    is_accepted: Callable[[Config], bool] | None,
) -> tuple[dict[str, str], Config]:
    """Ask the questions until settings and key are right, or accepted as they are.

    ``fixed`` are settings that nobody is asked for, which answers of the owner replace.

    Raises:
        ConfigError: the settings are wrong, and there is no terminal to ask again.
    """
    while True:
        answers = questions.ask_site(agency)
        values = {**fixed, **questions.given, **answers}
        try:
            values, config = _load(values, questions.known, agency)
        except ConfigError as error:
            if not questions.asks:
                raise
            click.echo(f"{error}\n", err=True)
        else:
            if is_accepted is None or is_accepted(config):
                return values, config
        questions.refused = answers
        questions.given.clear()


@contextmanager
def _report_faults() -> Iterator[None]:
    """Report wrong settings as a sentence each."""
    try:
        yield
    except ConfigError as error:
        raise click.ClickException(str(error)) from None


def _make_keys(have: Mapping[str, str]) -> dict[str, str]:
    """Return new secrets of the site in place of those that are missing."""
    groups = (
        "".join(secrets.choice(READABLE_SIGNS) for _ in range(GROUP_SIGNS)) for _ in range(GROUPS)
    )
    made = {"SECRET_KEY": secrets.token_urlsafe(KEY_BYTES), "OWNER_PASSWORD": "-".join(groups)}
    return {name: value for name, value in made.items() if not have.get(name)}


def _load(
    values: dict[str, str], known: Mapping[str, str], agency: str
) -> tuple[dict[str, str], Config]:
    """Return the settings, with ``AGENCIES`` naming the agency where its key does not suffice.

    Raises:
        ConfigError: names every wrong or missing setting.
    """
    folder = Path(current_app.root_path)
    config = load_site_config({**known, **values}, folder)
    if agency == DEMO or agency in config.agencies:
        return values, config
    others = [name for name in config.agencies if name not in DEMO_WEIGHTS]
    named = {**known, **values}.get("AGENCIES") or ",".join(others)
    values = {**values, "AGENCIES": ",".join(filter(None, [named, agency]))}
    return values, load_site_config({**known, **values}, folder)


def _accept_check(config: Config, *, agency: str, asks: bool, yes: bool) -> bool:
    """Check an agency's key and links as `flask doctor` does; return whether to keep both.

    Raises:
        ClickException: the check has failed, and there is no terminal to ask.
    """
    services = current_services()
    click.echo(f"Asking {agency} ...")
    enabled = build_enabled_agency(agency, config, services.transport)
    check = Check(agency, partial(check_agency, enabled, services, calls=True, live=False))
    has_fault = False
    for finding in run_check(check):
        has_fault |= finding.state == FAULT
        click.echo(f"{finding.state:6}{finding.about}: {finding.words}")
    if not has_fault or yes:
        return True
    if asks:
        return click.confirm("The check has failed. Keep these answers all the same?")
    raise click.ClickException("The check has failed, so nothing was written; --yes accepts that.")


def _write_file(file: Path, text: str, values: Mapping[str, str], *, asks: bool, yes: bool) -> bool:
    """Write the settings that differ from a file's; return whether anything was written.

    Raises:
        ClickException: settings would be replaced, and nobody has allowed that.
    """
    known = env_file.parse_values(text)
    changed = {name: value for name, value in values.items() if known.get(name) != value}
    if not changed:
        click.echo(f"{file} has these settings already.")
        return False
    replaced = ", ".join(name for name in changed if name in known)
    if replaced and not yes:
        if not asks:
            raise click.ClickException(f"{file} sets {replaced} otherwise; --yes replaces that.")
        click.confirm(f"Replace {replaced} in {file}?", abort=True)
    backup = env_file.replace_file(file, env_file.set_values(text, changed))
    click.echo(f"Wrote {', '.join(changed)} to {file}.")
    if backup:
        click.echo(f"The old file is {backup}.")
    return True


def _print_commands(
    platform: Platform, values: Mapping[str, str], made: Mapping[str, str], config: Config
) -> None:
    """Print what gives settings to a platform, and the next steps there."""
    own_secrets = [secret for secret in iter_secrets(config) if secret]
    typed = {
        name
        for name, value in values.items()
        if name not in made and any(secret in value for secret in own_secrets)
    }
    click.echo(f"\nSettings for {platform.title}; keep SECRET_KEY with your backups:\n")
    for line in iter_lines(platform, values, typed):
        click.echo(line)
    click.echo(f"\nYour site: {config.site_url or f'the address that {platform.title} shows'}")
    click.echo(f"1. Deploy: {platform.deploy}")
    click.echo(f"2. Check everything: {platform.run}")
    click.echo(f"3. Run `earnings fetch` and `warm` daily: {platform.schedule}")


def _print_steps(config: Config, password: str | None) -> None:
    """Print the site's address, a new password once, and the next steps on this machine."""
    url = config.site_url or f"http://{config.host}:{config.port}"
    click.echo(f"\nYour site: {url}")
    if password:
        click.echo(f"Password of {url}/owner/, shown this once: {password}")
    click.echo("1. Start the site: .venv/bin/python app.py")
    click.echo("2. Check everything: .venv/bin/flask --app app doctor --live")
    click.echo("3. Platforms, proxies, daily commands: docs/deployment.md")
