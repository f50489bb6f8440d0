"""Which answers scripts of other sites may read: CORS, in front of the memory tier.

The headers are added to finished answers, so that one kept answer serves every site. Nothing that
is shared looks at cookies, and what is asked is simple: there is neither preflight nor credential.
"""

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from affiliate.web.cached_response import Headers

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class CorsMiddleware:
    """Wraps a WSGI application; ``paths`` may be read from every site, or from some ``sites``.

    A site is a host, with its port where that is unusual, or all hosts below one: ``*.a.example``.
    ``opens`` says whether a query string lets a frame read that has no origin of its own.
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
        """Answer as the application does, with what lets other sites read it."""
        if environ["PATH_INFO"] not in self._paths:
            return self._app(environ, start)
        allowed = self._cors_headers(
            environ.get("HTTP_ORIGIN", ""), environ.get("QUERY_STRING", "")
        )

        def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:  # noqa: ANN401 - as WSGI has it
            return start(status, [*self._restrict_caching(headers), *allowed], exc_info)

        return self._app(environ, begin)

    def _restrict_caching(self, headers: Headers) -> Headers:
        """The application's headers; what some sites alone may read is kept by browsers alone.

        Not every CDN looks at ``Vary``, and one site's answer would keep the others out.
        """
        if not self._sites:
            return headers
        mine = ("public", "private")
        return [(n, v.replace(*mine) if n == "Cache-Control" else v) for n, v in headers]

    def _cors_headers(self, origin: str, query: str) -> Headers:
        if not self._sites:
            return [("Access-Control-Allow-Origin", "*")]
        varies = [("Vary", "Origin")]
        try:
            host = urlsplit(origin).netloc.casefold()
        except ValueError:
            host = ""
        named = bool(host) and (host in self._sites or host.endswith(self._host_suffixes))
        if named or (self._may_frame_read and origin == "null" and self._may_frame_read(query)):
            return [("Access-Control-Allow-Origin", origin), *varies]
        return varies
