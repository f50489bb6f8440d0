"""The page of health: the findings of ``flask doctor``, and a button for checks with searches."""

from datetime import datetime
from typing import Final

from flask import Response, current_app
from werkzeug.wrappers import Response as AnyResponse

from affiliate.checks.findings import FAULT, OK, WARN
from affiliate.web.owner.filters import FilterField
from affiliate.web.owner.frame import blueprint, redirect_with_note, render_page
from affiliate.web.owner.health_reports import HealthReports
from affiliate.web.owner.page_requests import read_page_request
from affiliate.web.owner.tables import PAGE_ROWS, Column, Row, State, build_table

COLUMNS: Final = (
    Column("about", "About"),
    Column("state", "State", "state"),
    Column("words", "Finding", "prose", is_sortable=False),
)
STATES: Final = {
    FAULT: State("bad", "fault"),
    WARN: State("warn", "warning"),
    OK: State("ok", "fine"),
}
"""The state of a finding for the screen."""
FIELDS: Final = (
    FilterField("state", "State", {state.word: state.word for state in STATES.values()}),
    FilterField("about", "About"),
)


@blueprint.get("/health")
def show_health() -> Response:
    """Show the findings of all checks, the worst first."""
    view = read_page_request(FIELDS)
    reports = get_reports()
    report = reports.get()
    rows: list[Row] = [
        {
            "state": STATES[finding.state],
            "about": finding.about,
            "words": finding.words,
        }
        for finding in (report.findings if report else ())
        if view.filters.get("state") in {"", STATES[finding.state].word}
        and view.filters.get("about") in {"", finding.about}
    ]
    table = build_table(
        view,
        "Findings",
        COLUMNS,
        rows,
        default_sort="state",
        page_rows=PAGE_ROWS[1],
        empty="No finding has this state and subject."
        if report
        else "The first checks are running.",
    )
    return render_page(
        "owner_health.html",
        "Health",
        view=view,
        table=table,
        report=report,
        checked_at=report and datetime.fromtimestamp(report.checked_at, view.zone),
        is_checking=reports.is_checking,
    )


@blueprint.post("/health/check")
def check_live() -> AnyResponse:
    """Begin checks with a search at each agency, which cost calls."""
    get_reports().check_live()
    return redirect_with_note("The checks were begun anew.", "owner.show_health")


def get_reports() -> HealthReports:
    """Return the reports of the current app."""
    reports: HealthReports = current_app.extensions["health_reports"]
    return reports
