"""Runs Prism, which mocks or checks an API by its OpenAPI description.

https://docs.stoplight.io/docs/prism. It is installed from npm, pinned by the lock file beside
this module, the first time that a test needs it.
"""

import fcntl
import hashlib
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
INSTALL = ("npm", "ci", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund")


def installed() -> Path:
    """The program, installed once, however many test processes ask for it at once."""
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".stamp"
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            subprocess.run(INSTALL, cwd=HERE, check=True, capture_output=True)
            stamp.write_text(wanted)
    return MODULES / ".bin" / "prism"


@contextmanager
def prism(*arguments: str) -> Iterator[str]:
    """The address of a Prism run with ``arguments``, which refuses what is not as described."""
    command = [str(installed()), *arguments, "--errors", "--port", "0"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"NO_COLOR": "1"},
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "listening on" in line:
                break
        else:
            raise RuntimeError("Prism did not start:\n" + "".join(said))
        drain = threading.Thread(target=process.stdout.read, daemon=True)
        drain.start()
        try:
            yield said[-1].split()[-1]
        finally:
            process.terminate()
            process.wait()
            drain.join()
