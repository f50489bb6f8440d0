"""Depositphotos where licenses are bought: commands in forms, a session, JSON with HTTP 200.

Its fields stand in the official SDK for PHP (github.com/depositphotos/api-sdk-php): in the examples
of its tests and in its classes; that moments may be asked for as Unix times in the agency's samples
(github.com/depositphotos/dp-api).
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from tests.dialects.selling import FIRST, Shop, is_item, serve_file
from tests.dialects.serving import Answer, DialectRequest, answer_json

EDITORIAL, CLIP = str(FIRST + 18), str(FIRST + 19)
SIZES = (("s", 500, 1), ("m", 1000, 3), ("xl", 3000, "10"))
"""Names, pixels of the longer side, and credits."""


def failure(code: int, words: str, exception: str) -> Answer:
    error = {"errorcode": code, "errormsg": words, "exception": exception}
    return answer_json({"type": "failure", "error": error})


class DepositphotosShop(Shop):
    """A seller to one user with ``left`` downloads of a subscription, and ``credits``."""

    name = "depositphotos"
    keys: ClassVar[Mapping[str, str]] = {
        "API_KEY": "deposit-k3y",
        "USERNAME": "gardener",
        "PASSWORD": "dep0sit p&ss",
    }
    public = frozenset({"USERNAME"})
    size = "xl"
    plan = "7928098"
    session = "5e55ion"

    def __init__(self) -> None:
        super().__init__()
        self.left = 10
        self.credits = 0

    def buys(self, request: DialectRequest) -> bool:
        return request.params.get("dp_command") == "getMedia"

    def refusal(self) -> Answer:
        return failure(0, "Value not allowed", "EAPI\\EValueNotAllowed")

    def withdrawal(self) -> Answer:
        return failure(0, "Item does not exists", "NotFoundItemException")

    def serve(self, request: DialectRequest) -> Answer:
        if request.path.startswith("/download/"):
            return serve_file(request.path.split("/")[2], request)
        if request.params.get("dp_apikey") != self.keys["API_KEY"]:
            return failure(403, "The API key is illegal", "EAPI\\EIllegalApiKey")
        commands: dict[str, Callable[[DialectRequest], Answer]] = {
            "getMedia": self._sell,
            "availableFunds": self._funds,
            "getPurchases": self._purchases,
            "reDownload": lambda one: self._again(one.params.get("dp_license_id", "")),
        }
        command = request.params.get("dp_command", "")
        if command == "login":
            return self._login(request)
        if command == "getMediaData":
            return self._item(request.params.get("dp_media_id", ""))
        if request.params.get("dp_session_id") != self.session:
            return failure(403, "The session is illegal", "EAPI\\EIllegalSession")
        return commands[command](request)

    def _login(self, request: DialectRequest) -> Answer:
        given = (request.params.get("dp_login_user"), request.params.get("dp_login_password"))
        if given != (self.keys["USERNAME"], self.keys["PASSWORD"]):
            return failure(0, "Wrong login or password", "EUser\\Authentication")
        return answer_json({"type": "success", "sessionid": self.session, "userId": 123})

    def _item(self, media_id: str) -> Answer:
        if not is_item(media_id):
            return self.withdrawal()
        named = (("1080", 1080, 90),) if media_id == CLIP else SIZES
        sizes = {
            name: {"width": side, "height": side, "credits": price, "subscription": 1}
            for name, side, price in named
        }
        return answer_json(
            {
                "type": "success",
                "id": media_id,
                "title": "A flower",
                "iseditorial": media_id == EDITORIAL,
                "sizes": sizes,
            }
        )

    def _funds(self, _: DialectRequest) -> Answer:
        plan = {
            "id": self.plan,
            "name": "Subscription",
            "status": "active",
            "dateBegin": 1_400_000_000,
            "dateEnd": "4000000000",
            "amount": "10",
            "count": self.left,
        }
        return answer_json(
            {
                "type": "success",
                "balance": 0,
                "creditsAvailable": self.credits,
                "activeSubscriptions": [plan],
                "onDemandDownloads": [],
            }
        )

    def _sell(self, request: DialectRequest) -> Answer:
        media_id, size = request.params["dp_media_id"], request.params["dp_media_option"]
        plan = request.params.get("dp_subscription_id", "")
        if request.params.get("dp_media_license") != "standard" or size not in {"s", "m", "xl"}:
            return self.refusal()
        if plan:
            self.left -= 1
        else:
            self.credits -= {"s": 1, "m": 3}.get(size, 10)
        return self._again(str(self.sell(media_id, size, plan).at))

    def _again(self, license_id: str) -> Answer:
        found = next((one for one in self.sold if str(one.at) == license_id), None)
        if found is None:
            return self.withdrawal()
        return answer_json(
            {
                "type": "success",
                "downloadLink": self.link(f"/download/{found.media_id}/81097b25"),
                "licenseId": found.at,
                "method": "subscription" if found.plan else "credits",
                "option": found.size,
                "itemId": int(found.media_id),
            }
        )

    def _purchases(self, request: DialectRequest) -> Answer:
        item = request.params.get("dp_item_id", "")
        rows = [self.row(one) for one in reversed(self.sold) if item in {"", one.media_id}]
        if request.params.get("dp_sort_type") != "desc":
            rows.reverse()
        first, count = request.number("dp_offset", 0), request.number("dp_limit", 10)
        found = rows[first : first + count]
        return answer_json({"type": "success", "purchases": found, "count": len(rows)})

    def row(self, one: Any) -> dict[str, Any]:
        return {
            "mediaId": one.media_id,
            "license": "standard",
            "size": one.size,
            "price": "4.68",
            "method": "ondemand",
            "purchaseDate": str(int(one.moment.timestamp())),
            "licenseId": str(one.at),
            "status": "active",
            "itype": "image",
        }
