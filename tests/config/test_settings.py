"""The settings: each one good and bad, all faults at once, and no secret in any text."""

import random
import re
import string
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from affiliate.agencies import AGENCIES
from affiliate.config.loading import Credentials, load_config
from affiliate.config.readers import Secret
from affiliate.config.setting_secrets import iter_secrets
from affiliate.config.setting_table import AGENCY_SETTINGS, SETTINGS, get_setting_prefix
from affiliate.config.settings import AgencySettings, Config
from affiliate.errors import ConfigError

KNOWN: dict[str, Credentials] = {
    "shutterstock": (("API_TOKEN",), ("CLIENT_ID", "CLIENT_SECRET")),
    "acme-photos": (("KEY",),),
    "demo": (),
    "demo-shop": (),
}
TOKEN = {"SHUTTERSTOCK_API_TOKEN": "token-4711"}


def read_config(**environ: str) -> Config:
    return load_config(environ, KNOWN)


def list_faults(**environ: str) -> list[str]:
    """Return the faults for which the start is refused."""
    with pytest.raises(ConfigError) as caught:
        read_config(**environ)
    assert all(fault in str(caught.value) for fault in caught.value.faults)
    return caught.value.faults


ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
HIDDEN = "\x07\t\x7f\x85\xad\u061c\u180e\u200b\u200e\u2028\u2029\u202e\u2066\ufdd0\ufffe\U000e0041"
"""Signs that can't be seen: controls, formats, directions, ends of lines, none, a tag."""
GOOD: list[tuple[str, str, object]] = [
    ("PORT", "1", 1),
    ("PORT", "65535", 65535),
    ("PORT", " 8080 ", 8080),
    ("HOST", "0.0.0.0", "0.0.0.0"),
    ("HOST", "localhost", "127.0.0.1"),
    ("WEB_CONCURRENCY", "4", 4),
    ("REDIS_URL", "redis://:secret@localhost:6379/0", "redis://:secret@localhost:6379/0"),
    ("REDIS_URL", "rediss://cache.example", "rediss://cache.example"),
    ("REDIS_SELF_SIGNED", "1", True),
    ("REDIS_SELF_SIGNED", "0", False),
    ("DATABASE_URL", "postgres://u:p@h:5432/d", "postgresql+psycopg://u:p@h:5432/d"),
    ("DATABASE_URL", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
    ("DATABASE_URL", "sqlite:////tmp/ledger.db", "sqlite:////tmp/ledger.db"),
    ("CACHE_FRESH_SECONDS", "1", 1),
    ("CACHE_STALE_SECONDS", "0", 0),
    ("CACHE_BYTES", "1000000", 1_000_000),
    ("CLICKS_KEEP_DAYS", "400", 400),
    ("SEARCHES_KEEP_DAYS", "0", 0),
    ("TRUSTED_PROXIES", "2", 2),
    ("CLIENT_SEARCHES_PER_MINUTE", "0", 0),
    ("CLIENT_SEARCHES_PER_HOUR", "1000000", 1_000_000),
    ("SITE_NAME", "Caf\u00e9 & Pictures", "Caf\u00e9 & Pictures"),
    *(
        ("SITE_NAME", text, text)
        for text in ("\u0645\u06cc\u200c\u062e", "\U0001f469\u200d\U0001f4bb")
    ),
    ("SITE_NAME", f"Fotos {ENGLAND}", f"Fotos {ENGLAND}"),
    (
        "SITE_TAGLINE",
        "Caf\u00e9 & pictures \U0001f469\u200d\U0001f4bb.",
        "Caf\u00e9 & pictures \U0001f469\u200d\U0001f4bb.",
    ),
    ("SITE_LINKS", "Imprint = https://a.example/me/, ", (("Imprint", "https://a.example/me/"),)),
    ("SITE_LINKS", "A=/b?c=d#e\uff0cF=mailto:g@h.ex", (("A", "/b?c=d#e"), ("F", "mailto:g@h.ex"))),
    ("SITE_LINKS", ",", ()),
    ("SITE_LANGUAGE", "zh-Hant", "zh-Hant"),
    ("SITE_TIMEZONE", "UTC", UTC),
    ("SITE_TIMEZONE", "Asia/Kathmandu", ZoneInfo("Asia/Kathmandu")),
    ("SITE_URL", "https://pictures.example/", "https://pictures.example"),
    ("SITE_URL", "http://localhost:8000", "http://localhost:8000"),
    ("SITE_URL", "https://Pictures.example:443", "https://pictures.example"),
    ("SITE_URL", "http://pictures.example:80/", "http://pictures.example"),
    ("SITE_URL", "https://bücher.example:8443", "https://xn--bcher-kva.example:8443"),
    ("SITE_URL", "http://[2001:DB8:0::1]:8080", "http://[2001:db8::1]:8080"),
    ("SITE_URL", "https://pictures.example.", "https://pictures.example"),
    ("SITE_ACCENT", "#0B6e4f", "#0B6e4f"),
    ("SITE_TOPICS", " cat, red  bike ,,", ("cat", "red bike")),
    ("SITE_TOPICS", ",", ()),
    ("SITE_TOPICS", "a;b\u3001c\uff0cd\uff1be\u060cf\u061bg\uff64h", tuple("abcdefgh")),
    ("SITE_TOPICS", "cat\u200e, \u200b, \ufeff\u00f8l", ("cat", "\u00f8l")),
    ("EMBED_SITES", "Blog.example:443, localhost:8080,", ("blog.example", "localhost:8080")),
    ("EMBED_SITES", "*.Blog.example:443, *.b.example:81", ("*.blog.example", "*.b.example:81")),
    ("EMBED_SITES", "*.b\u00fccher.example:81", ("*.xn--bcher-kva.example:81",)),
    ("EMBED_SITES", "*.B\u00dcCHER.Example:443", ("*.xn--bcher-kva.example",)),
    ("EMBED_SITES", "stra\u00dfe.example", ("xn--strae-oqa.example",)),
    ("EMBED_SITES", "*.fa\u00df.example:81", ("*.xn--fa-hia.example:81",)),
    ("EMBED_SITES", "\u03b2\u03cc\u03bb\u03bf\u03c2.example", ("xn--nxasmm1c.example",)),
    ("SITE_URL", "http://192.0.2.7:8000", "http://192.0.2.7:8000"),
    ("AFFILIATE_SUB_IDS", "site, id", frozenset({"site", "id"})),
    ("AFFILIATE_SUB_IDS", "none", frozenset()),
    ("SHUTTERSTOCK_LICENSE_URL", "http://localhost:8081/", "http://localhost:8081"),
    ("IMPACT_URL", "http://localhost:8082/", "http://localhost:8082"),
    ("PARTNERIZE_URL", "http://localhost:8083/", "http://localhost:8083"),
    ("EARNINGS_RATES", "EUR=1, usd = 0.92,", (("EUR", Decimal(1)), ("USD", Decimal("0.92")))),
    ("ALERT_FROM", "Alerts+1@Pictures.example", "Alerts+1@pictures.example"),
    ("ALERT_FROM", "me@b\u00fccher.example", "me@xn--bcher-kva.example"),
    ("LOG_LEVEL", "warning", "WARNING"),
    ("LOG_FORMAT", "JSON", "json"),
    ("ACCESS_LOG", "1", True),
]
BAD: list[tuple[str, str]] = [
    *(("PORT", text) for text in ("0", "65536", "-1", "http", "80.5", "8_0", "\u0661", "1" * 20)),
    *(("WEB_CONCURRENCY", text) for text in ("0", "65", "many")),
    *(("REDIS_URL", text) for text in ("localhost:6379", "http://h", "redis://", "redis://h:x")),
    *(("REDIS_SELF_SIGNED", text) for text in ("yes", "2", "true")),
    *(("DATABASE_URL", text) for text in ("ledger.db", "mysql://h/d", "postgres:h", "://")),
    *(("CACHE_FRESH_SECONDS", text) for text in ("0", "-1", "1 day", "1e3", "9" * 11)),
    *(("CACHE_STALE_SECONDS", text) for text in ("-1", "never")),
    *(("CLICKS_KEEP_DAYS", text) for text in ("-1", "1y", "36501", "for ever")),
    *(("SEARCHES_KEEP_DAYS", text) for text in ("-1", "90d")),
    *(("CACHE_BYTES", text) for text in ("0", "999999", "256MB")),
    *(("TRUSTED_PROXIES", text) for text in ("-1", "10", "yes", "10.0.0.1/8", "proxy.example")),
    *(("CLIENT_SEARCHES_PER_MINUTE", text) for text in ("-1", "1.5", "none", "1000001")),
    *(("CLIENT_SEARCHES_PER_HOUR", text) for text in ("-1", "1.5", "none", "1000001")),
    *(("SITE_NAME", f"Fotos{sign}und") for sign in HIDDEN),
    *(("SHUTTERSTOCK_LICENSE_URL", f"https://a.example/x{sign}y") for sign in HIDDEN),
    *(("OWNER_PASSWORD", f"orange{sign}kettle7walnut") for sign in HIDDEN),
    *(("SITE_TAGLINE", f"Our{sign}pictures") for sign in HIDDEN),
    ("SITE_TAGLINE", "x" * 201),
    *(("SITE_LINKS", text) for text in ("https://a.example", "A", "=/b", "A=", "A=b", "A=//b.ex")),
    *(("SITE_LINKS", f"A={text}") for text in ("javascript:b", "/\\b", "/b c", "mailto:b", "ftp://b")),
    *(("SITE_LINKS", f"A{sign}B=/c{sign}d") for sign in HIDDEN if sign != "\u061c"),
    *(("SITE_LANGUAGE", text) for text in ("english", "xx", "EN", "en-US")),
    *(("SITE_URL", text) for text in ("a.example", "//h", "ftp://h", "https://", "javascript:1")),
    *(("SITE_URL", f"https://{text}") for text in ("me:hunter2@a.ex", "me@a.ex", "@a.ex")),
    *(("SITE_URL", f"https://a.ex{text}") for text in ("/x", "?", "?x=1", "#", "#x", "/?x", "\\x")),
    *(("SITE_URL", f"https://{text}") for text in ("a..ex", "%61.ex", "null", "a.ex:0x")),
    *(("SITE_URL", text) for text in ("https://a b.example", "https://h:99999", "https://[::1")),
    *(("SITE_URL", f"http://{text}") for text in ("a.ex:0", "1.2.3", "127.1", "0x7f.1", "a.9")),
    *(("SITE_URL", f"http://{text}") for text in ("256.1.1.1", "01.2.3.4", "1.2.3.4.5", "7")),
    *(("REDIS_URL", f"redis://{text}") for text in ("h;p=1", "h\\x", "h" * 254, "h|i")),
    *(("DATABASE_URL", f"postgresql://{text}") for text in ("h/d/e", "h/d;ssl=true", "h\\x/d")),
    *(("SITE_TIMEZONE", text) for text in ("CET+1", "Amsterdam", "../etc/passwd", "/", "+01:00")),
    *(("SITE_ACCENT", text) for text in ("green", "#fff", "0b6e4f", "#0b6e4f;}")),
    *(("EMBED_SITES", text) for text in ("https://a.example", "a b", "*", "a;b", "'self'", "a:b")),
    *(("EMBED_SITES", text) for text in ("*.", "*.example", "a.*.example", "*.*.a.b")),
    *(("AFFILIATE_SUB_IDS", text) for text in ("all", "site,visitor", "subId1")),
    *(("SHUTTERSTOCK_LICENSE_URL", text) for text in ("sandbox", "ftp://h")),
    *(("IMPACT_ACCOUNT_SID", text) for text in ("IR a", "YOUR_TOKEN", "'IRa'")),
    *(("IMPACT_AUTH_TOKEN", text) for text in ("a b", "YOUR_TOKEN", "to\u200bken")),
    *(("IMPACT_URL", text) for text in ("impact", "ftp://h")),
    *(("PARTNERIZE_APPLICATION_KEY", text) for text in ("a b", "YOUR_TOKEN", "'k'")),
    *(("PARTNERIZE_USER_API_KEY", text) for text in ("a b", "YOUR_TOKEN", "to\u200bken")),
    *(("PARTNERIZE_PUBLISHER_ID", text) for text in ("a b", "YOUR_ID", "1l1/../x")),
    *(("PARTNERIZE_URL", text) for text in ("partnerize", "ftp://h")),
    *(("EARNINGS_RATES", text) for text in ("EUR", "USD=0.92", "EUR=1, USD=0,92", "EUR=1, EUR=1")),
    *(("EARNINGS_RATES", text) for text in (",", "EUR=1, USD=0", "EUR=1, USD=-1", "Euro=1")),
    *(("SMTP_URL", text) for text in ("mail.example", "http://h.example", "smtp://", "smtp://u@h")),
    *(("SMTP_URL", f"smtp://u:{text}") for text in ("p/w@h.ex", "p@h.ex:x", "\u00fc@h.ex")),
    *(("SMTP_URL", f"smtp://h.ex{text}") for text in ("/x", "?x=1", "#x", ":99999", "\u200b:25")),
    *(("ALERT_TO", text) for text in ("me", ",", "me@host", "a@b.ex c@d.ex", "a@b.ex,x")),
    *(("ALERT_FROM", text) for text in ("Me <me@b.ex>", "me@b.ex,", "me@b.ex:25", "a\u00e9@b.ex")),
    *(("ALERT_WEBHOOK_URL", text) for text in ("hooks.example", "ftp://h.example")),
    *(("ALERT_WEBHOOK_SECRET", text) for text in ("x", "whsec_x", "whsec_c2hvcnQ=", "a" * 32)),
    *(("LOG_LEVEL", text) for text in ("all", "30", "INFO,DEBUG")),
    *(("LOG_FORMAT", text) for text in ("xml", "%(message)s")),
    *(("ACCESS_LOG", text) for text in ("yes", "/var/log/access.log")),
    *(("HOST", text) for text in ("0", "127.0.0.1:9555", "256.1.1.1", "x86_64-conda-linux-gnu")),
    *(("SITE_TOPICS", text) for text in ("x" * 501, "cat,a\x01b", "cat, \udce9t\udce9")),
    *(("SECRET_KEY", text) for text in ("x", "x" * 31, "k" * 32, "ab" * 16, "changeme" * 4)),
    *(("SECRET_KEY", text) for text in ("1234567890" * 4, "k" * 39 + "l", "your-secret-key" * 3)),
    *(("OWNER_PASSWORD", text) for text in ("x", "1234567", "password", "P@ssw0rd1!", "12345678")),
    *(("METRICS_TOKEN", text) for text in ("x", "k" * 32, "ab" * 16, "a b" * 20)),
    *(("OWNER_PASSWORD", text) for text in ("pppppppp", "change-me", "Welcome2026", "<password>")),
]  # fmt: skip


def read_config_or_faults(**environ: str) -> Config | list[str]:
    """Return the settings, or the faults for which the start is refused."""
    try:
        return read_config(**environ)
    except ConfigError as error:
        return error.faults


def test_a_good_value_is_read() -> None:
    """Each setting is read into what it means, white space around it ignored."""
    wrong = [
        (name, text, found)
        for name, text, value in GOOD
        if getattr(found := read_config_or_faults(**{name: text}), name.lower(), None) != value
    ]
    assert wrong == []


def test_a_bad_value_is_a_fault_that_names_the_setting() -> None:
    """A value that can't be read stops the start, with one sentence that begins with the name."""
    wrong = [
        (name, text, found)
        for name, text in BAD
        if not isinstance(found := read_config_or_faults(**{name: text}), list)
        or len(found) != 1
        or not re.fullmatch(rf"{name} must be(gin)? .*\.", found[0], re.DOTALL)
    ]
    assert wrong == []


KEY = "a secret of no less than thirty-two signs"
ACCOUNTS = [
    {"IMPACT_ACCOUNT_SID": "IRabc", "IMPACT_AUTH_TOKEN": "t0ken"},
    {
        "PARTNERIZE_APPLICATION_KEY": "app1",
        "PARTNERIZE_USER_API_KEY": "t0ken",
        "PARTNERIZE_PUBLISHER_ID": "1l10",
    },
]
"""Accounts at networks, whose settings are good together alone."""
WEBHOOK = {
    "ALERT_WEBHOOK_URL": "https://hooks.example/T0/t0ken/",
    "ALERT_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
MAIL = {"SMTP_URL": "smtp://me%40b.ex:p%2Fw0rd@mail.ex", "ALERT_TO": "a@b.ex, c@d.ex,a@b.ex"}
SECRET = {
    "SECRET_KEY",
    "OWNER_PASSWORD",
    "METRICS_TOKEN",
    *ACCOUNTS[0],
    *ACCOUNTS[1],
    *WEBHOOK,
    *MAIL,
}
"""Settings that are shown nowhere, or belong together; their good values are tested below."""
FREE = {"DATA_DIR", "AGENCIES", "SITE_LOGO"}
"""Settings that are any text, or are tested below."""


def test_the_tables_above_hold_every_setting() -> None:
    """No setting is without a good and a bad value in these tests."""
    names = {setting.name for setting in SETTINGS}
    assert {name for name, _, _ in GOOD} | FREE | SECRET == names
    assert {name for name, _ in BAD} == names - FREE


def test_an_empty_value_is_the_default() -> None:
    """A variable that is set to nothing counts as not set."""
    empty = [(setting.name, text) for setting in SETTINGS for text in ("", "  ")]
    assert [
        one for one in empty if read_config_or_faults(**{one[0]: one[1]}) != read_config()
    ] == []


def test_every_setting_says_what_it_is_for() -> None:
    """Each row of both tables has a help text of whole sentences, and names are not repeated."""
    names = [setting.name for setting in SETTINGS]
    assert len(set(names)) == len(names)
    for setting in (*SETTINGS, *AGENCY_SETTINGS):
        assert setting.help.endswith(".")
        assert setting.name == setting.name.upper()


def test_the_owner_s_secrets_are_read_and_shown_nowhere() -> None:
    """The key and the password are taken as they are, and no text holds them."""
    settings = read_config(SECRET_KEY=KEY, OWNER_PASSWORD="pass word")
    assert settings.secret_key
    assert settings.owner_password
    assert settings.secret_key.reveal() == KEY
    assert settings.owner_password.reveal() == "pass word"
    assert "pass word" not in f"{settings} {settings.owner_password!r}"


def test_a_topic_that_is_no_search_is_named() -> None:
    """The start page would answer nothing but that fault; a long topic is cut."""
    (fault,) = list_faults(SITE_TOPICS="cat, red\x01bike, bird")
    assert fault == (
        "SITE_TOPICS must be searches, which 'red\\x01bike' is not: Control characters can't be"
        " searched for."
    )
    (fault,) = list_faults(SITE_TOPICS="x" * 600)
    assert fault.endswith(f"which '{'x' * 40}...' is not: Use at most 500 characters.")


def test_random_keys_are_taken() -> None:
    """No key that a program has made counts as one that people make up."""
    draw = random.Random(4711)
    for digits in ("0123456789abcdef", string.ascii_letters + string.digits + "-_"):
        for _ in range(8):
            key = "".join(draw.choices(digits, k=32))
            assert isinstance(read_config_or_faults(SECRET_KEY=key), Config), key


@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_account_at_a_network_is_whole(account: dict[str, str]) -> None:
    """A part of it is a fault that names the others; a bad part is a fault of its own."""
    for name, text in account.items():
        (fault,) = list_faults(**{name: text})
        others = " and ".join(other for other in account if other != name)
        assert fault.endswith(f" belong together; set {others}, too.")
    settings = read_config(**account)
    assert "t0ken" in set(iter_secrets(settings))
    assert "t0ken" not in repr(settings)


@pytest.mark.parametrize("pair", [WEBHOOK, MAIL])
def test_a_way_to_tell_alerts_is_whole(pair: dict[str, str]) -> None:
    """One half of it is a fault that names the other half."""
    for name, text in pair.items():
        (missing,) = pair.keys() - {name}
        (fault,) = list_faults(**{name: text})
        assert fault.endswith(f" belong together; set {missing}, too.")


def test_a_mail_server_is_read_into_its_parts() -> None:
    """The password is shown nowhere, and no line of the log holds it."""
    settings = read_config(**MAIL)
    assert settings.alert_to == ("a@b.ex", "c@d.ex")
    server = settings.smtp_url
    assert server
    assert server.password
    assert (server.host, server.port, server.tls, server.user) == ("mail.ex", 587, False, "me@b.ex")
    assert server.password.reveal() == "p/w0rd"
    assert "p/w0rd" not in f"{server!r} {settings}"
    assert "p/w0rd" in set(iter_secrets(settings))
    server = read_config(**MAIL | {"SMTP_URL": "smtps://[::1]"}).smtp_url
    assert server
    assert (server.host, server.port, server.tls, server.user) == ("::1", 465, True, "")


def test_a_webhook_is_a_secret() -> None:
    """Its address may hold a token; neither part is shown."""
    settings = read_config(**WEBHOOK)
    secrets = set(iter_secrets(settings))
    assert secrets == {WEBHOOK["ALERT_WEBHOOK_URL"].rstrip("/"), WEBHOOK["ALERT_WEBHOOK_SECRET"]}
    assert "hooks" not in repr(settings.alert_webhook_url)


def test_a_desk_needs_a_key() -> None:
    """A password without the key that signs the log-in is one fault, a short key another."""
    (fault,) = list_faults(OWNER_PASSWORD="pass word")
    assert fault == "OWNER_PASSWORD needs SECRET_KEY, of at least 32 characters."
    (fault,) = list_faults(OWNER_PASSWORD="pass word", SECRET_KEY="short")
    assert fault.startswith("SECRET_KEY must be ")
    assert read_config(SECRET_KEY=KEY).owner_password is None


def test_without_any_setting_the_demo_runs() -> None:
    """An empty environment is a good one: the demo catalogue, SQLite in the data folder."""
    settings = read_config()
    assert list(settings.agencies) == ["demo"]
    assert settings.database_url == "sqlite:///instance/ledger.db"
    assert (settings.port, settings.redis_url, settings.site_url) == (8000, None, None)
    assert (settings.cache_fresh_seconds, settings.cache_stale_seconds) == (86400, 30 * 86400)


def test_the_data_folder_holds_the_embedded_ledger() -> None:
    """``DATA_DIR`` moves the ledger, unless ``DATABASE_URL`` says where it is."""
    assert read_config(DATA_DIR="/data").database_url == "sqlite:////data/ledger.db"
    assert (
        read_config(DATA_DIR="/data", DATABASE_URL="sqlite:///a.db").database_url
        == "sqlite:///a.db"
    )


def test_paths_are_relative_to_the_folder_of_the_site() -> None:
    """From whatever folder a command is started, the database is the same one."""
    settings = load_config({}, KNOWN, folder=Path("/srv"))
    assert settings.data_dir == Path("/srv/instance")
    assert settings.database_url == "sqlite:////srv/instance/ledger.db"
    own = {"HOME": "/home/me", "DATA_DIR": "~/data", "DATABASE_URL": "sqlite:///$HOME/a.db"}
    settings = load_config(own, KNOWN, folder=Path("/srv"))
    assert settings.data_dir == Path("/home/me/data")
    assert settings.database_url == "sqlite:////home/me/a.db"


def test_a_path_that_can_t_be_read_is_a_fault() -> None:
    """Each such setting is named, with all other faults."""
    found = list_faults(DATA_DIR="$NOPE", DATABASE_URL="sqlite://rel.db", PORT="x")
    assert {fault.split()[0] for fault in found} == {"PORT", "DATA_DIR", "DATABASE_URL"}
    assert list_faults(DATA_DIR="$NOPE") == ["DATA_DIR names the variable NOPE, which is not set."]


def test_the_process_s_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument the settings come from the process."""
    monkeypatch.setenv("SITE_NAME", "From the process")
    assert load_config(None, KNOWN).site_name == "From the process"
    assert load_config({}, KNOWN).site_name == "Affiliate Search"


# -- agencies

ON: list[tuple[dict[str, str], dict[str, int]]] = [
    ({}, {"demo": 1}),
    ({"AGENCIES": " , "}, {"demo": 1}),
    (TOKEN, {"shutterstock": 1}),
    ({"SHUTTERSTOCK_CLIENT_ID": "a", "SHUTTERSTOCK_CLIENT_SECRET": "b"}, {"shutterstock": 1}),
    (TOKEN | {"ACME_PHOTOS_KEY": "k"}, {"shutterstock": 1, "acme-photos": 1}),
    (TOKEN | {"AGENCIES": "demo"}, {"demo": 1}),
    ({"AGENCIES": "demo:2,demo-shop"}, {"demo": 2, "demo-shop": 1}),
    (TOKEN | {"AGENCIES": "shutterstock:3, demo"}, {"shutterstock": 3, "demo": 1}),
    (TOKEN | {"AGENCIES": "demo:99,shutterstock:2"}, {"demo": 99, "shutterstock": 2}),
]


@pytest.mark.parametrize(("environ", "weights"), ON)
def test_the_agencies_that_are_on(environ: dict[str, str], weights: dict[str, int]) -> None:
    """Those that ``AGENCIES`` names, in its order; else all with credentials; else the demo."""
    on = read_config(**environ).agencies
    assert [(name, one.weight) for name, one in on.items()] == list(weights.items())


WRONG: list[tuple[dict[str, str], list[str]]] = [
    ({"AGENCIES": "nobody"}, ["AGENCIES", "nobody", "shutterstock"]),
    ({"AGENCIES": "Demo"}, ["AGENCIES", "Demo"]),
    ({"AGENCIES": "demo:0"}, ["AGENCIES", "demo", "'0'"]),
    ({"AGENCIES": "demo:100"}, ["AGENCIES", "100"]),
    ({"AGENCIES": "demo:x"}, ["AGENCIES", "'x'"]),
    ({"AGENCIES": "demo:1:2"}, ["AGENCIES", "1:2"]),
    ({"AGENCIES": "demo:-1"}, ["AGENCIES", "-1"]),
    ({"AGENCIES": "shutterstock"}, ["SHUTTERSTOCK_API_TOKEN", "SHUTTERSTOCK_CLIENT_SECRET"]),
    ({"SHUTTERSTOCK_CLIENT_ID": "a"}, ["shutterstock", "SHUTTERSTOCK_CLIENT_SECRET"]),
    ({"SHUTTERSTOCK_CLIENT_SECRET": "b"}, ["shutterstock", "SHUTTERSTOCK_CLIENT_ID"]),
    ({"SHUTTERSTOCK_CLIENT_ID": "a", "AGENCIES": "demo"}, ["SHUTTERSTOCK_CLIENT_SECRET"]),
    (TOKEN | {"AGENCIES": "demo-shop,shutterstock"}, ["AGENCIES", "demo-shop", "pretend"]),
    ({"AGENCIES": "acme-photos", "ACME_PHOTOS_KEY": " "}, ["ACME_PHOTOS_KEY"]),
]


@pytest.mark.parametrize(("environ", "words"), WRONG)
def test_a_wrong_list_or_half_a_key_is_a_fault(environ: dict[str, str], words: list[str]) -> None:
    """Unknown names, impossible weights and half of a pair of credentials are said."""
    (fault,) = list_faults(**environ)
    assert [word for word in words if word not in fault] == []


def test_credentials_are_kept_without_their_prefix() -> None:
    """An agency gets its own keys, stripped, and nobody else's."""
    on = read_config(**TOKEN, ACME_PHOTOS_KEY=" k ").agencies
    assert {n: s.reveal() for n, s in on["shutterstock"].credentials.items()} == {
        "API_TOKEN": "token-4711"
    }
    assert {n: s.reveal() for n, s in on["acme-photos"].credentials.items()} == {"KEY": "k"}


def test_what_buying_needs_is_kept_apart_and_switches_nothing_on() -> None:
    """Searching never has it, it is no fault to set a part of it, and none of it is shown."""
    buyers = {"acme-photos": ("USERNAME", "PASSWORD")}
    some = {"ACME_PHOTOS_PASSWORD": " p4ss "}
    assert list(load_config(some, KNOWN, buyers).agencies) == ["demo"]
    on = load_config(some | {"ACME_PHOTOS_KEY": "k"}, KNOWN, buyers).agencies["acme-photos"]
    assert {name: one.reveal() for name, one in on.buyer.items()} == {"PASSWORD": "p4ss"}
    assert set(on.credentials) == {"KEY"}
    assert "p4ss" not in repr(on)


def test_every_real_agency_has_settings_of_its_own() -> None:
    """No setting of an agency has the name of another's, so that none reads the other's keys."""
    names = [
        get_setting_prefix(name) + one
        for name, kind in AGENCIES.items()
        for one in (
            *{key for keys in kind.credentials for key in keys},
            *kind.buyer,
            *(setting.name for setting in AGENCY_SETTINGS),
        )
    ]
    assert len(names) == len(set(names))


LINKS = [
    "https://net.example/c/{affiliate_id}/1?u={landing}",
    "{landing_url}?ref={affiliate_id}",
    "{landing_url}#{affiliate_id}",
    "https://net.example/{id}/{media}/{site}/{query}",
    "https://net.example/me?u={landing}",
    "https://net.example/{{literal}}/{id}",
]


def test_a_good_link_template_is_taken() -> None:
    """A template of known fields, with the picture in it, is kept as it is."""
    wrong = []
    for template in LINKS:
        found = read_config_or_faults(DEMO_AFFILIATE_LINK=template, DEMO_AFFILIATE_ID="me")
        wanted = AgencySettings(affiliate_id="me", affiliate_link=template)
        if isinstance(found, list) or found.agencies["demo"] != wanted:
            wrong.append((template, found))
    assert wrong == []


BAD_LINKS = [
    "https://net.example/",
    "https://net.example/{affiliate_id}",
    "https://net.example/{picture}",
    "https://net.example/{id",
    "https://net.example/id}",
    "https://net.example/{}",
    "https://net.example/{0}",
    "https://net.example/{id.__class__}",
    "https://net.example/{id[0]}",
    "https://net.example/{id!r}",
    "https://net.example/{id:d}",
    "https://net.example/{id:{media}}",
    "net.example/{id}",
    "javascript:alert({id})",
    "//net.example/{id}",
    "{id}",
    "https:///{id}",
    "https://net.example/a b/{id}",
    "https://net.example/c/YOUR_ID/1/2?u={landing}",
    "https://net.example/click/camref:xxxx/destination:{landing}",
    "{landing_url}?ref=<id>",
]


def test_a_bad_link_template_is_a_fault() -> None:
    """A template that would fail, lead elsewhere, or give each picture one link stops the start."""
    wrong = []
    for template in BAD_LINKS:
        found = read_config_or_faults(DEMO_AFFILIATE_LINK=template, DEMO_AFFILIATE_ID="me")
        if not isinstance(found, list) or [f[:21] for f in found] != ["DEMO_AFFILIATE_LINK m"]:
            wrong.append((template, found))
    assert wrong == []


NO_IDS = [
    *("YOUR_ID", "your-affiliate-id", "yourid", "<id>", "[id]", "{affiliate_id}", "$AFFILIATE_ID"),
    *("xxx", "XXX-XXX", "changeme", "change_me!", "replace_me", "id", "ID_HERE", "TODO", "n/a"),
    *("none", "null", "0", "...", "12 34", '"12345"', "12345,", "id=12345", "camref:1101", "me?"),
    *("https://net.example/c/1/2/3", "net.example/c/1", "www.net.example", "net.com", "1" * 129),
    *("12345\u200b6", "12\xa034", "\u201c12345\u201d", "\uff11\uff12\uff13", "\u0661\u0662"),
    *("DEINE_ID", "ihre-affiliate-id", "votre_id", "tu-id", "seu_id", "il-tuo-id", "jouw-ref"),
    *("\u0432\u0430\u0448_id", "\u4f60\u7684ID", "\u3042\u306a\u305f\u306eID"),
]


def test_an_affiliate_id_is_one_word_of_the_owner_s() -> None:
    """Links, placeholders, blanks and quotation marks are refused, of agencies that are off too."""
    wrong = [
        (name, text, found)
        for name in ("DEMO_AFFILIATE_ID", "ACME_PHOTOS_AFFILIATE_ID")
        for text in NO_IDS
        if not isinstance(found := read_config_or_faults(**{name: text}), list)
        or [fault.partition(" must be your own id ")[0] for fault in found] != [name]
    ]
    assert wrong == []
    for text in (
        "12345",
        "me",
        "1101lPjsC",
        "jane.doe-photos",
        "jane@photos.example",
        "Kim",
        "mon-photo",
        "min-ho",
    ):
        assert read_config(DEMO_AFFILIATE_ID=text).agencies["demo"].affiliate_id == text


@pytest.mark.parametrize("affiliate_id", ["", " "])
def test_a_template_that_wants_an_id_needs_one(affiliate_id: str) -> None:
    """Without the id every link would earn nothing, so it is a fault that names both settings."""
    template = "{landing_url}?ref={affiliate_id}"
    (fault,) = list_faults(DEMO_AFFILIATE_LINK=template, DEMO_AFFILIATE_ID=affiliate_id)
    assert "DEMO_AFFILIATE_LINK" in fault
    assert "DEMO_AFFILIATE_ID" in fault
    escaped = "https://net.example/{{affiliate_id}}/{id}"
    assert read_config(DEMO_AFFILIATE_LINK=escaped).agencies["demo"].affiliate_id is None


@pytest.mark.parametrize("address", ["api.example", "ftp://api.example", "https://"])
def test_an_agency_s_address_is_checked(address: str) -> None:
    """``<AGENCY>_URL`` is an http or https address; a slash at its end is dropped."""
    assert list_faults(DEMO_URL=address) == [
        "DEMO_URL must be an address that begins with https or http://."
    ]
    assert (
        read_config(DEMO_URL="http://127.0.0.1:8001/").agencies["demo"].url
        == "http://127.0.0.1:8001"
    )


# -- all at once, and in secret


def test_all_faults_are_told_at_once() -> None:
    """One message holds a sentence for every fault, whatever part it is in."""
    told = list_faults(
        PORT="x",
        SITE_URL="y",
        AGENCIES="demo:0,nobody,demo",
        SHUTTERSTOCK_CLIENT_ID="a",
        DEMO_URL="z",
        DEMO_AFFILIATE_LINK="{landing_url}{affiliate_id}",
    )
    starts = ["PORT", "SITE_URL", "AGENCIES", "AGENCIES", "shutterstock", "DEMO_URL", "DEMO_AFF"]
    assert [fault[: len(start)] for fault, start in zip(told, starts, strict=True)] == starts


SECRETS = {
    "SHUTTERSTOCK_API_TOKEN": "secret-token",
    "SHUTTERSTOCK_CLIENT_ID": "secret-id",
    "SHUTTERSTOCK_CLIENT_SECRET": "secret-secret",
    "REDIS_URL": "redis://:secret-password@localhost",
    "DATABASE_URL": "postgres://secret-user:secret-password@localhost/d",
}


def test_no_secret_is_in_the_text_of_the_settings() -> None:
    """Printing settings, whole or in part, shows no key and no password."""
    settings = read_config(**SECRETS)
    one = settings.agencies["shutterstock"]
    secret = one.credentials["API_TOKEN"]
    for text in (repr(settings), str(settings), f"{settings}", repr(one), str(secret), f"{secret}"):
        assert "secret-" not in text
    assert secret.reveal() == "secret-token"
    assert isinstance(secret, Secret)
    assert msgspec.structs.replace(settings, port=1).database_url.count("secret-") == 2


@pytest.mark.parametrize("name", ["REDIS_URL", "DATABASE_URL"])
def test_no_secret_is_in_a_fault(name: str) -> None:
    """A value that is refused is not repeated, for it may hold a password."""
    wrong = {name: "wrong://secret-user:secret-password@localhost"}
    told = list_faults(**(SECRETS | wrong), PORT="0", AGENCIES="shutterstock, acme-photos")
    assert len(told) == 3
    assert "secret-" not in "".join(told)


@pytest.mark.parametrize("before", ["_123RF_", "123RF_"])
def test_an_agency_whose_name_begins_with_a_digit_can_be_set_from_any_shell(before: str) -> None:
    """A shell can't name the variable without an underscore; some platforms can."""
    loaded = load_config({"AGENCIES": "123rf", f"{before}API_KEY": "k"}, {"123rf": (("API_KEY",),)})
    assert loaded.agencies["123rf"].credentials["API_KEY"].reveal() == "k"
