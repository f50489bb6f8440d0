"""Reads the environment by the table of settings, and gathers every fault before the start fails.

`load_config` is called once by the application; `SettingsReader` holds the checks of agencies'
credentials, and the notes about settings without effect.
"""

import os
import re
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from affiliate.config import passwords, paths, readers, setting_texts
from affiliate.config.readers import Secret
from affiliate.config.setting_names import describe_unknown_names
from affiliate.config.setting_table import AGENCY_SETTINGS, SETTINGS, Setting, get_setting_prefix
from affiliate.config.setting_texts import quote_excerpt, strip_ends
from affiliate.config.settings import AgencySettings, Config, ShownSetting
from affiliate.config.shown_settings import show_setting
from affiliate.config.site_logo import read_logo
from affiliate.errors import ConfigError

Credentials = tuple[tuple[str, ...], ...]
"""Sets of setting names without the agency's prefix; any one complete set is enough."""
TYPED_CREDENTIALS: Final = frozenset({"USERNAME", "PASSWORD"})
"""Settings of agencies that people have chosen, in any script."""
JOINT_SETTINGS: Final = (
    ("IMPACT_ACCOUNT_SID", "IMPACT_AUTH_TOKEN"),
    ("PARTNERIZE_APPLICATION_KEY", "PARTNERIZE_USER_API_KEY", "PARTNERIZE_PUBLISHER_ID"),
    ("SMTP_URL", "ALERT_TO"),
    ("ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET"),
)
"""Settings that are set together or not at all."""
DEMO_SHOP: Final = "demo-shop"
"""The pretend agency, which is never shown beside an agency with real pictures for sale."""
DEMO_WEIGHTS: Final = {"demo": 2, DEMO_SHOP: 1}
"""The agencies of a site without any credentials, with their weights."""
PathReader = Callable[[str, Path, Mapping[str, str]], Any]
"""A reader of a text with a path in it, from the folder and the variables that it may name."""


def _find_no_faults(settings: Mapping[str, AgencySettings], on: Container[str]) -> Iterable[str]:
    del settings, on
    return ()


def load_config(  # noqa: PLR0913 - the settings, and what only the application knows of agencies
    environ: Mapping[str, str] | None,
    credentials: Mapping[str, Credentials],
    buyers: Mapping[str, tuple[str, ...]] | None = None,
    options: Mapping[str, Credentials] | None = None,
    *,
    check: Callable[
        [Mapping[str, AgencySettings], Container[str]], Iterable[str]
    ] = _find_no_faults,
    folder: Path = Path(),
    file_names: Collection[str] = (),
) -> Config:
    """Read the settings from ``environ``, by default from the process's environment.

    Relative paths in the settings start at ``folder``.

    ``credentials`` has for every known agency the settings that give access to the agency; an empty
    tuple means that the agency needs none and is on only when ``AGENCIES`` names the agency, or
    when the owner has set some of its ``options``: sets of settings of which all or none are set.
    ``buyers`` has the further settings that purchases need, which switch no agency on. ``check``
    gets the settings of every agency and the names of the agencies that are on, and returns
    further faults. ``file_names`` are the variables that come from a file alone.

    Raises:
        ConfigError: names every fault at once, never a value that is secret.
    """
    environment = os.environ if environ is None else environ
    reader = SettingsReader(environment, buyers or {}, options or {})
    values = {setting.name.lower(): reader.read(setting) for setting in SETTINGS}
    file_names = frozenset(map(_normalize_name, file_names))
    shown = [show_setting(s, values[s.name.lower()], reader.environ, file_names) for s in SETTINGS]
    weights = reader.read_weights(values["agencies"], credentials)
    known = {name: reader.read_agency(name, weights, credentials[name]) for name in credentials}
    values["agencies"] = {name: known[name] for name in weights if name in known}
    values["data_dir"] = reader.read_path(
        "DATA_DIR", values["data_dir"], paths.resolve_data_folder, folder
    )
    if values["site_logo"]:
        values["site_logo"] = reader.read_path("SITE_LOGO", values["site_logo"], read_logo, folder)
    if values["database_url"] is None and values["data_dir"]:
        values["database_url"] = f"{paths.SQLITE}/{values['data_dir'] / 'ledger.db'}"
    elif str(values["database_url"]).startswith(paths.SQLITE):
        values["database_url"] = reader.read_path(
            "DATABASE_URL", values["database_url"], paths.resolve_sqlite_address, folder
        )
    if values["owner_password"] and not reader.environ.get("SECRET_KEY"):
        reader.faults.append("OWNER_PASSWORD needs SECRET_KEY, of at least 32 characters.")
    reader.faults += _find_joint_faults(reader.environ, values)
    names = (values["site_name"], values["site_url"])
    reader.faults += _find_password_faults(values["owner_password"], *names)
    reader.faults += check(known, weights)
    if reader.faults:
        raise ConfigError(reader.faults)
    for name in credentials:
        shown += reader.show_agency(name, credentials[name], file_names, is_on=name in weights)
    notes = reader.find_notes(weights, credentials)
    return Config(**values, notes=tuple(notes), shown=tuple(shown))


def _normalize_name(name: str) -> str:
    """Return the name of a variable with the ``_`` that a platform may leave out."""
    return f"_{name}" if name[:1].isdigit() else name


def _find_joint_faults(environ: Mapping[str, str], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield a fault for each of `JOINT_SETTINGS` of which only a part is set."""
    for group in JOINT_SETTINGS:
        missing = [name for name in group if not environ.get(name)]
        if missing and any(values[name.lower()] for name in group):
            yield f"{' and '.join(group)} belong together; set {' and '.join(missing)}, too."


def _find_password_faults(password: Secret | None, *names: str | None) -> Iterator[str]:
    """Yield a fault for a password that can be guessed from the names of the site."""
    if password and passwords.is_guessed(password.reveal(), filter(None, names)):
        yield f"OWNER_PASSWORD {passwords.GUESSED}."


class SettingsReader:
    """A reader of settings, one by one, that gathers their faults.

    Platforms whose variables may begin with a digit may leave out the ``_`` before the digit.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        buyers: Mapping[str, tuple[str, ...]],
        options: Mapping[str, Credentials],
    ) -> None:
        self.environ = {_normalize_name(name): strip_ends(text) for name, text in environ.items()}
        self.buyers = buyers
        self.options = options
        self.faults: list[str] = []

    def read(self, setting: Setting, prefix: str = "") -> Any:  # noqa: ANN401 - as the row reads
        """Return the value of a setting; its default where the text is unset or has a fault."""
        text = self.environ.get(prefix + setting.name, "")
        if not text:
            return setting.default
        try:
            if not setting.checks_text:
                setting_texts.check_text(text)
            return setting.read(text)
        except ValueError as error:
            self.faults.append(f"{prefix}{setting.name} {error}.")
            return setting.default

    def find_notes(
        self, on: Container[str], credentials: Mapping[str, Credentials]
    ) -> Iterator[str]:
        """Yield a sentence for settings without effect, and for variables that are no settings."""
        is_named = bool(self.environ.get("AGENCIES", "").strip(" ,"))
        if not is_named and not any(self._is_ready(n, c) for n, c in credentials.items()):
            yield "no agency has credentials: the demo catalogue is shown."
        own = {name: self._list_names(name, credentials[name]) for name in credentials}
        for name, names in own.items():
            prefix = get_setting_prefix(name)
            unused = [prefix + setting for setting in names if self._is_set(name, setting)]
            if unused and name not in on:
                why = "AGENCIES does not name it" if is_named else "its credentials are not set"
                yield f"{name} is off, as {why}; these do nothing: {', '.join(unused)}."
        known = {setting.name for setting in SETTINGS}
        for name, names in own.items():
            known |= {get_setting_prefix(name) + setting for setting in names}
        variables = [name for name, text in self.environ.items() if text]
        # agencies without credentials are left out, as other programs may set a DEMO_MODE
        prefixes = {get_setting_prefix(n) for n in own if credentials[n] or self.options.get(n)}
        yield from describe_unknown_names(variables, known, prefixes)

    def _list_names(self, agency: str, alternatives: Credentials) -> list[str]:
        """Return the names of all settings of an agency, without its prefix, each once."""
        sets = (*alternatives, *self.options.get(agency, ()), self.buyers.get(agency, ()))
        general = (setting.name for setting in AGENCY_SETTINGS)
        return list(dict.fromkeys([*general, *(name for names in sets for name in names)]))

    def show_agency(
        self, name: str, alternatives: Credentials, file_names: Collection[str], *, is_on: bool
    ) -> Iterator[ShownSetting]:
        """Yield the settings of an agency for a screen, of an agency that is on or has any set."""
        names = self._list_names(name, alternatives)
        if not is_on and not any(self._is_set(name, setting) for setting in names):
            return
        general = {setting.name: setting for setting in AGENCY_SETTINGS}
        for setting in names:
            row = general.get(setting, Setting(setting, str, None, "Access to the agency."))
            value = None if setting in general else Secret("")
            yield show_setting(row, value, self.environ, file_names, name)

    def read_path(self, name: str, text: str, read: PathReader, folder: Path) -> Any:  # noqa: ANN401 - as ``read`` returns
        """Return the value of a setting with a path; None where the path can't be read."""
        try:
            return read(text, folder, self.environ)
        except ValueError as error:
            self.faults.append(f"{name} {error}.")
            return None

    def read_weights(self, text: str, credentials: Mapping[str, Credentials]) -> dict[str, int]:
        """Return the agencies that are on with their weights, in order; check all credentials."""
        weights = self._parse_agencies(text, credentials)
        if not weights:
            weights = {n: 1 for n in credentials if self._is_ready(n, credentials[n])}
            weights = weights or dict(DEMO_WEIGHTS)
        for name in credentials:
            self._check_credentials(name, credentials[name], needed=name in weights)
        if DEMO_SHOP in weights and not weights.keys() <= {"demo", DEMO_SHOP}:
            self.faults.append(
                f"AGENCIES names {DEMO_SHOP}, which is pretend, beside an agency that is real."
            )
        return weights

    def _parse_agencies(self, text: str, known: Mapping[str, Credentials]) -> dict[str, int]:
        weights: dict[str, int] = {}
        for part in filter(None, (p.strip() for p in text.split(","))):
            name, _, weight = part.partition(":")
            if name not in known:
                self.faults.append(
                    f"AGENCIES names {quote_excerpt(name)}; known are {', '.join(known)}."
                )
            elif not re.fullmatch(r"[1-9][0-9]?", weight or "1"):
                fault = f"AGENCIES gives {name} the weight {quote_excerpt(weight)}; use 1 to 99."
                self.faults.append(fault)
            else:
                weights[name] = int(weight or 1)
        return weights

    def _is_set(self, agency: str, name: str) -> bool:
        return bool(self.environ.get(get_setting_prefix(agency) + name))

    def _is_ready(self, agency: str, alternatives: Credentials) -> bool:
        """Return whether an agency's settings switch the agency on when ``AGENCIES`` is unset."""
        return self._is_complete(agency, alternatives or self.options.get(agency, ()))

    def _is_complete(self, agency: str, alternatives: Credentials) -> bool:
        return any(all(self._is_set(agency, n) for n in names) for names in alternatives)

    def _check_credentials(self, agency: str, alternatives: Credentials, *, needed: bool) -> None:
        has_some = any(self._is_set(agency, n) for names in alternatives for n in names)
        if alternatives and (has_some or needed) and not self._is_complete(agency, alternatives):
            sets = (
                " and ".join(get_setting_prefix(agency) + n for n in names)
                for names in alternatives
            )
            self.faults.append(f"{agency} needs {', or '.join(sets)}.")
        for names in self.options.get(agency, ()):
            count = sum(self._is_set(agency, name) for name in names)
            if 0 < count < len(names):
                both = " and ".join(get_setting_prefix(agency) + name for name in names)
                self.faults.append(f"{agency} needs {both}, or none of them.")

    def read_agency(
        self, name: str, weights: Mapping[str, int], alternatives: Credentials
    ) -> AgencySettings:
        """Read the settings of an agency that is on or off."""
        own = {s.name.lower(): self.read(s, get_setting_prefix(name)) for s in AGENCY_SETTINGS}
        sets = (*alternatives, *self.options.get(name, ()))
        secrets = self._read_secrets(name, {n for names in sets for n in names})
        needs_id = "affiliate_id" in readers.list_fields(own["affiliate_link"] or "")
        if needs_id and not self._is_set(name, "AFFILIATE_ID"):
            prefix = get_setting_prefix(name)
            fault = f"{prefix}AFFILIATE_LINK wants {{affiliate_id}}; set {prefix}AFFILIATE_ID too."
            self.faults.append(fault)
        buyer = self._read_secrets(name, self.buyers.get(name, ()))
        weight = weights.get(name, 1)
        return AgencySettings(weight=weight, credentials=secrets, buyer=buyer, **own)

    def _read_secrets(self, agency: str, names: Iterable[str]) -> dict[str, Secret]:
        """Return the secret settings that are set and can be read."""
        rows = [
            Setting(
                name, partial(readers.read_credential, is_typed=name in TYPED_CREDENTIALS), None, ""
            )
            for name in names
        ]
        secrets = {row.name: self.read(row, get_setting_prefix(agency)) for row in rows}
        return {name: secret for name, secret in secrets.items() if secret is not None}
