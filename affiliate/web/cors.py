"""CORS for the answers that scripts of other sites may read, in front of the page cache.

The headers are added to finished answers, so that a cached answer serves every site. These answers
ignore cookies, and their requests are simple: there are neither preflights nor credentials.
"""

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from affiliate.web.cached_response import Headers

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class CorsMiddleware:
    """A WSGI middleware that lets scripts of all sites, or of ``sites`` alone, read ``paths``.

    A site is a host, with its port unless default, or a wildcard of subdomains: ``*.a.example``.
    ``opens`` returns whether a query string admits a frame without an origin of its own.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        paths: Collection[str],
        sites: Collection[str] = (),
        opens: Callable[[str], bool] | None = None,
    ) -> None:
        self._app = app
        self._paths = frozenset(paths)
        self._sites = frozenset(sites)
        self._may_frame_read = opens
        self._host_suffixes = tuple(
            site.removeprefix("*") for site in sites if site.startswith("*.")
        )

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Call the application, and add the CORS headers to responses of ``paths``."""
        if environ["PATH_INFO"] not in self._paths:
            return self._app(environ, start)
        allowed = self._build_cors_headers(
            environ.get("HTTP_ORIGIN", ""), environ.get("QUERY_STRING", "")
        )

        def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:  # noqa: ANN401 - as WSGI has it
            return start(status, [*self._restrict_caching(headers), *allowed], exc_info)

        return self._app(environ, begin)

    def _restrict_caching(self, headers: Headers) -> Headers:
        """Return headers that let browsers alone keep an answer that only ``sites`` may read.

        Some CDNs ignore ``Vary``, and would send one site's answer to other sites.
        """
        if not self._sites:
            return headers
        return [
            (name, value.replace("public", "private") if name == "Cache-Control" else value)
            for name, value in headers
        ]

    def _build_cors_headers(self, origin: str, query: str) -> Headers:
        if not self._sites:
            return [("Access-Control-Allow-Origin", "*")]
        vary = [("Vary", "Origin")]
        try:
            host = urlsplit(origin).netloc.casefold()
        except ValueError:
            host = ""
        is_listed = bool(host) and (host in self._sites or host.endswith(self._host_suffixes))
        is_own_frame = origin == "null" and self._may_frame_read and self._may_frame_read(query)
        if is_listed or is_own_frame:
            return [("Access-Control-Allow-Origin", origin), *vary]
        return vary
