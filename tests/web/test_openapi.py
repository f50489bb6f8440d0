"""The description of the API is whole and true.

Answers to all requests of tests are held against it, too (`tests.support.api_description`).
"""

import re
from collections.abc import Mapping
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from flask.testing import FlaskClient

from affiliate.domain.query import Parameters, read_parameters
from affiliate.web.openapi import DESCRIPTION_PATH, OPERATIONS, build_description
from affiliate.web.openapi_schemas import SEARCH_PARAMETERS

PAGES = (
    *("/", "/search", "/topics/", "/image/", "/video/", "/collections/", "/owner/", "/static/"),
    *("/ajax/", "/embed", "/robots.txt", "/sitemap.xml", "/opensearch.xml", "/favicon.ico"),
    "/manifest.webmanifest",
)
"""Paths, or their beginnings, of what is for people, browsers and crawlers."""
ASIDE = {"lang", "media", "page", "position"}
"""Headers that are read of every request, or by the page cache: answers may not vary by them."""
PICTURE = {"media": "image", "agency": "demo"}


@pytest.fixture
def picture(client: FlaskClient) -> str:
    """Return the id of a picture of the demo."""
    found: str = client.get("/api/search?q=cat").get_json()["items"][0]["id"]
    return found


def test_it_is_served_to_everybody_and_linked_to(client: FlaskClient) -> None:
    """One cached answer for all sites' scripts, found by a link of each answer (RFC 8631)."""
    answer = client.get(DESCRIPTION_PATH)
    assert answer.get_json() == build_description()
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"].startswith("public, max-age=")
    assert client.get(f"{DESCRIPTION_PATH}?x=1").headers["X-Cache"] == "HIT"
    again = client.get(DESCRIPTION_PATH, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for path in ("/api/search?q=cat", "/api/search"):
        assert (
            client.get(path).headers["Link"].startswith(f'<{DESCRIPTION_PATH}>; rel="service-desc"')
        )


def test_it_is_valid_openapi() -> None:
    """It keeps to the schema of OpenAPI 3.1."""
    schemathesis.openapi.from_dict(build_description()).validate()


def test_every_route_for_programs_is_described(client: FlaskClient) -> None:
    """What has no description is for people, browsers and crawlers."""
    rules = list(client.application.url_map.iter_rules())
    paths = {
        re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", one.rule): one.methods or set() for one in rules
    }
    told = {path: {one.method.upper()} for path, one in OPERATIONS.items()}
    automatic = {"HEAD", "OPTIONS"}
    assert {path: paths[path] - automatic for path in told} == told
    assert [path for path in paths if path not in told and not path.startswith(PAGES)] == []


class Recorded(dict[str, list[str]]):
    """Parameters that tell which of them are read."""

    def __init__(self, parameters: Parameters, read: set[str]) -> None:
        super().__init__(parameters)
        self.read = read

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> list[str]:
        self.read.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.read.add(str(name))
        return super().__contains__(name)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the names of the parameters that views read."""
    names: set[str] = set()

    def recorded(raw: str | bytes, **more: bool) -> Recorded:
        return Recorded(read_parameters(raw, **more), names)

    readers = ("caching", "request_context", "site.seo", "embeds.oembed", "site.pages")
    for module in readers:
        monkeypatch.setattr(f"affiliate.web.{module}.read_parameters", recorded)
    return names


def test_every_parameter_that_a_route_reads_is_described(
    client: FlaskClient, picture: str, read: set[str]
) -> None:
    """And every one that is described is read."""
    wrong = {}
    for path, one in OPERATIONS.items():
        read.clear()
        address = path.format(**PICTURE, media_id=picture)
        query = {"q": "cat", "url": f"http://localhost/image/demo/{picture}"}
        client.open(f"{address}?{urlencode(query)}", method=one.method.upper())
        told = {one.name for one in one.parameters if one.where == "query"}
        wrong[path] = (read ^ told) - ASIDE
    assert not any(wrong.values()), wrong


def good(schema: Mapping[str, Any]) -> list[Any]:
    """Return values that a schema takes."""
    if "enum" in schema:
        return list(schema["enum"])
    if schema["type"] == "integer":
        return [schema["minimum"], schema["maximum"]]
    return list(schema.get("examples", ["x"]))


def bad(schema: Mapping[str, Any]) -> list[Any]:
    """Return values that a schema refuses."""
    if schema["type"] == "array":
        return bad(schema["items"])
    if "enum" in schema:
        return ["nonsense", 2]
    if schema["type"] == "integer":
        return [schema["minimum"] - 1, schema["maximum"] + 1, "one", "1.5"]
    wrong = [] if "^[^" in schema["pattern"] else ["!", "a b", "-"]
    return [*wrong, "x\x07", "x" * (schema.get("maxLength", 99) + 1)]


def test_values_are_taken_and_refused_as_described(client: FlaskClient) -> None:
    """What the schema of a parameter refuses is 400 and names the parameter."""
    wrong = []
    for name, (_, schema) in SEARCH_PARAMETERS.items():
        taken = good(schema["items"] if schema["type"] == "array" else schema)
        taken = ["demo"] if name == "agency" else taken
        for value, (status, field) in [
            *product(taken, [(200, None)]),
            *product(bad(schema), [(400, name)]),
        ]:
            base = {} if name == "q" else {"q": "cat"}
            footage = {"media": "video"} if name in {"duration", "fps"} else {}
            answer = client.get("/api/search", query_string={**base, **footage, name: value})
            if (answer.status_code, (answer.get_json() or {}).get("field")) != (status, field):
                wrong.append((name, value, answer.status_code, answer.get_json()))
    assert wrong == []
