"""The desk's page of what the site keeps, with a text for the site's privacy page."""

from flask import Response

from affiliate.checks.kept import list_kept
from affiliate.services import current_services
from affiliate.web.i18n import ui_language
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.privacy_text import list_privacy_paragraphs


@blueprint.get("/kept")
def show_kept() -> Response:
    """Show each kind of kept data: for how long, by which setting, and how much there is now."""
    services = current_services()
    return render_page(
        "owner_kept.html",
        "What is kept",
        kept=list(list_kept(services)),
        paragraphs=list_privacy_paragraphs(services, ui_language()),
    )
