"""Hosts of agencies' APIs, as opposed to those of sandboxes and test servers."""

from urllib.parse import urlsplit

from affiliate.agencies import AGENCIES


def find_foreign_host(agency: str, url: str) -> str:
    """Return the host name of an address that is not the agency's own; empty for its own.

    A purchase at a foreign host costs nothing and licenses nothing.
    """
    own_host = parse_host(AGENCIES[agency].api) if agency in AGENCIES else ""
    host = parse_host(url)
    return "" if not own_host or host == own_host else host


def parse_host(url: str) -> str:
    """Return the host name in an address, in lower case and without a final dot."""
    return (urlsplit(url).hostname or "").rstrip(".")
