"""The desk's page of what the site keeps, with a text for the site's privacy page."""

from flask import Blueprint, Response, render_template

from affiliate.checks.kept import list_kept
from affiliate.checks.privacy_text import list_privacy_paragraphs
from affiliate.services import current_services


def add_routes(blueprint: Blueprint) -> None:
    """Add the page to the owner's routes."""
    blueprint.add_url_rule("/kept", view_func=show_kept)


def show_kept() -> Response:
    """Show each kind of kept data: for how long, by which setting, and how much there is now."""
    services = current_services()
    page = render_template(
        "owner_kept.html",
        kept=list(list_kept(services)),
        paragraphs=list_privacy_paragraphs(services),
    )
    return Response(page)
