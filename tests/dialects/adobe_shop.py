"""Adobe Stock where licenses are bought: ``/Rest/Libraries/1`` and its downloads.

Its fields stand in the License and License History references and in "Licensing assets" at
developer.adobe.com/stock/docs. That a work can't be found by its number in a search for others
than free and editorial ones is said of all searches there.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from tests.dialects.selling import FIRST, Sale, Shop, is_item, serve_file
from tests.dialects.serving import Answer, DialectRequest, answer_json

LICENSE = "/Rest/Libraries/1/Content/License"
KINDS = {"image": ("Standard", "Extended"), "video": ("Video_HD", "Video_4K")}
VECTOR, VIDEO, EDITORIAL = str(FIRST + 17), str(FIRST + 18), str(FIRST + 19)
"""The last works are a vector, a video and an editorial picture; all others are photos."""


class AdobeShop(Shop):
    """A seller to one user with ``quota`` licenses; without any, ``overage`` costs money."""

    name = "adobe-stock"
    keys: ClassVar[Mapping[str, str]] = {
        "API_KEY": "adobe-k3y",
        "PRODUCT": "GardenSite/1.0",
        "ACCESS_TOKEN": "ey.adobe-t0ken.sig",
    }
    public = frozenset({"PRODUCT"})
    size = "Standard"

    def __init__(self) -> None:
        super().__init__()
        self.quota = 10
        self.overage = False

    def buys(self, request: DialectRequest) -> bool:
        return request.path == LICENSE

    def refusal(self) -> Answer:
        return answer_json({"error": "Invalid data", "code": 100}, 400)

    def withdrawal(self) -> Answer:
        return answer_json({"error": "Unknown id", "code": 100}, 404)

    def serve(self, request: DialectRequest) -> Answer:
        if request.path.startswith(("/Rest/Libraries/Download/", "/Download/", "/signed/")):
            return self._file(request)
        if request.headers.get("authorization") != f"Bearer {self.keys['ACCESS_TOKEN']}":
            return answer_json({"error_code": "401013", "message": "Oauth token is not valid"}, 401)
        if request.headers.get("x-api-key") != self.keys["API_KEY"] or not request.headers.get(
            "x-product"
        ):
            return answer_json({"error": "Invalid API Key", "code": 11}, 403)
        match request.path:
            case "/Rest/Media/1/Search/Files":
                return self._find(request.params.get("search_parameters[media_id]", ""))
            case "/Rest/Libraries/1/Member/LicenseHistory":
                return self._history(request)
            case _:
                return self._find_work(request)

    def _find(self, media_id: str) -> Answer:
        files = []
        if is_item(media_id) and media_id != EDITORIAL:
            number = {VECTOR: 3, VIDEO: 4}.get(media_id, 1)
            files = [{"id": int(media_id), "title": "A flower", "media_type_id": number}]
        return answer_json({"nb_results": len(files), "files": files})

    def _find_work(self, request: DialectRequest) -> Answer:
        media_id, kind = request.params.get("content_id", ""), request.params.get("license", "")
        if not is_item(media_id):
            return self.withdrawal()
        if kind not in KINDS["video" if media_id == VIDEO else "image"]:
            words = f'The license "{kind}" does not match type of content #{media_id}'
            return answer_json({"error": words, "code": "020", "case": "pkx2"}, 400)
        match request.path:
            case "/Rest/Libraries/1/Content/Info":
                return answer_json(self._content(media_id, self._state(media_id, kind)))
            case "/Rest/Libraries/1/Member/Profile":
                return answer_json(self._profile())
            case _:
                return self._license(media_id, kind)

    def _sale(self, media_id: str, kind: str) -> Sale | None:
        return next((one for one in self.sold if one[:2] == (media_id, kind)), None)

    def _state(self, media_id: str, kind: str) -> dict[str, Any]:
        sale = self._sale(media_id, kind)
        if sale is None:
            return {"state": "not_purchased"}
        return {"state": "purchased", "license": kind, "date": f"{sale.moment:%Y-%m-%d %H:%M:%S}"}

    def _profile(self) -> dict[str, Any]:
        message = f"This will use 1 of your {self.quota} licenses."
        state = "possible"
        if not self.quota:
            state = "overage" if self.overage else "not_possible"
            message = "Would you like to license the image for $2.99?"
            if not self.overage:
                message = "You don't have enough standard credits to license this asset."
        options = {"state": state, "requires_checkout": False, "message": message}
        return {"available_entitlement": {"quota": self.quota}, "purchase_options": options}

    def _license(self, media_id: str, kind: str) -> Answer:
        """Sell a work once; later requests get the address of the file again."""
        state = "purchased"
        if self._sale(media_id, kind) is None:
            if not self.quota and not self.overage:
                return answer_json(self._content(media_id, {"state": "not_possible"}))
            state = "just_purchased"
            self.quota = max(self.quota - 1, 0)
            self.sell(media_id, kind)
        path = f"/Rest/Libraries/Download/{media_id}/1"
        details = {
            "state": state,
            "license": kind,
            "date": "2026-11-01 22:00:00",
            "url": self.link(path),
            "content_type": "image/jpeg",
            "width": 4256,
            "height": 2832,
        }
        return answer_json(
            {"available_entitlement": {"quota": self.quota}, **self._content(media_id, details)}
        )

    def _content(self, media_id: str, details: dict[str, Any]) -> dict[str, Any]:
        work = {"content_id": media_id, "size": "Comp", "purchase_details": details}
        return {"contents": {media_id: work}}

    def _history(self, request: DialectRequest) -> Answer:
        first = request.number("search_parameters[offset]", 0)
        count = request.number("search_parameters[limit]", 100)
        rows = [
            {
                "license": one.size,
                "license_date": _format_moment(one.moment),
                "download_url": self.link(f"/Download/DownloadFileDirectly/{one.media_id}"),
                "id": int(one.media_id),
                "title": "A flower",
                "media_type_id": 4 if one.media_id == VIDEO else 1,
            }
            for one in reversed(self.sold)
        ]
        return answer_json({"nb_results": len(rows), "files": rows[first : first + count]})

    def _file(self, request: DialectRequest) -> Answer:
        """Serve an alias, which takes the token in the address alone, or the file behind."""
        parts = request.path.split("/")
        if request.path.startswith("/signed/"):
            return serve_file(parts[2], request)
        media_id = parts[-2] if parts[-1] == "1" else parts[-1]
        token = request.params.get("token")
        if "authorization" in request.headers or token != self.keys["ACCESS_TOKEN"]:
            return answer_json({"error": "This download is expired"}, 403)
        return Answer(302, b"", "text/html", {"Location": self.link(f"/signed/{media_id}")})


def _format_moment(moment: datetime) -> str:
    """Format a moment as in the example, with the narrow space of newer language libraries."""
    hour = moment.hour % 12 or 12
    return f"{moment.month}/{moment.day}/{moment:%y}, {hour}:{moment:%M}\u202f{moment:%p}"
