"""``flask account``: connect the owner's account at the agency, see it, disconnect it."""

import getpass
import secrets
import warnings
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import click

from affiliate.cli import options, outputs
from affiliate.cli.context import (
    account_of_app,
    cli_errors,
)
from affiliate.config.settings import AgencySettings
from affiliate.domain.media import plain_text
from affiliate.licensing.accounts.shutterstock import AGENCY
from affiliate.licensing.models import User
from affiliate.licensing.oauth.scopes import DEFAULT_SCOPE, SCOPES
from affiliate.services import current_services

group = outputs.Group("account", help="The connected account, in whose name images are licensed.")


@group.command()
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(list(SCOPES)),
    help="What to ask for; may be repeated.  [default: everything]",
)
@click.option(
    "--redirect-uri",
    default="http://localhost",
    show_default=True,
    help="Where the agency sends the browser; its host must be registered with your application.",
)
def connect(scopes: tuple[str, ...], redirect_uri: str) -> None:
    """Connect an account: agree in a browser, then paste the address it was sent to.

    That address need not show a page: it carries the code, which can be pasted alone too.
    """
    asked = scopes or tuple(SCOPES)
    state = secrets.token_urlsafe(24)
    with cli_errors():
        click.echo("Open this address, log in and agree:\n")
        click.echo(current_services().tokens.authorize_url(redirect_uri, asked, state) + "\n")
        pasted = _pasted("Address that the browser was sent to, or the code")
        current_services().tokens.connect(_code(pasted.strip(), state), asked)
        username = account_of_app(live=True).fetch_token_details().username
        click.echo(f"Connected as {plain_text(username) or 'an unnamed user'}.")


def _pasted(question: str) -> str:
    """Return what is pasted at the terminal, which does not show it.

    Raises:
        ClickException: there is no terminal.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            pasted: str = click.prompt(question, hide_input=True)
        except getpass.GetPassWarning:
            words = "There is no terminal to paste the address into; run this command in one"
            raise click.ClickException(f"{words}, or connect on /owner/.") from None
    return pasted


def _code(pasted: str, state: str) -> str:
    """The code in an address whose state is ours, or what was pasted if it is no address."""
    if "://" not in pasted and "code=" not in pasted:
        return pasted
    parts = parse_qs(urlsplit(pasted).query or pasted)
    if not secrets.compare_digest(parts.get("state", [""])[0].encode(), state.encode()):
        raise click.ClickException("This address is not from this connection; begin again.")
    code = parts.get("code", [""])[0]
    if not code:
        raise click.ClickException("The address has no code; the agency did not agree.")
    return code


@group.command()
@options.as_json
def status(*, as_json: bool) -> None:
    """Show whose account is connected, with which scopes, until when."""
    with cli_errors():
        token = current_services().tokens.read_token()
        current_services().tokens.get_access_token()  # says it when there is none
        if token is None and not as_json:
            click.echo("No account is connected; the token in the settings serves.")
        account = account_of_app(live=True)
        access = account.fetch_token_details()
        user = account.fetch_user() if DEFAULT_SCOPE in access.scopes else User()
    rows = {
        "user": access.username or user.username,
        "name": user.full_name,
        "scopes": " ".join(access.scopes),
        "connected": token and _day(token.connected_at),
        "refreshed until": token and token.expires_at and _day(token.expires_at),
    }
    if as_json:
        outputs.show_json({"is_connected": token is not None, **rows})
        return
    own = current_services().config.agencies.get(AGENCY, AgencySettings())
    if token is not None and "API_TOKEN" in own.credentials:
        click.echo("The connected account serves, not the token in SHUTTERSTOCK_API_TOKEN.")
    for name, value in rows.items():
        click.echo(f"{name:16}{plain_text(value) or '-'}")


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


@group.command()
def disconnect() -> None:
    """Forget the connected account's token; the agency's own list of applications keeps it."""
    with cli_errors():
        gone = current_services().tokens.disconnect()
    click.echo("Disconnected." if gone else "No account is connected.")
