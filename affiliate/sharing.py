"""Which answers scripts of other sites may read: CORS, in front of the memory tier.

The headers are added to finished answers, so that one kept answer serves every site. Nothing that
is shared looks at cookies, and what is asked is simple: there is neither preflight nor credential.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from affiliate.responses import Headers

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Sharing:
    """Wraps a WSGI application; ``paths`` may be read from every site, or from some ``sites``."""

    def __init__(
        self, app: "WSGIApplication", paths: Collection[str], sites: Collection[str] = ()
    ) -> None:
        self._app = app
        self._paths = frozenset(paths)
        self._sites = frozenset(sites)

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Answer as the application does, with what lets other sites read it."""
        if environ["PATH_INFO"] not in self._paths:
            return self._app(environ, start)
        allowed = self._allowed(environ.get("HTTP_ORIGIN", ""))

        def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:  # noqa: ANN401 - as WSGI has it
            return start(status, [*self._own(headers), *allowed], exc_info)

        return self._app(environ, begin)

    def _own(self, headers: Headers) -> Headers:
        """The application's headers; what some sites alone may read is kept by browsers alone.

        Not every CDN looks at ``Vary``, and one site's answer would keep the others out.
        """
        if not self._sites:
            return headers
        mine = ("public", "private")
        return [(n, v.replace(*mine) if n == "Cache-Control" else v) for n, v in headers]

    def _allowed(self, origin: str) -> Headers:
        if not self._sites:
            return [("Access-Control-Allow-Origin", "*")]
        varies = [("Vary", "Origin")]
        try:
            at_home = urlsplit(origin).netloc.casefold() in self._sites
        except ValueError:
            at_home = False
        return [("Access-Control-Allow-Origin", origin), *varies] if at_home else varies
