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
from affiliate.web.caching import SOURCE_QUERY_PARAMETERS
from affiliate.web.embeds.oembed import FORMATS
from affiliate.web.errors import PROBLEM_TYPE, TRANSIENT_STATUSES
from affiliate.web.openapi_schemas import (
    COMPONENTS_PREFIX,
    FLAG_SCHEMA,
    NAME_SCHEMA,
    SEARCH_PARAMETERS,
    WHOLE_SCHEMA,
    Schema,
    build_components,
    enum_schema,
)
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.template_helpers import cache_for

DESCRIPTION_PATH: Final = "/api/openapi.json"
DESCRIPTION_MAX_AGE: Final = 3600
JSON_TYPE: Final = "application/json"
SUGGESTIONS_TYPE: Final = "application/x-suggestions+json"
LINKED_PATHS: Final = ("/api/",)
"""Beginnings of the paths whose answers link to the description (RFC 8631)."""

blueprint = Blueprint("openapi", __name__)


class Parameter(NamedTuple):
    """A parameter of an address: its name, what it says, and its values."""

    name: str
    summary: str
    schema: Schema
    required: bool = False
    where: str = "query"

    def to_openapi(self) -> dict[str, Any]:
        """Return the parameter as OpenAPI has it."""
        about = {"name": self.name, "in": self.where, "description": self.summary}
        needed = {"required": True} if self.required else {}
        return about | needed | {"schema": self.schema}


class Operation(NamedTuple):
    """What programs may ask of a path, and what they get, by status.

    A status stands alone where it answers with nothing or, from 400 on, with a problem.
    """

    name: str
    summary: str
    answers: Mapping[HTTPStatus, Mapping[str, Schema]]
    parameters: tuple[Parameter, ...] = ()
    method: str = "get"
    body: str = ""

    def to_openapi(self) -> dict[str, Any]:
        """Return the operation as OpenAPI has it."""
        answers = {str(int(s)): _describe_answer(s, kinds) for s, kinds in self.answers.items()}
        told: dict[str, Any] = {
            "operationId": self.name,
            "summary": self.summary,
            "responses": answers,
        }
        if self.parameters:
            told["parameters"] = [one.to_openapi() for one in self.parameters]
        if self.body:
            told["requestBody"] = {"content": {JSON_TYPE: {"schema": _schema_reference(self.body)}}}
        return told


def _schema_reference(name: str) -> Schema:
    return {"$ref": COMPONENTS_PREFIX + name}


def _describe_answer(status: HTTPStatus, kinds: Mapping[str, Schema]) -> dict[str, Any]:
    """Return an answer as OpenAPI has it, with the headers that it always has."""
    told: dict[str, Any] = {"description": status.phrase}
    if kinds:
        told["content"] = {kind: {"schema": schema} for kind, schema in kinds.items()}
    if headers := HEADERS_BY_STATUS.get(status):
        told["headers"] = headers
    return told


def _describe_header(says: str, schema: Schema) -> Schema:
    return {"description": says, "required": True, "schema": schema}


RETRY_AFTER_HEADER: Final = {
    "Retry-After": _describe_header("Seconds to wait.", {"type": "integer", "minimum": 1})
}
HEADERS_BY_STATUS: Final = dict.fromkeys(
    (HTTPStatus.TOO_MANY_REQUESTS, *TRANSIENT_STATUSES), RETRY_AFTER_HEADER
)
PROBLEM_CONTENT: Final = {PROBLEM_TYPE: _schema_reference("Problem")}
BAD_REQUEST_ANSWER: Final = {HTTPStatus.BAD_REQUEST: PROBLEM_CONTENT}
NOT_MODIFIED_ANSWER: Final[Mapping[HTTPStatus, Mapping[str, Schema]]] = {
    HTTPStatus.NOT_MODIFIED: {}
}
TOO_MANY_REQUESTS_ANSWER: Final = {HTTPStatus.TOO_MANY_REQUESTS: PROBLEM_CONTENT}
NOT_FOUND_ANSWER: Final = {HTTPStatus.NOT_FOUND: PROBLEM_CONTENT}
BAD_GATEWAY_ANSWER: Final = {HTTPStatus.BAD_GATEWAY: PROBLEM_CONTENT}
"""The agency does not answer."""
SEARCH_PAGE_CONTENT: Final = {JSON_TYPE: _schema_reference("SearchPage")}


def _ok_answers(kinds: Mapping[str, Schema]) -> dict[HTTPStatus, Mapping[str, Schema]]:
    return {HTTPStatus.OK: kinds, **NOT_MODIFIED_ANSWER}


def _search_parameters(*names: str) -> tuple[Parameter, ...]:
    """Return parameters of a search."""
    return tuple(Parameter(name, *SEARCH_PARAMETERS[name]) for name in names)


WAIT_PARAMETER: Final = Parameter("wait", "1 to wait for agencies that are late.", FLAG_SCHEMA)
SITE_PARAMETER: Final = Parameter(
    "site",
    "Host name of the site that shows the pictures, for the sub ids of links.",
    {"type": "string", "examples": ["blog.example"]},
)
MEDIA_PARAMETERS: Final = (
    Parameter("media", "Picture or clip.", enum_schema(MEDIA), required=True, where="path"),
    Parameter("agency", "Name of the agency.", NAME_SCHEMA, required=True, where="path"),
    Parameter("media_id", "The agency's id.", NAME_SCHEMA, required=True, where="path"),
)
WORD_PARAMETERS: Final = _search_parameters("q", "lang")
PIXELS_SCHEMA: Final = {"type": "integer", "minimum": 1, "maximum": WHOLE_SCHEMA["maximum"]}

OPERATIONS: Final[Mapping[str, Operation]] = {
    "/api/search": Operation(
        "search",
        "Search all agencies that are on; q, category, contributor or color is needed.",
        _ok_answers(SEARCH_PAGE_CONTENT)
        | BAD_REQUEST_ANSWER
        | {HTTPStatus.TOO_MANY_REQUESTS: SEARCH_PAGE_CONTENT},
        (*_search_parameters(*SEARCH_PARAMETERS), WAIT_PARAMETER, SITE_PARAMETER),
    ),
    "/api/{media}/{agency}/{media_id}": Operation(
        "picture",
        "Return a picture or clip; the parameters are those of the search that found it.",
        _ok_answers({JSON_TYPE: _schema_reference("Media")})
        | BAD_REQUEST_ANSWER
        | NOT_FOUND_ANSWER
        | TOO_MANY_REQUESTS_ANSWER
        | BAD_GATEWAY_ANSWER,
        (
            *MEDIA_PARAMETERS,
            *_search_parameters(*SOURCE_QUERY_PARAMETERS, "lang"),
            WAIT_PARAMETER,
            SITE_PARAMETER,
        ),
    ),
    "/api/{media}/{agency}/{media_id}/similar": Operation(
        "similar",
        "Return what is similar to a picture or clip; `page` is that of what is similar.",
        _ok_answers(SEARCH_PAGE_CONTENT)
        | BAD_REQUEST_ANSWER
        | NOT_FOUND_ANSWER
        | BAD_GATEWAY_ANSWER
        | {HTTPStatus.TOO_MANY_REQUESTS: {**SEARCH_PAGE_CONTENT, **PROBLEM_CONTENT}},
        (
            *MEDIA_PARAMETERS,
            *_search_parameters(*SOURCE_QUERY_PARAMETERS, "lang", "page"),
            WAIT_PARAMETER,
            SITE_PARAMETER,
        ),
    ),
    DESCRIPTION_PATH: Operation(
        "description", "Return this description.", _ok_answers({JSON_TYPE: {"type": "object"}})
    ),
    "/suggest": Operation(
        "suggest",
        "Return searches that begin with what was typed.",
        _ok_answers({SUGGESTIONS_TYPE: _schema_reference("Suggestions")}) | BAD_REQUEST_ANSWER,
        (*_search_parameters("q", "lang"),),
    ),
    "/oembed": Operation(
        "oembed",
        "Return what an address of this site is on another (https://oembed.com).",
        _ok_answers(
            {FORMATS["json"]: _schema_reference("OEmbed"), FORMATS["xml"]: {"type": "string"}}
        )
        | BAD_REQUEST_ANSWER
        | NOT_FOUND_ANSWER
        | TOO_MANY_REQUESTS_ANSWER
        | BAD_GATEWAY_ANSWER
        | {HTTPStatus.UNAUTHORIZED: PROBLEM_CONTENT, HTTPStatus.NOT_IMPLEMENTED: PROBLEM_CONTENT},
        (
            Parameter("url", "An address of this site.", {"type": "string"}, required=True),
            Parameter("maxwidth", "The most pixels that fit.", PIXELS_SCHEMA),
            Parameter("maxheight", "The most pixels that fit.", PIXELS_SCHEMA),
            Parameter("format", "json or xml.", enum_schema(tuple(FORMATS))),
        ),
    ),
    "/clicks": Operation(
        "click",
        "Record a click once; fields may stand in the address, too, as `ping` has them.",
        {
            HTTPStatus.NO_CONTENT: {},
            HTTPStatus.SERVICE_UNAVAILABLE: PROBLEM_CONTENT,
            **BAD_REQUEST_ANSWER,
        }
        | TOO_MANY_REQUESTS_ANSWER,
        method="post",
        body="Click",
    ),
    "/healthz": Operation(
        "alive",
        "Tell whether the process answers.",
        {HTTPStatus.OK: {JSON_TYPE: _schema_reference("Alive")}},
    ),
    "/readyz": Operation(
        "ready",
        "Tell what works; 200 while pages can be served.",
        {HTTPStatus.OK: {JSON_TYPE: _schema_reference("Readiness")}},
    ),
}


def page_cache_routes() -> dict[str, Canonicalizer]:
    """Return the path whose answer the memory tier may keep; it reads no parameter."""
    return {DESCRIPTION_PATH: lambda _: ""}


def register(app: Flask) -> None:
    """Add the route of the description to an app, and links to it."""
    app.register_blueprint(blueprint)
    app.after_request(_link_description)


@blueprint.get(DESCRIPTION_PATH)
def serve_description() -> Response:
    """Return the description of the API."""
    response = Response(_encode_description(), mimetype=JSON_TYPE)
    response.add_etag()
    response.headers["Cache-Control"] = f"public, max-age={DESCRIPTION_MAX_AGE}"
    cache_for(DESCRIPTION_MAX_AGE)
    return response.make_conditional(request.environ)  # type: ignore[return-value]


@functools.cache
def _encode_description() -> bytes:
    return msgspec.json.encode(build_description())


def build_description() -> dict[str, Any]:
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
        "paths": {path: {one.method: one.to_openapi()} for path, one in OPERATIONS.items()},
        "components": {"schemas": build_components()},
    }


def _link_description(response: Response) -> Response:
    """Link to the description from the answers that it describes."""
    if request.path.startswith(LINKED_PATHS):
        response.headers["Link"] = f'<{DESCRIPTION_PATH}>; rel="service-desc"; type="{JSON_TYPE}"'
    return response
