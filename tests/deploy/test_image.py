"""The image runs the site as any user, on a root that can't be written, without capabilities.

No container engine is needed, and none takes part: the steps of the Dockerfile are executed in
folders, on this machine's programs in place of the base image, and bubblewrap runs the result as an
engine would. ``IMAGE_ROOT`` names the root folder of an image that was really built instead, such
as that of ``buildah mount $(buildah from affiliate-search)``.
"""

import fcntl
import http.client
import os
import shutil
import signal
import subprocess
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.container import SITE_USER, Container, describe_missing_means, list_children
from tests.support.dockerfile import build_image, read_stages
from tests.support.waiting import wait_until

MISSING = describe_missing_means()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"no container runs here: {MISSING}")
FREE_USER = 1_000_770_000
"""A user that a platform has chosen; no file of the image knows the user."""
MAX_MEGABYTES = 210
"""Megabytes on disk that the image adds to its base, which were 194."""
LAST = {step.name: step for step in read_stages()[-1]}
START, CHECK = LAST["CMD"].words, LAST["HEALTHCHECK"]
FLASK = ["python", "-m", "flask", "--app", "app"]
DEMO = {"AGENCIES": "demo"}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Container:
    """Build the image once for all processes of a run."""
    folder = tmp_path_factory.getbasetemp()
    if root := os.environ.get("IMAGE_ROOT"):
        path = "/venv/bin:/usr/local/bin:/usr/bin:/bin"
        environ = dict(pair.split("=", 1) for pair in LAST["ENV"].words)
        return Container(Path(root), folder, {**environ, "PATH": path})
    run = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with (run / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return build_image(run / "image")


@pytest.fixture
def container(image: Container, tmp_path: Path) -> Container:
    """A container with a new volume, which has owner and mode of the image's folder."""
    volume = tmp_path / "volume"
    volume.mkdir()
    shutil.copystat(image.root / "data", volume)
    owner = (image.root / "data").stat()
    os.chown(volume, owner.st_uid, owner.st_gid)
    tmp_path.parent.chmod(0o755)
    return image._replace(volume=volume)


def health(container: Container, address: str, user: int) -> tuple[int, str]:
    """Run the health check of the image; return its status and words."""
    command = CHECK.text.partition("CMD ")[2]
    words = CHECK._replace(text=command).words
    return container.run(words, {"PORT": address.rpartition(":")[2]}, user)


def await_health(process: subprocess.Popen[str], address: str) -> None:
    def answers() -> bool:
        assert process.poll() is None, process.stdout and process.stdout.read()
        try:
            with urllib.request.urlopen(f"http://{address}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_until(answers)


def end(process: subprocess.Popen[str]) -> int:
    """Send SIGTERM to process 1 of a container, as an engine does; return the exit status."""
    os.kill(list_children(process.pid)[0], signal.SIGTERM)
    return process.wait(60)


@pytest.mark.parametrize("user", [SITE_USER, FREE_USER])
def test_any_user_serves_and_keeps_clicks(container: Container, user: int) -> None:
    """The volume is the only folder that is written, and commands find the same ledger."""
    with container.serve(START, DEMO, user) as (process, address):
        await_health(process, address)
        click = f"http://{address}/clicks?agency=demo&id=1&position=1&words=cat"
        with urllib.request.urlopen(click, data=b"", timeout=20) as answer:
            assert answer.status == 204
        assert health(container, address, user) == (0, "")
        status, printed = container.run([*FLASK, "clicks"], DEMO, user)
        assert (status, "1" in printed.split()) == (0, True), printed
        copy = [*FLASK, "ledger", "backup", "/data/copy.db"]
        assert container.run(copy, DEMO, user)[0] == 0
        assert end(process) == 0
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in container.volume.iterdir()}
    assert owners == {(user, 0)}
    assert "ledger.db" in {path.name for path in container.volume.iterdir()}


def test_sums_beyond_memory_are_written_to_the_volume(container: Container) -> None:
    """SQLite sorts the rows of large lists, and of large tables in an upgrade, in a file."""
    query = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000)"
        " SELECT count(*) FROM (SELECT sum(i) FROM n GROUP BY i * 7919 % 399989)"
    )
    script = f"import sqlite3; print(sqlite3.connect('/data/a.db').execute('{query}').fetchone())"
    status, printed = container.run(["python", "-c", script], {})
    assert (status, printed) == (0, "(399989,)\n")


def test_the_process_has_no_capability_and_gains_none(container: Container) -> None:
    status, printed = container.run(["cat", "/proc/self/status"], {})
    found = dict(line.split(":\t", 1) for line in printed.splitlines() if ":\t" in line)
    assert status == 0
    assert {int(found[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert found["NoNewPrivs"] == "1"


def test_the_end_loses_no_request(container: Container) -> None:
    """Every accepted connection is answered in full while SIGTERM ends the site under load."""
    answers: Counter[object] = Counter()
    lock, enough = threading.Lock(), threading.Event()

    def visit(address: str) -> None:
        while True:
            connection = http.client.HTTPConnection(address, timeout=20)
            try:
                connection.connect()
            except ConnectionRefusedError:
                return
            found: object
            try:
                connection.request("GET", "/search?q=mountain&wait=1")
                answer = connection.getresponse()
                answer.read()
                found = answer.status
            except (OSError, http.client.HTTPException) as error:
                found = repr(error)
            with lock:
                answers[found] += 1
                if answers[200] > 100:
                    enough.set()
            connection.close()

    with container.serve(START, DEMO) as (process, address):
        await_health(process, address)
        visitors = [threading.Thread(target=visit, args=(address,)) for _ in range(6)]
        for visitor in visitors:
            visitor.start()
        assert enough.wait(60)
        assert end(process) == 0
        for visitor in visitors:
            visitor.join(60)
    assert set(answers) <= {200, 503}, answers


def test_a_signal_during_the_imports_ends_the_site(container: Container) -> None:
    """The system drops signals for which process 1 has no handler; a kill follows much later."""
    with container.serve(START, DEMO) as (process, _):
        wait_until(lambda: "_speedups" in read_maps(process))  # of Flask's first imports
        assert end(process) == 0
        assert process.stdout
        assert process.stdout.read() == ""


def read_maps(process: subprocess.Popen[str]) -> str:
    """Return the files that process 1 of a container has loaded; none before its start."""
    return "".join(Path(f"/proc/{one}/maps").read_text() for one in list_children(process.pid))


def test_a_volume_of_root_stops_the_first_start(container: Container) -> None:
    """The message names both users and the command; the site does not lose clicks in silence."""
    os.chown(container.volume, 0, 0)
    container.volume.chmod(0o755)
    status, printed = container.run(START, DEMO)
    assert status == 1
    assert "DATA_DIR /data can't be written: /data belongs to user 0 and group 0" in printed
    assert f"the site runs as user {SITE_USER} and group 0" in printed
    assert f"chown -R {SITE_USER}:0 /data" in printed


def test_a_ledger_of_root_leaves_the_pages_up(container: Container) -> None:
    """A site that has a ledger serves even so, as after a backup that root has restored."""
    (container.volume / "ledger.db").touch(0o600)
    with container.serve(START, DEMO) as (process, address):
        await_health(process, address)
        assert end(process) == 0
        assert process.stdout
        assert (
            "ERROR - - - /data/ledger.db can't be written: /data/ledger.db belongs"
            in process.stdout.read()
        )


def test_a_root_without_volume_is_named(container: Container) -> None:
    status, printed = container.run(START, {**DEMO, "DATA_DIR": "/app/instance"})
    assert (status, "is read-only. Mount a volume" in printed) == (1, True), printed


def test_a_site_that_is_away_is_unhealthy(container: Container) -> None:
    status, printed = health(container, "127.0.0.1:1", SITE_USER)
    assert (status, printed) == (1, "/healthz does not answer: [Errno 111] Connection refused\n")


def test_nothing_is_compiled_at_a_start(container: Container) -> None:
    """Every module has bytecode that is valid whatever time its source has."""
    modules = [*(container.root / "app").rglob("*.py")]
    flags = {bytecode.read_bytes()[4] for module in modules for bytecode in iter_bytecode(module)}
    assert len(modules) > 300
    assert all(len([*iter_bytecode(module)]) == 1 for module in modules)
    assert flags == {1}  # PEP 552: a digest of the source, unchecked


def iter_bytecode(module: Path) -> Iterator[Path]:
    return (module.parent / "__pycache__").glob(f"{module.stem}.*.pyc")


def test_no_file_of_the_site_can_be_changed(container: Container) -> None:
    files = [path for name in ("app", "venv") for path in (container.root / name).rglob("*")]
    changeable = [path for path in files if path.lstat().st_mode & 0o022 and not path.is_symlink()]
    assert not changeable
    assert not [path for path in files if not path.is_symlink() and not path.stat().st_mode & 0o004]


def test_the_image_stays_small(container: Container) -> None:
    folders = [container.root / name for name in ("app", "venv")]
    sizes = [path.lstat().st_blocks * 512 for folder in folders for path in folder.rglob("*")]
    assert sum(sizes) / 1e6 < MAX_MEGABYTES


def test_the_image_holds_no_more_than_a_site_needs(container: Container) -> None:
    """No keys, data, tests, tools or texts for translators; no pip."""
    app = {path.name for path in (container.root / "app").iterdir()} - {"__pycache__"}
    assert app == {
        *("LICENSE", "affiliate", "app.py", "healthcheck.py"),
        *("static", "templates", "translations"),
    }
    assert not [*(container.root / "app").rglob("*.po")]
    assert not [*(container.root / "venv").rglob("pip")]
