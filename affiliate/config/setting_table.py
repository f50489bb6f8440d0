"""The table of settings, one row each: the name, the reader of the text, the default and a help.

The readers are in `config.readers` and beside that module; `config.loading` reads the environment
by this table, and `docs/settings.md` and `.env.example` are made from the rows.
"""

import functools
import re
from collections.abc import Callable
from datetime import UTC
from functools import partial
from typing import Any, Final, NamedTuple

from affiliate.config import alert_readers, passwords, readers
from affiliate.config.listening import read_listening_address
from affiliate.config.site_links import read_site_links
from affiliate.config.trusted_proxies import read_trusted_proxies
from affiliate.domain.rates import parse_rates


class Setting(NamedTuple):
    """A row of the table: name, reader, default and help of a setting.

    ``checks_text`` says that the reader itself makes the checks of `setting_texts.check_text`.
    """

    name: str
    read: Callable[[str], Any]
    default: Any
    help: str
    checks_text: bool = False


SETTINGS: Final = (
    Setting(
        "HOST",
        read_listening_address,
        "127.0.0.1",
        "The address to listen on, or a name that has one, such as `localhost`; `0.0.0.0` or `::` "
        "for every interface.",
    ),
    Setting("PORT", readers.make_integer_reader(1, 65535), 8000, "The port to listen on."),
    Setting(
        "WEB_CONCURRENCY",
        readers.make_integer_reader(1, 64),
        1,
        "How many server processes to run.",
    ),
    Setting(
        "AGENCIES",
        str,
        "",
        "Comma list of the agencies to search, `name:weight` to give one more places. "
        "Unset: every agency that has credentials, else `demo`, with the "
        "pretend `demo-shop`.",
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
        readers.make_integer_reader(1, 10**9),
        86400,
        "How long an answer is fresh.",
    ),
    Setting(
        "CACHE_STALE_SECONDS",
        readers.make_integer_reader(0, 10**9),
        30 * 86400,
        "How much longer an answer may be shown while it is asked for anew.",
    ),
    Setting(
        "CACHE_BYTES",
        readers.make_integer_reader(10**6, 10**12),
        256 * 10**6,
        "Size limit of the SQLite cache.",
    ),
    Setting(
        "CLICKS_KEEP_DAYS",
        readers.make_integer_reader(0, 36_500),
        0,
        "How many days clicks are kept before they are deleted; 0 for ever.",
    ),
    Setting(
        "SEARCHES_KEEP_DAYS",
        readers.make_integer_reader(0, 36_500),
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
        readers.make_integer_reader(0, 10**6),
        60,
        "The most searches in a minute of one client that cost calls; 0 for no limit. A picture's "
        "page costs as much, cached answers nothing.",
    ),
    Setting(
        "CLIENT_SEARCHES_PER_HOUR",
        readers.make_integer_reader(0, 10**6),
        600,
        "The same in an hour. Visitors of one blog's embeds have ten times as many together.",
    ),
    Setting("SITE_NAME", readers.read_name, "Affiliate Search", "The name in the bar at the top."),
    Setting(
        "SITE_LOGO",
        str,
        None,
        "An SVG or PNG file of at most 100,000 bytes, shown in place of the name; paths are as for "
        "`DATA_DIR`. An SVG may have other colors for `prefers-color-scheme: dark`.",
    ),
    Setting(
        "SITE_TAGLINE",
        readers.read_tagline,
        None,
        "One sentence on the start page that says what the site is. Unset: a sentence with the "
        "names of the agencies, in the visitor's language.",
    ),
    Setting(
        "SITE_LINKS",
        read_site_links,
        (),
        "Comma list of links at the foot of every page, such as "
        "`Imprint=https://a.example/imprint, Privacy=/about#privacy, Contact=mailto:me@a.example`.",
    ),
    Setting("SITE_LANGUAGE", readers.read_language, "en", "Language of searches and pages."),
    Setting(
        "SITE_TIMEZONE",
        readers.read_time_zone,
        UTC,
        "Time zone of the days and hours on the owner's desk, such as `Europe/Amsterdam`.",
    ),
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
        ("mountain", "space", "sunset", "clouds", "snow", "nature"),
        "Comma list of searches that the start page offers. Each of the first eight has a strip "
        "of pictures there as soon as somebody, or `flask warm`, has searched for it. `,` offers "
        "none; an empty text is as unset.",
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
        "IMPACT_ACCOUNT_SID",
        partial(readers.read_credential, is_typed=False),
        None,
        "Account SID of your partner account at impact.com, for `flask earnings fetch`.",
    ),
    Setting(
        "IMPACT_AUTH_TOKEN",
        partial(readers.read_credential, is_typed=False),
        None,
        "The account's token, which may read actions. It needs `IMPACT_ACCOUNT_SID`.",
    ),
    Setting(
        "IMPACT_URL",
        readers.make_address_reader("https", "http"),
        "https://api.impact.com",
        "Base address of impact.com's API, for tests.",
    ),
    Setting(
        "PARTNERIZE_APPLICATION_KEY",
        partial(readers.read_credential, is_typed=False),
        None,
        "User Application Key of your account at Partnerize (Settings), for"
        " `flask earnings fetch`.",
    ),
    Setting(
        "PARTNERIZE_USER_API_KEY",
        partial(readers.read_credential, is_typed=False),
        None,
        "User API Key beside the Application Key.",
    ),
    Setting(
        "PARTNERIZE_PUBLISHER_ID",
        readers.read_affiliate_id,
        None,
        "Id of your partner account at Partnerize, such as `1l1007802`; it needs both keys.",
    ),
    Setting(
        "PARTNERIZE_URL",
        readers.make_address_reader("https", "http"),
        "https://api.partnerize.com",
        "Base address of Partnerize's API, for tests.",
    ),
    Setting(
        "EARNINGS_RATES",
        parse_rates,
        (),
        "Rates by which sums of earnings are converted, such as `EUR=1, USD=0.92`: the worth of"
        " each currency in the first. Unset: nothing is converted.",
    ),
    Setting(
        "SMTP_URL",
        alert_readers.read_mail_server,
        None,
        "Mail server for alerts and the weekly digest: `smtp://user:password@host:587` "
        "(STARTTLS) or `smtps://user:password@host:465`. It needs `ALERT_TO`.",
    ),
    Setting(
        "ALERT_TO",
        alert_readers.read_mail_addresses,
        (),
        "Comma list of the addresses that alerts and the weekly digest go to.",
    ),
    Setting(
        "ALERT_FROM",
        alert_readers.read_mail_address,
        None,
        "The sender of these mails, which your mail server must let you use. Unset: the first "
        "address of `ALERT_TO`.",
    ),
    Setting(
        "ALERT_WEBHOOK_URL",
        alert_readers.read_webhook_url,
        None,
        "Address to which alerts and the digest are posted as JSON, signed. It needs "
        "`ALERT_WEBHOOK_SECRET`.",
    ),
    Setting(
        "ALERT_WEBHOOK_SECRET",
        alert_readers.read_webhook_secret,
        None,
        "Signs what is posted, by Standard Webhooks: `whsec_` and base64 of 24 to 64 random bytes.",
    ),
    Setting(
        "SHUTTERSTOCK_LICENSE_URL",
        readers.make_address_reader("https", "http"),
        "https://api-sandbox.shutterstock.com",
        "Where licenses are bought without `--live`: the agency's sandbox, which charges nothing.",
    ),
    Setting(
        "LOG_LEVEL",
        readers.make_choice_reader("DEBUG", "INFO", "WARNING", "ERROR"),
        "INFO",
        "The least that the log tells: `DEBUG`, `INFO`, `WARNING` or `ERROR`.",
    ),
    Setting(
        "LOG_FORMAT",
        readers.make_choice_reader("text", "json"),
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
    Setting(
        "METRICS_TOKEN",
        passwords.read_token,
        None,
        "Opens `/metrics` for Prometheus, which does not exist without it: at least 32 random "
        "letters, digits and `-._~+/=`, which Prometheus sends as `Bearer`.",
    ),
)

AGENCY_SETTINGS: Final = (
    Setting(
        "URL",
        readers.make_address_reader("https", "http"),
        None,
        "Base address, for sandboxes and tests.",
    ),
    Setting(
        "AFFILIATE_ID",
        readers.read_affiliate_id,
        None,
        "Your id in the agency's affiliate network: digits at Impact, a camref at Partnerize.",
        checks_text=True,
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
        readers.make_integer_reader(1, 10**6),
        None,
        "The most calls in an hour, over all processes. When they are spent, cached answers go on. "
        "Unset: the limits that the agency documents, where it does.",
    ),
    Setting(
        "CALLS_PER_SECOND",
        readers.make_integer_reader(1, 1000),
        None,
        "The most calls in a second, over all processes; further ones wait for their turn, up to "
        "3 seconds. Unset: the limit that the agency documents, where it does.",
    ),
    Setting(
        "TIMEOUT_SECONDS",
        readers.make_integer_reader(1, 120),
        15,
        "How long a call for a search may take. Visitors wait 3 seconds for it at most; it goes "
        "on behind their page, which asks again.",
    ),
)
"""Settings that each agency has, with `get_setting_prefix` before their names."""


@functools.cache
def get_setting_prefix(agency: str) -> str:
    """Return the beginning of an agency's settings: ``SHUTTERSTOCK_`` for ``shutterstock``.

    Shells can't name a variable that begins with a digit: settings of ``123rf`` begin with ``_``.
    """
    return re.sub(r"\W|^(?=[0-9])", "_", agency).upper() + "_"
