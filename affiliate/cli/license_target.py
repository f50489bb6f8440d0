"""Where a command acts and whose money it is: an agency's own host, or a server for tests."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

from affiliate.cli.hosts import foreign_host, host_of
from affiliate.config.settings import SETTINGS, AgencySettings, setting_prefix
from affiliate.domain.media import plain_text
from affiliate.errors import AgencyError
from affiliate.licensing.accounts.shutterstock import AGENCY, ShutterstockAccount
from affiliate.licensing.seller import Seller
from affiliate.services import current_services

SANDBOX: Final = next(one.default for one in SETTINGS if one.name == "SHUTTERSTOCK_LICENSE_URL")


class Place(NamedTuple):
    """A host in words: ``at`` as "3 to license" goes on, ``mark`` to end what is said of it with.

    ``is_real`` tells that it is the agency's own, which takes money.
    """

    at: str
    mark: str
    is_real: bool


def place_of(agency: str, url: str) -> Place:
    """Return the place of an address of an agency's API, by the host alone."""
    host = foreign_host(agency, url)
    if not host:
        return Place(f"in the real account ({host_of(url)})", "", is_real=True)
    if agency == AGENCY and host == host_of(SANDBOX):
        at = f"in the sandbox, which charges nothing ({host})"
        return Place(at, " [the sandbox]", is_real=False)
    return Place(f"at a test server ({host})", f" [a test server ({host})]", is_real=False)


def place_and_owner(account: Seller) -> str:
    """Return where and as whom a command acts, in words."""
    words = (place_of(account.agency, account.url).at, _owner(account))
    return " ".join(filter(None, words))


def head(account: Seller) -> str:
    """Return the line above a list of what an account has."""
    return f"What is {place_and_owner(account)}:"


def _owner(account: Seller) -> str:
    """Return the user, and the setting or connection that the token is from."""
    return (
        _shutterstock_owner(account)
        if isinstance(account, ShutterstockAccount)
        else owner_of(account.agency)
    )


def owner_of(agency: str) -> str:
    """Return as whom the settings let one buy at an agency other than Shutterstock."""
    before = setting_prefix(agency)
    own = current_services().config.agencies.get(agency, AgencySettings())
    if user := own.buyer.get("USERNAME"):
        return f"as {plain_text(user.reveal())} ({before}USERNAME)"
    return f"with {_listed(before + name for name in own.buyer)}"


def _shutterstock_owner(account: ShutterstockAccount) -> str:
    """Return the connected account, else the token in the settings.

    `ShutterstockOAuth.get_access_token` has the same order.
    """
    token = current_services().tokens.read_token()
    name = ""
    with suppress(AgencyError):  # what is asked next says it in full
        name = plain_text(account.fetch_token_details().username)
    if token:
        day = f"{datetime.fromtimestamp(token.connected_at, UTC):%Y-%m-%d}"
        return f"as {name or 'the connected account'} (connected {day})"
    fixed = f"the token in {setting_prefix(AGENCY)}API_TOKEN"
    return f"as {name} ({fixed})" if name else f"with {fixed}"


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f"the token in {name}" for name in names)
