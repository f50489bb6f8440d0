"""The Procfile starts the site wherever a platform or a local starter reads it."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.ports import new_port
from tests.support.postgres import new_database
from tests.support.processes import ROOT, clean_environment, reset_inherited
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

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


def test_honcho_runs_the_site_with_redis_and_postgresql(
    tmp_path: Path, postgres: str, shared_redis: RedisServer
) -> None:
    """The site goes on beside what has ended, is of use, and ends with honcho in peace."""
    port, log, database = new_port(), tmp_path / "log", new_database(postgres)
    (tmp_path / "env").write_text(
        f"DATABASE_URL={database}\nREDIS_URL={shared_redis.url}\nAGENCIES=demo\n"
        f"DATA_DIR={tmp_path}\nHOST=127.0.0.1\n"
    )
    honcho = [sys.executable, "-m", "honcho", "-e", str(tmp_path / "env")]
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [*honcho, "-f", str(ROOT / "Procfile"), "start", "-p", str(port)],
            cwd=ROOT,
            env=clean_environment(),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
        ) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or ask(port, "/readyz") is not None)
            ready = ask(port, "/readyz")
            assert ready, log.read_text()
            assert set(json.loads(ready).values()) == {"ok"}
            search = f"http://127.0.0.1:{port}/api/search?q=cat&wait=1"
            with urllib.request.urlopen(search, timeout=20) as answer:
                assert json.load(answer)["items"]
            process.terminate()
            wait_until(lambda: process.poll() is not None)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode in {0, 128 + signal.SIGTERM}, log.read_text()
    assert "SIGKILL" not in log.read_text()
    with sa.create_engine(database, poolclass=sa.NullPool).connect() as connection:
        assert "revisions" in sa.inspect(connection).get_table_names()


def ask(port: int, path: str) -> bytes | None:
    """Return the body of an answer; None while the site does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            body: bytes = answer.read()
            return body
    except OSError:
        return None
