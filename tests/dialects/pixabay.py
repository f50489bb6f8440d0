"""Pixabay: JSON for what it finds, plain text for what it refuses."""

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.dialects.dialect import Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_json, answer_text

REACHABLE = 500


class PixabayDialect(Dialect):
    """``GET /api/``; the key stands in the address."""

    name = "pixabay"
    keys: ClassVar[Mapping[str, str]] = {"KEY": "pixabay-k3y"}
    optional = ("tags", "user", "type", "previewURL", "largeImageURL")
    required = ("id", "pageURL", "webformatURL", "webformatWidth", "webformatHeight")
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        "type": {one: {"image_type": one} for one in ("photo", "illustration", "vector")},
        "orientation": {one: {"orientation": one} for one in ("horizontal", "vertical")},
        "min_width": {one: {"min_width": one} for one in ("1000", "2000", "4000", "6000")},
        "color": {"grayscale": {"colors": "grayscale"}},
        "sort": {"popular": {"order": "popular"}, "newest": {"order": "latest"}},
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "a wrong key": (answer_text("[ERROR 400] Invalid or missing API key", 400), "credentials"),
        "a wrong value": (answer_text('[ERROR 400] "page" is out of valid range.', 400), "refused"),
        "too many calls": (answer_text("API rate limit exceeded", 429), "quota"),
        "a gateway's page": (answer_text("<html>Bad gateway</html>", 502, "text/html"), "down"),
    }
    sources = ("pixabay/search_200.docs_example.json", "README.md")
    examples = (("pixabay/search_200.docs_example.json", 1),)

    def answer(self, request: DialectRequest) -> Answer:
        if request.params.get("key") != self.keys["KEY"]:
            return self.errors["a wrong key"][0]
        if number := request.params.get("id"):
            found = [self.item(int(number))] if self.has(number) else []
            return answer_json({"total": len(found), "totalHits": len(found), "hits": found})
        page, size = request.number("page", 1), request.number("per_page", 20)
        if not 3 <= size <= 200 or (page - 1) * size >= REACHABLE or len(request.params["q"]) > 100:
            return self.errors["a wrong value"][0]
        hits = self.page((page - 1) * size, min(size, REACHABLE - (page - 1) * size))
        return answer_json(
            {"total": self.total, "totalHits": min(self.total, REACHABLE), "hits": hits}
        )

    def item(self, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "pageURL": f"https://pixabay.com/photos/flower-{number}/",
            "type": "vector/svg" if number % 3 == 0 else "photo",
            "tags": "flower, red, garden, flower, macro, nature, petals, Flower, bloom, plant",
            "previewURL": f"https://cdn.pixabay.com/photo/{number}_150.jpg",
            "webformatURL": f"https://pixabay.com/get/{number}_640.jpg",
            "webformatWidth": 640,
            "webformatHeight": 427,
            "largeImageURL": f"https://pixabay.com/get/{number}_1280.jpg",
            "imageWidth": 4000,
            "imageHeight": 2667,
            "user": "gardener",
        }
