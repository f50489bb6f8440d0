"""Runs the simulator as a process of its own, until it is ended.

    python -m tests.simulator --port 8081 --state /tmp/agency

It prints its address once it serves. Purchases are in ``purchases.jsonl`` of the state's folder.
"""

import argparse
import sys
from pathlib import Path

from tests.simulator.server import Simulator


def main() -> None:
    """Serve by the options on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--sandbox", action="store_true")
    given = parser.parse_args()
    if given.state is not None:
        given.state.mkdir(parents=True, exist_ok=True)
    options = {"sandbox": given.sandbox, "state": given.state, "port": given.port}
    with Simulator(given.size, **options) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        server.serve_forever(0.05)


if __name__ == "__main__":
    main()
