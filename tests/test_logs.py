"""The log has one format, tells repeated trouble seldom, and hides what is nobody's business."""

import io
import json
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from affiliate import logs
from affiliate.config.setting_secrets import find_passwords
from affiliate.errors import AgencyDown, AgencyTimeout
from tests.support.clocks import SetClock

log = logging.getLogger("affiliate.test")


class Told:
    """The lines of a handler that alone gets what the test logs."""

    def __init__(self, form: str = "text", secrets: tuple[str, ...] = ()) -> None:
        self.stream, self.clock = io.StringIO(), SetClock(0.0)
        self.handler = logs.Handler(self.stream, now=self.clock)
        self.handler.setFormatter(logs.Formatter(form, secrets))

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Iterator[Told]:
    made = Told(*getattr(request, "param", ()))
    log.addHandler(made.handler)
    log.propagate = False
    log.setLevel(logging.DEBUG)
    yield made
    log.propagate = True
    log.removeHandler(made.handler)


def test_a_line_says_when_how_grave_for_whom_and_what(told: Told) -> None:
    """Time, level, request, agency and kind of call come first; what is unknown is a dash."""
    with logs.use_context(logs.LogContext("abc-1")), logs.name_agency("shutterstock", "search"):
        log.warning("%s left alone", "it is")
    log.error("alone")
    time = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    first, second = told.lines()
    assert re.fullmatch(rf"{time} WARNING abc-1 shutterstock search it is left alone", first)
    assert re.fullmatch(rf"{time} ERROR - - - alone", second)


@pytest.mark.parametrize("told", [("json",)], indirect=True)
def test_json_has_the_same_on_each_line(told: Told) -> None:
    """An object a line; a traceback is one of its texts."""
    with logs.use_context(logs.LogContext("abc-1")), logs.name_agency("shutterstock", "details"):
        log.info("two\nlines, é")
        try:
            raise ValueError("odd")  # noqa: TRY301 - it is told here
        except ValueError:
            log.exception("failed")
    first, second = map(json.loads, told.lines())
    right = {
        "level": "INFO",
        "request_id": "abc-1",
        "agency": "shutterstock",
        "kind": "details",
        "message": "two\\nlines, é",
        "logger": "affiliate.test",
    }
    assert first.items() >= right.items()
    assert second["exception"].startswith("Traceback")
    assert second["exception"].endswith("ValueError: odd")


def test_no_text_makes_a_line_of_its_own(told: Told) -> None:
    """What others wrote cannot look like a line of ours, nor color a terminal."""
    log.info("a\r\nb\x1b[31mc\u2028d\x85e")
    assert told.stream.getvalue().endswith(r" a\r\nb\x1b[31mc\u2028d\x85e" + "\n")


@pytest.mark.parametrize("told", [("text", ("s3cret-key", "pass:word", "x"))], indirect=True)
@pytest.mark.parametrize("level", [logging.DEBUG, logging.ERROR])
def test_no_secret_is_ever_shown(told: Told, level: int) -> None:
    """Neither in words nor in a traceback; single letters are no secrets."""
    try:
        raise ValueError("at pass:word@host")  # noqa: TRY301 - it is told here
    except ValueError:
        log.log(level, "key s3cret-key of x", exc_info=True)
    text = told.stream.getvalue()
    assert "key *** of x" in text
    assert "ValueError: at ***@host" in text


@pytest.mark.parametrize(
    ("query", "text", "shown"),
    [
        ("q=red+bicycle", "no Red Bicycle found", "no *** found"),
        ("q=red+bicycle", "nothing for bicycle, red", "nothing for ***, ***"),
        ("q=caf%C3%A9&lang=en", "bad word: café (en)", "bad word: *** (en)"),
        ("agency=shutterstock&q=cat", "shutterstock: no cat", "shutterstock: no ***"),
        ("q=cat", "the category is gone", "the category is gone"),
        ("q=a", "a line", "a line"),
        ("exclude=dog&contributor=ann", "dog by ann", "*** by ***"),
        ("q=a.*b%5B", "bad a.*b[ here", "bad *** here"),
        ("url=https://h/search?q%3Dsecretly", "read h/search?q=secretly", "read h/***?q=***"),
        ("q=%FF%FE&&=&q", "odd", "odd"),
        ("page=2", "page 2", "page 2"),
    ],
)
def test_what_a_visitor_typed_is_hidden(told: Told, query: str, text: str, shown: str) -> None:
    """An agency may repeat it in its words; debugging alone shows it."""
    with logs.use_context(logs.LogContext("1", query)):
        log.warning(text)
        log.debug(text)
    lines = [line.split(" ", 5)[5] for line in told.lines()]
    assert lines == [shown, text]


@pytest.mark.parametrize(
    ("path", "referer", "text", "shown"),
    [
        ("/image/demo/my secret", "", "demo: no picture 'my secret'", "demo: no picture '***'"),
        ("/image/demo/secret-id", "", "no Secret here", "no *** here"),
        ("/image/secret/7", "", "secret: no such agency", "***: no such agency"),
        ("/collections/demo/fiancé".encode().decode("latin-1"), "", "no fiancé", "no ***"),
        ("/topics/divorce-lawyer", "", "KeyError: 'divorce-lawyer'", "KeyError: '***'"),
        ("/secret", "", "Exception on /secret [GET]", "Exception on /*** [GET]"),
        ("/image/demo/1234", "", "demo: no picture 1234", "demo: no picture 1234"),
        ("/image/demo/01711234567890", "", "no 01711234567890", "no ***"),
        ("/search", "https://e.example/?q=red+shoes", "for red shoes", "for ***"),
        ("/search", "https://e.example/", "at e.example", "at e.example"),
    ],
)
def test_words_in_paths_and_referers_are_hidden(
    told: Told, path: str, referer: str, text: str, shown: str
) -> None:
    """Parts that are the site's own, and numbers of pictures, stay."""
    known = {"image", "demo", "collections", "topics", "search"}
    with logs.use_context(logs.LogContext("1", "", path, referer, known)):
        log.warning(text)
        log.debug(text)
    assert [line.split(" ", 5)[5] for line in told.lines()] == [shown, text]


def test_words_of_a_body_are_hidden_in_its_request_alone(told: Told) -> None:
    """What a body held is told to the log by whoever has read it."""
    with logs.use_context(logs.LogContext("1", "q=cats")):
        logs.hide_texts(["red shoes", 7, None])
        log.warning("no cats in red shoes")
    log.warning("no cats in red shoes, later")
    lines = [line.split(" ", 5)[5] for line in told.lines()]
    assert lines == ["no *** in ***", "no cats in red shoes, later"]


def test_trouble_that_repeats_is_told_once_a_minute_with_its_count(told: Told) -> None:
    """The next line after a minute says how often it came in between."""
    for second in range(150):
        told.clock.now = float(second)
        log.warning("%s: left alone for %.0f s", "a", 150 - second)
    lines = [line.split(" - - ")[1] for line in told.lines()]
    assert [re.sub(r"\d\d:\d\d:\d\d", "T", line) for line in lines] == [
        "- a: left alone for 150 s",
        "- a: left alone for 90 s (59 times more since T)",
        "- a: left alone for 30 s (59 times more since T)",
    ]


def test_the_count_is_told_though_the_trouble_is_over(told: Told) -> None:
    """By any later line, and at the end of the process."""
    for _ in range(3):
        log.warning("one")
        log.error("two")
    told.clock.now = 60.0
    log.info("on")
    told.clock.now = 61.0
    log.warning("three")
    log.warning("three")
    told.handler.close()
    ends = [re.sub(r" since .*", "", line.split(" - - - ")[1]) for line in told.lines()]
    again = ["one (2 times more", "two (2 times more", "on", "three", "three (1 times more"]
    assert ends == ["one", "two", *again]


def test_other_trouble_is_told_at_once(told: Told) -> None:
    """Another agency, kind of call, error, level or sentence isn't a repetition; nor is INFO."""
    for agency in ("a", "b"):
        for kind in ("search", "details"):
            with logs.name_agency(agency, kind):
                for error in (AgencyDown(agency, "x"), AgencyTimeout(agency, "x")):
                    log.warning("%s (again)", error)
                    log.error("%s (again)", error)
    log.warning("one")
    log.warning("two")
    log.info("three")
    log.info("three")
    assert len(told.lines()) == 16 + 4


def test_no_more_kinds_of_trouble_are_remembered_than_fit(told: Told) -> None:
    """Names that others choose fill no memory."""
    for number in range(3 * logs.MAX_WARNINGS):
        with logs.name_agency(f"agency-{number}", "search"):
            log.warning("one")
    assert len(told.handler._recent) <= logs.MAX_WARNINGS
    assert len(told.lines()) == 3 * logs.MAX_WARNINGS


def test_a_call_in_another_thread_is_made_for_its_request(told: Told) -> None:
    """Threads are shared: the next call in one is for its own request, or for none."""
    with ThreadPoolExecutor(1) as threads:
        for number in ("one", "", "two"):
            with logs.use_context(logs.LogContext(number)):
                threads.submit(logs.carry_context(lambda: log.info("told"))).result()
    assert [line.split()[2] for line in told.lines()] == ["one", "-", "two"]


HOSTILE = "\x1b[2J\r\n2026-03-01T00:00:00.000Z ERROR - - - forged \u2028 \x85"


def test_no_line_of_a_traceback_passes_for_a_line_of_log(told: Told) -> None:
    """What an error quotes moves no cursor, either."""
    error = ValueError(HOSTILE)
    log.error("odd", exc_info=error)
    first, *below = told.stream.getvalue().rstrip("\n").split("\n")
    assert first.endswith(" odd")
    assert below
    assert all(line.startswith(logs.TRACEBACK_INDENT) and line.isprintable() for line in below)


SPELT = [
    ("q=Zwei+Dinge", "x/?q=zwei%20DINGE&a=Zwei+Dinge", "x/?q=***&a=***"),
    ("q=%D0%BA%D0%BE%D1%82+%D0%B8", "?q=%D0%BA%D0%BE%D1%82%20%d0%b8+%D0%B8", "?q=***+***"),
    ("q=%E7%8C%AB", "?q=%E7%8C%AB of \u732b", "?q=*** of ***"),
    ("q=a%2Fb+cde", "?q=a%2Fb%20cde", "?q=***"),
]


@pytest.mark.parametrize(("query", "text", "right"), SPELT)
def test_words_are_hidden_as_addresses_spell_them(
    told: Told, query: str, text: str, right: str
) -> None:
    """Errors of libraries quote the address that was asked."""
    with logs.use_context(logs.LogContext("1", query)):
        log.error("failed: %s", text)
    assert told.lines()[0].endswith(f" failed: {right}")


@pytest.mark.parametrize("told", [("text", ("se cret/+1",))], indirect=True)
def test_secrets_are_hidden_as_addresses_spell_them(told: Told) -> None:
    log.error("se cret/+1 se%20cret%2F%2B1 se+cret%2F%2B1 se%20cret/%2B1")
    assert told.lines()[0].endswith("*** *** *** ***")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """Yield the root logger, and restore it afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.OWN_LOGGERS}
    yield root
    root.handlers, root.level = before[0], before[1]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures("root")
def test_libraries_tell_their_warnings_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the level, their lines could hold addresses with keys; ours follow it."""
    for level, right in (("DEBUG", ["ours"] * 2), ("ERROR", [])):
        logs.configure(level, "text")
        logs.configure(level, "text")  # twice is as good as once
        for name in ("affiliate.x", "urllib3.x", "alembic.x", "app"):
            logging.getLogger(name).info("ours" if name[:2] in {"af", "ap"} else "theirs")
        assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == right


@pytest.mark.usefixtures("root")
def test_an_error_that_ends_a_thread_is_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    """One format holds for what nobody has caught."""
    before = threading.excepthook
    logs.configure("INFO", "json")
    try:
        error = ValueError("odd")
        threading.excepthook(threading.ExceptHookArgs((ValueError, error, None, None)))
    finally:
        threading.excepthook = before
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["exception"]) == ("ERROR", "ValueError: odd")


def test_passwords_of_addresses_are_secret_in_every_spelling() -> None:
    address = "redis+sentinel://:pass%40word@h:26379/db?sentinel_password=watch%20ful&db=1"
    assert find_passwords(address) == {"pass%40word", "pass@word", "watch ful"}
