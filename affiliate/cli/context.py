"""Helpers of all commands: accounts and purchases of the current app, failures in words."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from affiliate.database.purchases import Purchases
from affiliate.errors import (
    AgencyError,
    BadQuery,
    LedgerError,
    PurchaseRefused,
    StoreDown,
    StoreRefused,
)
from affiliate.licensing.accounts.opening import open_seller, open_shutterstock_account
from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.accounts.targets import describe_target_and_owner
from affiliate.licensing.seller import Seller
from affiliate.services import current_services


def get_shutterstock_account(*, live: bool) -> ShutterstockAccount:
    """Return the account that pays: the real account when ``live``, else the sandbox's."""
    services = current_services()
    return open_shutterstock_account(
        services.config, services.transport, services.tokens, live=live
    )


def get_seller(agency: str, *, live: bool) -> Seller:
    """Return the account at an agency where licenses are bought.

    Raises:
        PurchaseRefused: names the settings that the account needs and that are missing.
    """
    services = current_services()
    return open_seller(agency, services.config, services.transport, services.tokens, live=live)


def describe_account(account: Seller) -> str:
    """Return the target and the user of an account, in words."""
    services = current_services()
    return describe_target_and_owner(account, services.config, services.tokens)


def format_heading(account: Seller) -> str:
    """Return the line above a list of an account's licenses or subscriptions."""
    return f"What is {describe_account(account)}:"


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
