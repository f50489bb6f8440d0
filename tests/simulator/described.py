"""Checks answers, and the requests that were granted, against the official OpenAPI description.

It does so where the description is at hand. A request that the description would refuse is a
fault only when the simulator granted it, so that tests may send bad ones on purpose.
"""

import json
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.simulator.wire import Answer, SimulatorRequest

OFFICIAL = Path(__file__).resolve().parents[3] / "shared/upstream/shutterstock/openapi-v2.json"
UNDECLARED = {404, 405}
"""Answers to what is not there, which some calls don't declare, yet were recorded."""


class Description:
    """The official description: a call's answers by status, each with its schema."""

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_bytes())
        self._schemas = document["components"]["schemas"]
        self._calls = [
            (method.upper(), _compile_pattern(template), call)
            for template, calls in sorted(
                document["paths"].items(), key=lambda item: item[0].count("{")
            )
            for method, call in calls.items()
        ]
        self._validators: dict[str, jsonschema_rs.Draft4Validator] = {}

    def find_fault(self, request: SimulatorRequest, answer: Answer) -> str | None:
        """Describe how an answer, or its granted request, departs from the description."""
        at = f"{request.method} {request.path} {answer.status}"
        call = self.call(request)
        if call is None:
            return None if answer.status in UNDECLARED | {401, 403} else f"{at}: not described"
        wrong = self._answer(call, answer)
        if wrong is None and answer.status < 400:
            wrong = self._query(call, request) or self._body(call, request)
        return wrong and f"{at}: {wrong}"

    def _answer(self, call: dict[str, Any], answer: Answer) -> str | None:
        declared = call["responses"].get(str(answer.status))
        if declared is None:
            return None if answer.status in UNDECLARED else "status not declared"
        schema = declared.get("content", {}).get("application/json", {}).get("schema")
        return None if schema is None else self._find_first(schema, json.loads(answer.body))

    def _query(self, call: dict[str, Any], request: SimulatorRequest) -> str | None:
        known = {p["name"]: p for p in call.get("parameters", []) if p["in"] == "query"}
        needed = {name for name, one in known.items() if one.get("required")}
        if unknown := set(request.params) - set(known):
            return f"unknown parameters {sorted(unknown)}"
        if missing := needed - set(request.params):
            return f"missing parameters {sorted(missing)}"
        for name, values in request.params.items():
            schema = _quote_texts(known[name]["schema"])
            if wrong := self._find_first(schema, _convert_value(self._resolve(schema), values)):
                return f"parameter {name}: {wrong}"
        return None

    def _body(self, call: dict[str, Any], request: SimulatorRequest) -> str | None:
        """Check JSON bodies; the only form has its own test."""
        content = call.get("requestBody", {}).get("content", {})
        if "application/json" not in content or "json" not in request.headers.get(
            "content-type", ""
        ):
            return None
        return self._find_first(content["application/json"]["schema"], json.loads(request.body))

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        name = schema.get("$ref", "").rpartition("/")[2]
        return dict(self._schemas[name]) if name else schema

    def _find_first(self, schema: dict[str, Any], value: Any) -> str | None:
        """Describe the first departure of a value from a schema."""
        error = next(iter(self._validator(schema).iter_errors(value)), None)
        return f"{error.message} at {error.instance_path}" if error else None

    def call(self, request: SimulatorRequest) -> dict[str, Any] | None:
        """Return the description of the call that a request makes."""
        for method, pattern, call in self._calls:
            if method == request.method and pattern.fullmatch(request.path):
                return dict(call)
        return None

    def _validator(self, schema: dict[str, Any]) -> jsonschema_rs.Draft4Validator:
        """Build the validator of a schema; schemas of OpenAPI 3.0 are a dialect of draft 4."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**schema, "components": {"schemas": self._schemas}}
            if "$ref" in schema:
                whole = {"allOf": [schema], "components": {"schemas": self._schemas}}
            self._validators[key] = jsonschema_rs.Draft4Validator(whole, validate_formats=True)
        return self._validators[key]


@cache
def description() -> Description | None:
    """Return the official description; None on a machine without ``../shared``."""
    return Description(OFFICIAL) if OFFICIAL.exists() else None


def _quote_texts(schema: dict[str, Any]) -> dict[str, Any]:
    """Make texts of a schema texts: the shape of footage is listed as 43 and 169, unquoted."""
    if schema.get("type") != "string" or "enum" not in schema:
        return schema
    return {**schema, "enum": [str(value) for value in schema["enum"]]}


def _convert_value(schema: dict[str, Any], values: list[str]) -> Any:
    """Convert a parameter's texts to a value by its schema."""
    if schema.get("type") == "array" or not schema.get("type"):
        each = schema.get("items", {})
        several = [_convert_value(each, [one]) if each.get("type") else one for one in values]
        return several if each or len(several) > 1 else several[0]
    text = values[0]
    with suppress(ValueError):
        match schema["type"]:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}.get(text, text)
    return text


def _compile_pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)))
