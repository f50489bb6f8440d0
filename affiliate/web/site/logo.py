"""The owner's logo, from the file that SITE_LOGO names."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from affiliate.services import current_services

blueprint = Blueprint("logo", __name__)


@blueprint.get("/logo")
def serve_logo() -> Response:
    """Return the logo; an SVG opened by itself is a document, in which no script may run."""
    logo = current_services().config.site_logo
    if logo is None:
        raise NotFound
    response = Response(logo.body, mimetype=logo.mimetype)
    is_current = request.args.get("v") == logo.version
    directive = "max-age=31536000, immutable" if is_current else "no-cache"
    response.headers["Cache-Control"] = f"public, {directive}"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    )
    return response
