"""Yay Images: the key and the words in the path, two forms of pictures, no total.

How it refuses a key is not documented; statuses alone are what the tests make of it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import unquote

from tests.dialects.dialect import Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_json, answer_text


class YayDialect(Dialect):
    """The new host's form: an object of pictures, with the sides of the whole file."""

    name = "yay"
    keys: ClassVar[Mapping[str, str]] = {"API_KEY": "yay+k3y/42"}
    optional: ClassVar[tuple[str, ...]] = (
        *("title", "description", "username", "width", "height"),
        *("model_count", "vector", "category"),
    )
    required: ClassVar[tuple[str, ...]] = ("id", "thumb_url")
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        "type": {"vector": {"search.vector": "true"}},
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "a wrong key": (answer_text("", 401), "credentials"),
        "a forbidden key": (answer_text("", 403), "credentials"),
        "a wrong value": (answer_text("", 400), "refused"),
        "too many calls": (answer_text("", 429), "quota"),
        "a gateway's page": (answer_text("<html>Bad gateway</html>", 502, "text/html"), "down"),
    }
    sources = ("yay/facts.json", "README.md")

    def answer(self, request: DialectRequest) -> Answer:
        _, search, key, phrase = request.path.split("/")
        if unquote(key) != self.keys["API_KEY"]:
            return self.errors["a wrong key"][0]
        limit, offset = request.number("search.limit", 15), request.number("search.offset", 0)
        if search != "search" or not unquote(phrase).strip() or not 1 <= limit <= 100:
            return self.errors["a wrong value"][0]
        return answer_json({"images": self.images(offset, limit)})

    def images(self, offset: int, limit: int) -> Any:
        """Return the pictures of so many ranks."""
        return {str(n): one for n, one in enumerate(self.page(offset, limit))}

    def item(self, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "title": "Red flower",
            "description": "A red flower",
            "thumb_url": f"https://image.yayimages.com/512/photo/red-flower-{number}.jpg",
            "username": "gardener",
            "width": "4000",
            "height": 3000,
            "model_count": 0,
            "vector": number % 3 == 0,
            "category": "Nature",
        }


class OldYayDialect(YayDialect):
    """The old host's form: a list of pictures, with the size of their thumbnails."""

    optional = ("title", "thumbnailWidth", "preview_path")
    required = ("id", "thumbnail_path")

    def images(self, offset: int, limit: int) -> Any:
        return self.page(offset, limit)

    def item(self, number: int) -> dict[str, Any]:
        host = "http://image.yaymicro.com"
        return {
            "id": str(number),
            "title": "Red flower",
            "thumbnail_path": f"{host}/rz_210x210/3/565/red-flower-{number}.jpg",
            "thumbnailWidth": 210,
            "thumbnailHeight": 140,
            "preview_path": f"{host}/rz_512x512/3/565/red-flower-{number}.jpg",
        }
