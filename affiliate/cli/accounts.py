"""``flask account``: connect, show and disconnect the owner's account at the agency."""

import getpass
import secrets
import warnings
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import click

from affiliate.cli import options, outputs
from affiliate.cli.context import (
    cli_errors,
    get_shutterstock_account,
)
from affiliate.config.settings import AgencySettings
from affiliate.domain.media import clean_text
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
    help="A permission to request; may be repeated.  [default: all]",
)
@click.option(
    "--redirect-uri",
    default="http://localhost",
    show_default=True,
    help="Address to which the agency sends the browser; register its host with your application.",
)
def connect(scopes: tuple[str, ...], redirect_uri: str) -> None:
    """Connect an account: agree in a browser, then paste the address to which you are sent.

    The address need not show a page. Only the code in the address is needed, and can be pasted
    alone.
    """
    requested_scopes = scopes or tuple(SCOPES)
    state = secrets.token_urlsafe(24)
    with cli_errors():
        click.echo("Open this address, log in and agree:\n")
        click.echo(
            current_services().tokens.build_authorize_url(redirect_uri, requested_scopes, state)
            + "\n"
        )
        address_or_code = _prompt_hidden("Address that the browser was sent to, or the code")
        current_services().tokens.connect(
            _extract_code(address_or_code.strip(), state), requested_scopes
        )
        username = get_shutterstock_account(live=True).fetch_token_details().username
        click.echo(f"Connected as {clean_text(username) or 'an unnamed user'}.")


def _prompt_hidden(question: str) -> str:
    """Ask a question at the terminal and return the answer, which the terminal does not show.

    Raises:
        ClickException: there is no terminal.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            answer: str = click.prompt(question, hide_input=True)
        except getpass.GetPassWarning:
            message = "There is no terminal to paste the address into; run this command in one"
            raise click.ClickException(f"{message}, or connect on /owner/.") from None
    return answer


def _extract_code(text: str, state: str) -> str:
    """Return the code in an address whose state equals ``state``; other text is the code itself.

    Raises:
        ClickException: the address has another state, or no code.
    """
    if "://" not in text and "code=" not in text:
        return text
    parameters = parse_qs(urlsplit(text).query or text)
    if not secrets.compare_digest(parameters.get("state", [""])[0].encode(), state.encode()):
        raise click.ClickException("This address is not from this connection; begin again.")
    code = parameters.get("code", [""])[0]
    if not code:
        raise click.ClickException("The address has no code; the agency did not agree.")
    return code


@group.command()
@options.as_json
def status(*, as_json: bool) -> None:
    """Show the user, the scopes and the dates of the connected account."""
    with cli_errors():
        token = current_services().tokens.read_token()
        current_services().tokens.get_access_token()  # fails where there is no token
        if token is None and not as_json:
            click.echo("No account is connected; the token in the settings serves.")
        account = get_shutterstock_account(live=True)
        details = account.fetch_token_details()
        user = account.fetch_user() if DEFAULT_SCOPE in details.scopes else User()
    rows = {
        "user": details.username or user.username,
        "name": user.full_name,
        "scopes": " ".join(details.scopes),
        "connected": token and _format_time(token.connected_at),
        "refreshed until": token and token.expires_at and _format_time(token.expires_at),
    }
    if as_json:
        outputs.print_json({"is_connected": token is not None, **rows})
        return
    settings = current_services().config.agencies.get(AGENCY, AgencySettings())
    if token is not None and "API_TOKEN" in settings.credentials:
        click.echo("The connected account serves, not the token in SHUTTERSTOCK_API_TOKEN.")
    for name, value in rows.items():
        click.echo(f"{name:16}{clean_text(value) or '-'}")


def _format_time(timestamp: float) -> str:
    """Return a POSIX timestamp as a day and minute in UTC."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M} UTC"


@group.command()
def disconnect() -> None:
    """Forget the connected account's token; the agency still lists the application."""
    with cli_errors():
        was_connected = current_services().tokens.disconnect()
    click.echo("Disconnected." if was_connected else "No account is connected.")
