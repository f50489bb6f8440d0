"""The description of the API for programs, in OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0).

Schemas come from the structs of answers and from the values of the query parser. Tests check that
the description covers every route for programs and every parameter of these routes, and that all
answers match the description.
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
"""Prefixes of the paths whose answers link to the description (RFC 8631)."""

blueprint = Blueprint("openapi", __name__)


class Parameter(NamedTuple):
    """A parameter of an address: its name, its meaning, and the schema of its values."""

    name: str
    summary: str
    schema: Schema
    required: bool = False
    where: str = "query"

    def to_openapi(self) -> dict[str, Any]:
        """Return the OpenAPI object of the parameter."""
        parameter = {"name": self.name, "in": self.where, "description": self.summary}
        required = {"required": True} if self.required else {}
        return parameter | required | {"schema": self.schema}


class Operation(NamedTuple):
    """An operation that programs may request of a path, with its answers by status.

    A status without content types has an empty answer.
    """

    name: str
    summary: str
    answers: Mapping[HTTPStatus, Mapping[str, Schema]]
    parameters: tuple[Parameter, ...] = ()
    method: str = "get"
    body: str = ""

    def to_openapi(self) -> dict[str, Any]:
        """Return the OpenAPI object of the operation."""
        answers = {str(int(s)): _describe_answer(s, kinds) for s, kinds in self.answers.items()}
        operation: dict[str, Any] = {
            "operationId": self.name,
            "summary": self.summary,
            "responses": answers,
        }
        if self.parameters:
            operation["parameters"] = [parameter.to_openapi() for parameter in self.parameters]
        if self.body:
            schema = _schema_reference(self.body)
            operation["requestBody"] = {"content": {JSON_TYPE: {"schema": schema}}}
        return operation


def _schema_reference(name: str) -> Schema:
    return {"$ref": COMPONENTS_PREFIX + name}


def _describe_answer(status: HTTPStatus, kinds: Mapping[str, Schema]) -> dict[str, Any]:
    """Return the OpenAPI object of an answer, with its required headers."""
    answer: dict[str, Any] = {"description": status.phrase}
    if kinds:
        answer["content"] = {kind: {"schema": schema} for kind, schema in kinds.items()}
    if headers := HEADERS_BY_STATUS.get(status):
        answer["headers"] = headers
    return answer


def _describe_header(summary: str, schema: Schema) -> Schema:
    return {"description": summary, "required": True, "schema": schema}


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
"""The answer for an agency's failure."""
SEARCH_PAGE_CONTENT: Final = {JSON_TYPE: _schema_reference("SearchPage")}


def _ok_answers(kinds: Mapping[str, Schema]) -> dict[HTTPStatus, Mapping[str, Schema]]:
    return {HTTPStatus.OK: kinds, **NOT_MODIFIED_ANSWER}


def _search_parameters(*names: str) -> tuple[Parameter, ...]:
    """Return the parameters of a search by their names."""
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
    """Return the path whose answer the page cache may keep; the answer reads no parameter."""
    return {DESCRIPTION_PATH: lambda _: ""}


def register(app: Flask) -> None:
    """Add the description's route, and links to the description, to an app."""
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
    """Return the description, whose addresses are all relative to the site's own."""
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
        "paths": {
            path: {operation.method: operation.to_openapi()}
            for path, operation in OPERATIONS.items()
        },
        "components": {"schemas": build_components()},
    }


def _link_description(response: Response) -> Response:
    """Link answers to their description."""
    if request.path.startswith(LINKED_PATHS):
        response.headers["Link"] = f'<{DESCRIPTION_PATH}>; rel="service-desc"; type="{JSON_TYPE}"'
    return response
