"""Enabled agencies, built from the owner's settings, with their limits and the style of links."""

from affiliate.agencies import AGENCIES, Agency
from affiliate.agencies.limits import HOUR, Limit
from affiliate.config.settings import AgencySettings, Config
from affiliate.domain.affiliate_links import LinkStyle
from affiliate.search.client_budget import SEARCH_COST
from affiliate.search.federation import EnabledAgency
from affiliate.transport.client import Transport


def build_enabled_agency(name: str, settings: Config, transport: Transport) -> EnabledAgency:
    """Return the agency that the settings enable by this name."""
    kind, own = AGENCIES[name], settings.agencies[name]
    shared = settings.agencies.get(kind.account, AgencySettings())
    secrets = {**shared.credentials, **own.credentials}
    keys = {key: secret.reveal() for key, secret in secrets.items()}
    return EnabledAgency(
        agency=kind(
            transport.with_total_seconds(own.timeout_seconds),
            url=own.url or shared.url,
            credentials=keys,
        ),
        weight=own.weight,
        link=build_link_style(name, settings),
        policy=kind.terms.build_policy(settings.cache_fresh_seconds, settings.cache_stale_seconds),
    )


def build_link_style(name: str, settings: Config) -> LinkStyle:
    """Return the style of links to an agency; defaults come from the agency of its account."""
    kind, own = AGENCIES[name], settings.agencies[name]
    shared = settings.agencies.get(kind.account, AgencySettings())
    link = own.affiliate_link or shared.affiliate_link
    default = link is None and kind.network in {"impact", "partnerize"}
    return LinkStyle(
        template=link or kind.link_template,
        footage="" if link else kind.footage_template,
        affiliate_id=own.affiliate_id or shared.affiliate_id,
        network=kind.network,
        sub_ids=settings.affiliate_sub_ids if default else frozenset(),
        is_owner_template=link is not None,
    )


def choose_call_limits(settings: Config, agency: Agency) -> tuple[Limit, ...]:
    """Return the owner's limits, which may exceed the documented limits, else the documented."""
    own_settings = settings.agencies[agency.name]
    hourly = [Limit(own_settings.calls_per_hour)] if own_settings.calls_per_hour else []
    per_second = [Limit(own_settings.calls_per_second, 1)] if own_settings.calls_per_second else []
    documented = [
        limit for limit in agency.limits if not (per_second if limit.seconds == 1 else hourly)
    ]
    return (*hourly, *per_second, *documented)


def build_client_limits(settings: Config) -> list[Limit]:
    """Return the limits of each client's cost; none where the owner has set no limit."""
    counts = (settings.client_searches_per_minute, 60), (settings.client_searches_per_hour, HOUR)
    return [Limit(SEARCH_COST * searches, seconds) for searches, seconds in counts if searches]
