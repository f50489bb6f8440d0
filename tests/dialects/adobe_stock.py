"""Adobe Stock: JSON under /Rest/Media/1, two headers, errors in two forms.

What it says of keywords, releases and footage stands in the references at
developer.adobe.com/stock/docs/api; all else in the official folder.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.dialects.dialect import Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_json

MOST = 100
WINDOW = 5_000
"""An offset that is refused; the API's own isn't documented."""
PARAMETERS = "search_parameters"
FILTERS = "search_parameters[filters]"


class AdobeStockDialect(Dialect):
    """``GET /Rest/Media/1/Search/Files`` and ``/Rest/Media/1/Files``."""

    name = "adobe-stock"
    keys: ClassVar[Mapping[str, str]] = {"API_KEY": "adobe-k3y", "PRODUCT": "GardenSite/1.0"}
    optional = (
        *("title", "creator_name", "media_type_id", "category"),
        *("thumbnail_240_url", "thumbnail_240_width", "thumbnail_240_height"),
        *("thumbnail_url", "thumbnail_width", "thumbnail_height"),
        *("thumbnail_1000_url", "thumbnail_1000_width", "thumbnail_1000_height"),
    )
    required = ("id",)
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        "type": {
            one: {f"{FILTERS}[content_type:{one}]": "1", f"{FILTERS}[premium]": "all"}
            for one in ("photo", "illustration", "vector")
        },
        "orientation": {
            **{
                one: {f"{FILTERS}[orientation]": one}
                for one in ("horizontal", "vertical", "square")
            },
            "panorama": {
                f"{FILTERS}[orientation]": "horizontal",
                f"{FILTERS}[panoramic:on]": "1",
            },
        },
        "min_width": {
            one: {f"{FILTERS}[image_width]": f"{one}-"} for one in ("1000", "2000", "4000", "6000")
        },
        "color": {"fe0000": {f"{FILTERS}[colors]": "fe0000"}},
        "released": {"1": {f"{FILTERS}[has_releases]": "true"}},
        "no_ai": {"1": {f"{FILTERS}[gentech]": "false"}},
        "sort": {
            "popular": {f"{PARAMETERS}[order]": "nb_downloads"},
            "relevance": {f"{PARAMETERS}[order]": "relevance"},
            "newest": {f"{PARAMETERS}[order]": "creation"},
        },
        "video media": {"video": {f"{FILTERS}[content_type:video]": "1"}},
        "video released": {"1": {f"{FILTERS}[has_releases]": "true"}},
        "video no_ai": {"1": {f"{FILTERS}[gentech]": "false"}},
        "video sort": {
            "relevance": {f"{PARAMETERS}[order]": "relevance"},
            "newest": {f"{PARAMETERS}[order]": "creation"},
        },
        "video duration": {
            "-10": {f"{FILTERS}[video_duration]": "10"},
            "-20": {f"{FILTERS}[video_duration]": "20"},
            "-30": {f"{FILTERS}[video_duration]": "30"},
            "30-": {f"{FILTERS}[video_duration]": "30-"},
        },
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "a wrong key": (
            answer_json({"error_code": "403003", "message": "Api Key is invalid"}, 403),
            "credentials",
        ),
        "a key that has expired": (
            answer_json({"error": "Invalid API Key", "code": 11}),
            "credentials",
        ),
        "no product": (
            answer_json(
                {
                    "error": "The required X-Product header is missing or invalid",
                    "code": "600",
                    "case": "ab4a",
                },
                400,
            ),
            "credentials",
        ),
        "too many calls": (
            answer_json(
                {"error_code": "429050", "message": "Too many requests"}, 429, retry_after="1"
            ),
            "quota",
        ),
        "a wrong value": (answer_json({"error": "Invalid data", "code": 100}, 400), "refused"),
        "a wrong value with 200": (answer_json({"error": "Invalid data", "code": 100}), "refused"),
        "an unknown id": (answer_json({"error": "Unknown id", "code": "605"}, 404), "not found"),
        "a gateway's page": (Answer(502, b"<html>Bad gateway</html>", "text/html"), "down"),
    }
    sources = (
        "adobe-stock/search-response.affiliate-pdf-kittens.json",
        "adobe-stock/error-400-xproduct.json",
        "README.md",
    )
    examples = (
        ("adobe-stock/search-response.affiliate-pdf-kittens.json", 1),
        ("adobe-stock/search-response.docs-dogs.json", 2),
    )

    def answer(self, request: DialectRequest) -> Answer:
        if request.headers.get("x-api-key") != self.keys["API_KEY"]:
            return self.errors["a wrong key"][0]
        if not request.headers.get("x-product"):
            return self.errors["no product"][0]
        if request.path == "/Rest/Media/1/Files":
            return self._files(request)
        first = request.number(f"{PARAMETERS}[offset]", 0)
        count = request.number(f"{PARAMETERS}[limit]", 32)
        if not 1 <= count <= MOST or first >= WINDOW:
            return self.errors["a wrong value"][0]
        if f"{FILTERS}[premium]" not in request.params:
            count += 2  # as the API does
        is_video = f"{FILTERS}[content_type:video]" in request.params
        files = [{**one, **(self._clip() if is_video else {})} for one in self.page(first, count)]
        return answer_json({"nb_results": self.total, "files": files})

    def _files(self, request: DialectRequest) -> Answer:
        wanted = [one for one in request.params.get("ids", "").split(",") if self.has(one)]
        more = {"keywords": [{"name": "rose"}, {"name": "garden"}], "has_releases": True}
        files = [{**self.item(int(one)), **more} for one in wanted]
        return answer_json({"nb_results": len(files), "files": files})

    def item(self, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "title": self.make_title(number),
            "creator_name": self.make_maker(number),
            "creator_id": 7,
            "width": 6000,
            "height": 4000,
            "thumbnail_240_url": f"https://as1.ftcdn.net/v2/jpg/00/90/240_F_{number}_x.jpg",
            "thumbnail_240_width": 360,
            "thumbnail_240_height": 240,
            "thumbnail_url": f"https://as2.ftcdn.net/v2/jpg/00/90/500_F_{number}_x.jpg",
            "thumbnail_width": 500,
            "thumbnail_height": 334,
            "thumbnail_1000_url": f"https://as2.ftcdn.net/v2/jpg/00/90/1000_F_{number}_x.jpg",
            "thumbnail_1000_width": 1000,
            "thumbnail_1000_height": 667,
            "media_type_id": 1 + number % 3,
            "vector_type": None,
            "category": {"id": 44, "name": "Flowers"},
            "premium_level_id": 0,
        }

    def _clip(self) -> dict[str, Any]:
        return {
            "media_type_id": 4,
            "duration": 12_500,
            "video_small_preview_url": "https://as1.ftcdn.net/v2/clip.mp4",
        }
