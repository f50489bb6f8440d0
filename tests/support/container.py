"""Runs the site as a container engine does, from the root folder of an image.

The engine's part is bubblewrap's and setpriv's: a root folder that can't be written, one volume, a
user without capabilities who gains none, process 1. ``/tmp`` can't be written either.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.support.ports import new_port
from tests.support.processes import reset_inherited

SITE_USER: Final = 10001
"""The user of the image."""


class Container(NamedTuple):
    """The folders of a container and the settings of the image."""

    root: Path
    volume: Path
    environ: Mapping[str, str]
    machine: Sequence[str] = ()
    """Options of bubblewrap by which a root borrows programs of this machine."""

    def start(
        self, command: Sequence[str], environ: Mapping[str, str], user: int = SITE_USER
    ) -> subprocess.Popen[str]:
        """Start a command as process 1 of the container, with pipes for what is printed."""
        return subprocess.Popen(
            [*self._wrap(environ, user), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
        )

    def run(
        self, command: Sequence[str], environ: Mapping[str, str], user: int = SITE_USER
    ) -> tuple[int, str]:
        """Run a command that ends by itself; return its status and what was printed."""
        with self.serve(command, environ, user) as (process, _):
            printed, _ = process.communicate(timeout=60)
        return process.returncode, printed

    @contextmanager
    def serve(
        self, command: Sequence[str], environ: Mapping[str, str], user: int = SITE_USER
    ) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Run the site until the block ends; yield its process and address."""
        port = environ.get("PORT") or str(new_port())
        with self.start(command, {**environ, "PORT": port}, user) as process:
            try:
                yield process, f"127.0.0.1:{port}"
            finally:
                for child in list_children(process.pid):  # process 1 outlives bubblewrap
                    os.kill(child, signal.SIGKILL)
                process.kill()

    def _wrap(self, environ: Mapping[str, str], user: int) -> Iterator[str]:
        yield from ("bwrap", "--unshare-pid", "--unshare-ipc", "--as-pid-1", "--die-with-parent")
        yield from ("--ro-bind", str(self.root), "/", *self.machine, "--proc", "/proc")
        yield from ("--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm")
        yield from ("--bind", str(self.volume), "/data", "--chdir", "/app", "--clearenv")
        for name, value in {**self.environ, **environ}.items():
            yield from ("--setenv", name, value)
        for capability in ("SETUID", "SETGID", "SETPCAP"):  # setpriv needs and drops them
            yield from ("--cap-add", f"CAP_{capability}")
        yield from ("setpriv", f"--reuid={user}", "--regid=0", "--clear-groups", "--no-new-privs")
        yield from ("--bounding-set=-all", "--inh-caps=-all")


def list_children(process: int) -> list[int]:
    """Return the children of a process; that of bubblewrap is process 1 of a container."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    except OSError:  # the process has ended
        return []
    return [int(child) for child in children.split()]


def describe_missing_means() -> str | None:
    """Return the reason for which this machine runs no container, if any."""
    if os.geteuid() != 0:
        return "only root changes users"
    missing = [name for name in ("bwrap", "setpriv") if not shutil.which(name)]
    if missing:
        return f"{' and '.join(missing)} is not installed"
    probe = ["bwrap", "--unshare-pid", "--ro-bind", "/", "/", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        return "bubblewrap may make no namespaces here"
    return None
