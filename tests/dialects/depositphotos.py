"""Depositphotos: commands at one address, JSON with HTTP 200 whatever happens."""

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.dialects.dialect import Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_json

SUBJECTS = ("dp_search_query", "dp_search_categories", "dp_search_user", "dp_search_username")
"""One of these must be in a search."""
RACES = {
    **{one: one for one in ("brazilian", "black", "caucasian", "hispanic", "other")},
    "middle_eastern": "middle",
    "native_american": "native",
}
AGES = {
    "infants": "infant",
    "children": "child",
    "teenagers": "teenager",
    "20s": "20",
    "30s": "30",
    "40s": "40",
    "50s": "50",
    "60s": "60",
    "older": "70",
}


def _failure(code: int, words: str, exception: str) -> Answer:
    error = {"errorcode": code, "errormsg": words, "exception": exception}
    return answer_json({"type": "failure", "error": error})


SIZES = {
    "s": {"width": 500, "height": 333, "credits": 1, "subscription": 1, "mp": 0.5},
    "m": {"width": "1000", "height": "667", "credits": 3, "subscription": 1, "mp": 2},
    "xl": {"width": 6000, "height": 4000, "credits": 10, "subscription": 1, "mp": 24},
    "el0": {"width": None, "height": None, "credits": 80},
}
"""Sizes that details name; numbers may be text, and a license without pixels is no size."""


class DepositphotosDialect(Dialect):
    """``GET /?dp_command=``; the key stands in the address."""

    name = "depositphotos"
    keys: ClassVar[Mapping[str, str]] = {"API_KEY": "deposit-k3y"}
    optional = (
        *("title", "description", "username", "type", "iseditorial", "model_release_ids"),
        *("url2", "thumb_huge", "medium_thumbnail", "thumbnail", "huge_thumb"),
    )
    required = ("id", "itemurl", "width", "height")
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        "exclude": {
            "rose": {"dp_exclude_keyword": "rose", "dp_exclude_keywords": "rose"},
            "rose tulip": {"dp_exclude_keyword": "rose,tulip"},
        },
        "type": {
            "photo": {"dp_search_photo": "1", "dp_search_vector": "0", "dp_search_video": "0"},
            "vector": {"dp_search_photo": "0", "dp_search_vector": "1", "dp_search_video": "0"},
        },
        "orientation": {
            one: {"dp_search_orientation": one} for one in ("horizontal", "vertical", "square")
        },
        "min_width": {
            one: {"dp_search_width": one, "dp_search_dimension_units": "px"}
            for one in ("1000", "2000", "4000", "6000")
        },
        "color": {"fe0000": {"dp_search_color": "9"}},
        "people": {one: {"dp_search_quantity": one} for one in ("1", "2", "3")},
        "age": {ours: {"dp_search_age": theirs} for ours, theirs in AGES.items()},
        "gender": {one: {"dp_search_gender": one} for one in ("male", "female", "both")},
        "ethnicity": {ours: {"dp_search_race": theirs} for ours, theirs in RACES.items()},
        "contributor": {"envivo": {"dp_search_username": "envivo"}},
        "license": {
            "commercial": {"dp_search_editorial": "0"},
            "editorial": {"dp_search_editorial": "1"},
        },
        "sort": {
            "popular": {"dp_search_sort": "4"},
            "relevance": {"dp_search_sort": "1"},
            "newest": {"dp_search_sort": "5"},
        },
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "a wrong key": (
            _failure(403, "The API key is illegal", "EAPI\\EIllegalApiKey"),
            "credentials",
        ),
        "a key for another API": (
            _failure(403, "This API is not allowed", "EAPI\\EApiTypeNotAllowed"),
            "credentials",
        ),
        "a wrong value": (
            _failure(400, "Dp_search_query is required", "EInternal\\InvalidParam"),
            "refused",
        ),
        "an unknown command": (
            _failure(403, "Specified command not found", "EAPI\\EValueNotAllowed"),
            "refused",
        ),
        "a picture that is gone": (
            _failure(0, "Item does not exists", "NotFoundItemException"),
            "not found",
        ),
        "an error inside": (_failure(0, "Internal error", "EApi\\EInternalError"), "down"),
        "an error without a reason": (answer_json({"type": "failure"}), "refused"),
        "a gateway's page": (Answer(502, b"<html>Bad gateway</html>", "text/html"), "down"),
    }
    sources = (
        "depositphotos/common.search.search.json",
        "depositphotos/search-params.official.json",
    )
    examples = (("depositphotos/common.search.search.json", 1),)

    def extract_example(self, text: bytes) -> bytes:
        """Return the answer of an example whose file also has the request."""
        return text[text.index(b'"response":') + len(b'"response":') : text.rindex(b"}")]

    def answer(self, request: DialectRequest) -> Answer:
        if request.params.get("dp_apikey") != self.keys["API_KEY"]:
            return self.errors["a wrong key"][0]
        match request.params.get("dp_command"):
            case "search":
                return self._search(request)
            case "getMediaData":
                return self._details(request.params.get("dp_media_id", ""))
            case "getRelated":
                return self._related(request)
            case _:
                return self.errors["an unknown command"][0]

    def _search(self, request: DialectRequest) -> Answer:
        if not any(name in request.params for name in SUBJECTS):
            return self.errors["a wrong value"][0]
        first, count = request.number("dp_search_offset", 0), request.number("dp_search_limit", 100)
        found = self.page(first, count)
        return answer_json(
            {"type": "success", "count": self.total, "result": found, "hash": "8uyh"}
        )

    def _details(self, number: str) -> Answer:
        if not self.has(number):
            return self.errors["a picture that is gone"][0]
        kind = {"type": "success", "tags": ["fun", "blue", "Fun"], "sizes": SIZES}
        return answer_json({**self.item(int(number)), **kind})

    def _related(self, request: DialectRequest) -> Answer:
        if request.params.get("dp_related_type") != "similar":
            return self.errors["a wrong value"][0]
        if not self.has(request.params.get("dp_search_item_id", "")):
            return self.errors["a picture that is gone"][0]
        found = self.page(request.number("dp_offset", 0), request.number("dp_limit", 10))
        return answer_json({"type": "success", "items": found, "count": self.total})

    def item(self, number: int) -> dict[str, Any]:
        host = f"https://st.depositphotos.com/{number}"
        return {
            "title": self.make_title(number),
            "description": "A flower in a garden.",
            "width": "6000",
            "height": 4000,
            "username": self.make_maker(number, "envivo"),
            "id": str(number) if number % 2 else number,
            "userid": 1345889,
            "nudity": False,
            "iseditorial": number % 5 == 0,
            "type": "image" if number % 3 else "vector",
            "thumbnail": f"{host}/thumb_110.jpg",
            "medium_thumbnail": f"{host}/thumb_170.jpg",
            "thumb_huge": f"{host}/api_thumb_450.jpg",
            "huge_thumb": f"{host}/flower.jpg",
            "url2": f"{host}/api_thumb_450.jpg",
            "itemurl": f"https://depositphotos.com/{number}/flower.html",
            "model_release_ids": [2434860],
        }
