"""Getty Images where licenses are bought: tokens, products, downloads and their history.

Its fields are those of the official OpenAPI description; ``largest_downloads`` stands in Getting
Started, the token's in RFC 6749 and Getty's SDKs.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.dialects.selling import FIRST, Shop, is_item, serve_file
from tests.dialects.serving import Answer, DialectRequest, answer_json, answer_text

EDITORIAL, ELSEWHERE = str(FIRST + 18), str(FIRST + 19)
"""The last two are an editorial picture and one that no product of the user may download."""
KINDS = {"55": "royaltyfreesubscription", "77": "creditpack"}


class IstockShop(Shop):
    """A seller to one user: ``left`` downloads of a subscription, and a pack of credits.

    With ``project`` the subscription asks for a project's code.
    """

    name = "istock"
    keys: ClassVar[Mapping[str, str]] = {
        "API_KEY": "istock-k3y",
        "API_SECRET": "istock-s3cret",
        "USERNAME": "gardener",
        "PASSWORD": "get+y p&ss",
    }
    public = frozenset({"USERNAME"})
    size = "largest"
    plan = "55"
    token = "istock-t0ken"

    def __init__(self) -> None:
        super().__init__()
        self.left = 10
        self.project = False

    def buys(self, request: DialectRequest) -> bool:
        return request.path.startswith("/v3/downloads/images/")

    def refusal(self) -> Answer:
        return answer_text("OverageLimitReached", 403)

    def withdrawal(self) -> Answer:
        return answer_text("ImageNotFound", 404)

    def serve(self, request: DialectRequest) -> Answer:
        if request.path.startswith("/delivery/"):
            return serve_file(request.path.split("/")[2], request)
        if request.path == "/v4/oauth2/token":
            return self._log_in(request)
        if request.headers.get("api-key") != self.keys["API_KEY"]:
            return answer_json({"message": "Unauthorized"}, 401)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return answer_text("AuthorizationTokenRequired", 401)
        return self._act(request.path.removeprefix("/v3/").split("/"), request)

    def _act(self, parts: list[str], request: DialectRequest) -> Answer:
        match parts:
            case ["products"]:
                return answer_json({"products": self._products()})
            case ["downloads"]:
                return self._history(request)
            case ["downloads", "images", media_id]:
                return self._sell(media_id, request)
            case ["images", media_id] if is_item(media_id):
                return answer_json({"images": [self._image(media_id)], "images_not_found": []})
        return self.withdrawal()

    def _log_in(self, request: DialectRequest) -> Answer:
        names = ("client_id", "client_secret", "username", "password")
        given = [request.params.get("grant_type"), *(request.params.get(name) for name in names)]
        if given != ["password", *self.keys.values()]:
            error = {"error": "unauthorized_client", "error_description": "Wrong password"}
            return answer_json(error, 400)
        return answer_json(
            {"access_token": self.token, "token_type": "Bearer", "expires_in": "1800"}
        )

    def _products(self) -> list[dict[str, Any]]:
        needs = {"is_note_required": False, "is_project_code_required": self.project}
        kinds = {"status": "active", "name": "A product", "download_requirements": needs}
        ends = {"expiration_utc_date": "2099-01-01T00:00:00Z"}
        return [
            {"id": 77, "type": KINDS["77"], "credits_remaining": 30, **kinds},
            {"id": 55, "type": KINDS["55"], "downloads_remaining": self.left, **kinds, **ends},
            {**kinds, "id": 66, "type": KINDS["55"], "status": "inactive"},
        ]

    def _image(self, media_id: str) -> dict[str, Any]:
        uri = f"https://api.gettyimages.com/v3/downloads/images/{media_id}"
        may = [] if media_id == ELSEWHERE else list(KINDS.values())
        return {
            "id": media_id,
            "title": "A flower",
            "asset_family": "editorial" if media_id == EDITORIAL else "creative",
            "largest_downloads": [{"product_type": kind, "uri": uri} for kind in may],
        }

    def _sell(self, media_id: str, request: DialectRequest) -> Answer:
        plan = request.params.get("product_id", "")
        if not is_item(media_id):
            return self.withdrawal()
        if KINDS.get(plan) != request.params.get("product_type") or media_id == ELSEWHERE:
            return self.refusal()
        if self.project and "project_code" not in request.body.decode():
            return answer_text("MissingRequiredQueryParameters", 400)
        if plan == "55":
            self.left -= 1
        sale = self.sell(media_id, "x_large", plan)
        return answer_json({"uri": self.link(f"/delivery/{media_id}/{sale.at}")})

    def _history(self, request: DialectRequest) -> Answer:
        """List all downloads but those by credits, which a parameter asks for."""
        kind = request.params.get("product_type")
        rows = [
            {
                "date_downloaded": one.moment.isoformat(),
                "id": one.media_id,
                "asset_type": "image",
                "product_type": KINDS[one.plan],
                "product_id": int(one.plan),
                "size_name": one.size,
            }
            for one in reversed(self.sold)
            if (KINDS[one.plan] == "creditpack") is (kind == "creditpack")
        ]
        size = request.number("page_size", 30)
        first = (request.number("page", 1) - 1) * size
        return answer_json({"result_count": len(rows), "downloads": rows[first : first + size]})
