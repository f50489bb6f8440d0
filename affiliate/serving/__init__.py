"""Serves the application: takes the port, runs the processes, reads requests for WSGI.

`ports` takes the port, `server` is the main process and `worker` one of those that it starts,
`requests` stands between the server and the application. Nothing here knows the site.
"""

from affiliate.serving.ports import listen
from affiliate.serving.server import serve

__all__ = ["listen", "serve"]
