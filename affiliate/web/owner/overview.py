"""The first page of the desk."""

from flask import Response

from affiliate.web.owner.frame import blueprint, render_page


@blueprint.get("/")
def show_overview() -> Response:
    """Show where to go on from."""
    return render_page("owner_overview.html", "Overview")
