"""The application refuses settings that agencies and networks can't take, and tells of others."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from threading import Thread

import pytest

from affiliate.errors import ConfigError
from app import FOLDER, create_app, load, serve
from tests.support.ports import new_port
from tests.support.processes import clean_environment
from tests.support.shared_parts import close
from tests.support.waiting import wait_until

KEYS = {
    "SHUTTERSTOCK_API_TOKEN": "token",
    "ADOBE_STOCK_API_KEY": "key",
    "ADOBE_STOCK_PRODUCT": "MySite/1.0",
    "DEPOSITPHOTOS_API_KEY": "key",
}


def faults(**settings: str) -> list[str]:
    """Return the faults for which the start is refused, if any."""
    try:
        load(settings)
    except ConfigError as error:
        return error.faults
    return []


DIGITS = "must be your id at Impact, digits alone: those behind /c/ in your links."
CAMREF = "must be your camref at Partnerize, letters and digits alone."
OTHER = "https://net.example/{affiliate_id}?u={landing}"
IMPACT = "https://net.example/c/{affiliate_id}/1/2?u={landing}"
WRONG = [
    ("SHUTTERSTOCK", ["abc", "12345a", "-1", "1.5", "1" * 13, "0123"], DIGITS),
    ("ISTOCK", ["me42"], DIGITS),
    ("PHOTODUNE", ["me"], DIGITS),
    ("ADOBE_STOCK", ["1101-l3", "1101.l"], CAMREF),
]  # fmt: skip
GOOD = [
    ("SHUTTERSTOCK", ["1", "12345", "2204609"]),
    ("ADOBE_STOCK", ["1101l3Bgf", "12345"]),
    ("DEPOSITPHOTOS", ["12345", "jane_doe"]),
    ("PANTHERMEDIA", ["jane-doe"]),
]


def test_an_affiliate_id_has_the_form_of_its_network() -> None:
    """Impact's are digits, Partnerize's letters and digits; elsewhere no form is known."""
    taken = [
        (before, text, found)
        for before, texts, words in WRONG
        for text in texts
        if (found := faults(**KEYS, **{f"{before}_AFFILIATE_ID": text}))
        != [f"{before}_AFFILIATE_ID {words}"]
    ]
    assert taken == []
    refused = [
        (before, text, found)
        for before, texts in GOOD
        for text in texts
        if (found := faults(**KEYS, **{f"{before}_AFFILIATE_ID": text}))
    ]
    assert refused == []


def test_the_form_of_an_id_is_that_of_the_links_that_carry_it() -> None:
    """The owner's own template may lead by way of another network."""
    own = {"SHUTTERSTOCK_AFFILIATE_ID": "jane", "SHUTTERSTOCK_AFFILIATE_LINK": OTHER}
    assert faults(**KEYS, **own) == []
    own = {"DEPOSITPHOTOS_AFFILIATE_ID": "jane", "DEPOSITPHOTOS_AFFILIATE_LINK": IMPACT}
    assert faults(**KEYS, **own) == [f"DEPOSITPHOTOS_AFFILIATE_ID {DIGITS}"]


def test_what_agencies_find_wrong_is_told_with_all_other_faults() -> None:
    """One start is enough to know every fault."""
    settings = {"PORT": "x", "SHUTTERSTOCK_AFFILIATE_ID": "jane", "SHUTTERSTOCK_REGION": "Germany"}
    starts = ["PORT must", "SHUTTERSTOCK_AFFILIATE_ID", "SHUTTERSTOCK_REGION must"]
    found = faults(**KEYS, **settings)
    assert [fault[: len(start)] for fault, start in zip(found, starts, strict=True)] == starts


@pytest.mark.parametrize("agency", ["SHUTTERSTOCK", "DEMO"])
def test_an_id_that_can_t_be_read_is_one_fault(agency: str) -> None:
    """A template that wants the id doesn't add that it is missing."""
    own = {f"{agency}_AFFILIATE_ID": "YOUR_ID", f"{agency}_AFFILIATE_LINK": OTHER}
    (fault,) = faults(**KEYS, **own)
    assert fault.startswith(f"{agency}_AFFILIATE_ID must be your own id")


def test_paths_are_relative_to_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory doesn't matter."""
    monkeypatch.chdir("/")
    assert load({"DATA_DIR": "data"}).data_dir == FOLDER / "data"
    assert load({}).database_url == f"sqlite:///{FOLDER}/instance/ledger.db"


def test_a_new_ledger_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever works on another database than the site's by mistake can see it."""
    for _ in range(2):
        close(create_app({"DATA_DIR": str(tmp_path)}))
    assert [record.message for record in caplog.records if "new ledger" in record.message] == [
        f"a new ledger was made at {tmp_path / 'ledger.db'}"
    ]


def test_a_file_of_settings_beside_the_application_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where no environment is given."""
    monkeypatch.delenv("PYTHON_DOTENV_DISABLED")
    monkeypatch.setattr("app.FOLDER", tmp_path)
    (tmp_path / ".env").write_text("SITE_NAME=From a file")
    assert load().site_name == "From a file"
    assert load({}).site_name == "Affiliate Search"


def test_a_redirect_to_the_site_names_no_host(tmp_path: Path) -> None:
    """Behind a proxy the request's scheme and host are not those that visitors see."""
    own = {"OWNER_PASSWORD": "pass word", "SECRET_KEY": "a secret of no less than thirty-two signs"}
    app = create_app({"DATA_DIR": str(tmp_path), "SITE_URL": "https://pictures.example", **own})
    answer = app.test_client().get("/owner?next=%2F", headers={"Host": "evil.example"})
    close(app)
    assert answer.status_code == 308
    assert answer.headers["Location"] == "/owner/?next=%2F"


@pytest.mark.parametrize("database", ["postgresql:///x?host=/nowhere", "sqlite:////dev/null/x.db"])
def test_a_start_waits_for_no_database(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, database: str
) -> None:
    """Pages need none: a machine that restarts during an outage of the database serves them."""
    begun: list[str] = []
    monkeypatch.setattr("sys.argv", ["app.py"])
    monkeypatch.setattr("app._set_up_log", lambda _: None)
    monkeypatch.setattr("app.multiprocessing.Process", Thread)  # whose log lines are captured
    monkeypatch.setattr("app.load", lambda: load({"DATABASE_URL": database}))
    monkeypatch.setattr("app.serving.hold_listener", lambda *_, **__: nullcontext())
    monkeypatch.setattr("app.serving.serve", lambda _, target, *__, **___: begun.append(target))
    serve()
    assert begun == ["app:create_app"]
    (line,) = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert line.startswith("the site starts without its ledger: The ledger's ")


def test_a_server_holds_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    """Each of these packages takes megabytes; workers share what the main process holds."""
    unneeded = ["affiliate.cli.commands", "alembic", "cryptography.fernet", "psycopg", "redis"]
    code = f"import sys, app; app.load(); print([x for x in {unneeded} if x in sys.modules])"
    environ = {"DATA_DIR": str(tmp_path), "PATH": "", "FLASK_SKIP_DOTENV": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=FOLDER, env=environ, capture_output=True, check=True
    )
    assert done.stdout.strip() == b"[]"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_upgrade_ends_with_the_server_that_waits_for_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Left alone it would hold the port, which the next start needs, or hold up the end."""
    environ = clean_environment() | {"DATA_DIR": str(tmp_path), "PORT": str(new_port())}
    upgrade = 0
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")  # the upgrade waits a minute for it
        with (tmp_path / "log").open("wb") as log:
            server = subprocess.Popen(
                [sys.executable, "app.py"], cwd=FOLDER, env=environ, stdout=log, stderr=log
            )
        try:
            wait_until(lambda: any(map(has_ledger_open, list_children(server.pid))))
            (upgrade,) = list_children(server.pid)
            if number == signal.SIGKILL:
                os.kill(upgrade, signal.SIGSTOP)  # so that it can't end by itself
            server.send_signal(number)
            server.wait(40)
            wait_until(lambda: has_ended(upgrade))
            assert "starts without its ledger" not in (tmp_path / "log").read_text()
        finally:
            for process in {server.pid, upgrade} - {0}:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            server.wait()


def has_ledger_open(process: int) -> bool:
    """Return whether a process has opened the ledger, after all that it does before."""
    with suppress(OSError):
        files = [str(file.readlink()) for file in Path(f"/proc/{process}/fd").iterdir()]
        return any(name.endswith("/ledger.db") for name in files)
    return False


def list_children(process: int) -> list[int]:
    """Return the processes that a process has started."""
    numbers = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [number for number in numbers if read_state(number)[1:2] == [str(process)]]


def has_ended(process: int) -> bool:
    """Return whether a process is gone, or waits for its parent to notice."""
    return read_state(process)[:1] in ([], ["Z"])


def read_state(process: int) -> list[str]:
    """Return the state and the parent of a process, then further fields; none once it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
