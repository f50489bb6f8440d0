"""Dreamstime: verbs in a JSON envelope, behind a token that may end; errors come with HTTP 200."""

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.dialects.dialect import Dialect
from tests.dialects.serving import Answer, DialectRequest, answer_json, answer_text

HOME, CALLS = "/api/", "/api/calls/"
"""Where a token is given, and the other address that takes it."""


def make_error(code: int, message: str) -> dict[str, Any]:
    """Return an error, for the top of an answer or the answer to one request."""
    return {"Status": "Error", "ErrorCode": code, "ErrorMessage": message}


class DreamstimeDialect(Dialect):
    """An agency with tokens, which takes those in ``tokens``; a test may end them.

    Codes of errors other than those of tokens are not documented: 100 and 300 are made up.
    ``keyed`` makes an object of the list of pictures, as PHP may.
    """

    name = "dreamstime"
    keys: ClassVar[Mapping[str, str]] = {"APPLICATION_ID": "dreamst1me-app"}
    optional = ("Title", "Downloads", "Views")
    required = ("ImageId", "ThumbnailUrl")
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "an error at the top": (answer_json(make_error(100, "Unknown application")), "credentials"),
        "an error of a request": (
            answer_json({"APIResponses": {"authenticate": make_error(100, "Unknown application")}}),
            "credentials",
        ),
        "a token of another": (answer_json(make_error(201, "Token expired")), "credentials"),
        "a gateway's page": (answer_text("<html>Bad gateway</html>", 502, "text/html"), "down"),
    }
    sources = ("dreamstime/facts.json", "README.md")
    keyed = False

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.given = 0
        self.ended = 201

    def answer(self, request: DialectRequest) -> Answer:
        ((name, sent),) = request.json()["APIRequests"].items()
        if request.method != "POST" or request.path != (CALLS if "AuthToken" in sent else HOME):
            return answer_text("Not Found", 404)
        if sent["Verb"] == "Authenticate":
            found = self._authenticate(sent, request.headers["host"])
        elif sent["AuthToken"] not in self.tokens:
            return answer_json(make_error(self.ended, f"Token {sent['AuthToken']} expired"))
        else:
            found = self._search(sent) if sent["Verb"] == "SearchPaidImages" else self._image(sent)
        return answer_json({"APIResponses": {name: found}})

    def _authenticate(self, sent: Mapping[str, Any], host: str) -> dict[str, Any]:
        if sent["ApplicationId"] != self.keys["APPLICATION_ID"]:
            return make_error(100, "Unknown application")
        self.given += 1
        token = f"t0ken-{self.given}"
        self.tokens.add(token)
        return {"Status": "Success", "AuthToken": token, "APIUrl": f"http://{host}{CALLS}"}

    def _search(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        size = sent["PageSize"]
        images: Any = self.page((sent["Page"] - 1) * size, size)
        if self.keyed:
            images = {str(n): one for n, one in enumerate(images)}
        return {"Status": "Success", "Images": images, "ImagesCount": str(self.total)}

    def _image(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        if not self.has(sent["ImageId"]):
            return make_error(300, "No such image")
        number = int(sent["ImageId"])
        page = f"http://www.dreamstime.com/royalty-free-stock-images-red-flower-image{number}"
        more = {"Author": "Gardener", "AuthorUrl": "http://www.dreamstime.com/gardener_info"}
        sizes = [("small", "", ""), ("medium", "1200", "1600")]
        return {
            "Status": "Success",
            "Image": {**self.item(number), **more, "DetailUrl": page},
            "Sizes": [{"Size": name, "Width": w, "Height": h} for name, w, h in sizes],
            "Prices": [
                {"License": license_, "Size": "medium", "PriceUnit": unit, "Price": price}
                for license_, unit, price in (
                    ("ELU", "Credit", "95"),
                    ("RF", "Credit", "11"),
                    ("RF", "Subscription", "1"),
                )
            ],
        }

    def item(self, number: int) -> dict[str, Any]:
        return {
            "ImageId": number,
            "Title": "Red flower",
            "ThumbnailUrl": f"https://thumbs.dreamstime.com/t/red-flower-{number}.jpg",
            "Downloads": 3,
            "Views": 40,
        }
