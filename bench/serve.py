"""Serves an application exactly as ``app.py`` serves the site.

``python -m bench.serve module:factory``, with ``PORT`` and ``WEB_CONCURRENCY`` in the environment.
"""

import sys
from typing import Any

import app


class Server(app.Server):
    """The site's own server with its own settings, over another application."""

    def __init__(self, _target: str, **settings: Any) -> None:  # noqa: ANN401 - as app.py has them
        super().__init__(sys.argv[1], **settings)


if __name__ == "__main__":
    app.Server = Server
    app.serve()
