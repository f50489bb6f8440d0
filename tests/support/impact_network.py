"""A server like impact.com's API of actions: windows, pages, and refusals.

Shape and rules: https://integrations.impact.com/impact-publisher/reference/list-actions-1.
"""

import json
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.support.http_servers import JsonHandler, run_server

MAX_PAGES = 10
ACCOUNT = ("IRaccount", "token-of-the-account")


def make_action(number: int, event_date: str, **changes: str) -> dict[str, str]:
    """Return an action as the API has it, with figures as texts."""
    action = {
        "Id": f"1305.6544.{number}",
        "CampaignId": "1305",
        "CampaignName": "Shutterstock",
        "State": "PENDING",
        "Payout": "5.80",
        "Amount": "29.00",
        "Currency": "USD",
        "ReferringDate": event_date,
        "EventDate": event_date,
        "LockingDate": event_date,
        "ClearedDate": "",
        "SubId1": "blog.example",
        "SubId2": "red bicycle",
        "SubId3": "1061428",
        "SharedId": "12345678-1",
    }
    return action | changes


class ImpactNetwork(ThreadingHTTPServer):
    """A server with ``actions``; ``refusal`` is a status that every call gets instead.

    ``limits`` has the headers of the calls that are answered by 429, after ``free_calls`` others.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.actions: list[dict[str, str]] = []
        self.refusal = 0
        self.limits: list[dict[str, str]] = []
        self.free_calls = 0
        self.calls: list[dict[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def find_limit(self) -> dict[str, str] | None:
        """Return the headers of a call that is one too many."""
        if self.limits and self.free_calls <= 0:
            return self.limits.pop(0)
        self.free_calls -= 1
        return None

    def answer(self, path: str, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Return status and body of a call."""
        self.calls.append(asked)
        if self.refusal:
            return self.refusal, {"Status": "ERROR", "Message": "Not now."}
        first, last = (datetime.fromisoformat(asked[f"ActionDate{n}"]) for n in ("Start", "End"))
        if path != f"/Mediapartners/{ACCOUNT[0]}/Actions" or last - first > timedelta(days=45):
            return 400, {"Status": "ERROR", "Message": "The window is too long."}
        dated = [(datetime.fromisoformat(one["EventDate"]), one) for one in self.actions]
        found = [one for moment, one in dated if first <= moment <= last]
        size, page = int(asked["PageSize"]), int(asked["Page"])
        pages = -(-len(found) // size)
        if pages > MAX_PAGES:
            return 400, {"Status": "ERROR", "Message": "Too many records: adjust the dates."}
        following = f"{path}?Page={page + 1}" if page < pages else ""
        return 200, {
            "@page": str(page),
            "@numpages": str(pages),
            "@nextpageuri": following,
            "Actions": found[(page - 1) * size : page * size],
        }


class _Handler(JsonHandler):
    server: ImpactNetwork

    def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
        if (headers := self.server.find_limit()) is not None:
            body: dict[str, Any] = {"Status": "ERROR", "Message": "Rate limit exceeded"}
            self.send_json(429, json.dumps(body).encode(), headers)
            return
        if self.is_authorized(ACCOUNT) and self.headers["Accept"] == "application/json":
            status, body = self.server.answer(urlsplit(self.path).path, self.read_query())
        else:
            status, body = 401, {"Status": "ERROR", "Message": "Who is there?"}
        self.send_json(status, json.dumps(body).encode())


def run_impact_network() -> AbstractContextManager[ImpactNetwork]:
    """Run the server until the block ends."""
    return run_server(ImpactNetwork())
