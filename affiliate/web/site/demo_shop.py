"""The page that links to the demo's pretend shop lead to: what a visitor would see at an agency."""

from typing import Final

from flask import Blueprint, Response, abort, render_template

from affiliate.agencies.demo.shop import DemoShop
from affiliate.errors import NotFound
from affiliate.services import current_services
from affiliate.web.caching import MAX_BROWSER_AGE, set_caching

PARAGRAPHS: Final = (
    "This is a demo. The Demo shop is pretend, and nothing is for sale.",
    "On your own site this link leads to the picture at an agency, by way of your affiliate link.",
    "There a visitor chooses a size and a license and pays, and the agency pays you a commission.",
    "Your site has counted the click, with the words that found the picture.",
    "To see agencies' pictures here, set the key of one, as docs/agencies.md says for each.",
    "The demo then disappears.",
)
"""The text of the page, in English: owners read the page, who read the documents, too."""

blueprint = Blueprint("demo_shop", __name__)


@blueprint.get("/demo-shop/<any(image, video):media>/<media_id>")
def show_offer(media: str, media_id: str) -> Response:
    """Return the page of a picture or clip; 404 unless the pretend shop is on."""
    enabled = current_services().registry.find_enabled(DemoShop.name)
    if enabled is None:
        abort(404)
    try:
        item = enabled.agency.fetch_details(media_id, media)
    except NotFound:
        abort(404)
    sizes = [
        f"{size.name.capitalize()}: {size.width} by {size.height} pixels, "
        f"{size.credits} credit{'' if size.credits == 1 else 's'}"
        for size in item.sizes
    ]
    html = render_template("demo_shop.html", media=item, sizes=sizes, paragraphs=PARAGRAPHS)
    response = Response(html)
    response.headers["X-Robots-Tag"] = "noindex"
    return set_caching(response, MAX_BROWSER_AGE)
