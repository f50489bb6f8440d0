"""Links between pages of the desk, which keep the period and the filters that both pages know."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from flask import current_app, url_for

from affiliate.agencies import AGENCIES
from affiliate.database.roll_ups import SEARCH_PLACE
from affiliate.web.owner.filters import (
    AGENCY,
    CLICKED,
    CURRENCY,
    NETWORK,
    PICTURE,
    PLACE,
    SITE,
    STATE,
    WORDS,
    FilterField,
)
from affiliate.web.owner.page_requests import PageRequest
from affiliate.web.owner.periods import PERIOD_NAMES

FIELDS: Final[Mapping[str, Sequence[FilterField]]] = {
    "owner.show_overview": (SITE, AGENCY, PLACE),
    "owner.show_words": (WORDS, SITE),
    "owner.show_word": (WORDS,),
    "owner.show_pictures": (AGENCY, SITE, PLACE, WORDS),
    "owner.show_sites": (AGENCY, PLACE),
    "owner.show_places": (SITE, AGENCY, PLACE),
    "owner.show_agencies": (),
    "owner.show_sales": (STATE, NETWORK, CURRENCY, CLICKED, AGENCY, SITE, PLACE, WORDS, PICTURE),
    "owner.show_clicks": (AGENCY, SITE, PLACE, WORDS, PICTURE),
}
"""The filters of each page with a period."""


def link_to(view: PageRequest, endpoint: str, **parameters: str) -> str:
    """Return the address of another page, with the period and the filters that both pages have.

    The address is empty where the application has no such page.
    """
    if endpoint not in current_app.view_functions:
        return ""
    both = [field for field in FIELDS[endpoint] if field in view.filters.fields]
    names = PERIOD_NAMES | {field.name for field in both}
    kept = {name: value for name, value in view.address.parameters if name in names}
    values: dict[str, Any] = kept | parameters
    return url_for(endpoint, **values)


def link_picture(row: Mapping[str, Any]) -> str:
    """Return the address of a picture's own page; ``row`` has the agency's ``name`` and the ``id``.

    The address is empty where the agency is none of this program's.
    """
    agency, media_id = row["name"], row["id"]
    if agency not in AGENCIES or media_id in {"", SEARCH_PLACE}:
        return ""
    return f"/image/{agency}/{quote(media_id, safe='')}?lang=en"


def link_words(view: PageRequest, row: Mapping[str, Any]) -> str:
    """Return the address of the page about the ``words`` of a row; empty without words."""
    words = row["words"]
    return link_to(view, "owner.show_word", words=words) if words else ""
