"""Getty Images where licenses are bought: tokens, products, downloads and their history.

Its fields are those of the official OpenAPI description; ``largest_downloads`` stands in Getting
Started, the token's in RFC 6749 and Getty's SDKs.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from tests.dialects.selling import FIRST, Shop, file_of, is_item
from tests.dialects.serving import Answer, Asked, in_json, in_text

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

    def buys(self, asked: Asked) -> bool:
        return asked.path.startswith("/v3/downloads/images/")

    def refusal(self) -> Answer:
        return in_text("OverageLimitReached", 403)

    def withdrawn(self) -> Answer:
        return in_text("ImageNotFound", 404)

    def serve(self, asked: Asked) -> Answer:
        if asked.path.startswith("/delivery/"):
            return file_of(asked.path.split("/")[2], asked)
        if asked.path == "/v4/oauth2/token":
            return self._log_in(asked)
        if asked.headers.get("api-key") != self.keys["API_KEY"]:
            return in_json({"message": "Unauthorized"}, 401)
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return in_text("AuthorizationTokenRequired", 401)
        return self._act(asked.path.removeprefix("/v3/").split("/"), asked)

    def _act(self, parts: list[str], asked: Asked) -> Answer:
        match parts:
            case ["products"]:
                return in_json({"products": self._products()})
            case ["downloads"]:
                return self._history(asked)
            case ["downloads", "images", media_id]:
                return self._sell(media_id, asked)
            case ["images", media_id] if is_item(media_id):
                return in_json({"images": [self._image(media_id)], "images_not_found": []})
        return self.withdrawn()

    def _log_in(self, asked: Asked) -> Answer:
        names = ("client_id", "client_secret", "username", "password")
        given = [asked.params.get("grant_type"), *(asked.params.get(name) for name in names)]
        if given != ["password", *self.keys.values()]:
            error = {"error": "unauthorized_client", "error_description": "Wrong password"}
            return in_json(error, 400)
        return in_json({"access_token": self.token, "token_type": "Bearer", "expires_in": "1800"})

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

    def _sell(self, media_id: str, asked: Asked) -> Answer:
        plan = asked.params.get("product_id", "")
        if not is_item(media_id):
            return self.withdrawn()
        if KINDS.get(plan) != asked.params.get("product_type") or media_id == ELSEWHERE:
            return self.refusal()
        if self.project and "project_code" not in asked.body.decode():
            return in_text("MissingRequiredQueryParameters", 400)
        if plan == "55":
            self.left -= 1
        sale = self.sell(media_id, "x_large", plan)
        return in_json({"uri": self.link(f"/delivery/{media_id}/{sale.at}")})

    def _history(self, asked: Asked) -> Answer:
        """List all downloads but those by credits, which a parameter asks for."""
        kind = asked.params.get("product_type")
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
        size = asked.number("page_size", 30)
        first = (asked.number("page", 1) - 1) * size
        return in_json({"result_count": len(rows), "downloads": rows[first : first + size]})
