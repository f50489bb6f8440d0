"""Prefetches: pages that a browser requests before a visitor has decided to open the page.

Chromium prefetches what `RULES` name, when a visitor's pointer rests on a link
(https://html.spec.whatwg.org/multipage/speculative-loading.html). A prefetch is answered from
caches alone: no agency is called, no budget is spent, and no search is counted. Where a page would
have to wait for an agency, the prefetch is refused with 503. Browsers keep no prefetched page with
an error, and request the page as ever once the visitor opens the page, which then has a head start.
"""

from http import HTTPStatus
from typing import Any, Final

import msgspec
from flask import Blueprint, Flask, Response, request

from affiliate.web.template_helpers import cache_for

RULES_PATH: Final = "/speculation-rules.json"
RULES: Final[dict[str, Any]] = {
    "prefetch": [
        {
            "where": {
                "and": [
                    {"href_matches": ["/search*", "/image/*", "/video/*"]},
                    {"selector_matches": [".similar", ".pages a:not([rel=next])"]},
                ]
            },
            "eagerness": "moderate",
        }
    ]
}
"""The links that lead to another page, to a picture's or to one of the same search, which is
counted already. A script takes the clicks on titles, which open quick look, and on the next page,
which is appended. Links to agencies match none of the addresses."""
RULES_SECONDS: Final = 86400
ENDPOINTS: Final = frozenset({"site.search_page", "site.topic_page", "media.media_page"})
"""Endpoints of the pages with such links, whose prefetches are answered."""

blueprint = Blueprint("prefetches", __name__)


def register(app: Flask) -> None:
    """Add the rules, and the refusal of prefetches that caches can't answer, to an app."""
    app.register_blueprint(blueprint)
    app.before_request(_refuse_other_pages)
    app.after_request(_add_rules)
    app.after_request(_refuse_incomplete_page)


def is_prefetch() -> bool:
    """Return whether a browser sends the current request before a visitor opens the page."""
    return "prefetch" in request.headers.get("Sec-Purpose", "")


@blueprint.get(RULES_PATH)
def serve_rules() -> Response:
    """Return the rules by which browsers prefetch pages."""
    response = Response(msgspec.json.encode(RULES), mimetype="application/speculationrules+json")
    response.headers["Cache-Control"] = f"public, max-age={RULES_SECONDS}"
    cache_for(RULES_SECONDS)
    return response


def _add_rules(response: Response) -> Response:
    if request.endpoint in ENDPOINTS and response.status_code == HTTPStatus.OK:
        response.headers["Speculation-Rules"] = f'"{RULES_PATH}"'
    return response


def _refuse_other_pages() -> Response | None:
    """Refuse prefetches of what the page cache does not hold, but for pages of `ENDPOINTS`."""
    is_answered = request.endpoint in ENDPOINTS or request.endpoint == "static"
    return None if is_answered or not _may_refuse() else _refuse()


def _refuse_incomplete_page(response: Response) -> Response:
    """Refuse a prefetch whose page lacks pictures, or is not there at all."""
    headers = response.headers
    lacks_pictures = headers.get("X-Cache") == "MISS" or "no-store" in headers.get(
        "Cache-Control", ""
    )
    is_refused = lacks_pictures or response.status_code >= HTTPStatus.BAD_REQUEST
    return _refuse() if is_refused and _may_refuse() else response


def _may_refuse() -> bool:
    """Return whether to refuse a prefetch of a page.

    The API tells its own: 429 where calls are needed. What a prerendered page requests is no page.
    """
    is_page = request.headers.get("Sec-Fetch-Dest", "document") == "document"
    return is_prefetch() and is_page and not request.path.startswith("/api/")


def _refuse() -> Response:
    refusal = Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
    refusal.headers["Cache-Control"] = "no-store"
    return refusal
