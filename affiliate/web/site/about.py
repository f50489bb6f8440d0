"""The page about the site: what the site is, how it earns, and what it does with visitors' data."""

from flask import Blueprint, Response, render_template

from affiliate.services import current_services
from affiliate.web.caching import MAX_BROWSER_AGE, set_caching
from affiliate.web.i18n import ui_language
from affiliate.web.privacy_text import list_privacy_paragraphs

blueprint = Blueprint("about", __name__)


@blueprint.get("/about")
def show_about() -> Response:
    """Return the page, with the text on privacy that the settings make."""
    services = current_services()
    enabled = services.registry.enabled
    html = render_template(
        "about.html",
        is_earning=any(source.link.is_affiliated("image") for source in enabled),
        paragraphs=list_privacy_paragraphs(services, ui_language()),
    )
    return set_caching(Response(html), MAX_BROWSER_AGE)
