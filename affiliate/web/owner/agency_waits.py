"""A bound on the pages of the desk that wait for agencies at once.

A process most of whose threads wait is replaced (`affiliate.serving.progress`), and visitors'
requests with it. While an agency hangs, a page of licensing waits for minutes, whether the browser
that has loaded it anew still listens or not.
"""

import threading
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Final, ParamSpec

from werkzeug.wrappers import Response

from affiliate.web.owner.frame import render_error

MAX_WAITS: Final = 12
"""Pages of a process that wait for agencies at once, far below half of the threads."""

Parameters = ParamSpec("Parameters")

_waits = threading.BoundedSemaphore(MAX_WAITS)


def bound_waits(view: Callable[Parameters, Response]) -> Callable[Parameters, Response]:
    """Answer 503 instead of calling the view while `MAX_WAITS` other pages wait."""

    @wraps(view)
    def call_view(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Response:
        if not _waits.acquire(blocking=False):
            title = "Other pages of the desk wait for an agency"
            text = "Nothing was done now. Load this page again in half a minute."
            return render_error(HTTPStatus.SERVICE_UNAVAILABLE, title, text)
        try:
            return view(*args, **kwargs)
        finally:
            _waits.release()

    return call_view
