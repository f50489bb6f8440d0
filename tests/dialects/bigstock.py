"""Bigstock: one envelope around everything, with a code of its own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.dialects.dialect import Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_json

HOST = "https://static1.bigstockphoto.com/thumbs"


class BigstockDialect(Dialect):
    """The account's id stands in the path; which code a wrong one meets is a guess."""

    name = "bigstock"
    keys: ClassVar[Mapping[str, str]] = {"ACCOUNT_ID": "bigst0ck+442"}
    optional = ("title", "keywords", "contributor", "categories", "small_thumb", "preview")
    required = ("id",)
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        "exclude": {"rose": {"exclude": "rose"}},
        "type": {
            "photo": {"illustrations": "n", "vectors": "n"},
            "illustration": {"illustrations": "y"},
            "vector": {"vectors": "y"},
        },
        "orientation": {"horizontal": {"orientation": "h"}, "vertical": {"orientation": "v"}},
        "category": {"Nature": {"category": "Nature"}},
        "contributor": {"gardener": {"contributor": "gardener"}},
        "sort": {
            "popular": {"order": "popular"},
            "relevance": {"order": "relevant"},
            "newest": {"order": "new"},
        },
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "a wrong account": (
            answer_json({"response_code": 401, "message": "No account"}, 401),
            "credentials",
        ),
        "a wrong account, with HTTP 200": (
            answer_json({"response_code": "401", "message": "No account"}),
            "credentials",
        ),
        "a wrong value": (answer_json({"response_code": 400, "message": "Wrong limit"}), "refused"),
        "what the plugin reads": (
            answer_json({"error": {"message": "Wrong limit"}}, 400),
            "refused",
        ),
        "nothing there": (answer_json({"response_code": 404, "message": "No image"}), "not found"),
        "too many calls": (answer_json({"response_code": 429, "message": "Wait"}, 429), "quota"),
        "a broken backend": (answer_json({"response_code": 500, "message": "Sorry"}), "down"),
        "a gateway's page": (Answer(502, b"<html>Bad gateway</html>", "text/html"), "down"),
    }
    sources = (
        "bigstock/facts.json",
        "bigstock/envelope.official-docs.json",
        "bigstock/image-item.official-plugin-test.json",
        "README.md",
    )
    examples = (("bigstock/image-item.official-plugin-test.json", 1),)

    def answer(self, request: DialectRequest) -> Answer:
        match request.path.strip("/").split("/"):
            case ["2", "bigst0ck%2B442", "search"]:
                return self._search(request)
            case ["2", "bigst0ck%2B442", "image", number] if self.has(number):
                return self._wrap({"image": self.item(int(number))})
            case ["2", "bigst0ck%2B442", "categories"]:
                return self._wrap([{"name": "Nature"}, {"name": "Animals"}])
            case ["2", "bigst0ck%2B442", *_]:
                return self.errors["nothing there"][0]
        return self.errors["a wrong account"][0]

    def _search(self, request: DialectRequest) -> Answer:
        page, limit = request.number("page", 1), request.number("limit", 50)
        if not 1 <= limit <= 200:
            return self.errors["a wrong value"][0]
        images = self.page((page - 1) * limit, limit)
        paging = {"items": len(images), "page": page, "total_items": self.total}
        return self._wrap({"paging": paging, "images": images})

    def _wrap(self, data: object) -> Answer:
        return answer_json({"response_code": 200, "message": "success", "data": data})

    def item(self, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "title": "Red flower in a garden",
            "description": "A red flower",
            "keywords": "flower, red,garden, flower,, Red",
            "contributor": "gardener",
            "categories": [{"name": "Nature"}],
            "small_thumb": {"url": f"{HOST}/small2/{number}.jpg", "width": 170, "height": 113},
            "large_thumb": {"url": f"{HOST}/large2/{number}.jpg"},
            "preview": {"url": f"{HOST}/large1500/{number}.jpg", "width": "450", "height": "300"},
        }

    def extract_example(self, text: bytes) -> bytes:
        around = b'{"response_code": 200, "message": "success", "data": {"images": [%s], %s}}'
        return around % (text, b'"paging": {"items": 1, "total_items": 1}')
