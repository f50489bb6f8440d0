"""Helpers of all commands: accounts and purchases of the current app, failures in words."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from affiliate.agencies import AGENCIES
from affiliate.config.setting_table import get_setting_prefix
from affiliate.config.settings import AgencySettings, Config
from affiliate.database.purchases import Purchases
from affiliate.errors import (
    AgencyError,
    BadQuery,
    LedgerError,
    PurchaseRefused,
    StoreDown,
    StoreRefused,
)
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.licensing.accounts.shutterstock import AGENCY, ShutterstockAccount
from affiliate.licensing.seller import Seller
from affiliate.services import current_services


def get_shutterstock_account(*, live: bool) -> ShutterstockAccount:
    """Return the account that pays: the real account when ``live``, else the sandbox's."""
    config: Config = current_services().config
    tokens = current_services().tokens
    url = tokens.url if live else config.shutterstock_license_url
    return ShutterstockAccount(current_services().transport, url=url, token=tokens.get_access_token)


def get_seller(agency: str, *, live: bool) -> Seller:
    """Return the account at an agency where licenses are bought.

    Raises:
        PurchaseRefused: names the settings that the account needs and that are missing.
    """
    if agency == AGENCY:
        return get_shutterstock_account(live=live)
    config: Config = current_services().config
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
    transport = current_services().transport
    return SELLERS[agency](transport, url=settings.url or kind.api, keys=keys)


def get_purchases() -> Purchases:
    """Return the purchases in the ledger of the current app."""
    return Purchases(current_services().ledger)


@contextmanager
def cli_errors() -> Iterator[None]:
    """Report expected failures as a sentence, not as a traceback."""
    try:
        yield
    except BadQuery as error:
        raise click.BadParameter(error.reason, param_hint=f"--{error.field}") from error
    except AgencyError as error:
        raise click.ClickException(error.message) from None
    except (LedgerError, PurchaseRefused, StoreDown, StoreRefused) as error:
        raise click.ClickException(str(error)) from None
