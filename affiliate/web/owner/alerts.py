"""The page of alerts, and the page behind the links in mails that silence an alert.

A link of a mail needs no log-in: its seal lets whoever has the mail silence that alert alone.
"""

from datetime import UTC
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, abort, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from affiliate.alerts.silence_links import PATH, may_silence
from affiliate.config.settings import Config
from affiliate.database.alert_states import AlertStates
from affiliate.errors import LedgerError
from affiliate.services import current_services
from affiliate.web.errors import error_page
from affiliate.web.owner.frame import (
    FORM_CONTENT_TYPE,
    MAX_FORM_BYTES,
    blueprint,
    redirect_with_note,
    render_page,
)
from affiliate.web.request_context import Languages, current_context

SILENT_DAYS: Final = {"1": "a day", "7": "a week", "30": "30 days", "365": "a year"}
"""Times for which an alert can be silenced in a browser, by days."""

NO_ALERT: Final = "There is no such alert any more."

links = Blueprint("owner_silence", __name__)


@blueprint.get("/alerts")
def show_alerts() -> Response:
    """Show the active alerts, and those that ended in the last 30 days."""
    services = current_services()
    states = AlertStates(services.ledger)
    now = states.now()
    zone = services.config.site_timezone
    shown = [
        {
            "state": state,
            "since": state.since.replace(tzinfo=UTC).astimezone(zone),
            "ended": state.ended_at and state.ended_at.replace(tzinfo=UTC).astimezone(zone),
            "silent": state.silenced_until.replace(tzinfo=UTC).astimezone(zone)
            if state.silenced_until and state.is_silenced(now)
            else None,
        }
        for state in states.list_all()
    ]
    return render_page(
        "owner_alerts.html",
        "Alerts",
        alerts=shown,
        receivers=_list_receivers(services.config),
        days=SILENT_DAYS,
    )


@blueprint.post("/alerts")
def change_silence() -> AnyResponse:
    """Silence an alert for the days of the form, or end the silence."""
    name, days = request.form.get("name", ""), request.form.get("days", "")
    if days not in {*SILENT_DAYS, "0"}:
        abort(HTTPStatus.BAD_REQUEST, "Choose a time.")
    if not AlertStates(current_services().ledger).silence(name, int(days)):
        return redirect_with_note(NO_ALERT, "owner.show_alerts")
    note = (
        f"{name} is silent for {SILENT_DAYS[days]}."
        if days != "0"
        else f"{name} is no longer silent."
    )
    return redirect_with_note(note, "owner.show_alerts")


@links.route(PATH, methods=["GET", "POST"])
def silence_by_link() -> Response:
    """Show a button that silences the alert of a mail's link, or do what the button asks."""
    current_context().languages = Languages()  # English
    request.max_content_length = MAX_FORM_BYTES
    is_form = request.method == "POST" and request.mimetype == FORM_CONTENT_TYPE
    fields = request.form if is_form else request.args
    name, seal, days = (fields.get(key, "") for key in ("name", "seal", "days"))
    if not may_silence(current_services().site_key, name, seal):
        text = "It may be older than 60 days. The page of alerts silences any alert."
        return error_page(HTTPStatus.FORBIDDEN, "This link is not valid any more", text)
    note = ""
    if is_form and days in SILENT_DAYS:
        try:
            is_known = AlertStates(current_services().ledger).silence(name, int(days))
        except LedgerError as error:
            return error_page(HTTPStatus.SERVICE_UNAVAILABLE, "Nothing was silenced", str(error))
        note = f"Silent for {SILENT_DAYS[days]}." if is_known else NO_ALERT
    page = render_template(
        "owner_silence.html",
        heading="Silence an alert",
        name=name,
        seal=seal,
        note=note,
        days=SILENT_DAYS,
        desk_url=url_for("owner.show_alerts"),
    )
    return Response(page)


def _list_receivers(config: Config) -> list[str]:
    """Return in words who is told, without a secret."""
    receivers = [", ".join(config.alert_to)] if config.smtp_url else []
    return [*receivers, *(["the webhook"] if config.alert_webhook_url else [])]
