"""Sends requests to the simulator without redirects and retries."""

import http.client
import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.simulator.accounts import TOKEN


class Reply(NamedTuple):
    """An answer as received; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> Any:
        """Return the entries of a list."""
        return self.json["data"]


def ask(
    url: str, method: str = "GET", body: Any = None, *, token: str = TOKEN, **headers: str
) -> Reply:
    """Send a request with a user's token; ``body`` is sent as JSON, or unchanged when bytes."""
    parts = urlsplit(url)
    sent = {"Authorization": f"Bearer {token}", "User-Agent": "test"}
    data = body if body is None or isinstance(body, bytes) else json.dumps(body)
    if data is not None:
        sent["Content-Type"] = "application/json"
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, data, {k: v for k, v in sent.items() if v})
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, named, answer.read())
    finally:
        connection.close()
