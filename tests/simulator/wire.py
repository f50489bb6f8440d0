"""Requests as received, answers, problems, and pages of lists."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

Params = Mapping[str, list[str]]


class SimulatorRequest(NamedTuple):
    """One request: ``params`` as a form would parse them, header names in lower case."""

    path: str
    params: dict[str, list[str]]
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""

    def first(self, name: str, default: str = "") -> str:
        """Return the first value of a parameter."""
        return self.params.get(name, [default])[0]

    def number(self, name: str, default: int, least: int, most: int | None = None) -> int:
        """Return a whole number between bounds; refuse anything else as a bad request."""
        value = self.first(name, str(default))
        if not value.isdecimal() or int(value) < least or (most is not None and int(value) > most):
            raise invalid(f"$.query.{name}", value)
        return int(value)

    def json(self) -> dict[str, Any]:
        """Return the body, a JSON object by its content type."""
        if "json" not in self.headers.get("content-type", ""):
            raise Problem(400, "Content-Type must be application/json")
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise Problem(400, "Malformed JSON") from error
        if not isinstance(value, dict):
            raise invalid("$.body", value)
        return value


class Answer(NamedTuple):
    """An answer: the proper answer, or a replacement."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = MappingProxyType({})


class Problem(Exception):
    """An answer that refuses, in the shape ``{"message", "errors"}`` that was recorded."""

    def __init__(self, status: int, message: str, *errors: Mapping[str, str]) -> None:
        super().__init__(message)
        body = {"message": message, **({"errors": list(errors)} if errors else {})}
        self.answer = reply(body, status)


def invalid(path: str, value: object) -> Problem:
    """Return the refusal of a value in the form of the description's `Error`."""
    error = {
        "code": "VALIDATION_INVALID_TYPE",
        "data": repr(value),
        "message": "Invalid value",
        "path": path,
    }
    return Problem(400, "Validation failed", error)


def reply(value: Any, status: int = 200) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(value).encode())


def reply_empty() -> Answer:
    """Return an answer without a body."""
    return Answer(204, b"")


def make_page(
    request: SimulatorRequest, rows: Sequence[Any], usual: int, most: int, least: int = 1
) -> dict[str, Any]:
    """Return the requested page of ``rows``, in the envelope of lists."""
    page = request.number("page", 1, 1)
    per_page = request.number("per_page", usual, least, most)
    first = (page - 1) * per_page
    return {
        "data": list(rows[first : first + per_page]),
        "page": page,
        "per_page": per_page,
        "total_count": len(rows),
    }
