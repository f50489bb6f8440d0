"""Commands tell their failures in a sentence, whatever their outputs are."""

import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click
import pytest
from flask.testing import FlaskClient

from affiliate.cli import options, outputs
from tests.support.licensing_command import run

WORDS = "Zwölf 猫 🚲"
ROOT = Path(__file__).parents[2]


@click.command(cls=outputs.Command)
@options.since
@options.as_json
@click.option("--fail", type=click.Choice(["early", "late", "abort", "disk", "text"]))
def words(*, since: object, as_json: bool, fail: str | None) -> None:
    """Print words, and fail."""
    del since
    if fail == "early":
        raise click.ClickException("It failed.")
    if fail == "abort":
        raise click.Abort
    if fail == "text":
        os.fsdecode(b"\xff").encode()
    if fail == "disk":
        raise OSError(errno.ENOSPC, "full", "a file")
    click.echo("told apart", err=True)
    if as_json:
        outputs.print_json([{"words": WORDS}])
    else:
        click.echo(WORDS)
    if fail == "late":
        raise click.ClickException("It failed.")


class Streams:
    """Standard output and error of commands that run in this process."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.opened: list[IO[Any]] = []

    def open(self, path: str | Path, mode: str = "w") -> IO[str]:
        self.opened.append(Path(path).open(mode, encoding="utf-8"))  # noqa: SIM115 - closed later
        return self.opened[-1]

    def status(self, *arguments: str, out: IO[str] | None, err: IO[str] | None) -> object:
        """Run the command; return its exit status."""
        self._patch.setattr("sys.stdout", out)
        self._patch.setattr("sys.stderr", err)
        with pytest.raises(SystemExit) as ended:
            words.main([*arguments])
        self._patch.undo()
        return ended.value.code


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Iterator[Streams]:
    one = Streams(monkeypatch)
    yield one
    for file in one.opened:
        file.close()  # fails where what was written is still to be flushed


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--help"], ["--json", "--fail", "late"]])
@pytest.mark.parametrize("kind", ["full", "readable", "closed"])
def test_an_output_that_takes_nothing_is_told_in_a_sentence(
    streams: Streams, tmp_path: Path, kind: str, arguments: list[str]
) -> None:
    """On a full disk, a descriptor that is only read, or none; nothing is left to be flushed."""
    files = {"full": ("/dev/full", "w"), "readable": (os.devnull, "r+")}
    out = streams.open(*files[kind]) if kind in files else None
    if kind == "readable" and out:
        os.dup2(nowhere := os.open(os.devnull, os.O_RDONLY), out.fileno())
        os.close(nowhere)
    err = streams.open(tmp_path / "err")
    assert streams.status(*arguments, out=out, err=err) == 1
    reasons = {
        "full": "The output can't be written: No space left on device.",
        "readable": "The output can't be written: Bad file descriptor.",
        "closed": "Standard output is closed, so nothing was done.",
    }
    said = (tmp_path / "err").read_text().removeprefix("told apart\n")
    assert said == f"Error: {reasons[kind]}\n"


@pytest.mark.parametrize(
    ("arguments", "status"), [((), 1), (("--since", "x"), 2), (("--fail", "early"), 1)]
)
def test_a_full_error_output_changes_no_status_of_a_failure(
    streams: Streams, tmp_path: Path, arguments: tuple[str, ...], status: int
) -> None:
    """What only it tells is lost; programs still read why."""
    for err in (streams.open("/dev/full"), None):
        out = tmp_path / "out"
        wanted = 0 if err is None and not arguments else status
        assert streams.status(*arguments, "--json", out=streams.open(out), err=err) == wanted
        assert ("error" in json.loads(out.read_text())) is bool(arguments) if wanted != 1 else True


def test_a_pipe_that_nobody_reads_any_more_ends_in_silence(
    streams: Streams, tmp_path: Path
) -> None:
    """As that to ``head`` does."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        assert streams.status(out=out, err=streams.open(tmp_path / "err")) == 1
        outputs.redirect_to_null(out)
    assert (tmp_path / "err").read_text() == "told apart\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--since", "2026-02-30"], "'2026-02-30' is not a day"),
        (["--nonsense"], "No such option"),
        (["--fail"], "requires an argument"),
        (["--fail", "early"], "It failed."),
        (["--fail", "abort"], "Aborted."),
    ],
)
def test_a_program_reads_why_a_command_failed(
    streams: Streams, tmp_path: Path, arguments: list[str], error: str
) -> None:
    """As an object on standard output, beside the sentence for people."""
    for order in (["--json", *arguments], [*arguments, "--json"]):
        if order[-2:] == ["--fail", "--json"]:
            continue  # it is the option's value then
        out, err = tmp_path / "out", tmp_path / "err"
        assert streams.status(*order, out=streams.open(out), err=streams.open(err)) in {1, 2}
        assert error in json.loads(out.read_text())["error"]
        assert error[:7] in err.read_text()


def test_a_command_prints_one_document(streams: Streams, tmp_path: Path) -> None:
    """None of a failure after its own; none without ``--json``, or with it behind ``--``."""
    out, err = tmp_path / "out", tmp_path / "err"
    streams.status("--json", "--fail=late", out=streams.open(out), err=streams.open(err))
    assert json.loads(out.read_text()) == [{"words": WORDS}]
    for arguments in (["--fail=early"], ["--", "--json"]):
        streams.status(*arguments, out=streams.open(out), err=streams.open(err))
        assert out.read_text() == ""


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        ("disk", "a file: No space left on device."),
        ("text", "The words of the command are not valid text."),
    ],
)
def test_failures_of_files_and_words_are_told(
    streams: Streams, tmp_path: Path, fail: str, said: str
) -> None:
    """A file by its name; arguments that are no text in the terminal's encoding."""
    out, err = tmp_path / "out", tmp_path / "err"
    status = streams.status(
        "--json", f"--fail={fail}", out=streams.open(out), err=streams.open(err)
    )
    assert (status, err.read_text()) == (1, f"Error: {said}\n")
    assert json.loads(out.read_text()) == {"error": said}


@pytest.mark.parametrize("error", [ConnectionResetError(104, "reset"), "é".encode])
def test_a_fault_of_the_program_stays_one(error: Any) -> None:
    """With its traceback."""

    @click.command(cls=outputs.Command)
    def faulty() -> None:
        if callable(error):
            error("ascii")
        raise error

    with pytest.raises((OSError, UnicodeError)):
        faulty.main([], standalone_mode=False)


@pytest.mark.parametrize(
    "encoding", ["iso-8859-1", "cp1252", "ascii", "shift_jis", "utf-16", "utf-8"]
)
def test_json_is_the_same_in_every_encoding(
    streams: Streams, tmp_path: Path, encoding: str
) -> None:
    """Texts for people have a mark for each sign that the encoding lacks."""
    for arguments in ([], ["--json"]):
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding=encoding)
        err = streams.open(tmp_path / "err")
        assert streams.status(*arguments, out=out, err=err) == 0
        said = raw.getvalue().decode("utf-8" if encoding == "ascii" else encoding)
        if arguments:
            assert json.loads(said) == [{"words": WORDS}]
            assert said.isascii() is (encoding != "utf-8")
        else:
            shown = WORDS.encode(encoding, "replace").decode(encoding)
            assert said.strip() == (WORDS if encoding == "ascii" else shown)


def test_every_command_of_this_site_ends_so(client: FlaskClient) -> None:
    """Groups, too; and ``--json`` has one name in all."""
    known = [one for name, one in client.application.cli.commands.items() if name not in FLASKS]
    for one in known:
        known += one.commands.values() if isinstance(one, click.Group) else ()
        assert isinstance(one, outputs.Command | outputs.Group), one.name
        names = {p.name for p in one.params if "--json" in p.opts}
        assert names <= {"as_json"}
    assert len(known) > 30


FLASKS = {"run", "shell", "routes"}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("clicks", "--since 2026-03-02 --until 2026-03-01"),
        ("purchases", "--since 2026-03-02 --until 2026-03-01 --months"),
        ("history", "--since 2026-03-02 --until 2026-03-01"),
        ("clicks", "--since today --until yesterday --csv -"),
        ("clicks", "--since 2999-01-01"),
        ("purchases", "--since 2999-01-01"),
        ("searches", "--since 2999-01-01"),
        ("searches", "--since 2026-02-30"),
        ("clicks", "--until 2026-13-01"),
        ("clicks", "--since -7d"),
        ("clicks", "--since 99999d"),
        ("clicks", "--since ''"),
    ],
)
def test_a_period_in_which_nothing_can_be_is_refused(
    client: FlaskClient, command: str, words: str
) -> None:
    """The sentence names the options and the days."""
    given = words.replace("''", " ").split(" ") if "''" in words else words.split()
    done = run(client.application, command, *given)
    assert done.exit_code == 2
    for part in given[:4:2]:
        assert part in done.stderr


@pytest.mark.parametrize("words", ["--until 2999-01-01", "--since 0001-01-01", "--since today"])
def test_a_period_may_reach_far(client: FlaskClient, words: str) -> None:
    """Back to the first day, on to the last, or be one day."""
    for command in ("clicks", "purchases"):
        assert run(client.application, command, *words.split()).exit_code == 0


def test_a_real_command_tells_a_full_disk(tmp_path: Path) -> None:
    """And ends with 1, where Python's own end would fail with 120."""
    environ = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", "agency", "list"],
            cwd=ROOT,
            env=environ,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()  # behind that a ledger was made
    assert last == "Error: The output can't be written: No space left on device."
    assert "Traceback" not in done.stderr
