"""The log: one format for the server, its processes and the commands, on standard error.

A line says when, how grave, in which request, of which agency, in what kind of call, and what.
Trouble that repeats is told once a minute. Words that visitors typed and secrets stand in none.
"""

import copy
import logging
import re
import sys
import textwrap
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from multiprocessing import util
from typing import Final, NamedTuple, TextIO, TypeVar
from urllib.parse import parse_qsl, quote, quote_plus

import msgspec

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
FORMATS: Final = ("text", "json")
OWN_LOGGERS: Final = ("affiliate", "app", "_granian")
"""Loggers that the level is for; libraries tell their warnings, whatever the level is."""
REPEAT_SECONDS: Final = 60.0
MAX_TROUBLES: Final = 256
"""Kinds of trouble of which repetitions are counted; the oldest is forgotten first."""
TYPED_PARAMETERS: Final = frozenset(
    ("q", "exclude", "contributor", "category", "url", "site", "fallback", "words", "ids", "id")
)
"""Parameters whose values visitors type."""
KNOWN_ID: Final = re.compile(
    r"[0-9]{1,11}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII
)
"""Numbers of pictures and collections as agencies give them, which are nobody's words."""
MIN_SECRET: Final = 6
"""Shorter ones, which no agency gives, are left in a line."""
MIN_WORD: Final = 3
"""Shorter words of ASCII are left in a line: they would be found inside of others."""
CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
TRACEBACK_INDENT: Final = "  "
"""What stands before each line of a traceback, so that none passes for a line of log."""
HIDDEN: Final = "***"
REQUEST_ID_HEADER: Final = "X-Request-Id"

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class LogContext(NamedTuple):
    """The request that a thread works for: its id, and what came with it from outside.

    ``query`` and ``path`` are as WSGI has them, ``referer`` is the header. ``known`` are the parts
    of paths that the site itself has given out, ``texts`` what a body held.
    """

    request_id: str = ""
    query: str = ""
    path: str = ""
    referer: str = ""
    known_parts: Container[str] = frozenset()
    texts: tuple[str, ...] = ()


NO_REQUEST: Final = LogContext()
ENVIRON: Final = "affiliate.asked"
"""Where a WSGI environment has what its request is to the log, for servers that log for it."""

_context: ContextVar[LogContext] = ContextVar("asked", default=NO_REQUEST)
_about: ContextVar[tuple[str, str]] = ContextVar("about", default=("", ""))


class use_context:  # noqa: N801 - used as a context manager, which a class makes quicker
    """Have lines of this thread carry a request's id, and hide what came with the request."""

    __slots__ = ("_now", "_token")

    def __init__(self, request: LogContext) -> None:
        self._now = request

    def __enter__(self) -> None:
        self._token = _context.set(self._now)

    def __exit__(self, *_: object) -> None:
        _context.reset(self._token)


def hide_texts(texts: Iterable[object]) -> None:
    """Have lines of the request under way hide texts that its body held."""
    now = _context.get()
    own = tuple(text for text in texts if isinstance(text, str))
    _context.set(now._replace(texts=now.texts + own))


def redact_path(path: str, known: Container[str]) -> str:
    """Return a path with what the site itself has given out: ``known`` parts, and ids."""
    return "/".join(part if part in known or _is_id(part) else HIDDEN for part in path.split("/"))


def _is_id(part: str) -> bool:
    return not part or KNOWN_ID.fullmatch(part) is not None


@contextmanager
def name_agency(agency: str, kind: str) -> Iterator[None]:
    """Have lines of this thread name an agency and a kind of call, such as ``search``."""
    token = _about.set((agency, kind))
    try:
        yield
    finally:
        _about.reset(token)


def carry_context(call: Callable[[], Result]) -> Callable[[], Result]:
    """Return a call that, in whatever thread, is made for the request of this one."""
    now = _context.get()
    if not now.request_id:
        return call

    def made() -> Result:
        with use_context(now):
            return call()

    return made


class Line(msgspec.Struct, omit_defaults=False):
    """What a line of log holds, in the order of the text format; names are JSON's."""

    time: str
    level: str
    request_id: str | None
    agency: str | None
    kind: str | None
    message: str
    logger: str
    exception: str | None = None

    def to_text(self) -> str:
        """Return the line as text; a traceback stands below it."""
        words = (self.time, self.level, self.request_id, self.agency, self.kind, self.message)
        line = " ".join(word or "-" for word in words)
        return (
            f"{line}\n{textwrap.indent(self.exception, TRACEBACK_INDENT)}"
            if self.exception
            else line
        )


class Formatter(logging.Formatter):
    """Makes lines of records, as text or as JSON; secrets and visitors' words are hidden."""

    def __init__(self, form: str, secrets: Collection[str] = ()) -> None:
        super().__init__()
        self._form = form
        long = (one for one in secrets if len(one) >= MIN_SECRET)
        longest_first = sorted(_list_spellings(long), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, without its end."""
        now, (agency, kind) = _context.get(), getattr(record, "about", None) or _about.get()
        words = _compile_typed_words(now) if record.levelno >= logging.INFO else None
        exception = self.formatException(record.exc_info) if record.exc_info else None
        line = Line(
            time=f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S}"
            f".{int(record.msecs):03}Z",
            level=record.levelname,
            request_id=getattr(record, "request_id", now.request_id) or None,
            agency=agency or None,
            kind=kind or None,
            message=CONTROLS.sub(_escape_match, self._redact(record.getMessage(), words))
            + getattr(record, "counted", ""),
            logger=record.name,
            exception=_escape_traceback(self._redact(exception, words)) if exception else None,
        )
        return msgspec.json.encode(line).decode() if self._form == "json" else line.to_text()

    def _redact(self, text: str, words: re.Pattern[str] | None) -> str:
        text = self._secrets.sub(HIDDEN, text)
        return words.sub(HIDDEN, text) if words else text


def _escape_match(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _escape_traceback(traceback: str) -> str:
    return "\n".join(CONTROLS.sub(_escape_match, line) for line in traceback.split("\n"))


def _list_spellings(texts: Iterable[str]) -> set[str]:
    """Return texts as they are and as addresses spell them, which libraries tell in errors."""
    found: set[str] = set()
    for text in texts:
        whole, plus = quote(text, "", errors="replace"), quote_plus(text, errors="replace")
        found |= {text, whole, plus, quote(text, errors="replace")}
    return found


def _compile_typed_words(now: LogContext) -> re.Pattern[str] | None:
    """Return what finds a visitor's words in a line, None where there are none."""
    words = {
        word for value in _iter_typed_values(now) for word in (value, *re.split(r"\W+", value))
    }
    telling = (word for word in words if word and (len(word) >= MIN_WORD or not word.isascii()))
    longest_first = sorted(_list_spellings(telling), key=len, reverse=True)
    if not longest_first:
        return None
    found = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?:(?<!\w)|(?<=%[0-9a-f]{{2}}))(?:{found})(?!\w)", re.IGNORECASE)


def _iter_typed_values(now: LogContext) -> Iterator[str]:
    """Yield the texts of a request that may be a visitor's own."""
    yield from now.texts
    yield from (
        value for name, value in parse_qsl(now.query, errors="replace") if name in TYPED_PARAMETERS
    )
    path = now.path.encode("latin-1", "replace").decode("utf-8", "replace")
    yield from (
        part for part in path.split("/") if part not in now.known_parts and not _is_id(part)
    )
    _, _, came_with = now.referer.partition("?")
    yield from (
        value for name, value in parse_qsl(came_with, errors="replace") if name in TYPED_PARAMETERS
    )


class Trouble(NamedTuple):
    """A line that was told, since when it has been, and how often it came again."""

    record: logging.LogRecord
    since: float
    again: int = 0

    def describe_repeats(self) -> str:
        """Return how often the line came again, as words that stand behind it."""
        told = datetime.fromtimestamp(self.record.created, UTC)
        return f" ({self.again} times more since {told:%H:%M:%S})" if self.again else ""


class Handler(logging.StreamHandler[TextIO]):
    """Writes lines; warnings that say the same of the same agency once in `REPEAT_SECONDS`."""

    def __init__(
        self, stream: TextIO | None = None, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        logging.Handler.__init__(self)  # the stream is looked up at each line, see below
        self._given = stream
        self._now = now
        self._troubles: OrderedDict[tuple[object, ...], Trouble] = OrderedDict()

    @property
    def stream(self) -> TextIO:  # type: ignore[override] # as the module's own last resort has it
        """Return what is written to: what was given, or standard error as it is now."""
        return self._given or sys.stderr

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, unless it repeats one; how often that came is told with the next."""
        if record.levelno >= logging.WARNING:
            about = record.about = _about.get()
            key, now = (about, *_repetition_key(record)), self._now()
            trouble = self._troubles.get(key)
            if trouble and now < trouble.since + REPEAT_SECONDS:
                self._troubles[key] = trouble._replace(again=trouble.again + 1)
                return
            if trouble:
                del self._troubles[key]
                record.counted = trouble.describe_repeats()
            self._troubles[key] = Trouble(record, now)
        self._log_ended_troubles()
        super().emit(record)

    def _log_ended_troubles(self) -> None:
        """Tell how often lines came again whose time is over, or that are too many to count."""
        ended = self._now() - REPEAT_SECONDS
        while self._troubles:
            key, trouble = next(iter(self._troubles.items()))
            if trouble.since > ended and len(self._troubles) <= MAX_TROUBLES:
                return
            del self._troubles[key]
            if trouble.again:
                last = copy.copy(trouble.record)
                last.created, last.exc_info, last.exc_text = time.time(), None, None
                last.counted = trouble.describe_repeats()
                super().emit(last)

    def write(self, records: Iterable[logging.LogRecord]) -> None:
        """Write many lines at once, none of which tells of trouble."""
        lines = "".join(f"{self.format(record)}\n" for record in records)
        self.acquire()
        try:
            self.stream.write(lines)
            self.flush()
        finally:
            self.release()

    def close(self) -> None:
        """Tell what came again and was not told."""
        self._troubles, troubles = OrderedDict(), self._troubles
        for trouble in troubles.values():
            if trouble.again:
                trouble.record.counted = trouble.describe_repeats()
                super().emit(trouble.record)
        super().close()


def _repetition_key(record: logging.LogRecord) -> tuple[object, ...]:
    """Return what lines that say the same have in common; words and numbers may differ."""
    args = record.args if isinstance(record.args, tuple) else ()
    errors = [type(arg) for arg in args if isinstance(arg, BaseException)]
    raised = record.exc_info[0] if record.exc_info else None
    return (record.name, record.levelno, record.msg, *errors, raised)


def configure(level: str, form: str, secrets: Collection[str] = ()) -> Handler:
    """Have this process log in one format; what it was told before no longer holds.

    ``secrets`` are texts that no line shows, whoever writes it.
    """
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, Handler)]:
        root.removeHandler(old)
    handler = Handler()
    handler.setFormatter(Formatter(form, secrets))
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(level)
    threading.excepthook = _log_thread_error
    util.Finalize(handler, handler.close, exitpriority=1)  # for processes that end without atexit
    return handler


def current_handler() -> Handler | None:
    """Return the handler of this process, None before `configure`."""
    return next((one for one in logging.getLogger().handlers if isinstance(one, Handler)), None)


def _log_thread_error(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        told = (ended.exc_type, ended.exc_value, ended.exc_traceback)
        log.error("a thread ended by an error", exc_info=told)
