"""Runs Prism, which mocks or checks an API by its OpenAPI description.

https://docs.stoplight.io/docs/prism. ``tests/setup.sh`` installs it from npm, pinned by the lock
file in ``tests/contract``.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import clean_environment, reset_inherited

PROGRAM = Path(__file__).parents[1] / "contract" / "node_modules" / ".bin" / "prism"
PATIENCE = 120.0
"""Seconds that it may take to start."""


@contextmanager
def prism(*arguments: str) -> Iterator[str]:
    """Run Prism with ``arguments``, which refuses undescribed calls, and yield its address.

    Raises:
        RuntimeError: It is not installed, or did not start in time.
    """
    if not PROGRAM.exists():
        raise RuntimeError("Prism is missing; tests/setup.sh installs it")
    with subprocess.Popen(
        [str(PROGRAM), *arguments, "--errors", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env=clean_environment() | {"NO_COLOR": "1"},
        preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
    ) as process:
        assert process.stdout is not None
        late = threading.Timer(PATIENCE, process.kill)
        late.start()
        said = []
        for line in process.stdout:
            said.append(line)
            if "listening on" in line:
                break
        late.cancel()
        if "listening on" not in "".join(said[-1:]):
            raise RuntimeError("Prism did not start:\n" + "".join(said))
        drain = threading.Thread(target=process.stdout.read, daemon=True)
        drain.start()
        try:
            yield said[-1].split()[-1]
        finally:
            process.terminate()
            process.wait()
            drain.join()
