"""What the commands of the owner's account share: the parts of the app, and failures in words."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app

from affiliate.config import Config
from affiliate.errors import AgencyError, LedgerError, PurchaseRefused
from affiliate.licensing.account import Account
from affiliate.licensing.tokens import Tokens
from affiliate.purchases import Purchases


def tokens_of_app() -> Tokens:
    """The tokens of the app under way."""
    tokens: Tokens = current_app.extensions["tokens"]
    return tokens


def account_of_app(*, live: bool) -> Account:
    """The account that pays: in the agency's sandbox, or the real one when ``live``."""
    config: Config = current_app.extensions["site"].config
    tokens = tokens_of_app()
    url = tokens.url if live else config.shutterstock_license_url
    return Account(current_app.extensions["transport"], url=url, token=tokens.access)


def purchases_of_app() -> Purchases:
    """The purchases in the ledger of the app under way."""
    return Purchases(current_app.extensions["ledger"])


@contextmanager
def told() -> Iterator[None]:
    """Failures as a sentence for the person at the keyboard, not a traceback."""
    try:
        yield
    except AgencyError as error:
        raise click.ClickException(error.message) from None
    except (LedgerError, PurchaseRefused) as error:
        raise click.ClickException(str(error)) from None
