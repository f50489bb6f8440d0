"""Options and cells that several commands share, at their limits."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from affiliate.cli import options
from tests.support.licensing_command import run


def test_a_day_is_over_when_the_next_begins() -> None:
    """The last day that there is has no next one."""
    assert options.get_period_end(datetime(2026, 2, 28)) == datetime(2026, 3, 1, tzinfo=UTC)  # noqa: DTZ001 - a day
    assert options.get_period_end(datetime(9999, 12, 31)) == datetime.max.replace(tzinfo=UTC)  # noqa: DTZ001 - a day


@pytest.mark.parametrize(
    ("file", "reason"),
    [("/dev/full", "No space left on device"), ("missing/a.csv", "No such file or directory")],
)
def test_a_table_that_can_t_be_written_is_said(
    client: FlaskClient, tmp_path: Path, file: str, reason: str
) -> None:
    """Nothing else is said, and no traceback."""
    path = tmp_path / file  # /dev/full stays as it is
    for command in ("clicks", "purchases"):
        shown = run(client.application, command, "--until", "9999-12-31", "--csv", str(path))
        assert (shown.exit_code, type(shown.exception)) == (1, SystemExit)
        assert reason in shown.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("clicks", "--limit", "9" * 30), "is not in the range"),
        (("history", "--limit", "9" * 30), "is not in the range"),
        (("searches", "--limit", "0"), "is not in the range"),
        (("warm", "--within", "-1"), "is not in the range"),
        (("warm", "--calls", "-1"), "is not in the range"),
        (("ledger", "backup", "x" * 300), "File name too long."),
        (("download", "x" * 300), "File name too long."),
        (("download", "list.csv"), "list.csv is no list and no table in UTF-8."),
    ],
)
def test_what_no_command_can_do_is_said(
    client: FlaskClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    """Numbers out of range, names that no disk takes, files of another encoding."""
    monkeypatch.chdir(tmp_path)
    Path("list.csv").write_bytes("Größe\n".encode("iso-8859-1"))
    done = run(client.application, *arguments)
    assert (done.exit_code, type(done.exception)) == (1 + ("range" in said), SystemExit)
    assert said in done.stderr
