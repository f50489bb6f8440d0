"""The pages in the desk's navigation, in one table."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from flask import current_app, request, url_for


class NavigationItem(NamedTuple):
    """A page of the navigation: its title, and the endpoint that shows the page."""

    title: str
    endpoint: str


NAVIGATION: Final = (
    NavigationItem("Overview", "owner.show_overview"),
    NavigationItem("Words", "owner.show_words"),
    NavigationItem("Pictures", "owner.show_pictures"),
    NavigationItem("Sites", "owner.show_sites"),
    NavigationItem("Agencies", "owner.show_agencies"),
    NavigationItem("Places", "owner.show_places"),
    NavigationItem("Cache", "owner.show_cache"),
    NavigationItem("Licenses", "owner.show_licenses"),
    NavigationItem("Settings", "owner.show_settings"),
    NavigationItem("Health", "owner.show_health"),
    NavigationItem("Alerts", "owner.show_alerts"),
    NavigationItem("What is kept", "owner.show_kept"),
    NavigationItem("Account", "owner.show_account"),
    NavigationItem("Sessions", "owner.show_sessions"),
)
"""All pages of the navigation, in order; an endpoint without a view is left out."""


class NavigationLink(NamedTuple):
    """A link of the navigation, and whether the link leads to the current page."""

    title: str
    url: str
    is_current: bool


def iter_links() -> Iterator[NavigationLink]:
    """Yield the links of the navigation in the current request."""
    for item in NAVIGATION:
        if item.endpoint in current_app.view_functions:
            url = url_for(item.endpoint)
            yield NavigationLink(item.title, url, item.endpoint == request.endpoint)
