"""The agencies of a federated search, as a process of its own: the dialects of the tests.

``python -m bench.agencies`` prints their addresses as JSON, by name, and serves until it is ended.
Each answers after a delay of its own, spread evenly over `DELAYS`. ``/control?hanging=NAME`` at
any of them makes one take calls and never answer them; without a name all answer.
"""

import json
import threading
import time
from contextlib import ExitStack
from typing import Final

from tests.dialects import DIALECTS, Answer, Asked, Dialect, in_json, serving

DELAYS: Final = (0.05, 0.3)
"""Seconds that the quickest and the slowest agency take."""
OWN: Final = "shutterstock-editorial"
"""It goes by the key and address of another."""


class Paced:
    """A dialect that takes its time, and counts."""

    hanging = ""
    calls = 0
    lock = threading.Lock()

    def __init__(self, dialect: Dialect, delay: float) -> None:
        self.dialect = dialect
        self.delay = delay

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/control":
            Paced.hanging = asked.params.get("hanging", "")
            return in_json({"calls": Paced.calls})
        with Paced.lock:
            Paced.calls += 1
        time.sleep(60 if Paced.hanging == self.dialect.name else self.delay)
        return self.dialect.answer(asked)


def main() -> None:
    """Serve all, until the process is ended."""
    kinds = [one for one in DIALECTS if one.name != OWN]
    step = (DELAYS[1] - DELAYS[0]) / (len(kinds) - 1)
    with ExitStack() as stack:
        servers = {
            kind.name: stack.enter_context(serving(Paced(kind(), DELAYS[0] + n * step)))
            for n, kind in enumerate(kinds)
        }
        print(json.dumps({name: server.url for name, server in servers.items()}), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
