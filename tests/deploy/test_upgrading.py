"""The guide of upgrades leads from an older version up, back, and to the restored copy."""

import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from affiliate.database.ledger import Ledger
from affiliate.database.migrations import REVISION
from tests.support.ports import new_port
from tests.support.postgres import new_database, programs
from tests.support.processes import ROOT, clean_environment, reset_inherited
from tests.support.waiting import wait_until

GUIDE: Final = (ROOT / "docs" / "upgrading.md").read_text()
OLD_COMMIT: Final = "13451a24321d"
"""The commit of version 0.1.0, whose tables are of revision 0014."""
OLD_REVISION: Final = "0014"


def read_lines(heading: str, number: int = 0) -> str:
    """Return the lines of a section's block for the shell."""
    section = re.split(rf"^## {heading}$", GUIDE, flags=re.MULTILINE)[1].partition("\n## ")[0]
    blocks: list[str] = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return blocks[number]


@pytest.fixture(scope="module")
def old_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout of version 0.1.0, with the packages of this version."""
    folder = tmp_path_factory.mktemp("old")
    names = ["app.py", "affiliate", "templates", "static", "translations"]
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", OLD_COMMIT, *names], capture_output=True, check=False
    )
    if archive.returncode:
        pytest.skip("the clone has no history")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


class Owner:
    """An owner with a ledger, who follows the guide in the folder of the site."""

    def __init__(self, folder: Path, database: str | None) -> None:
        self.data_dir = folder / "data"
        self.data_dir.mkdir()
        self.log = folder / "log"
        self.environ: dict[str, str] = {
            **clean_environment(),
            "PATH": f"{programs()}:{os.environ['PATH']}",
            "HOME": str(folder),
            "DATA_DIR": str(self.data_dir),
            "AGENCIES": "demo",
            **({"DATABASE_URL": database} if database else {}),
        }
        self.database = database or f"sqlite:///{self.data_dir / 'ledger.db'}"

    def follow(self, lines: str, **variables: str) -> Mapping[str, str]:
        """Run lines of the guide, and return the shell's variables."""
        lines = lines.replace(".venv/bin/flask", f"{shlex.quote(sys.executable)} -m flask")
        run = subprocess.run(
            ["sh", "-euc", f"{lines}set"],
            cwd=ROOT,
            env={**self.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return dict(re.findall(r"(?m)^(\w+)='(.*)'$", run.stdout))

    @contextmanager
    def site(self, folder: Path) -> Iterator[str]:
        """Run the version in a folder until the block ends, and yield its address."""
        port = new_port()
        with (
            self.log.open("wb") as out,
            subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=folder,
                env={**self.environ, "PORT": str(port)},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
            ) as process,
        ):
            try:
                wait_until(lambda: process.poll() is not None or _answers(port))
                yield f"http://127.0.0.1:{port}"
                process.terminate()
                assert process.wait(20) == 0, self.log.read_text()
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def click(self, folder: Path, number: int) -> None:
        """Start a version, click on a picture, and end the version."""
        address = f"/clicks?agency=demo&id={number}&position=1"
        with self.site(folder) as url:
            request = urllib.request.Request(url + address, method="POST")
            with urllib.request.urlopen(request, timeout=20) as answer:
                assert answer.status == 204

    def read(self) -> tuple[str | None, list[str]]:
        """Return the revision of the tables, and the pictures that were clicked."""
        with closing(Ledger(self.database)) as ledger:
            return ledger.read_revision(), [one.id for _, one in ledger.stream_clicks()]


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_guide_leads_up_back_and_to_the_copy(
    kind: str, tmp_path: Path, old_version: Path, request: pytest.FixtureRequest
) -> None:
    """Clicks of each version stay in every other; the copy brings back what was there at first."""
    database = None
    if kind == "postgresql":
        address = new_database(request.getfixturevalue("postgres"))
        database = address.replace("+psycopg", "")
    owner, place = Owner(tmp_path, database), int(kind == "postgresql")
    owner.click(old_version, 1)
    assert owner.read() == (OLD_REVISION, ["1"])

    backup = owner.follow(read_lines("Back up", place))["BACKUP"]
    owner.click(ROOT, 2)  # upgrade
    assert owner.read() == (REVISION, ["1", "2"])

    owner.click(old_version, 3)  # roll back
    assert "newer version" in owner.log.read_text()
    assert owner.read() == (REVISION, ["1", "2", "3"])

    lines = read_lines("Roll back").replace('"$REVISION"', '--yes "$REVISION"')
    owner.follow(lines, REVISION=OLD_REVISION)
    assert owner.read() == (OLD_REVISION, ["1", "2", "3"])

    owner.follow(read_lines("Restore", place), BACKUP=backup)
    assert owner.read() == (OLD_REVISION, ["1"])
    with closing(Ledger(owner.database)) as ledger:
        ledger.upgrade()  # as the start does
    assert owner.read() == (REVISION, ["1"])
