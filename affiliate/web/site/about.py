"""The page about the site: what the site is, how it earns, and what it does with visitors' data."""

from typing import Final

from flask import Blueprint, Response, render_template

from affiliate.services import current_services
from affiliate.web.i18n import ui_language
from affiliate.web.privacy_text import list_privacy_paragraphs
from affiliate.web.template_helpers import has_request_host

MAX_AGE: Final = 300
"""Seconds for which browsers may keep the page, which changes with the settings alone."""

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
    response = Response(html)
    is_public = not has_request_host()
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}" if is_public else "no-cache"
    return response
