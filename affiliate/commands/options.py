"""Options and table cells that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from affiliate.licensing.account import AGENCY
from affiliate.licensing.sellers import SELLERS
from affiliate.licensing.wire import Media

Command = TypeVar("Command", bound=Callable[..., Any])
DAY = click.DateTime(formats=["%Y-%m-%d"])

since = click.option("--since", type=DAY, metavar="DATE", help="First day, in UTC.")
until = click.option("--until", type=DAY, metavar="DATE", help="Last day, in UTC.")
live = click.option("--live", is_flag=True, help="Use the real account, not the sandbox.")
agency = click.option(
    "--agency",
    type=click.Choice((AGENCY, *SELLERS)),
    default=AGENCY,
    show_default=True,
    help="Where; all but the first have no sandbox.",
)
video = click.option("--video", is_flag=True, help="Videos instead of images.")
editorial = click.option(
    "--editorial", is_flag=True, help="Of the agency's separate editorial collections."
)


def csv_file(words: str) -> Callable[[Command], Command]:
    """The option to write a table to a file; ``words`` say which."""
    return click.option(
        "--csv", "file", type=click.File("w", encoding="utf-8", lazy=True), help=words
    )


def media_of(*, video: bool, editorial: bool) -> Media:
    """The kind of media that the options name."""
    if editorial:
        return "editorial-video" if video else "editorial"
    return "video" if video else "image"


def inert(value: str | int) -> str | int:
    """A cell that no spreadsheet takes for a formula, its words being whoever's typed them.

    The rule: https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else value
