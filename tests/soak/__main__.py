"""Runs a soak, and ends with status 1 where a promise did not hold.

SOAK_SEED=7 .venv/bin/python -m tests.soak --seconds 600
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from tests.soak.plan import long_plan, short_plan
from tests.soak.run import soak


def main() -> int:
    """Run by the options on the command line; return the status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--short", action="store_true", help="as in `make test`")
    parser.add_argument("--keep", type=Path, help="A folder for logs, which stays.")
    given = parser.parse_args()
    seed = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(10**6))
    _tell(f"SOAK_SEED={seed}")
    plan = short_plan(seed) if given.short else long_plan(seed, given.seconds)
    with tempfile.TemporaryDirectory() as made:
        folder = given.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        report = soak(plan, folder)
    _tell(*(f"{seconds:6.1f} s  {what}" for seconds, what in report.troubles), *report.figures)
    _tell(*(f"BROKEN: {one}" for one in report.broken))
    if not report.broken:
        _tell("All promises held.")
    return int(bool(report.broken))


def _tell(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
