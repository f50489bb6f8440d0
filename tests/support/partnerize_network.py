"""A server like Partnerize's API of conversions: pages by cursor, limits of calls, and refusals.

Shape and rules: https://api-docs.partnerize.com/partner/#operation/partner-conversions.
"""

import json
from contextlib import AbstractContextManager
from datetime import datetime
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.support.http_servers import JsonHandler, run_server

KEYS = ("application-key", "key-of-the-user")
PUBLISHER = "1l1007802"
PATH = f"/reporting/report_publisher/publisher/{PUBLISHER}/conversion.json"


def make_item(status: str = "pending", commission: float = 95.5) -> dict[str, Any]:
    """Return an item of a conversion."""
    return {
        "conversion_item_id": "111111l314",
        "sku": 123,
        "category": "Product",
        "item_value": 955,
        "item_publisher_commission": commission,
        "item_status": status,
        "item_status_id": 1,
        "reject_reason": None,
        "voucher_codes": [],
        "meta_data": [],
        "payable": False,
    }


def make_conversion(number: int, moment: str, **changes: object) -> dict[str, Any]:
    """Return a conversion as the API has it."""
    conversion = {
        "conversion_id": f"111111l{number}",
        "campaign_id": "111111l29",
        "publisher_id": PUBLISHER,
        "conversion_time": moment,
        "creative_type": 0,
        "currency": "EUR",
        "publisher_reference": "blog.example~1061428~red bicycle~1-22-333-4294967295",
        "advertiser_reference": "adrefd",
        "conversion_reference": "AUTO-5ebc127cb2ddf3.85382959",
        "customer_type": None,
        "last_modified": moment,
        "campaign_title": "Adobe Stock",
        "click": {"campaign_id": "111111l29", "set_time": moment, "clickref": "111111lfo"},
        "conversion_value": {
            "conversion_status": "pending",
            "value": 955,
            "publisher_commission": 95.5,
        },
        "meta_data": [],
        "conversion_items": [make_item()],
        "was_disputed": False,
        "conversion_lag": 0,
        "clickref": "111111lfo",
    }
    return conversion | changes


class PartnerizeNetwork(ThreadingHTTPServer):
    """A server with ``conversions``; ``refusals`` are statuses that the next calls get instead."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.conversions: list[dict[str, Any]] = []
        self.refusals: list[int] = []
        self.calls: list[dict[str, str]] = []
        self.page_size = 300
        self.url = f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Return status and body of a call."""
        self.calls.append(asked)
        if self.refusals:
            status = self.refusals.pop(0)
            return status, {"error": {"message": "Not now", "type": str(status)}}
        if path != PATH or asked["timezone"] != "UTC":
            return 404, {"error": {"message": "Unknown publisher", "type": "404"}}
        first, last = (
            datetime.fromisoformat(asked[f"{end}_date"]).replace(tzinfo=None)
            for end in ("start", "end")
        )
        found = [
            one
            for one in self.conversions
            if first <= datetime.fromisoformat(one["conversion_time"]) <= last
        ]
        size = min(int(asked["limit"]), self.page_size)
        start = int(asked.get("cursor_id", "0"))
        pagination = {"first_page": f"{path}?{urlencode(asked)}"}
        if start + size < len(found):
            following = urlencode({**asked, "cursor_id": start + size})
            pagination["next_page"] = f"{path}?{following}"
        return 200, {
            "limit": size,
            "meta_data": [],
            "count": len(found),
            "execution_time": "1.04266 seconds",
            "hypermedia": {"pagination": pagination},
            "conversions": [{"conversion_data": one} for one in found[start : start + size]],
        }


class _Handler(JsonHandler):
    server: PartnerizeNetwork

    def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
        if self.is_authorized(KEYS):
            status, body = self.server.answer(urlsplit(self.path).path, self.read_query())
        else:
            status, body = 401, dict[str, Any](error={"message": "Unauthorized", "type": "401"})
        limits = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7"}
        self.send_json(status, json.dumps(body).encode(), limits if status == 429 else {})


def run_partnerize_network() -> AbstractContextManager[PartnerizeNetwork]:
    """Run the server until the block ends."""
    return run_server(PartnerizeNetwork())
