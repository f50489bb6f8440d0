"""The agencies of a federated search, in a separate process: the dialects of the tests.

``python -m bench.agencies`` prints their addresses as JSON, by name, and serves until the process
is ended. The agencies' delays are spread evenly over `DELAYS`. ``/control?hanging=NAME`` at any
agency makes the named agency take calls without answering; without a name all answer.
"""

import json
import threading
import time
from contextlib import ExitStack
from typing import Final

from tests.dialects import DIALECTS, Answer, Dialect, DialectRequest, answer_json, serve_dialect

DELAYS: Final = (0.05, 0.3)
"""Seconds that the quickest and the slowest agency take."""
OWN: Final = "shutterstock-editorial"
"""The agency left out, since another agency's key and address serve it."""


class Paced:
    """A dialect that answers after a delay, and counts calls."""

    hanging = ""
    calls = 0
    lock = threading.Lock()

    def __init__(self, dialect: Dialect, delay: float) -> None:
        self.dialect = dialect
        self.delay = delay

    def answer(self, request: DialectRequest) -> Answer:
        if request.path == "/control":
            Paced.hanging = request.params.get("hanging", "")
            return answer_json({"calls": Paced.calls})
        with Paced.lock:
            Paced.calls += 1
        time.sleep(60 if Paced.hanging == self.dialect.name else self.delay)
        return self.dialect.answer(request)


def main() -> None:
    """Serve all agencies until the process is ended."""
    kinds = [kind for kind in DIALECTS if kind.name != OWN]
    step = (DELAYS[1] - DELAYS[0]) / (len(kinds) - 1)
    with ExitStack() as stack:
        servers = {
            kind.name: stack.enter_context(serve_dialect(Paced(kind(), DELAYS[0] + n * step)))
            for n, kind in enumerate(kinds)
        }
        print(json.dumps({name: server.url for name, server in servers.items()}), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
