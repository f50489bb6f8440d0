"""The settings as values, read and checked: those of the site, and those of each agency."""

import math
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Final

import msgspec

from affiliate.config.alert_readers import MailServer
from affiliate.config.readers import Secret
from affiliate.config.site_links import SiteLinks
from affiliate.config.site_logo import Logo
from affiliate.config.trusted_proxies import Trusted
from affiliate.domain.rates import Rates
from affiliate.domain.times import DAY_SECONDS

ENVIRONMENT: Final = "environment"
FILE: Final = ".env"
DEFAULT: Final = "default"


class ShownSetting(msgspec.Struct, frozen=True):
    """A setting on the screen: its name, its value without secrets, its source and its help.

    ``source`` is `ENVIRONMENT`, `FILE` or `DEFAULT`. ``agency`` is empty for the site's settings.
    """

    name: str
    value: str
    source: str
    help: str
    agency: str = ""


class AgencySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one agency; addresses have no slash at their end.

    ``buyer`` gives access to the account that licenses are bought with; searches don't use it.
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
    """Every setting, read and checked; ``agencies`` holds the agencies that are on, in order."""

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
    site_logo: Logo | None
    site_tagline: str | None
    site_links: SiteLinks
    site_language: str
    site_timezone: tzinfo
    site_url: str | None
    site_accent: str
    site_topics: tuple[str, ...]
    embed_sites: tuple[str, ...]
    affiliate_sub_ids: frozenset[str]
    impact_account_sid: Secret | None
    impact_auth_token: Secret | None
    impact_url: str
    partnerize_application_key: Secret | None
    partnerize_user_api_key: Secret | None
    partnerize_publisher_id: str | None
    partnerize_url: str
    earnings_rates: Rates
    smtp_url: MailServer | None
    alert_to: tuple[str, ...]
    alert_from: str | None
    alert_webhook_url: Secret | None
    alert_webhook_secret: Secret | None
    shutterstock_license_url: str
    log_level: str
    log_format: str
    access_log: bool
    secret_key: Secret | None
    owner_password: Secret | None
    metrics_token: Secret | None

    notes: tuple[str, ...] = ()
    """Sentences about settings that are valid but perhaps not meant so; without secrets."""

    shown: tuple[ShownSetting, ...] = ()
    """All settings as the owner may see them on a screen, without secrets."""

    @property
    def cache_days(self) -> int:
        """Return the days for which answers of agencies are kept at most, the last one begun."""
        return math.ceil((self.cache_fresh_seconds + self.cache_stale_seconds) / DAY_SECONDS)

    def __repr__(self) -> str:
        """Return names alone, as addresses of databases hold passwords."""
        return f"Config(agencies={', '.join(self.agencies)})"
