"""Starts child processes of tests in a defined environment, however the run was started.

A run in the background inherits SIGINT as ignored, a run in a container odd umasks, a developer's
shell proxies and addresses of services: none of these may reach what a test starts.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

KEPT = frozenset(
    """PATH HOME USER LOGNAME SHELL TMPDIR TZ LANG LANGUAGE TERM CI VIRTUAL_ENV SOAK SOAK_SEED
    LD_LIBRARY_PATH NO_COLOR FORCE_COLOR PYTHON_DOTENV_DISABLED FLASK_SKIP_DOTENV""".split()
)
KEPT_PREFIXES = ("LC_", "PYTEST_", "PY_COLORS", "COV_", "COVERAGE_")


def clean_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that children inherit: paths, language, time zone."""
    return {
        name: value
        for name, value in environ.items()
        if name in KEPT or name.startswith(KEPT_PREFIXES)
    }


def reset_inherited() -> None:
    """Set the usual signals and umask; meant as ``preexec_fn``, as only system calls are made."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.umask(0o022)


def start_python(
    *arguments: str, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start Python at the top of the project, with pipes for what it reads and prints."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=clean_environment() if environ is None else environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
    )


@contextmanager
def run_python(
    *arguments: str, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run Python until the block ends, then kill what is left of the process.

    ``environ`` takes the place of `clean_environment`.
    """
    with start_python(*arguments, environ=environ) as process:
        try:
            yield process
        finally:
            process.kill()
