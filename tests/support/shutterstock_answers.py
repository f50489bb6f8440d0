"""Answers of Shutterstock, valid and changed, and what the agency parses from them."""

import json
from typing import Any

from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.domain.media import SearchQuery, SearchResult
from affiliate.transport.client import Transport
from affiliate.transport.messages import Reply, Request
from tests.support.shutterstock import CLIENT, TOKEN, image

BASIC = {"CLIENT_ID": CLIENT[0], "CLIENT_SECRET": CLIENT[1]}
BEARER = {"API_TOKEN": TOKEN}
CAT = SearchQuery(q="cat")


def parse_answer(answer: Any) -> SearchResult:
    """Return what the agency parses from an answer, given as Python or as bytes of JSON."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    agency = Shutterstock(Transport(), credentials=BEARER)
    request = Request(agency="shutterstock", url="http://127.0.0.1")
    return agency.parse_results(Reply(request, 200, {}, body), CAT)


def results(*images: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"data": list(images), "total_count": len(images), "search_id": "1", **fields}


def make_changed_picture(**fields: Any) -> dict[str, Any]:
    """Return a valid picture with some fields of another content."""
    return image(0) | fields
