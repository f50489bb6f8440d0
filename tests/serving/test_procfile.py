"""The Procfile starts the site wherever a platform or a local starter reads it."""

import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT, clean_environment

LINES = dict(
    line.split(": ", 1) for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
)


def test_nothing_but_the_site_is_started() -> None:
    """Local starters end everything as soon as one process of a Procfile ends."""
    assert list(LINES) == ["web"]


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(
    ("host", "right"), [({}, "0.0.0.0"), ({"HOST": "::"}, "::"), ({"HOST": ""}, "0.0.0.0")]
)
def test_the_host_of_the_environment_wins(
    tmp_path: Path, shell: str, host: dict[str, str], right: str
) -> None:
    """Without one the site listens on every address; its own Python is used, on the PATH or not."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$HOST" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    run = subprocess.run(
        [shell, "-c", LINES["web"]],
        cwd=tmp_path,
        env={**clean_environment(), "PATH": "/usr/bin:/bin", **host},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == f"{right} app.py\n"
