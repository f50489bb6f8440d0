"""The owner's account at an agency, opened by the settings and the connected account."""

from affiliate.agencies import AGENCIES
from affiliate.config.setting_table import get_setting_prefix
from affiliate.config.settings import AgencySettings, Config
from affiliate.domain.media import clean_text
from affiliate.errors import PurchaseRefused
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.licensing.accounts.shutterstock import AGENCY, ShutterstockAccount
from affiliate.licensing.oauth.flow import ShutterstockOAuth
from affiliate.licensing.seller import Seller
from affiliate.transport.client import Transport


def open_shutterstock_account(
    config: Config, transport: Transport, tokens: ShutterstockOAuth, *, live: bool
) -> ShutterstockAccount:
    """Return the account that pays: the real account when ``live``, else the sandbox's."""
    url = tokens.url if live else config.shutterstock_license_url
    return ShutterstockAccount(transport, url=url, token=tokens.get_access_token)


def open_seller(
    agency: str, config: Config, transport: Transport, tokens: ShutterstockOAuth, *, live: bool
) -> Seller:
    """Return the account at an agency where licenses are bought.

    Raises:
        PurchaseRefused: names the settings that the account needs and that are missing.
    """
    if agency == AGENCY:
        return open_shutterstock_account(config, transport, tokens, live=live)
    settings, kind = config.agencies.get(agency, AgencySettings()), AGENCIES[agency]
    required_names = (*kind.credentials[0], *kind.buyer)
    secrets = {**settings.credentials, **settings.buyer}
    if missing_names := [
        get_setting_prefix(agency) + name for name in required_names if name not in secrets
    ]:
        hint = (
            "" if agency in config.agencies else f", and {agency} among AGENCIES where that is set"
        )
        raise PurchaseRefused(
            f"Licensing at {kind.title} needs {' and '.join(missing_names)}{hint}."
        )
    keys = {name: secrets[name].reveal() for name in required_names}
    return SELLERS[agency](transport, url=settings.url or kind.api, keys=keys)


def describe_buyer(agency: str, config: Config) -> str:
    """Return the buyer that the settings name for an agency other than Shutterstock, in words."""
    prefix = get_setting_prefix(agency)
    settings = config.agencies.get(agency, AgencySettings())
    if user := settings.buyer.get("USERNAME"):
        return f"as {clean_text(user.reveal())} ({prefix}USERNAME)"
    return "with " + " and ".join(f"the token in {prefix}{name}" for name in settings.buyer)
