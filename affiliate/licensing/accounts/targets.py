"""The target of a purchase in words: the agency's own host or a test server, and the account."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

from affiliate.agencies.hosts import find_foreign_host, parse_host
from affiliate.config.setting_table import SETTINGS, get_setting_prefix
from affiliate.config.settings import Config
from affiliate.domain.media import clean_text
from affiliate.errors import AgencyError
from affiliate.licensing.accounts.opening import describe_buyer
from affiliate.licensing.accounts.shutterstock import AGENCY, ShutterstockAccount
from affiliate.licensing.oauth.flow import ShutterstockOAuth
from affiliate.licensing.seller import Seller

SANDBOX_URL: Final = next(
    setting.default for setting in SETTINGS if setting.name == "SHUTTERSTOCK_LICENSE_URL"
)


class Target(NamedTuple):
    """A host in words: ``phrase`` goes on after "3 to license", ``suffix`` ends a line.

    ``is_real`` marks the agency's own host, which charges money.
    """

    phrase: str
    suffix: str
    is_real: bool


def describe_target(agency: str, url: str) -> Target:
    """Return the target at an address of an agency's API, by the host alone."""
    host = find_foreign_host(agency, url)
    if not host:
        return Target(f"in the real account ({parse_host(url)})", "", is_real=True)
    if agency == AGENCY and host == parse_host(SANDBOX_URL):
        phrase = f"in the sandbox, which charges nothing ({host})"
        return Target(phrase, " [the sandbox]", is_real=False)
    return Target(f"at a test server ({host})", f" [a test server ({host})]", is_real=False)


def describe_target_and_owner(account: Seller, config: Config, tokens: ShutterstockOAuth) -> str:
    """Return the target and the user of an account, in words."""
    target = describe_target(account.agency, account.url).phrase
    return " ".join(filter(None, (target, describe_owner(account, config, tokens))))


def describe_owner(account: Seller, config: Config, tokens: ShutterstockOAuth) -> str:
    """Return the user, and the setting or connection that the token is from."""
    return (
        _describe_shutterstock_owner(account, tokens)
        if isinstance(account, ShutterstockAccount)
        else describe_buyer(account.agency, config)
    )


def _describe_shutterstock_owner(account: ShutterstockAccount, tokens: ShutterstockOAuth) -> str:
    """Return the connected account, else the token in the settings.

    `ShutterstockOAuth.get_access_token` has the same order.
    """
    token = tokens.read_token()
    name = ""
    with suppress(AgencyError):  # the next call reports the failure in full
        name = clean_text(account.fetch_token_details().username)
    if token:
        day = f"{datetime.fromtimestamp(token.connected_at, UTC):%Y-%m-%d}"
        return f"as {name or 'the connected account'} (connected {day})"
    setting = f"the token in {get_setting_prefix(AGENCY)}API_TOKEN"
    return f"as {name} ({setting})" if name else f"with {setting}"
