"""What commands share: the parts of the app, and failures in words."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from affiliate.agencies import AGENCIES
from affiliate.config.settings import AgencySettings, Config, setting_prefix
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


def account_of_app(*, live: bool) -> ShutterstockAccount:
    """The account that pays: in the agency's sandbox, or the real one when ``live``."""
    config: Config = current_services().config
    tokens = current_services().tokens
    url = tokens.url if live else config.shutterstock_license_url
    return ShutterstockAccount(current_services().transport, url=url, token=tokens.get_access_token)


def seller_of_app(agency: str, *, live: bool) -> Seller:
    """The account at any agency where licenses are bought.

    Raises:
        PurchaseRefused: settings that it needs are missing; names them.
    """
    if agency == AGENCY:
        return account_of_app(live=live)
    config: Config = current_services().config
    own, kind = config.agencies.get(agency, AgencySettings()), AGENCIES[agency]
    needed = (*kind.credentials[0], *kind.buyer)
    secrets = {**own.credentials, **own.buyer}
    if missing := [setting_prefix(agency) + name for name in needed if name not in secrets]:
        named = (
            "" if agency in config.agencies else f", and {agency} among AGENCIES where that is set"
        )
        raise PurchaseRefused(f"Licensing at {kind.title} needs {' and '.join(missing)}{named}.")
    keys = {name: secrets[name].reveal() for name in needed}
    transport = current_services().transport
    return SELLERS[agency](transport, url=own.url or kind.api, keys=keys)


def purchases_of_app() -> Purchases:
    """The purchases in the ledger of the app under way."""
    return Purchases(current_services().ledger)


@contextmanager
def cli_errors() -> Iterator[None]:
    """Failures as a sentence for the person at the keyboard, not a traceback."""
    try:
        yield
    except BadQuery as error:
        raise click.BadParameter(error.reason, param_hint=f"--{error.field}") from error
    except AgencyError as error:
        raise click.ClickException(error.message) from None
    except (LedgerError, PurchaseRefused, StoreDown, StoreRefused) as error:
        raise click.ClickException(str(error)) from None
