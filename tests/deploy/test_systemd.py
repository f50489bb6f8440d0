"""The systemd units are valid, hardened, and run what is there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.deploy_files import MAX_END_SECONDS
from tests.support.ledgers import place_ledger
from tests.support.ports import new_port
from tests.support.processes import ROOT, clean_environment
from tests.support.site_server import running_site

UNITS = ROOT / "deploy" / "systemd"
SITE = "/srv/affiliate-search"
"""The folder of the site in the units."""
TASKS = ("warm", "doctor", "earnings", "backup")
MAX_EXPOSURE = 20
"""Ten times the exposure that `systemd-analyze security` may find; miniflux's unit has 73."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Return a folder with the units for the site in the checkout, each of its instances."""
    for file in UNITS.glob("*.*"):
        if file.suffix in {".service", ".timer"}:
            text = (
                file.read_text()
                .replace(f"file:{SITE}", ROOT.as_uri().replace("%", "%%"))
                .replace(SITE, str(ROOT))
            )
            text = text.replace(f"{ROOT}/.venv/bin/python", f'"{sys.executable}"')
            instances = {"affiliate-search@": ["8001", "8002"], "affiliate-search-task@": TASKS}
            for name in instances.get(file.stem, [""]):
                (tmp_path / f"{file.stem}{name}{file.suffix}").write_text(text)
    return tmp_path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False
    )


@needs_systemd
def test_systemd_finds_no_fault_in_the_units(units: Path) -> None:
    """``systemd-analyze verify`` says nothing about services and timers."""
    files = sorted(map(str, units.iterdir()))
    assert len(files) == 2 + 2 * len(TASKS)
    run = analyze("verify", "--man=no", *files)
    assert (run.returncode, run.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", ["affiliate-search@8001", "affiliate-search-task@backup"])
def test_the_units_are_hardened(units: Path, unit: str) -> None:
    """``systemd-analyze security`` rates the exposure below that of miniflux's unit."""
    threshold = f"--threshold={MAX_EXPOSURE}"
    run = analyze("security", "--offline=true", threshold, "--no-pager", f"{units / unit}.service")
    assert run.returncode == 0, run.stdout[-300:]


def test_both_services_have_the_same_hardening() -> None:
    """No task may do more than the site."""
    texts = [
        (UNITS / f"affiliate-search{kind}@.service").read_text().partition("# Hardening")[2]
        for kind in ("", "-task")
    ]
    assert texts[0].partition("[Install]")[0].strip() == texts[1].strip()


def test_systemd_waits_for_the_end_of_the_site() -> None:
    text = (UNITS / "affiliate-search@.service").read_text()
    (seconds,) = re.findall(r"(?m)^TimeoutStopSec=(\d+)$", text)
    assert int(seconds) > MAX_END_SECONDS


def test_each_task_has_a_timer() -> None:
    """The timer starts the task of its name, also after a time without power."""
    timers = {file.stem: file.read_text() for file in UNITS.glob("*.timer")}
    assert timers.keys() == {f"affiliate-search-{name}" for name in TASKS}
    for name in TASKS:
        text = timers[f"affiliate-search-{name}"]
        assert f"Unit=affiliate-search-task@{name}.service\n" in text
        assert "Persistent=true\n" in text


def run_task(folder: Path, name: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the script of the unit as the unit does."""
    environ = {**clean_environment(), "DATA_DIR": str(folder), "AGENCIES": "demo", **settings}
    return subprocess.run(
        ["sh", str(UNITS / "task.sh"), name],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_backup_task_keeps_a_copy_for_each_day_of_the_week(tmp_path: Path) -> None:
    """A further run of the day replaces the day's copy; the copy is the owner's alone."""
    place_ledger(tmp_path)
    run = run_task(tmp_path, "backup")
    assert run.returncode == 0, run.stderr
    (copy,) = (tmp_path / "backups").glob("*.db")
    assert copy.stat().st_mode & 0o077 == 0
    assert run_task(tmp_path, "backup").returncode == 0


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_backup_task_dumps_postgresql(tmp_path: Path, scheme: str) -> None:
    """The dump takes the day's place once it is whole; a failed dump leaves the old one."""
    programs = tmp_path / "bin"
    programs.mkdir()
    dump = programs / "pg_dump"
    dump.write_text(
        '#!/bin/sh\nfor one in "$@"; do case $one in --file=*) file=${one#*=};; esac; done\n'
        'echo "$@" > "$file"; exit ${FAILS:-0}\n'
    )
    dump.chmod(0o755)
    settings = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "DATABASE_URL": f"{scheme}://user@host/name",
    }
    assert run_task(tmp_path, "backup", **settings).returncode == 0
    (copy,) = (tmp_path / "backups").glob("*.dump")
    before = copy.read_text()
    assert "postgresql://user@host/name" in before.split()
    assert "--format=custom" in before
    copy.write_text("whole")
    assert run_task(tmp_path, "backup", **settings, FAILS="1").returncode == 1
    assert copy.read_text() == "whole"


def test_an_unknown_task_fails(tmp_path: Path) -> None:
    """The unit of a misspelled timer is marked as failed."""
    assert run_task(tmp_path, "backups").returncode == 2


def test_a_start_is_done_once_the_site_answers(tmp_path: Path) -> None:
    """The script of ``ExecStartPost`` waits for the site on the unit's port."""
    script, port = UNITS / "await_site.py", new_port()
    with subprocess.Popen([sys.executable, str(script), str(port)]) as waiting:
        assert waiting.poll() is None
        with running_site(tmp_path, port=port):
            assert waiting.wait(20) == 0


@pytest.mark.parametrize(("running", "starts"), [("8001", "8002"), ("8002", "8001"), ("", "8002")])
@pytest.mark.parametrize("answers", [True, False])
def test_the_old_version_ends_after_the_new_one_answers(
    tmp_path: Path, running: str, starts: str, *, answers: bool
) -> None:
    """A new version that does not answer leaves the old one running."""
    log, program = tmp_path / "log", tmp_path / "systemctl"
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {log}\n'
        f'case "$*" in "is-active --quiet affiliate-search@{running}") exit 0;;'
        f" is-active*) exit 3;; start*) exit {0 if answers else 1};; esac\n"
    )
    program.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    run = subprocess.run(["sh", str(UNITS / "restart.sh")], env=environ, check=False)
    assert (run.returncode == 0) == answers
    ends = "8001" if starts == "8002" else "8002"
    steps = [line for line in log.read_text().splitlines() if not line.startswith("is-active")]
    after = [
        f"enable --quiet affiliate-search@{starts}",
        f"disable --quiet --now affiliate-search@{ends}",
    ]
    assert steps == [f"start affiliate-search@{starts}", *(after if answers else [])]
