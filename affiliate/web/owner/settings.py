"""The page of settings: each with its value, and where the value comes from."""

from typing import Final

from flask import Response

from affiliate.config.setting_secrets import iter_secrets
from affiliate.config.settings import DEFAULT, ENVIRONMENT, FILE
from affiliate.config.shown_settings import MASK
from affiliate.services import current_services
from affiliate.web.owner.filters import FilterField
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.page_requests import read_page_request
from affiliate.web.owner.tables import PAGE_ROWS, Column, Row, build_table

COLUMNS: Final = (
    Column("name", "Name"),
    Column("value", "Value"),
    Column("source", "From"),
    Column("help", "Purpose", "prose", is_sortable=False),
)
MIN_SECRET_LENGTH: Final = 6
"""Least characters of a secret that is searched for in values; shorter ones occur by chance."""
SOURCES: Final = {ENVIRONMENT: "environment", FILE: ".env", DEFAULT: "default"}


@blueprint.get("/settings")
def show_settings() -> Response:
    """Show all settings of the site, and those of each agency that is on or has any set."""
    config = current_services().config
    names = {shown.agency: shown.agency for shown in config.shown if shown.agency}
    fields = (FilterField("source", "From", SOURCES), FilterField("agency", "Agency", names))
    view = read_page_request(fields)
    # Readers mask secrets already; this holds for whatever else may repeat one.
    secrets = [secret for secret in iter_secrets(config) if len(secret) >= MIN_SECRET_LENGTH]
    rows: list[Row] = [
        {
            "name": shown.name,
            "value": MASK if any(secret in shown.value for secret in secrets) else shown.value,
            "source": shown.source,
            "help": shown.help,
        }
        for shown in config.shown
        if view.filters.get("source") in {"", shown.source}
        and view.filters.get("agency") in {"", shown.agency}
    ]
    table = build_table(
        view,
        "Settings",
        COLUMNS,
        rows,
        default_sort="name",
        page_rows=PAGE_ROWS[1],
        empty="No setting fits the filters.",
    )
    return render_page(
        "owner_settings.html", "Settings", view=view, table=table, notes=config.notes
    )
