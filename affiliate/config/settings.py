"""The settings: one table, read once; the only reader of the environment."""

import functools
import os
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from affiliate.config import passwords, paths, readers, setting_texts
from affiliate.config.listening import read_listening_address
from affiliate.config.readers import Secret
from affiliate.config.setting_names import describe_unknown_names
from affiliate.config.setting_texts import quote_excerpt, strip_ends
from affiliate.config.trusted_proxies import (
    Trusted,
    read_trusted_proxies,
)
from affiliate.errors import ConfigError

Credentials = tuple[tuple[str, ...], ...]
"""Sets of setting names without the agency's prefix; any one complete set is enough."""
TYPED_CREDENTIALS: Final = frozenset({"USERNAME", "PASSWORD"})
"""Settings of agencies that people have chosen, in any script."""
PathReader = Callable[[str, Path, Mapping[str, str]], Any]
"""A reader of a text with a path in it, from the folder and the variables that it may name."""


class Setting(NamedTuple):
    """One row of the table: what it is called, how it is read, and what it is for.

    ``says_all`` is set where the reader itself refuses what no setting may be.
    """

    name: str
    read: Callable[[str], Any]
    default: Any
    help: str
    says_all: bool = False


class AgencySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner has set for one agency; addresses have no slash at their end.

    ``buyer`` gives access to the account that licenses are bought with; searching needs none of it.
    """

    weight: int = 1
    url: str | None = None
    credentials: Mapping[str, Secret] = {}
    buyer: Mapping[str, Secret] = {}
    affiliate_id: str | None = None
    affiliate_link: str | None = None
    calls_per_hour: int | None = None
    calls_per_second: int | None = None
    timeout_seconds: int = 15


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, read and checked. ``agencies`` holds those that are on, in order."""

    agencies: Mapping[str, AgencySettings]
    host: str
    port: int
    web_concurrency: int
    redis_url: str | None
    redis_self_signed: bool
    database_url: str
    data_dir: Path
    cache_fresh_seconds: int
    cache_stale_seconds: int
    cache_bytes: int
    clicks_keep_days: int
    searches_keep_days: int
    trusted_proxies: Trusted
    client_searches_per_minute: int
    client_searches_per_hour: int
    site_name: str
    site_language: str
    site_url: str | None
    site_accent: str
    site_topics: tuple[str, ...]
    embed_sites: tuple[str, ...]
    affiliate_sub_ids: frozenset[str]
    shutterstock_license_url: str
    log_level: str
    log_format: str
    access_log: bool
    secret_key: Secret | None
    owner_password: Secret | None

    notes: tuple[str, ...] = ()
    """What is no fault, but may not be what the owner means; a sentence each, without secrets."""

    def __repr__(self) -> str:
        """Names only: addresses of databases hold passwords."""
        return f"Config(agencies={', '.join(self.agencies)})"


SETTINGS: Final = (
    Setting(
        "HOST",
        read_listening_address,
        "127.0.0.1",
        "The address to listen on, or a name that has one, such as `localhost`; `0.0.0.0` or `::` "
        "for every interface.",
    ),
    Setting("PORT", readers.integer_reader(1, 65535), 8000, "The port to listen on."),
    Setting(
        "WEB_CONCURRENCY", readers.integer_reader(1, 64), 1, "How many server processes to run."
    ),
    Setting(
        "AGENCIES",
        str,
        "",
        "Comma list of the agencies to search, `name:weight` to give one more places. "
        "Unset: every agency that has credentials, else `demo`.",
    ),
    Setting(
        "REDIS_URL",
        readers.read_redis,
        None,
        "Redis for the cache: `redis://`, `rediss://`, `unix:///path`, "
        "`redis+sentinel://host:port,.../service` or `redis+cluster://host:port,...`. A process "
        "uses up to 32 connections, or its part of four fifths of the clients that the server "
        "takes; `?max_connections=8` sets another number. Sentinels with a password of their own: "
        "`?sentinel_password=...`. Unset: a SQLite file in `DATA_DIR`.",
    ),
    Setting(
        "REDIS_SELF_SIGNED",
        readers.read_switch,
        False,
        "1 to take any certificate of a `rediss://` server, as some PaaS need.",
    ),
    Setting(
        "DATABASE_URL",
        readers.read_database,
        None,
        "Database of searches and clicks: `postgresql://` (or Heroku's `postgres://`) or "
        "`sqlite:///` and a path, as in `DATA_DIR`. Several hosts: `host:port,host:port` with "
        "`?target_session_attrs=read-write`; parameters of Prisma, Supabase and the like are left "
        "out with a note. PostgreSQL's encoding should be UTF8. Unset: a SQLite file in "
        "`DATA_DIR`.",
    ),
    Setting(
        "DATA_DIR",
        str,
        "instance",
        "Folder of the embedded databases, of journals of clicks and purchases, and of what the "
        "site's processes share: counts of calls and a copy of the key that signs pages. Relative "
        "paths are relative to `app.py`, `~` and `$NAME` are read as in a shell.",
    ),
    Setting(
        "CACHE_FRESH_SECONDS",
        readers.integer_reader(1, 10**9),
        86400,
        "How long an answer is fresh.",
    ),
    Setting(
        "CACHE_STALE_SECONDS",
        readers.integer_reader(0, 10**9),
        30 * 86400,
        "How much longer an answer may be shown while it is asked for anew.",
    ),
    Setting(
        "CACHE_BYTES",
        readers.integer_reader(10**6, 10**12),
        256 * 10**6,
        "Size limit of the SQLite cache.",
    ),
    Setting(
        "CLICKS_KEEP_DAYS",
        readers.integer_reader(0, 36_500),
        0,
        "How many days clicks are kept before they are deleted; 0 for ever.",
    ),
    Setting(
        "SEARCHES_KEEP_DAYS",
        readers.integer_reader(0, 36_500),
        90,
        "How many days counts of searches are kept before they are deleted; 0 for ever. "
        "Suggestions and `flask warm` go by them.",
    ),
    Setting(
        "TRUSTED_PROXIES",
        read_trusted_proxies,
        0,
        "How many proxies stand in front of the site, or a comma list of their networks: the "
        "client's address is taken of their `X-Forwarded-For`. 1 on most platforms.",
    ),
    Setting(
        "CLIENT_SEARCHES_PER_MINUTE",
        readers.integer_reader(0, 10**6),
        60,
        "The most searches in a minute of one client that cost calls; 0 for no limit. A picture's "
        "page costs as much, cached answers nothing.",
    ),
    Setting(
        "CLIENT_SEARCHES_PER_HOUR",
        readers.integer_reader(0, 10**6),
        600,
        "The same in an hour. Visitors of one blog's embeds have ten times as many together.",
    ),
    Setting("SITE_NAME", readers.read_name, "Affiliate Search", "The name in the bar at the top."),
    Setting("SITE_LANGUAGE", readers.read_language, "en", "Language of searches and pages."),
    Setting(
        "SITE_URL",
        readers.read_origin,
        None,
        "Public address of the site, without a path; its host name is the site in click reports. "
        "Blogs that embed the site need it: codes and links for them are made of it.",
    ),
    Setting(
        "SITE_ACCENT",
        readers.read_accent,
        "#0b6e4f",
        "The one accent color, darkened or lightened where text asks for it.",
    ),
    Setting(
        "SITE_TOPICS",
        readers.read_topics,
        ("flower", "cat", "fruit", "bicycle", "mountain", "bird"),
        "Comma list of searches that the start page offers; the first one's pictures are shown. "
        "`,` offers none; an empty text is as unset.",
    ),
    Setting(
        "EMBED_SITES",
        readers.read_hosts,
        (),
        "Comma list of the host names whose pages may embed this site, such as"
        " `blog.example, *.blog.example`; `www.` is a host of its own. Unset: every site's.",
    ),
    Setting(
        "AFFILIATE_SUB_IDS",
        readers.read_sub_ids,
        frozenset({"site", "query", "id"}),
        "What the sub ids of the default links carry: comma list of `site`, `query`, `id`, "
        "or `none`.",
    ),
    Setting(
        "SHUTTERSTOCK_LICENSE_URL",
        readers.address_reader("https", "http"),
        "https://api-sandbox.shutterstock.com",
        "Where licenses are bought without `--live`: the agency's sandbox, which charges nothing.",
    ),
    Setting(
        "LOG_LEVEL",
        readers.choice_reader("DEBUG", "INFO", "WARNING", "ERROR"),
        "INFO",
        "The least that the log tells: `DEBUG`, `INFO`, `WARNING` or `ERROR`.",
    ),
    Setting(
        "LOG_FORMAT",
        readers.choice_reader("text", "json"),
        "text",
        "`text`, or `json` for an object on each line.",
    ),
    Setting("ACCESS_LOG", readers.read_switch, False, "1 for a line of log about each request."),
    Setting(
        "SECRET_KEY",
        passwords.read_secret_key,
        None,
        "At least 32 random characters: signs the owner's log-in and encrypts the tokens of "
        "connected accounts. Whoever changes it logs in and connects anew.",
    ),
    Setting(
        "OWNER_PASSWORD",
        passwords.read_password,
        None,
        "Opens `/owner/`, which does not exist without it; 8 to 256 characters, and no password "
        "that is guessed first. It needs `SECRET_KEY`.",
    ),
)

AGENCY_SETTINGS: Final = (
    Setting(
        "URL",
        readers.address_reader("https", "http"),
        None,
        "Base address, for sandboxes and tests.",
    ),
    Setting(
        "AFFILIATE_ID",
        readers.read_affiliate_id,
        None,
        "Your id in the agency's affiliate network: digits at Impact, a camref at Partnerize.",
        says_all=True,
    ),
    Setting(
        "AFFILIATE_LINK",
        readers.read_link_template,
        None,
        "Template of the links, with `{affiliate_id}`, `{id}`, `{landing}` (percent-encoded), "
        "`{landing_url}` (as it is), `{media}`, `{site}`, `{query}`.",
    ),
    Setting(
        "CALLS_PER_HOUR",
        readers.integer_reader(1, 10**6),
        None,
        "The most calls in an hour, over all processes. When they are spent, cached answers go on. "
        "Unset: the limits that the agency documents, where it does.",
    ),
    Setting(
        "CALLS_PER_SECOND",
        readers.integer_reader(1, 1000),
        None,
        "The most calls in a second, over all processes; further ones wait for their turn, up to "
        "3 seconds. Unset: the limit that the agency documents, where it does.",
    ),
    Setting(
        "TIMEOUT_SECONDS",
        readers.integer_reader(1, 120),
        15,
        "How long a call for a search may take. Visitors wait 3 seconds for it at most; it goes "
        "on behind their page, which asks again.",
    ),
)
"""The settings that each agency has, behind its name in capitals and an underscore."""


@functools.cache
def setting_prefix(agency: str) -> str:
    """Return what an agency's settings begin with: ``SHUTTERSTOCK_`` for ``shutterstock``.

    Shells can't name a variable that begins with a digit: those of ``123rf`` have a ``_`` before.
    """
    return re.sub(r"\W|^(?=[0-9])", "_", agency).upper() + "_"


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
) -> Config:
    """Read the settings from ``environ``, by default the process's own.

    Paths in them are relative to ``folder``.

    ``credentials`` says for every agency that exists which settings give access to it; an empty
    tuple means that it needs none and is on only when ``AGENCIES`` names it, or when the owner has
    set some of its ``options``: sets of settings of which all or none are set. ``buyers`` says what
    buying needs beside them, which switches nothing on. ``check`` gets the settings of every
    agency and the names of those that are on, and returns what else is wrong with them.

    Raises:
        ConfigError: names every fault at once, never a value that is secret.
    """
    reader = _Reader(os.environ if environ is None else environ, buyers or {}, options or {})
    found = {s.name.lower(): reader.read(s) for s in SETTINGS}
    weights = reader.read_weights(found["agencies"], credentials)
    known = {name: reader.read_agency(name, weights, credentials[name]) for name in credentials}
    found["agencies"] = {name: known[name] for name in weights if name in known}
    found["data_dir"] = reader.read_path(
        "DATA_DIR", found["data_dir"], paths.resolve_data_folder, folder
    )
    if found["database_url"] is None and found["data_dir"]:
        found["database_url"] = f"{paths.SQLITE}/{found['data_dir'] / 'ledger.db'}"
    elif str(found["database_url"]).startswith(paths.SQLITE):
        found["database_url"] = reader.read_path(
            "DATABASE_URL", found["database_url"], paths.resolve_sqlite_address, folder
        )
    if found["owner_password"] and not reader.environ.get("SECRET_KEY"):
        reader.faults.append("OWNER_PASSWORD needs SECRET_KEY, of at least 32 characters.")
    names = (found["site_name"], found["site_url"])
    reader.faults += _find_password_faults(found["owner_password"], *names)
    reader.faults += check(known, weights)
    if reader.faults:
        raise ConfigError(reader.faults)
    return Config(**found, notes=tuple(reader.find_notes(weights, credentials)))


def _find_password_faults(password: Secret | None, *names: str | None) -> Iterator[str]:
    """Yield what is wrong with a password by what everybody knows of the site."""
    if password and passwords.is_guessed(password.reveal(), filter(None, names)):
        yield f"OWNER_PASSWORD {passwords.GUESSED}."


class _Reader:
    """Reads settings one by one and gathers what is wrong with them.

    Platforms that can name a variable with a digit first may leave out the ``_`` before it.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        buyers: Mapping[str, tuple[str, ...]],
        options: Mapping[str, Credentials],
    ) -> None:
        self.environ = {
            (f"_{name}" if name[:1].isdigit() else name): strip_ends(text)
            for name, text in environ.items()
        }
        self.buyers = buyers
        self.options = options
        self.faults: list[str] = []

    def read(self, setting: Setting, before: str = "") -> Any:  # noqa: ANN401 - as the row reads
        text = self.environ.get(before + setting.name, "")
        if not text:
            return setting.default
        try:
            if not setting.says_all:
                setting_texts.check_text(text)
            return setting.read(text)
        except ValueError as error:
            self.faults.append(f"{before}{setting.name} {error}.")
            return setting.default

    def find_notes(
        self, on: Container[str], credentials: Mapping[str, Credentials]
    ) -> Iterator[str]:
        """Yield what to tell of settings that do nothing, and of variables that are no settings."""
        is_named = bool(self.environ.get("AGENCIES", "").strip(" ,"))
        if not is_named and not any(self._is_ready(n, c) for n, c in credentials.items()):
            yield "no agency has credentials: the demo catalogue is shown."
        own = {name: self._list_names(name, credentials[name]) for name in credentials}
        for name, names in own.items():
            given = [setting_prefix(name) + one for one in names if self._is_set(name, one)]
            if given and name not in on:
                why = "AGENCIES does not name it" if is_named else "its credentials are not set"
                yield f"{name} is off, as {why}; these do nothing: {', '.join(given)}."
        known = {setting.name for setting in SETTINGS}
        known |= {setting_prefix(name) + one for name, names in own.items() for one in names}
        given_names = [name for name, text in self.environ.items() if text]
        mine = {setting_prefix(name) for name in own if credentials[name] or self.options.get(name)}
        yield from describe_unknown_names(given_names, known, mine)  # others may say DEMO_MODE

    def _list_names(self, agency: str, alternatives: Credentials) -> list[str]:
        """Return the names of all settings of an agency, without its prefix, each once."""
        sets = (*alternatives, *self.options.get(agency, ()), self.buyers.get(agency, ()))
        general = (setting.name for setting in AGENCY_SETTINGS)
        return list(dict.fromkeys([*general, *(name for names in sets for name in names)]))

    def read_path(self, name: str, text: str, read: PathReader, folder: Path) -> Any:  # noqa: ANN401 - as it reads
        """Return what a setting with a path in it means; None where the text can't be read."""
        try:
            return read(text, folder, self.environ)
        except ValueError as error:
            self.faults.append(f"{name} {error}.")
            return None

    def read_weights(self, wanted: str, credentials: Mapping[str, Credentials]) -> dict[str, int]:
        """Return the agencies that are on with their weights, in order; check all credentials."""
        weights = self._parse_agencies(wanted, credentials)
        if not weights:
            weights = {n: 1 for n in credentials if self._is_ready(n, credentials[n])}
            weights = weights or {"demo": 1}
        for name in credentials:
            self._check_credentials(name, credentials[name], needed=name in weights)
        return weights

    def _parse_agencies(self, wanted: str, known: Mapping[str, Credentials]) -> dict[str, int]:
        weights: dict[str, int] = {}
        for part in filter(None, (p.strip() for p in wanted.split(","))):
            name, _, weight = part.partition(":")
            if name not in known:
                self.faults.append(
                    f"AGENCIES names {quote_excerpt(name)}; known are {', '.join(known)}."
                )
            elif not re.fullmatch(r"[1-9][0-9]?", weight or "1"):
                told = f"AGENCIES gives {name} the weight {quote_excerpt(weight)}; use 1 to 99."
                self.faults.append(told)
            else:
                weights[name] = int(weight or 1)
        return weights

    def _is_set(self, agency: str, name: str) -> bool:
        return bool(self.environ.get(setting_prefix(agency) + name))

    def _is_ready(self, agency: str, alternatives: Credentials) -> bool:
        """Return whether the settings switch an agency on that ``AGENCIES`` doesn't name."""
        return self._is_complete(agency, alternatives or self.options.get(agency, ()))

    def _is_complete(self, agency: str, alternatives: Credentials) -> bool:
        return any(all(self._is_set(agency, n) for n in names) for names in alternatives)

    def _check_credentials(self, agency: str, alternatives: Credentials, *, needed: bool) -> None:
        begun = any(self._is_set(agency, n) for names in alternatives for n in names)
        if alternatives and (begun or needed) and not self._is_complete(agency, alternatives):
            sets = (
                " and ".join(setting_prefix(agency) + n for n in names) for names in alternatives
            )
            self.faults.append(f"{agency} needs {', or '.join(sets)}.")
        for names in self.options.get(agency, ()):
            given = [name for name in names if self._is_set(agency, name)]
            if given and len(given) < len(names):
                both = " and ".join(setting_prefix(agency) + name for name in names)
                self.faults.append(f"{agency} needs {both}, or none of them.")

    def read_agency(
        self, name: str, weights: Mapping[str, int], alternatives: Credentials
    ) -> AgencySettings:
        """Read the settings of an agency, whether it is on or not."""
        own = {s.name.lower(): self.read(s, setting_prefix(name)) for s in AGENCY_SETTINGS}
        sets = (*alternatives, *self.options.get(name, ()))
        secrets = self._read_secrets(name, {n for names in sets for n in names})
        wants_id = not self._is_set(name, "AFFILIATE_ID")
        if wants_id and "affiliate_id" in readers.list_fields(own["affiliate_link"] or ""):
            before = setting_prefix(name)
            fault = f"{before}AFFILIATE_LINK wants {{affiliate_id}}; set {before}AFFILIATE_ID too."
            self.faults.append(fault)
        buyer = self._read_secrets(name, self.buyers.get(name, ()))
        weight = weights.get(name, 1)
        return AgencySettings(weight=weight, credentials=secrets, buyer=buyer, **own)

    def _read_secrets(self, agency: str, names: Iterable[str]) -> dict[str, Secret]:
        """Return those of the settings that are set and can be read."""
        rows = [
            Setting(
                name, partial(readers.read_credential, is_typed=name in TYPED_CREDENTIALS), None, ""
            )
            for name in names
        ]
        found = {row.name: self.read(row, setting_prefix(agency)) for row in rows}
        return {name: secret for name, secret in found.items() if secret is not None}
