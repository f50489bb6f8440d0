"""The log: one format for the server, its processes and the commands, on standard error.

A line holds the time, level, request, agency, kind of call and message. Repeated warnings are
written once a minute. No line holds secrets or words that visitors typed.
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
"""Loggers that the level is for; libraries log their warnings, whatever the level is."""
REPEAT_SECONDS: Final = 60.0
MAX_WARNINGS: Final = 256
"""Warnings whose repetitions are counted; the oldest is dropped first."""
TYPED_PARAMETERS: Final = frozenset(
    ("q", "exclude", "contributor", "category", "url", "site", "fallback", "words", "ids", "id")
)
"""Parameters whose values visitors type."""
KNOWN_ID: Final = re.compile(
    r"[0-9]{1,11}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII
)
"""Ids of pictures and collections as agencies give them, which are nobody's words."""
MIN_SECRET: Final = 6
"""Characters of the shortest secret that lines hide; no agency gives shorter secrets."""
MIN_WORD: Final = 3
"""Characters of the shortest ASCII word that lines hide; shorter ones occur inside other words."""
CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
TRACEBACK_INDENT: Final = "  "
"""Indent of each line of a traceback, so that none passes for a line of log."""
HIDDEN: Final = "***"
REQUEST_ID_HEADER: Final = "X-Request-Id"

Result = TypeVar("Result")

log = logging.getLogger(__name__)


class LogContext(NamedTuple):
    """The request that a thread works for: its id, and the texts that came with the request.

    ``query`` and ``path`` are as in WSGI, ``referer`` is the header. ``known_parts`` are the parts
    of paths that the site itself has given out, ``texts`` the texts of a body.
    """

    request_id: str = ""
    query: str = ""
    path: str = ""
    referer: str = ""
    known_parts: Container[str] = frozenset()
    texts: tuple[str, ...] = ()


NO_REQUEST: Final = LogContext()
ENVIRON_KEY: Final = "affiliate.log_context"
"""Key of a request's `LogContext` in its WSGI environment, for servers that log requests."""

_context: ContextVar[LogContext] = ContextVar("log_context", default=NO_REQUEST)
_agency_call: ContextVar[tuple[str, str]] = ContextVar("agency_call", default=("", ""))


class use_context:  # noqa: N801 - used as a context manager, which a class makes quicker
    """A context manager: lines of this thread carry a request's id and hide the request's texts."""

    __slots__ = ("_context", "_token")

    def __init__(self, request: LogContext) -> None:
        self._context = request

    def __enter__(self) -> None:
        self._token = _context.set(self._context)

    def __exit__(self, *_: object) -> None:
        _context.reset(self._token)


def hide_texts(texts: Iterable[object]) -> None:
    """Have lines of the current request hide texts of its body."""
    context = _context.get()
    own = tuple(text for text in texts if isinstance(text, str))
    _context.set(context._replace(texts=context.texts + own))


def redact_path(path: str, known: Container[str]) -> str:
    """Return a path without its parts but ids and ``known`` ones, which the site has given out."""
    return "/".join(part if part in known or _is_id(part) else HIDDEN for part in path.split("/"))


def _is_id(part: str) -> bool:
    return not part or KNOWN_ID.fullmatch(part) is not None


@contextmanager
def name_agency(agency: str, kind: str) -> Iterator[None]:
    """Have lines of this thread name an agency and a kind of call, such as ``search``."""
    token = _agency_call.set((agency, kind))
    try:
        yield
    finally:
        _agency_call.reset(token)


def carry_context(call: Callable[[], Result]) -> Callable[[], Result]:
    """Return ``call`` so that lines of any thread that makes the call carry the current request."""
    context = _context.get()
    if not context.request_id:
        return call

    def call_in_context() -> Result:
        with use_context(context):
            return call()

    return call_in_context


class Line(msgspec.Struct, omit_defaults=False):
    """A line of log, its fields in the order of the text format and named as in JSON."""

    time: str
    level: str
    request_id: str | None
    agency: str | None
    kind: str | None
    message: str
    logger: str
    exception: str | None = None

    def to_text(self) -> str:
        """Return the line as text, with a traceback below."""
        words = (self.time, self.level, self.request_id, self.agency, self.kind, self.message)
        line = " ".join(word or "-" for word in words)
        return (
            f"{line}\n{textwrap.indent(self.exception, TRACEBACK_INDENT)}"
            if self.exception
            else line
        )


class Formatter(logging.Formatter):
    """A formatter of records as text or JSON, which hides secrets and visitors' words."""

    def __init__(self, form: str, secrets: Collection[str] = ()) -> None:
        super().__init__()
        self._form = form
        long = (secret for secret in secrets if len(secret) >= MIN_SECRET)
        longest_first = sorted(_list_spellings(long), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, without its end."""
        context = _context.get()
        agency, kind = getattr(record, "agency_call", None) or _agency_call.get()
        words = _compile_typed_words(context) if record.levelno >= logging.INFO else None
        exception = self.formatException(record.exc_info) if record.exc_info else None
        line = Line(
            time=f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S}"
            f".{int(record.msecs):03}Z",
            level=record.levelname,
            request_id=getattr(record, "request_id", context.request_id) or None,
            agency=agency or None,
            kind=kind or None,
            message=CONTROLS.sub(_escape_match, self._redact(record.getMessage(), words))
            + getattr(record, "repeat_note", ""),
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
    """Return texts plain and as spelled in addresses, which libraries repeat in errors."""
    spellings: set[str] = set()
    for text in texts:
        whole, plus = quote(text, "", errors="replace"), quote_plus(text, errors="replace")
        spellings |= {text, whole, plus, quote(text, errors="replace")}
    return spellings


def _compile_typed_words(context: LogContext) -> re.Pattern[str] | None:
    """Return a pattern of the visitor's words; None for a request without words."""
    words = {
        word for value in _iter_typed_values(context) for word in (value, *re.split(r"\W+", value))
    }
    long = (word for word in words if word and (len(word) >= MIN_WORD or not word.isascii()))
    longest_first = sorted(_list_spellings(long), key=len, reverse=True)
    if not longest_first:
        return None
    any_word = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?:(?<!\w)|(?<=%[0-9a-f]{{2}}))(?:{any_word})(?!\w)", re.IGNORECASE)


def _iter_typed_values(context: LogContext) -> Iterator[str]:
    """Yield the texts of a request that may be a visitor's own."""
    yield from context.texts
    yield from (
        value
        for name, value in parse_qsl(context.query, errors="replace")
        if name in TYPED_PARAMETERS
    )
    path = context.path.encode("latin-1", "replace").decode("utf-8", "replace")
    yield from (
        part for part in path.split("/") if part not in context.known_parts and not _is_id(part)
    )
    _, _, query = context.referer.partition("?")
    yield from (
        value for name, value in parse_qsl(query, errors="replace") if name in TYPED_PARAMETERS
    )


class RecentWarning(NamedTuple):
    """A warning that was written, when it was, and the number of its repeats since then."""

    record: logging.LogRecord
    since: float
    repeats: int = 0

    def describe_repeats(self) -> str:
        """Return the number of repeats as words that end a line; empty without repeats."""
        first = datetime.fromtimestamp(self.record.created, UTC)
        return f" ({self.repeats} times more since {first:%H:%M:%S})" if self.repeats else ""


class Handler(logging.StreamHandler[TextIO]):
    """A handler that writes each warning about an agency only once in `REPEAT_SECONDS`."""

    def __init__(
        self, stream: TextIO | None = None, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        logging.Handler.__init__(self)  # the stream is looked up at each line, see below
        self._given = stream
        self._now = now
        self._recent: OrderedDict[tuple[object, ...], RecentWarning] = OrderedDict()

    @property
    def stream(self) -> TextIO:  # type: ignore[override] # as the module's own last resort has it
        """Return the stream that was given, or the current standard error."""
        return self._given or sys.stderr

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line unless it repeats a recent warning; the next such line holds the count."""
        if record.levelno >= logging.WARNING:
            agency_call = record.agency_call = _agency_call.get()
            key, now = (agency_call, *_repetition_key(record)), self._now()
            warning = self._recent.get(key)
            if warning and now < warning.since + REPEAT_SECONDS:
                self._recent[key] = warning._replace(repeats=warning.repeats + 1)
                return
            if warning:
                del self._recent[key]
                record.repeat_note = warning.describe_repeats()
            self._recent[key] = RecentWarning(record, now)
        self._log_ended_warnings()
        super().emit(record)

    def _log_ended_warnings(self) -> None:
        """Write the counts of warnings that have expired or exceed `MAX_WARNINGS`."""
        ended = self._now() - REPEAT_SECONDS
        while self._recent:
            key, warning = next(iter(self._recent.items()))
            if warning.since > ended and len(self._recent) <= MAX_WARNINGS:
                return
            del self._recent[key]
            if warning.repeats:
                last = copy.copy(warning.record)
                last.created, last.exc_info, last.exc_text = time.time(), None, None
                last.repeat_note = warning.describe_repeats()
                super().emit(last)

    def write(self, records: Iterable[logging.LogRecord]) -> None:
        """Write many lines at once, none of which is a warning."""
        lines = "".join(f"{self.format(record)}\n" for record in records)
        self.acquire()
        try:
            self.stream.write(lines)
            self.flush()
        finally:
            self.release()

    def close(self) -> None:
        """Write the counts of repeats that no line holds yet."""
        self._recent, warnings = OrderedDict(), self._recent
        for warning in warnings.values():
            if warning.repeats:
                warning.record.repeat_note = warning.describe_repeats()
                super().emit(warning.record)
        super().close()


def _repetition_key(record: logging.LogRecord) -> tuple[object, ...]:
    """Return a key that repeats of a line share, whose words and numbers may differ."""
    args = record.args if isinstance(record.args, tuple) else ()
    errors = [type(arg) for arg in args if isinstance(arg, BaseException)]
    raised = record.exc_info[0] if record.exc_info else None
    return (record.name, record.levelno, record.msg, *errors, raised)


def configure(level: str, form: str, secrets: Collection[str] = ()) -> Handler:
    """Have this process log in one format, in place of any earlier configuration.

    ``secrets`` are texts that no line shows, whichever logger writes the line.
    """
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, Handler)]:
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
    handlers = logging.getLogger().handlers
    return next((handler for handler in handlers if isinstance(handler, Handler)), None)


def _log_thread_error(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        exception = (ended.exc_type, ended.exc_value, ended.exc_traceback)
        log.error("a thread ended by an error", exc_info=exception)
