"""iStock through Getty Images v3: JSON, the key in a header, lists in one parameter."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from tests.dialects.dialect import FIRST, Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_json, answer_text

GONE = answer_text("ImageNotFound", 404)
AGES = {
    "infants": "newborn,baby",
    "children": "child",
    "teenagers": "teenager",
    "20s": "20-29_years",
    "30s": "30-39_years",
    "40s": "40-49_years",
    "50s": "50-59_years",
    "60s": "60-69_years",
    "older": "70-79_years,80-89_years,90_plus_years,100_over",
}
ETHNICITIES = {
    "black": "black",
    "caucasian": "white",
    "east_asian": "east_asian",
    "hispanic": "hispanic_latinx",
    "japanese": "japanese",
    "middle_eastern": "middle_eastern",
    "native_american": "native_american_first_nations",
    "pacific_islander": "pacific_islander",
    "south_asian": "south_asian",
    "southeast_asian": "southeast_asian",
}
PEOPLE = {"0": "none", "1": "one", "2": "two", "3": "group", "4": "group"}
SORTS = {
    "popular": "most_popular",
    "relevance": "best_match",
    "newest": "newest",
    "random": "random",
}


class IstockDialect(Dialect):
    """``GET /v3/search/images/creative``, ``/v3/images/{id}`` and ``.../similar``.

    A key of affiliates (``affiliate``) is allowed nothing but ``/v3/affiliates/search/images``.
    """

    affiliate = False
    by_impact = False
    """Whether the destinations for affiliates are links of their network."""
    name = "istock"
    keys: ClassVar[Mapping[str, str]] = {"API_KEY": "istock-k3y"}
    optional = ("title", "artist", "asset_family", "graphical_style", "max_dimensions")
    required = ("id", "display_sizes", "referral_destinations")
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        "type": {
            "photo": {"graphical_styles": "photography"},
            "illustration": {"graphical_styles": "illustration"},
            "vector": {"graphical_styles": "vector"},
        },
        "orientation": {
            **{one: {"orientations": one} for one in ("horizontal", "vertical", "square")},
            "panorama": {"orientations": "panoramic_horizontal"},
        },
        "color": {"ff8800": {"color": "#ff8800"}},
        "people": {ours: {"number_of_people": theirs} for ours, theirs in PEOPLE.items()},
        "age": {ours: {"age_of_people": theirs} for ours, theirs in AGES.items()},
        "ethnicity": {ours: {"ethnicity": theirs} for ours, theirs in ETHNICITIES.items()},
        "contributor": {"Ann Other": {"artists": "Ann Other"}},
        "license": {"commercial": {"exclude_editorial_use_only": "true"}},
        "sort": {ours: {"sort_order": theirs} for ours, theirs in SORTS.items()},
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "a wrong key": (answer_json({"message": "Unauthorized"}, 401), "credentials"),
        "a wrong value": (answer_text("InvalidParameterValue", 400), "refused"),
        "a size that the key may not see": (
            answer_text("UnauthorizedDisplaySize", 403),
            "credentials",
        ),
        "too many calls": (answer_json({"message": "Too Many"}, 429, retry_after="7"), "quota"),
        "a fault of its own": (answer_text("InvalidIStockCollection", 500), "down"),
    }
    sources = (
        "istock-getty/openapi.json",
        "istock-getty/error-401.json",
        "istock-getty/search-response.docs-gettingstarted.json",
    )
    examples = (("istock-getty/search-response.docs-gettingstarted.json", 0),)

    def answer(self, request: DialectRequest) -> Answer:
        if request.headers.get("api-key") != self.keys["API_KEY"]:
            return self.errors["a wrong key"][0]
        if request.path == "/v3/affiliates/search/images":
            return self._answer_affiliate(request)
        return (
            answer_json({"message": "Forbidden"}, 403)
            if self.affiliate
            else self._answer_customer(request)
        )

    def _answer_customer(self, request: DialectRequest) -> Answer:
        """Answer a request with a customer's key."""
        page, size = request.number("page", 1), request.number("page_size", 30)
        if page < 1 or not 1 <= size <= 100:
            return self.errors["a wrong value"][0]
        parts = request.path.removeprefix("/v3/").split("/")
        if parts == ["search", "images", "creative"]:
            return self._make_results(self.page((page - 1) * size, size))
        if parts[0] != "images" or not self.has(parts[1]):
            return GONE
        if parts[2:] == ["similar"]:
            return self._make_results(self.page((page - 1) * size, size))
        return answer_json({"images": [self.item(int(parts[1]))], "images_not_found": []})

    def _answer_affiliate(self, request: DialectRequest) -> Answer:
        if not self.affiliate or not set(request.params) <= {"phrase", "style"}:
            return answer_json({"message": "Forbidden"}, 403)
        numbers = range(FIRST, FIRST + min(self.total, 30))
        return answer_json({"images": [self.affiliate_item(n) for n in numbers]})

    def affiliate_item(self, number: int) -> dict[str, Any]:
        """Describe a picture as the search for affiliates does."""
        whole = self.item(number)
        address = whole["referral_destinations"][1]["uri"]
        link = f"https://istockphoto.6q33.net/c/1/258824/4205?u={quote(address, safe='')}"
        picture = f"https://media.istockphoto.com/id/{number}/photo/flower.jpg"
        sides = {"small": (170, 113), "medium": (396, 264), "large": (612, 408)}
        urls = {name: f"{picture}?s={w}x{h}" for name, (w, h) in sides.items()}
        widths = {f"{name}_width": w for name, (w, _) in sides.items()}
        heights = {f"{name}_height": h for name, (_, h) in sides.items()}
        return {
            "id": str(number),
            "title": whole["title"],
            "caption": "A flower.",
            "preview_urls": {**urls, **widths, **heights},
            "destination_url": link if self.by_impact else address,
        }

    def _make_results(self, images: list[dict[str, Any]]) -> Answer:
        return answer_json({"result_count": self.total, "images": images, "related_searches": []})

    def item(self, number: int) -> dict[str, Any]:
        picture = f"https://media.istockphoto.com/id/{number}/photo/flower.jpg"
        return {
            "id": str(number),
            "title": self.make_title(number),
            "artist": self.make_maker(number),
            "asset_family": "creative",
            "graphical_style": ("photography", "illustration", "vector")[number % 3],
            "display_sizes": [
                {"is_watermarked": True, "name": "comp", "uri": f"{picture}?s=612x612"},
                {"is_watermarked": False, "name": "thumb", "uri": f"{picture}?s=170x170"},
                {"is_watermarked": True, "name": "mid_res_comp", "uri": f"{picture}?s=1024x1024"},
            ],
            "max_dimensions": {"width": 6000, "height": 4000},
            "referral_destinations": [
                {
                    "site_name": "gettyimages",
                    "uri": f"https://www.gettyimages.com/detail/photo/flower/{number}",
                },
                {
                    "site_name": "istockphoto",
                    "uri": f"https://www.istockphoto.com/photo/flower-gm{number}-1",
                },
            ],
        }
