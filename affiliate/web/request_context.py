"""The context of the current request: its parameters, its languages, and its ``site``.

`i18n` starts a context for each request, so that a query string is read once. Commands, which
answer no request, have a context without parameters.
"""

import time
from functools import cached_property
from typing import Final, NamedTuple

from flask import g, has_request_context, request

from affiliate.domain.query import Parameters, read_parameters, read_site
from affiliate.errors import BadQuery

SITE_BLUEPRINTS: Final = ("site", "about", "board", "media", "collections")
"""Blueprints whose answers vary by the ``site`` that the visitor came from."""
EMBED_ENDPOINT: Final = "embeds.embed_results"
"""The endpoint of the results on other sites' pages."""


class Languages(NamedTuple):
    """The languages of a request; ``is_negotiated`` says that the browser's preferences count."""

    search: str = "en"
    ui: str = "en"
    is_negotiated: bool = False


class RequestContext:
    """The parameters of a query string, parsed on first use, and the languages of a request.

    An unreadable query string raises BadQuery at each access, and the caller decides how to react.
    """

    def __init__(self, query_string: bytes = b"", *, varies_by_site: bool = False) -> None:
        self._query_string = query_string
        self._varies_by_site = varies_by_site
        self.languages = Languages()
        self._began_at = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Return the seconds since the request's context began."""
        return time.perf_counter() - self._began_at

    @cached_property
    def parameters(self) -> Parameters:
        """Return the decoded parameters.

        Raises:
            BadQuery: names the parameter that isn't UTF-8, or is too long or too many.
        """
        return read_parameters(self._query_string)

    @property
    def readable_parameters(self) -> Parameters:
        """Return the decoded parameters without those that aren't UTF-8.

        Raises:
            BadQuery: the query string is too long, or has too many parameters.
        """
        try:
            return self.parameters
        except BadQuery:
            return read_parameters(self._query_string, lenient=True)

    @cached_property
    def site(self) -> str:
        """Return the host name in ``site``; empty for a missing or unreadable name.

        The name is empty for views whose answers don't vary by ``site``, too.
        """
        if not self._varies_by_site:
            return ""
        try:
            return read_site(self.parameters)
        except BadQuery:  # the view reports the error
            return ""


def start_context() -> RequestContext:
    """Start the context of the current request."""
    raw, varies_by_site = "", False
    if has_request_context():
        raw = request.environ.get("QUERY_STRING", "")
        varies_by_site = request.blueprint in SITE_BLUEPRINTS or request.endpoint == EMBED_ENDPOINT
    context: RequestContext = RequestContext(raw.encode("latin-1"), varies_by_site=varies_by_site)
    g.context = context
    return context


def current_context() -> RequestContext:
    """Return the context of the current request, starting a context if there is none."""
    context: RequestContext | None = g.get("context")
    return context or start_context()
