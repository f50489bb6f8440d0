"""The description of the API for programs, in OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0).

Its schemas are made of the structs that are answered and of the values that the parser knows. Tests
hold that every route for programs and every parameter that one reads is described, and that all
answers are as the description says.
"""

import functools
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec
from flask import Blueprint, Flask, Response, request

from affiliate import __version__
from affiliate.domain.query import MEDIA
from affiliate.web.caching import FOUND_IN
from affiliate.web.embeds.oembed import FORMATS
from affiliate.web.errors import PASSING, PROBLEM
from affiliate.web.openapi_schemas import (
    COMPONENTS,
    FLAG,
    NAMED,
    SEARCH,
    WHOLE,
    Schema,
    components,
    one_of,
)
from affiliate.web.page_cache import Canonical
from affiliate.web.template_helpers import cache_for

PATH: Final = "/api/openapi.json"
KEEP_SECONDS: Final = 3600
JSON: Final = "application/json"
SUGGESTIONS: Final = "application/x-suggestions+json"
LINKED: Final = ("/api/",)
"""Beginnings of the paths whose answers link to the description (RFC 8631)."""

blueprint = Blueprint("openapi", __name__)


class Parameter(NamedTuple):
    """A parameter of an address: its name, what it says, and its values."""

    name: str
    says: str
    schema: Schema
    required: bool = False
    where: str = "query"

    def described(self) -> dict[str, Any]:
        """Return the parameter as OpenAPI has it."""
        about = {"name": self.name, "in": self.where, "description": self.says}
        needed = {"required": True} if self.required else {}
        return about | needed | {"schema": self.schema}


class Operation(NamedTuple):
    """What programs may ask of a path, and what they get, by status.

    A status stands alone where it answers with nothing or, from 400 on, with a problem.
    """

    name: str
    says: str
    answers: Mapping[HTTPStatus, Mapping[str, Schema]]
    parameters: tuple[Parameter, ...] = ()
    method: str = "get"
    body: str = ""

    def described(self) -> dict[str, Any]:
        """Return the operation as OpenAPI has it."""
        answers = {str(int(s)): _answer(s, kinds) for s, kinds in self.answers.items()}
        told: dict[str, Any] = {
            "operationId": self.name,
            "summary": self.says,
            "responses": answers,
        }
        if self.parameters:
            told["parameters"] = [one.described() for one in self.parameters]
        if self.body:
            told["requestBody"] = {"content": {JSON: {"schema": _ref(self.body)}}}
        return told


def _ref(name: str) -> Schema:
    return {"$ref": COMPONENTS + name}


def _answer(status: HTTPStatus, kinds: Mapping[str, Schema]) -> dict[str, Any]:
    """Return an answer as OpenAPI has it, with the headers that it always has."""
    told: dict[str, Any] = {"description": status.phrase}
    if kinds:
        told["content"] = {kind: {"schema": schema} for kind, schema in kinds.items()}
    if headers := HEADERS.get(status):
        told["headers"] = headers
    return told


def _header(says: str, schema: Schema) -> Schema:
    return {"description": says, "required": True, "schema": schema}


WAITS: Final = {"Retry-After": _header("Seconds to wait.", {"type": "integer", "minimum": 1})}
HEADERS: Final = dict.fromkeys((HTTPStatus.TOO_MANY_REQUESTS, *PASSING), WAITS)
PROBLEMS: Final = {PROBLEM: _ref("Problem")}
UNREADABLE: Final = {HTTPStatus.BAD_REQUEST: PROBLEMS}
UNCHANGED: Final[Mapping[HTTPStatus, Mapping[str, Schema]]] = {HTTPStatus.NOT_MODIFIED: {}}
SPENT: Final = {HTTPStatus.TOO_MANY_REQUESTS: PROBLEMS}
GONE: Final = {HTTPStatus.NOT_FOUND: PROBLEMS}
SILENT: Final = {HTTPStatus.BAD_GATEWAY: PROBLEMS}
"""The agency does not answer."""
FOUND: Final = {JSON: _ref("SearchPage")}


def _ok(kinds: Mapping[str, Schema]) -> dict[HTTPStatus, Mapping[str, Schema]]:
    return {HTTPStatus.OK: kinds, **UNCHANGED}


def _of_search(*names: str) -> tuple[Parameter, ...]:
    """Return parameters of a search."""
    return tuple(Parameter(name, *SEARCH[name]) for name in names)


WAIT: Final = Parameter("wait", "1 to wait for agencies that are late.", FLAG)
SITE: Final = Parameter(
    "site",
    "Host name of the site that shows the pictures, for the sub ids of links.",
    {"type": "string", "examples": ["blog.example"]},
)
PICTURE: Final = (
    Parameter("media", "Picture or clip.", one_of(MEDIA), required=True, where="path"),
    Parameter("agency", "Name of the agency.", NAMED, required=True, where="path"),
    Parameter("media_id", "The agency's id.", NAMED, required=True, where="path"),
)
WORDS: Final = _of_search("q", "lang")
MOST: Final = {"type": "integer", "minimum": 1, "maximum": WHOLE["maximum"]}

OPERATIONS: Final[Mapping[str, Operation]] = {
    "/api/search": Operation(
        "search",
        "Search all agencies that are on; q, category, contributor or color is needed.",
        _ok(FOUND) | UNREADABLE | {HTTPStatus.TOO_MANY_REQUESTS: FOUND},
        (*_of_search(*SEARCH), WAIT, SITE),
    ),
    "/api/{media}/{agency}/{media_id}": Operation(
        "picture",
        "Return a picture or clip; the parameters are those of the search that found it.",
        _ok({JSON: _ref("Media")}) | UNREADABLE | GONE | SPENT | SILENT,
        (*PICTURE, *_of_search(*FOUND_IN, "lang"), WAIT, SITE),
    ),
    "/api/{media}/{agency}/{media_id}/similar": Operation(
        "similar",
        "Return what is similar to a picture or clip; `page` is that of what is similar.",
        _ok(FOUND)
        | UNREADABLE
        | GONE
        | SILENT
        | {HTTPStatus.TOO_MANY_REQUESTS: {**FOUND, **PROBLEMS}},
        (*PICTURE, *_of_search(*FOUND_IN, "lang", "page"), WAIT, SITE),
    ),
    PATH: Operation("description", "Return this description.", _ok({JSON: {"type": "object"}})),
    "/suggest": Operation(
        "suggest",
        "Return searches that begin with what was typed.",
        _ok({SUGGESTIONS: _ref("Suggestions")}) | UNREADABLE,
        (*_of_search("q", "lang"),),
    ),
    "/oembed": Operation(
        "oembed",
        "Return what an address of this site is on another (https://oembed.com).",
        _ok({FORMATS["json"]: _ref("OEmbed"), FORMATS["xml"]: {"type": "string"}})
        | UNREADABLE
        | GONE
        | SPENT
        | SILENT
        | {HTTPStatus.UNAUTHORIZED: PROBLEMS, HTTPStatus.NOT_IMPLEMENTED: PROBLEMS},
        (
            Parameter("url", "An address of this site.", {"type": "string"}, required=True),
            Parameter("maxwidth", "The most pixels that fit.", MOST),
            Parameter("maxheight", "The most pixels that fit.", MOST),
            Parameter("format", "json or xml.", one_of(tuple(FORMATS))),
        ),
    ),
    "/clicks": Operation(
        "click",
        "Record a click once; fields may stand in the address, too, as `ping` has them.",
        {HTTPStatus.NO_CONTENT: {}, HTTPStatus.SERVICE_UNAVAILABLE: PROBLEMS, **UNREADABLE} | SPENT,
        method="post",
        body="Click",
    ),
    "/healthz": Operation(
        "alive", "Tell whether the process answers.", {HTTPStatus.OK: {JSON: _ref("Alive")}}
    ),
    "/readyz": Operation(
        "ready",
        "Tell what works; 200 while pages can be served.",
        {HTTPStatus.OK: {JSON: _ref("Readiness")}},
    ),
}


def routes() -> dict[str, Canonical]:
    """Return the path whose answer the memory tier may keep; it reads no parameter."""
    return {PATH: lambda _: ""}


def register(app: Flask) -> None:
    """Add the route of the description to an app, and links to it."""
    app.register_blueprint(blueprint)
    app.after_request(_linked)


@blueprint.get(PATH)
def description() -> Response:
    """Return the description of the API."""
    response = Response(_encoded(), mimetype=JSON)
    response.add_etag()
    response.headers["Cache-Control"] = f"public, max-age={KEEP_SECONDS}"
    cache_for(KEEP_SECONDS)
    return response.make_conditional(request.environ)  # type: ignore[return-value]


@functools.cache
def _encoded() -> bytes:
    return msgspec.json.encode(described())


def described() -> dict[str, Any]:
    """Return the description; all addresses in it are relative to the site's own."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Affiliate Search",
            "version": __version__,
            "summary": "Stock pictures of several agencies in one search.",
            "description": "What is not cached costs calls of the agencies, of which each client"
            " has a budget; past it answers are 429. Errors are problems of RFC 9457.",
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {path: {one.method: one.described()} for path, one in OPERATIONS.items()},
        "components": {"schemas": components()},
    }


def _linked(response: Response) -> Response:
    """Link to the description from the answers that it describes."""
    if request.path.startswith(LINKED):
        response.headers["Link"] = f'<{PATH}>; rel="service-desc"; type="{JSON}"'
    return response
