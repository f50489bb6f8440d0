"""The server of the application: the port, the processes, and requests for WSGI.

`ports` takes the port, `server` is the main process and `worker` a process that `server` starts;
`replacing` decides when a process that ended gets a successor. `requests` is between the server and
the application, and `progress` finds requests that hang. Nothing here knows the site.
"""

from affiliate.serving.parent_death import signal_at_parent_death
from affiliate.serving.ports import hold_listener
from affiliate.serving.server import serve

__all__ = ["hold_listener", "serve", "signal_at_parent_death"]
