"""Checks each answer of the site's own API against its description, which must be complete.

No answer may have a status, a content type or a field that the description doesn't name.
"""

import functools
import json
import re
from typing import Any

import jsonschema_rs
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from affiliate.web.openapi import build_description
from tests.support.codings import unpack


class DescribedClient(FlaskClient):
    """A client that checks its answers against the description."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request, and check the answer of a described call against the description."""
        response = super().open(*args, **kwargs)
        fault = find_fault(response)
        assert not fault, f"{response.request.method} {response.request.url}: {fault}"
        return response


def find_fault(response: TestResponse) -> str:
    """Describe how an answer departs from the description; return an empty text if nowhere."""
    calls = _find_calls(response.request.environ["PATH_INFO"])
    if calls is None or response.request.method == "OPTIONS":
        return ""
    method = response.request.method.lower()
    call = calls.get("get" if method == "head" else method)
    if call is None:
        return _find_method_fault(response, calls)
    told = call["responses"].get(str(response.status_code))
    if told is None:
        return f"the status {response.status_code} is not described"
    missing = set(told.get("headers", {})) - set(response.headers.keys())
    if missing:
        return f"{response.status_code} lacks {missing}"
    return "" if method == "head" else _find_body_fault(response, told.get("content", {}))


def _find_method_fault(response: TestResponse, calls: dict[str, Any]) -> str:
    """Describe what is wrong with the answer to a method that a path doesn't have."""
    allowed = {name.upper() for name in calls} | ({"HEAD"} if "get" in calls else set())
    told = set(response.headers.get("Allow", "").replace(",", " ").split())
    if response.status_code != 405 or told != allowed | {"OPTIONS"}:
        return f"{response.status_code}, Allow: {told}"
    return "" if response.mimetype == "application/problem+json" else response.mimetype or "no type"


def _find_body_fault(response: TestResponse, content: dict[str, Any]) -> str:
    if not content:
        return "a body where none is described" if response.data else ""
    if response.mimetype not in content:
        return f"the content type {response.mimetype} is not described"
    if not response.mimetype.endswith("json"):
        return ""
    validator = _build_validator(json.dumps(content[response.mimetype]["schema"]))
    error = next(validator.iter_errors(json.loads(_plain(response))), None)
    return f"{error.message} at {error.instance_path}" if error else ""


def _plain(response: TestResponse) -> bytes:
    return unpack(response.data, response.headers.get("Content-Encoding", ""))


@functools.cache
def _load_document() -> dict[str, Any]:
    return build_description()


@functools.cache
def _compile_patterns() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    return [
        (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), calls)
        for path, calls in _load_document()["paths"].items()
    ]


def _find_calls(path: str) -> dict[str, Any] | None:
    """Return the operations of a path, by method; None where it is not described."""
    return next((calls for pattern, calls in _compile_patterns() if pattern.fullmatch(path)), None)


@functools.cache
def _build_validator(schema: str) -> Any:
    """Return the validator of a schema; objects may have no fields but those of the schema."""
    schemas = {
        name: _close_objects(one) for name, one in _load_document()["components"]["schemas"].items()
    }
    return jsonschema_rs.Draft202012Validator(
        {"allOf": [json.loads(schema)], "components": {"schemas": schemas}}
    )


def _close_objects(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "additionalProperties": False} if "properties" in schema else dict(schema)
