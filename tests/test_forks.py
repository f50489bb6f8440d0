"""A fork of a loaded process is to tests what a start of the program is."""

from pathlib import Path

from tests.support.forks import fork
from tests.support.processes import clean_environment


def test_a_fork_has_its_own_settings_and_tells_why_it_ends(tmp_path: Path) -> None:
    """Of the test's environment nothing is left; the sentence and the status are the program's."""
    environ = {**clean_environment(), "DATA_DIR": str(tmp_path), "PORT": "none"}
    log = tmp_path / "log"
    assert fork(["app.py"], environ, log).wait(60) == 1
    assert "PORT must be a whole number" in log.read_text()
