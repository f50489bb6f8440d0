"""Tells an agency's own address from that of a sandbox or a test server."""

from urllib.parse import urlsplit

from affiliate.agencies import AGENCIES


def foreign_host(agency: str, url: str) -> str:
    """Return the host name of an address that is not the agency's own; empty for its own.

    What is bought there costs nothing and licenses nothing.
    """
    own = host_of(AGENCIES[agency].api) if agency in AGENCIES else ""
    asked = host_of(url)
    return "" if not own or asked == own else asked


def host_of(url: str) -> str:
    """Return the host name in an address, in small letters and without a dot at its end."""
    return (urlsplit(url).hostname or "").rstrip(".")
