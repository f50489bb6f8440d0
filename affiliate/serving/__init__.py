"""Serves the application: takes the port, runs the processes, reads requests for WSGI.

`ports` takes the port, `server` is the main process and `worker` one of those that it starts;
`replacing` says when one that ended gets a successor. `requests` stands between the server and the
application, and `progress` sees whether requests get on. Nothing here knows the site.
"""

from affiliate.serving.ports import hold_listener
from affiliate.serving.server import serve

__all__ = ["hold_listener", "serve"]
