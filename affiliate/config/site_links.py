"""Reads SITE_LINKS: the owner's links at the foot of every page, each with its name."""

import re
from typing import Final

from affiliate.config.readers import make_address_reader, read_name
from affiliate.config.setting_texts import has_hidden, quote_excerpt

COMMAS: Final = "[,\u060c\u3001\uff0c]"
"""Commas of Latin, Arabic, Chinese and Japanese keyboards; addresses hold semicolons."""
PATH: Final = r"/(?![/\\])[^\s\\]*"
"""The form of a path of this site, perhaps with a query and a fragment."""
MAILBOX: Final = r"mailto:[^\s@?,]+@[^\s@?,]+"

SiteLinks = tuple[tuple[str, str], ...]
"""Names and addresses."""


def read_site_links(text: str) -> SiteLinks:
    """Return the names and addresses of a comma list, such as ``Imprint=https://a.example/me``."""
    parts = [part.strip() for part in re.split(COMMAS, text)]
    return tuple(_read_link(part) for part in parts if part)


def _read_link(text: str) -> tuple[str, str]:
    name, _, address = (part.strip() for part in text.partition("="))
    try:
        name = read_name(name)
        if not re.fullmatch(f"{PATH}|{MAILBOX}", address) or has_hidden(address):
            make_address_reader("https", "http")(address)
    except ValueError:
        raise ValueError(
            "must be a comma list such as Imprint=https://a.example/imprint,"
            " Privacy=/about#privacy, Contact=mailto:me@a.example, which"
            f" {quote_excerpt(text)} does not fit; %2C is a comma in an address"
        ) from None
    return name, address
