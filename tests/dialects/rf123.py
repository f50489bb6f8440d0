"""123RF, the old form: XML, with ``fail`` for every error."""

from collections.abc import Mapping
from typing import Any, ClassVar
from xml.sax.saxutils import quoteattr

from tests.dialects.dialect import Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_text

SAFE = {"nudity": "1"}


def xml(text: str, status: int = 200) -> Answer:
    """Return a document in the agency's form."""
    return answer_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}', status, "text/xml")


def make_failure(words: str) -> Answer:
    return xml(f'<rsp stat="fail"><err>{words}</err></rsp>')


def element(name: str, fields: Mapping[str, Any], inside: str = "") -> str:
    """Return an element with attributes."""
    written = "".join(f" {key}={quoteattr(str(value))}" for key, value in fields.items())
    return f"<{name}{written}>{inside}</{name}>"


class Rf123Dialect(Dialect):
    """``GET /rest/``; what its errors say is a guess."""

    name = "123rf"
    keys: ClassVar[Mapping[str, str]] = {"API_KEY": "rf123-k3y"}
    optional = ("description",)
    required = ("id", "contributorid", "folder", "filename")
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        "type": {"photo": {"media_type": "0"}, "vector": {"media_type": "1"}},
        "orientation": {
            one: {"orientation": one, "media_type": "all"}
            for one in ("horizontal", "vertical", "square")
        },
        "people": {one: {"people_count": one} for one in "1234"},
        "age": {
            "infants": {"people_age": "1"},
            "children": {"people_age": "2"},
            "teenagers": {"people_age": "3"},
            "older": {"people_age": "5"},
        },
        "gender": {"male": {"people_gender": "1"}, "female": {"people_gender": "2"}},
        "ethnicity": {
            one: {"model_preference": one} for one in ("caucasian", "african_american", "hispanic")
        },
        "contributor": {"gardener": {"contributorid": "gardener"}},
        "license": {"editorial": {"media_type": "4"}},
        "sort": {
            "popular": {"orderby": "most_downloaded"} | SAFE,
            "newest": {"orderby": "latest"} | SAFE,
            "random": {"orderby": "random"} | SAFE,
        },
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "a wrong key": (make_failure("Invalid API key"), "credentials"),
        "a wrong value": (make_failure("Unknown method &amp; more"), "refused"),
        "no words": (xml('<rsp stat="fail"/>'), "refused"),
        "too many calls": (answer_text("Slow down", 429), "quota"),
        "a gateway's page": (answer_text("<html>Bad gateway</html>", 502, "text/html"), "down"),
    }
    sources = ("123rf/facts.json", "README.md")

    def answer(self, request: DialectRequest) -> Answer:
        if request.params.get("apikey") != self.keys["API_KEY"]:
            return self.errors["a wrong key"][0]
        match request.params.get("method"):
            case "123rf.images.search":
                return self._search(request)
            case "123rf.images.getInfo.V2" if self.has(request.params["imageid"]):
                return self._details(int(request.params["imageid"]))
        return self.errors["a wrong value"][0]

    def _search(self, request: DialectRequest) -> Answer:
        page, size = request.number("page", 1), request.number("perpage", 40)
        if size > 50:
            return self.errors["a wrong value"][0]
        images = "".join(element("image", one) for one in self.page((page - 1) * size, size))
        counts = {"total": self.total, "page": page, "pages": -(-self.total // size)}
        return xml(element("rsp", {"stat": "ok"}, element("images", counts, images)))

    def _details(self, number: int) -> Answer:
        known = self.item(number)
        sizes = "".join(
            element("size", {"label": label, "format": "jpg", "width": width, "height": height})
            for label, width, height in (("S", "433", "650"), ("XL", "2000px", "3000px"))
        )
        inside = (
            f"<description>{known['description']}</description>"
            + element("contributor", {"id": known["contributorid"], "realname": "A Gardener"})
            + element("sizes", {}, sizes + element("size", {"label": "EPS", "format": "eps"}))
        )
        named = {name: known[name] for name in ("id", "folder", "filename")}
        image = element("image", {**named, "mediatype": "Illustration"}, inside)
        return xml(element("rsp", {"stat": "ok"}, image))

    def item(self, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "description": "Red flower in a garden",
            "contributorid": "gardener",
            "folder": "gardener1007",
            "filename": f"gardener{number}",
        }
