"""Depositphotos where licenses are bought: commands in forms, a session, JSON with HTTP 200.

Its fields stand in the official SDK for PHP (github.com/depositphotos/api-sdk-php): in the examples
of its tests and in its classes; that moments may be asked for as Unix times in the agency's samples
(github.com/depositphotos/dp-api).
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from tests.dialects.selling import FIRST, Shop, file_of, is_item
from tests.dialects.serving import Answer, Asked, in_json

EDITORIAL, CLIP = str(FIRST + 18), str(FIRST + 19)
SIZES = (("s", 500, 1), ("m", 1000, 3), ("xl", 3000, "10"))
"""Names, pixels of the longer side, and credits."""


def failure(code: int, words: str, exception: str) -> Answer:
    error = {"errorcode": code, "errormsg": words, "exception": exception}
    return in_json({"type": "failure", "error": error})


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

    def buys(self, asked: Asked) -> bool:
        return asked.params.get("dp_command") == "getMedia"

    def refusal(self) -> Answer:
        return failure(0, "Value not allowed", "EAPI\\EValueNotAllowed")

    def withdrawn(self) -> Answer:
        return failure(0, "Item does not exists", "NotFoundItemException")

    def serve(self, asked: Asked) -> Answer:
        if asked.path.startswith("/download/"):
            return file_of(asked.path.split("/")[2], asked)
        if asked.params.get("dp_apikey") != self.keys["API_KEY"]:
            return failure(403, "The API key is illegal", "EAPI\\EIllegalApiKey")
        commands: dict[str, Callable[[Asked], Answer]] = {
            "getMedia": self._sell,
            "availableFunds": self._funds,
            "getPurchases": self._purchases,
            "reDownload": lambda one: self._again(one.params.get("dp_license_id", "")),
        }
        command = asked.params.get("dp_command", "")
        if command == "login":
            return self._login(asked)
        if command == "getMediaData":
            return self._item(asked.params.get("dp_media_id", ""))
        if asked.params.get("dp_session_id") != self.session:
            return failure(403, "The session is illegal", "EAPI\\EIllegalSession")
        return commands[command](asked)

    def _login(self, asked: Asked) -> Answer:
        given = (asked.params.get("dp_login_user"), asked.params.get("dp_login_password"))
        if given != (self.keys["USERNAME"], self.keys["PASSWORD"]):
            return failure(0, "Wrong login or password", "EUser\\Authentication")
        return in_json({"type": "success", "sessionid": self.session, "userId": 123})

    def _item(self, media_id: str) -> Answer:
        if not is_item(media_id):
            return self.withdrawn()
        named = (("1080", 1080, 90),) if media_id == CLIP else SIZES
        sizes = {
            name: {"width": side, "height": side, "credits": price, "subscription": 1}
            for name, side, price in named
        }
        return in_json(
            {
                "type": "success",
                "id": media_id,
                "title": "A flower",
                "iseditorial": media_id == EDITORIAL,
                "sizes": sizes,
            }
        )

    def _funds(self, _: Asked) -> Answer:
        plan = {
            "id": self.plan,
            "name": "Subscription",
            "status": "active",
            "dateBegin": 1_400_000_000,
            "dateEnd": "4000000000",
            "amount": "10",
            "count": self.left,
        }
        return in_json(
            {
                "type": "success",
                "balance": 0,
                "creditsAvailable": self.credits,
                "activeSubscriptions": [plan],
                "onDemandDownloads": [],
            }
        )

    def _sell(self, asked: Asked) -> Answer:
        media_id, size = asked.params["dp_media_id"], asked.params["dp_media_option"]
        plan = asked.params.get("dp_subscription_id", "")
        if asked.params.get("dp_media_license") != "standard" or size not in {"s", "m", "xl"}:
            return self.refusal()
        if plan:
            self.left -= 1
        else:
            self.credits -= {"s": 1, "m": 3}.get(size, 10)
        return self._again(str(self.sell(media_id, size, plan).at))

    def _again(self, license_id: str) -> Answer:
        found = next((one for one in self.sold if str(one.at) == license_id), None)
        if found is None:
            return self.withdrawn()
        return in_json(
            {
                "type": "success",
                "downloadLink": self.link(f"/download/{found.media_id}/81097b25"),
                "licenseId": found.at,
                "method": "subscription" if found.plan else "credits",
                "option": found.size,
                "itemId": int(found.media_id),
            }
        )

    def _purchases(self, asked: Asked) -> Answer:
        item = asked.params.get("dp_item_id", "")
        rows = [self.row(one) for one in reversed(self.sold) if item in {"", one.media_id}]
        if asked.params.get("dp_sort_type") != "desc":
            rows.reverse()
        first, count = asked.number("dp_offset", 0), asked.number("dp_limit", 10)
        found = rows[first : first + count]
        return in_json({"type": "success", "purchases": found, "count": len(rows)})

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
