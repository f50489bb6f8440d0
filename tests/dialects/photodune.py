"""PhotoDune: Envato's JSON over a Bearer token, with an error's code for its text."""

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.dialects.dialect import FIRST, Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_json

HOST = "https://photodune.img.customer.envatousercontent.com"
SORTS = {
    "popular": {"sort_by": "sales", "sort_direction": "desc"},
    "relevance": {"sort_by": "relevance", "sort_direction": "desc"},
    "newest": {"sort_by": "date", "sort_direction": "desc"},
    "oldest": {"sort_by": "date", "sort_direction": "asc"},
}


class PhotoDuneDialect(Dialect):
    """Three calls: a search, one item, and what is like it."""

    name = "photodune"
    keys: ClassVar[Mapping[str, str]] = {"TOKEN": "photodune-t0k3n"}
    optional = ("name", "description", "site", "author_username", "tags", "photo_attributes")
    required = ("id", "url", "previews")
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        "type": {"photo": {"site": "photodune.net"}},
        "orientation": {
            "horizontal": {"orientation": "landscape"},
            "vertical": {"orientation": "portrait"},
            "square": {"orientation": "square"},
        },
        "added": {one: {"date": f"this-{one}"} for one in ("week", "month", "year")},
        "category": {"misc": {"category": "misc"}},
        "contributor": {"gardener": {"username": "gardener"}},
        "sort": SORTS,
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "a wrong token": (
            answer_json(
                {"error": "access_denied", "error_description": "Wrong authorization header"}, 403
            ),
            "credentials",
        ),
        "nothing there": (answer_json({"error": 404}, 404), "not found"),
        "too many calls": (Answer(429, b"", headers={"Retry-After": "7"}), "quota"),
        "a broken backend": (
            answer_json({"error": 500, "message": "Invalid response from backend"}, 500),
            "down",
        ),
        "a gateway's page": (Answer(502, b"<html>Bad gateway</html>", "text/html"), "down"),
    }
    sources = (
        "photodune/facts.json",
        "photodune/search_item_photodune_200.thirdparty_trimmed.json",
        "README.md",
    )
    examples = (("photodune/search_item_photodune_200.thirdparty_trimmed.json", 1),)

    def answer(self, request: DialectRequest) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.keys['TOKEN']}":
            return self.errors["a wrong token"][0]
        match request.path.removesuffix(".json"):
            case "/v1/discovery/search/search/item" if (
                request.params.get("site") == "photodune.net"
            ):
                return self._make_results(request, 0)
            case "/v1/discovery/search/search/more_like_this" if self.has(
                request.params["item_id"]
            ):
                return self._make_results(request, int(request.params["item_id"]) - FIRST)
            case "/v3/market/catalog/item" if self.has(request.params["id"]):
                return answer_json(self.item(int(request.params["id"])))
        return self.errors["nothing there"][0]

    def _make_results(self, request: DialectRequest, first: int) -> Answer:
        page, size = request.number("page", 1), request.number("page_size", 30)
        if page > 60 or size > 100:
            return answer_json({"error": 400}, 400)
        matches = self.page(first + (page - 1) * size, size)
        return answer_json({"took": 3, "total_hits": self.total, "matches": matches})

    def item(self, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "name": "Flower",
            "description": "A red flower in a garden",
            "site": "photodune.net",
            "classification": "misc",
            "price_cents": 500,
            "author_username": "gardener",
            "url": f"https://photodune.net/item/flower/{number}",
            "previews": {
                "thumbnail_preview": {
                    "small_url": f"{HOST}/files/{number}/small.jpg",
                    "large_url": f"{HOST}/files/{number}/large.jpg",
                    "large_width": 320,
                    "large_height": 269,
                },
                "icon_with_thumbnail_preview": {
                    "icon_url": f"{HOST}/files/{number}/icon.jpg",
                    "thumbnail_url": f"{HOST}/files/{number}/thumbnail.jpg",
                    "thumbnail_width": 590,
                    "thumbnail_height": 496,
                },
            },
            "photo_attributes": [{"name": "max_width", "value": 3237}],
            "tags": ["flower", "red", "garden", "Flower", "caf&eacute;"],
        }
