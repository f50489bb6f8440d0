"""Runs Prometheus' own checks of metrics, settings and rules."""

import shutil
import subprocess


def run_promtool(*arguments: str, text: str = "") -> str:
    """Run a check, which must find nothing wrong; return what it prints."""
    program = shutil.which("promtool")
    assert program, "promtool is missing; `make test` says how to install it"
    done = subprocess.run(
        [program, *arguments], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
