"""``flask account``: connect the owner's account at the agency, see it, disconnect it."""

import secrets
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import click
from flask.cli import AppGroup

from affiliate.commands.told import account_of_app, tokens_of_app, told
from affiliate.licensing.scopes import ALWAYS, SCOPES
from affiliate.licensing.wire import User
from affiliate.model import plain_text

group = AppGroup("account", help="The connected account, in whose name images are licensed.")


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
    with told():
        click.echo("Open this address, log in and agree:\n")
        click.echo(tokens_of_app().authorize_url(redirect_uri, asked, state) + "\n")
        pasted = click.prompt("Address that the browser was sent to, or the code", hide_input=True)
        tokens_of_app().connect(_code(pasted.strip(), state), asked)
        username = account_of_app(live=True).token_details().username
        click.echo(f"Connected as {plain_text(username) or 'an unnamed user'}.")


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
def status() -> None:
    """Show whose account is connected, with which scopes, until when."""
    with told():
        token = tokens_of_app().held()
        tokens_of_app().access()  # says it when there is none
        if token is None:
            click.echo("No account is connected; the token in the settings serves.")
        account = account_of_app(live=True)
        access = account.token_details()
        user = account.user() if ALWAYS in access.scopes else User()
    rows = {
        "user": access.username or user.username,
        "name": user.full_name,
        "scopes": " ".join(access.scopes),
        "connected": token and _day(token.connected_at),
        "refreshed until": token and token.expires_at and _day(token.expires_at),
    }
    for name, value in rows.items():
        click.echo(f"{name:16}{plain_text(value) or '-'}")


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


@group.command()
def disconnect() -> None:
    """Forget the connected account's token; the agency's own list of applications keeps it."""
    with told():
        gone = tokens_of_app().disconnect()
    click.echo("Disconnected." if gone else "No account is connected.")
