"""What owners see when they fetch files of licenses again, and when they sync a folder."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from affiliate.cli import sync as module
from affiliate.cli.sync import _ProgressLine
from affiliate.licensing.files.manifest import iter_lines
from affiliate.licensing.files.sync import SyncReport
from tests.simulator import Simulator, answer_with, simulator
from tests.support.licensing_command import make_site, run
from tests.support.owner_account import list_names, make_original

HISTORY = "/v2/images/licenses"
CLIP: dict[str, Any] = {"media": "video", "media_id": "20000000", "size": "web"}


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=50) as server:
        yield server


@pytest.fixture
def app(agency: Simulator, tmp_path: Path) -> Flask:
    return make_site(agency, tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files" / "new"


def download(app: Flask, folder: Path, *arguments: str) -> Any:
    return run(app, "download", *arguments, "--dir", str(folder))


def test_downloads_by_license(agency: Simulator, app: Flask, folder: Path) -> None:
    """Each file is fetched into the folder, and its path is said, fit for a pipe."""
    one, two, _ = agency.buy(0), agency.buy(1, size="vector"), agency.buy(2)
    done = download(app, folder, one.id, two.id, one.id)
    assert done.exit_code == 0
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert [path.read_bytes() for path in paths] == [make_original(two), make_original(one)]
    assert list_names(folder) == sorted(path.name for path in paths)


def test_names_follow_the_pattern(agency: Simulator, app: Flask, folder: Path) -> None:
    """`--name` names files; one that can't be kept apart is refused before any call."""
    bought = agency.buy(3)
    assert download(app, folder, bought.id, "--name", "cat {media_id}").exit_code == 0
    assert list_names(folder) == ["cat-1000003.jpg"]
    agency.requests.clear()
    failed = download(app, folder, bought.id, "--name", "cat")
    assert failed.exit_code == 2
    assert "--name" in failed.stderr
    assert "{license_id} or {media_id}" in failed.stderr
    assert agency.requests == []


def test_videos_have_their_own_licenses(agency: Simulator, app: Flask, folder: Path) -> None:
    """`--video` looks among videos; without it their licenses aren't found."""
    bought = agency.buy(**CLIP)
    failed = download(app, folder, bought.id)
    assert failed.exit_code == 1
    assert "no such license among those of images" in failed.stderr
    assert download(app, folder, bought.id, "--video").exit_code == 0
    assert list_names(folder) == [f"20000000-web-{bought.id}.mov"]


@pytest.mark.parametrize("form", ["{0}\n\n{1}\n", '"at","id"\n"x","{0}"\n"y","{1}"\n'])
def test_licenses_from_a_file(
    agency: Simulator, app: Flask, folder: Path, tmp_path: Path, form: str
) -> None:
    """A list of ids will do, and so will a table with a column of ids."""
    ids = [agency.buy(number).id for number in range(2)]
    (tmp_path / "list").write_text(form.format(*ids))
    assert download(app, folder, str(tmp_path / "list")).exit_code == 0
    assert len(list_names(folder)) == 2


def test_the_table_of_the_history_is_such_a_file(
    agency: Simulator, app: Flask, folder: Path, tmp_path: Path
) -> None:
    """What `flask history --csv` wrote can be downloaded as it is."""
    for number in range(2):
        agency.buy(number)
    assert run(app, "history", "--csv", str(tmp_path / "all.csv")).exit_code == 0
    assert download(app, folder, str(tmp_path / "all.csv")).exit_code == 0
    assert len(list_names(folder)) == 2


def test_what_cannot_be_had_is_said(agency: Simulator, app: Flask, folder: Path) -> None:
    """Platform licenses, withdrawn images and files that are there fail alone, with the reason."""
    platform = agency.buy(0, license="platform", downloadable=False)
    withdrawn, there, good = agency.buy(1, media_id="99"), agency.buy(2), agency.buy(3)
    assert download(app, folder, there.id).exit_code == 0
    done = download(app, folder, platform.id, withdrawn.id, there.id, good.id, "unknown")
    assert done.exit_code == 1
    said = dict(line.split(": ", 1) for line in done.stderr.splitlines())
    assert "platform licenses can't be downloaded again" in said[platform.id]
    assert "Media unavailable" in said[withdrawn.id]
    assert "is there already" in said[there.id]
    assert "no such license" in said["unknown"]
    assert good.id in done.stdout


def test_the_sandbox_is_asked_unless_live(tmp_path: Path, folder: Path) -> None:
    """Without `--live` no call goes to the real account."""
    with simulator(5) as real, simulator(5, sandbox=True) as sandbox:
        app = make_site(real, tmp_path, SHUTTERSTOCK_LICENSE_URL=sandbox.url)
        bought = real.buy()
        assert download(app, folder, bought.id).exit_code == 1
        assert real.requests == []
        assert run(app, "sync", str(folder)).exit_code == 0
        assert real.requests == []
        before = len(sandbox.requests)
        assert download(app, folder, bought.id, "--live").exit_code == 0
        assert run(app, "sync", str(folder), "--live").exit_code == 0
        assert len(sandbox.requests) == before


def test_sync_says_what_it_did(agency: Simulator, app: Flask, folder: Path) -> None:
    """Files, licenses without one and failures are counted; failures make it exit with 1."""
    for number in range(3):
        agency.buy(number)
    agency.buy(4, downloadable=False)
    agency.buy(**CLIP)
    agency.misbehave(answer_with(500), on=f"{HISTORY}/*")
    failed = run(app, "sync", str(folder))
    assert failed.exit_code == 1
    assert "3 files" in failed.stderr
    assert "1 licenses without a file; 1 failed" in failed.stderr
    assert agency.purchases[2].id in failed.stderr
    done = run(app, "sync", str(folder))
    assert (done.exit_code, done.stderr[:7]) == (0, "1 files")
    assert len(list(iter_lines(folder))) == 5


def test_sync_of_one_medium(agency: Simulator, app: Flask, folder: Path) -> None:
    """`--media video` leaves images for another time."""
    agency.buy(0)
    agency.buy(**CLIP)
    assert run(app, "sync", str(folder), "--media", "video").exit_code == 0
    assert [one.media for one in iter_lines(folder)] == ["video"]
    assert run(app, "sync", str(folder)).exit_code == 0
    assert [one.media for one in iter_lines(folder)] == ["video", "image"]


def test_names_in_a_synced_folder_must_differ(app: Flask, folder: Path) -> None:
    """A pattern without the license's id is refused: the same image can be licensed twice."""
    failed = run(app, "sync", str(folder), "--name", "{media_id}")
    assert failed.exit_code == 2
    assert "{license_id}" in failed.stderr


@pytest.mark.parametrize("command", ["download", "sync"])
def test_a_missing_scope_is_named(
    agency: Simulator, app: Flask, folder: Path, command: str
) -> None:
    """A token without `licenses.view` is told so, without a traceback."""
    agency.misbehave(answer_with(403, b'{"message": "Insufficient scope"}'), on=HISTORY, times=None)
    agency.misbehave(
        answer_with(
            200, b'{"scopes": ["user.view"], "username": "j", "client_id": "c", "realm": "r"}'
        ),
        on="/v2/user/access_token",
        times=None,
    )
    failed = run(app, command, *([str(folder)] if command == "sync" else ["e1"]))
    assert failed.exit_code == 1
    assert "licenses.view" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_ctrl_c_is_no_fault(
    agency: Simulator, app: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is interrupted says that it can go on, and does."""
    for number in range(3):
        agency.buy(number)

    def interrupt(self: object, report: SyncReport) -> None:  # noqa: ARG001 - as it is called
        if report.fetched:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(_ProgressLine, "show", interrupt)
        stopped = run(app, "sync", str(folder))
    assert stopped.exit_code == module.INTERRUPTED_STATUS
    assert "run it again to go on" in stopped.stderr
    assert run(app, "sync", str(folder)).exit_code == 0
    assert len(list(iter_lines(folder))) == 3


def test_progress_is_one_line_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the line is written over; the share of the file under way is said."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    ticker = _ProgressLine()
    report = SyncReport(fetched=2, bytes=3_000_000, now="cat", now_bytes=1, now_length=2)
    ticker.show(report)
    ticker.show(report)
    ticker.end(report)
    assert screen.getvalue() == "\r\x1b[K2 files, 3.0 MB  cat  50%\r\x1b[K2 files, 3.0 MB\n"
