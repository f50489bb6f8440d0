"""Base classes of commands, which report failures also on full, closed or non-UTF-8 outputs.

Every command of this site is a `Command`, in a `Group` or alone. Each failure is a sentence on
standard error, without a traceback; a program that asked for JSON also reads the failure on
standard output, as an object with ``error``.
"""

import codecs
import errno
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Final

import click
import msgspec
from click.exceptions import Exit
from flask.cli import AppGroup

from affiliate.domain.media import clean_text

OUTPUT_ERRNOS: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.ENXIO, errno.EINVAL}
)
"""Error numbers of failed writes, without that of a pipe that nobody reads."""
MAX_NAME_LENGTH: Final = 200
"""Characters of a file's name that a failure shows."""
PRINTED_KEY: Final = "affiliate.printed"
"""The key in a context's ``meta`` once the command has printed its document."""


class ReportingCommand(click.Command):
    """A command or group that reports its failures, also if an output is broken."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as click has it
    ) -> click.Context:
        """Read the arguments."""
        options = args[: args.index("--")] if "--" in args else args
        has_json = any(param.name == "as_json" for param in self.params)
        with _report_errors(as_json=has_json and "--json" in options):
            _prepare_streams()
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """Run the command."""
        with _report_errors(as_json=bool(ctx.params.get("as_json"))):
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result


class Command(ReportingCommand):
    """A command of this site."""


class Group(ReportingCommand, AppGroup):
    """A group of `Command` objects, which run in the app's context."""

    command_class = Command


@contextmanager
def _report_errors(*, as_json: bool) -> Iterator[None]:
    """Report a failure, and exit with its status.

    After a broken pipe, click ends the command in silence.
    """
    try:
        yield
    except click.ClickException as error:
        report_failure(
            error.show, build_error_document(error.format_message()) if as_json else None
        )
        raise Exit(error.exit_code) from None
    except (click.Abort, KeyboardInterrupt):
        if as_json:
            _print_failure(build_error_document("Aborted."))
        raise
    except (OSError, UnicodeEncodeError) as error:
        if not (message := _describe_failure(error)):
            raise
        failure = click.ClickException(message)
        report_failure(failure.show, build_error_document(message) if as_json else None)
        raise Exit(failure.exit_code) from None
    finally:
        _flush_errors()


def _describe_failure(error: OSError | UnicodeEncodeError) -> str:
    """Return a failure of an output, a file or an argument in words; empty for other failures.

    A failed standard output is redirected to the null device.
    """
    if isinstance(error, UnicodeEncodeError):
        match = re.search(
            "[\udc80-\udcff]", error.object
        )  # surrogates, as Python decodes invalid bytes
        return "The words of the command are not valid text." if match else ""
    reason = os.strerror(error.errno or 0)
    if error.filename is not None:
        return f"{clean_text(str(error.filename))[:MAX_NAME_LENGTH]}: {reason}."
    if error.errno in OUTPUT_ERRNOS:
        redirect_to_null(sys.stdout)
        return f"The output can't be written: {reason}."
    return ""


def _prepare_streams() -> None:
    """Make the standard streams usable, so that no text and no closed stream breaks a command.

    Raises:
        ClickException: standard output is closed, so that no result could be printed.
    """
    if sys.stdout is None:
        raise click.ClickException("Standard output is closed, so nothing was done.")
    if sys.stderr is None:
        sys.stderr = _open_null("w")
    if sys.stdin is None:
        sys.stdin = _open_null("r")
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")


def _open_null(mode: str) -> IO[str]:
    """Return a stream on the null device, to replace a closed stream until the process ends."""
    return open(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8", closefd=False)


def report_failure(show: Callable[[], None], document: object = None) -> None:
    """Show a failure, and print a document for programs; ignore broken outputs."""
    try:
        show()
    except OSError:
        redirect_to_null(sys.stderr)
    if document is not None:
        _print_failure(document)


def build_error_document(words: str) -> dict[str, str]:
    """Return the document of a failure."""
    return {"error": words}


def _print_failure(document: object) -> None:
    """Print the document of a failure, unless the command has printed its own document."""
    context = click.get_current_context(silent=True)
    if context and context.meta.get(PRINTED_KEY):
        return
    try:
        print_json(document)
    except OSError:
        redirect_to_null(sys.stdout)


def _flush_errors() -> None:
    """Flush standard error, and redirect a broken standard error to the null device."""
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        redirect_to_null(sys.stderr)


def redirect_to_null(stream: IO[str] | None) -> None:
    """Redirect a broken stream to the null device, so that Python's exit can flush the stream."""
    with suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())  # type: ignore[union-attr] # closed, or caught
        os.close(null)


def is_terminal() -> bool:
    """Return whether somebody can answer questions at a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def print_json(value: object) -> None:
    """Print a value as the one JSON document of a command, on lines of its own."""
    click.echo(format_json(value))
    mark_printed()


def mark_printed() -> None:
    """Record that the document is printed, so that no failure prints a second document."""
    if context := click.get_current_context(silent=True):
        context.meta[PRINTED_KEY] = True


def format_json(value: object) -> str:
    """Return a value as indented JSON.

    Where standard output is not in UTF-8, characters outside ASCII are escaped, so that the
    document is the same in every encoding.
    """
    text = msgspec.json.format(msgspec.json.encode(value)).decode()
    return text if _is_utf8(sys.stdout) else re.sub(r"[^\x00-\x7f]", _escape, text)


def _escape(match: re.Match[str]) -> str:
    """Return the JSON escape of a character outside ASCII, which only occurs in strings."""
    return json.dumps(match[0])[1:-1]


def _is_utf8(stream: IO[str] | None) -> bool:
    """Return whether a stream is encoded in UTF-8, as is assumed of a missing stream."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name == "utf-8"
