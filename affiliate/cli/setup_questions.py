"""The questions of ``flask setup``, each answered at the terminal, by options, or not at all."""

from collections.abc import Mapping
from typing import Final

import click

from affiliate.agencies import AGENCIES, Agency
from affiliate.agencies.requirements import describe_needed_settings
from affiliate.config import readers
from affiliate.config.setting_table import get_setting_prefix

DEMO: Final = "demo"
"""The answer of an owner who has no key yet."""
CHOICES: Final = (*(n for n, kind in AGENCIES.items() if kind.credentials), "openverse", DEMO)
"""Agencies that a newcomer may name; those that share another's key come with that agency."""


class Questions:
    """The answers to the questions: ``given`` by options, ``known`` from the file, or typed.

    ``refused`` are typed answers that were not accepted together: Enter keeps each of them.
    """

    def __init__(self, given: Mapping[str, str], known: Mapping[str, str], *, asks: bool) -> None:
        self.given = dict(given)
        self.known = dict(known)
        self.refused: dict[str, str] = {}
        self.asks = asks

    def choose_agency(self) -> str:
        """Return the agency whose key the owner has, or `DEMO`."""
        ready = [name for name in CHOICES if self._find_complete_set(AGENCIES[name])]
        if not self.asks:
            return ready[0] if ready else self._refuse("--agency NAME, or the agency's key")
        click.echo("Agencies, with the settings that hold their keys:")
        width = max(map(len, CHOICES)) + 2
        for name in CHOICES:
            needed = "no key" if name == DEMO else describe_needed_settings(AGENCIES[name])
            click.echo(f"  {name:{width}}{needed}")
        agency: str = click.prompt(
            "Your agency (demo if you have no key yet)",
            type=click.Choice(CHOICES),
            show_choices=False,
            default=ready[0] if ready else DEMO,
        )
        return agency

    def ask_site(self, agency: str) -> dict[str, str]:
        """Return the settings of an agency's key and links, and of the site's address."""
        values: dict[str, str] = {}
        if agency != DEMO:
            values |= self._ask_credentials(agency) | self._ask_affiliate(agency)
        hint = "Public address, such as https://pictures.example"
        return values | self._ask_plain("SITE_URL", hint)

    def _ask_credentials(self, agency: str) -> dict[str, str]:
        """Return the settings that hold an agency's key."""
        kind, prefix = AGENCIES[agency], get_setting_prefix(agency)
        if not kind.credentials:
            return {}
        names = [prefix + name for name in self._choose_set(kind)]
        return {name: self._ask_secret(name) for name in names}

    def _ask_affiliate(self, agency: str) -> dict[str, str]:
        """Return the setting by which an agency's links earn; none where no program is known."""
        kind, prefix = AGENCIES[agency], get_setting_prefix(agency)
        if "affiliate_id" in readers.list_fields(kind.link_template):
            hint = "Affiliate id, without which links earn nothing"
            return self._ask_plain(f"{prefix}AFFILIATE_ID", hint)
        if kind.link_source:
            click.echo(f"{kind.title}: {kind.link_source}")
            return self._ask_plain(f"{prefix}AFFILIATE_LINK", "Template of your affiliate links")
        return {}

    def _ask_plain(self, name: str, hint: str) -> dict[str, str]:
        """Return the value of a setting that is no secret, or nothing where it stays unset."""
        value = self.given.get(name, "")
        if not value and self.asks:
            present = self.refused.get(name) or self.known.get(name, "")
            later = "" if present else "; Enter for later"
            value = click.prompt(
                f"{hint} ({name}{later})", default=present, show_default=bool(present)
            ).strip()
        value = value or self.known.get(name, "")
        return {name: value} if value else {}

    def _choose_set(self, kind: type[Agency]) -> tuple[str, ...]:
        """Return the names of the settings that hold an agency's key, of several possible sets."""
        complete = self._find_complete_set(kind)
        if not self.asks or len(kind.credentials) == 1:
            return complete or kind.credentials[0]
        for number, names in enumerate(kind.credentials, 1):
            click.echo(f"  {number}  {' and '.join(names)}")
        default = kind.credentials.index(complete) + 1 if complete else 1
        number = click.prompt(
            "Which of these do you have",
            type=click.IntRange(1, len(kind.credentials)),
            default=default,
        )
        return kind.credentials[number - 1]

    def _find_complete_set(self, kind: type[Agency]) -> tuple[str, ...]:
        """Return the first set of settings with a key of which all are given or known."""
        have, prefix = {**self.known, **self.refused, **self.given}, get_setting_prefix(kind.name)
        sets = (names for names in kind.credentials if all(have.get(prefix + n) for n in names))
        return next(sets, ())

    def _ask_secret(self, name: str) -> str:
        """Return the value of a secret setting, which the terminal does not show."""
        if self.given.get(name):
            return self.given[name]
        known = self.refused.get(name) or self.known.get(name, "")
        if not self.asks:
            return known or self._refuse(name)
        hint = "Enter keeps the present value" if known else "not shown while you type or paste"
        value: str = click.prompt(
            f"{name} ({hint})",
            hide_input=True,
            default=known or None,
            show_default=False,
        )
        return value.strip()

    def _refuse(self, name: str) -> str:
        """Fail, as there is no terminal to ask for a missing answer.

        Raises:
            UsageError: names the missing answer.
        """
        words = "is missing, and there is no terminal to ask; hand it over by options or --answers"
        raise click.UsageError(f"{name} {words}.")
