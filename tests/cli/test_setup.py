"""`flask setup` asks for what a site needs, checks the key, and writes .env or commands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask.testing import FlaskClient

from affiliate.cli import outputs
from affiliate.config import env_file
from tests.support import shutterstock as simulator
from tests.support.apps import ClientMaker
from tests.support.ledgers import place_ledger
from tests.support.processes import clean_environment
from tests.support.shutterstock import TOKEN
from tests.support.terminal import open_terminal


@pytest.fixture
def server() -> Iterator[simulator.Shutterstock]:
    with simulator.shutterstock(10) as one:
        yield one


@pytest.fixture
def file(tmp_path: Path, server: simulator.Shutterstock) -> Path:
    """Return a .env file that leads to the simulated agency."""
    file = tmp_path / "own" / ".env"
    file.parent.mkdir()
    file.write_text(f"# mine\nSHUTTERSTOCK_URL={server.url}\n")
    return file


def setup(client: FlaskClient, file: Path, *options: str, typed: str = "") -> Result:
    arguments = ["setup", "--file", str(file), *options]
    return client.application.test_cli_runner().invoke(args=arguments, input=typed)


def answers(**values: str) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


def test_options_and_piped_answers_make_a_site(client: FlaskClient, file: Path) -> None:
    """The key is checked and kept, secrets are made, other lines stay, the password is told."""
    result = setup(
        client,
        file,
        *("--answers", "-", "--affiliate-id", "12345", "--site-url", "https://pictures.example"),
        typed=answers(SHUTTERSTOCK_API_TOKEN=TOKEN),
    )
    assert result.exit_code == 0, result.output
    values = env_file.parse_values(file.read_text())
    assert file.read_text().startswith("# mine\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert (values["SHUTTERSTOCK_API_TOKEN"], values["SHUTTERSTOCK_AFFILIATE_ID"]) == (
        TOKEN,
        "12345",
    )
    assert re.search("ok +shutterstock: .*takes the key", result.output)
    assert result.output.count(values["OWNER_PASSWORD"]) == 1
    assert "Your site: https://pictures.example\n" in result.output
    assert [line[:2] for line in result.output.splitlines()[-3:]] == ["1.", "2.", "3."]
    assert TOKEN not in result.output
    assert values["SECRET_KEY"] not in result.output


def test_a_second_run_changes_nothing(client: FlaskClient, file: Path) -> None:
    """Secrets stay the same and are not shown again, and no further backup is made."""
    given = answers(SHUTTERSTOCK_API_TOKEN=TOKEN)
    setup(client, file, "--answers", "-", typed=given)
    before = {path: path.read_text() for path in file.parent.iterdir()}
    assert len(before) == 2
    result = setup(client, file, "--answers", "-", typed=given)
    assert result.exit_code == 0
    assert {path: path.read_text() for path in file.parent.iterdir()} == before
    assert env_file.parse_values(before[file])["OWNER_PASSWORD"] not in result.output


def test_a_set_value_is_replaced_only_by_agreement(client: FlaskClient, file: Path) -> None:
    """Without a terminal --yes agrees; the old file stays beside the new one."""
    old = file.read_text() + f"SHUTTERSTOCK_API_TOKEN={TOKEN}\nSITE_URL=https://old.example\n"
    file.write_text(old)
    arguments = ("--agency", "shutterstock", "--site-url", "https://new.example")
    refused = setup(client, file, *arguments)
    assert (refused.exit_code, file.read_text()) == (1, old)
    assert "sets SITE_URL otherwise; --yes replaces that" in refused.output
    assert setup(client, file, *arguments, "--yes").exit_code == 0
    (backup,) = file.parent.glob("*.backup")
    assert backup.read_text() == old
    assert env_file.parse_values(file.read_text())["SITE_URL"] == "https://new.example"


def test_a_refused_key_is_told_and_may_be_kept(client: FlaskClient, file: Path) -> None:
    """Nothing is written unless --yes accepts a failing check; the key is never printed."""
    before, wrong = file.read_text(), answers(SHUTTERSTOCK_API_TOKEN="v2/wrong-but-long-enough")
    result = setup(client, file, "--answers", "-", typed=wrong)
    assert (result.exit_code, file.read_text()) == (1, before)
    assert re.search("FAULT shutterstock: it does not take the key", result.output)
    assert "v2/wrong" not in result.output
    assert setup(client, file, "--answers", "-", "--yes", typed=wrong).exit_code == 0
    assert "v2/wrong" in file.read_text()


def test_wrong_and_missing_answers_are_named(client: FlaskClient, file: Path) -> None:
    """All faults come at once, and nothing is written."""
    before = file.read_text()
    result = setup(client, file, "--agency", "shutterstock")
    assert (result.exit_code, file.read_text()) == (2, before)
    assert "SHUTTERSTOCK_API_TOKEN is missing" in result.output
    wrong = answers(SHUTTERSTOCK_API_TOKEN=TOKEN, SITE_URL="pictures", OWNER_PASSWORD="password")
    result = setup(client, file, "--answers", "-", "--affiliate-id", "YOUR_ID", typed=wrong)
    assert (result.exit_code, file.read_text()) == (1, before)
    for name in ("SITE_URL", "OWNER_PASSWORD", "SHUTTERSTOCK_AFFILIATE_ID"):
        assert f"- {name} must be" in result.output


def test_an_agency_without_a_key_is_named(client: FlaskClient, file: Path) -> None:
    """Openverse is on only where AGENCIES names it, beside those that are on already."""
    file.write_text(f"SHUTTERSTOCK_API_TOKEN={TOKEN}\n")
    assert setup(client, file, "--agency", "openverse", "--no-check").exit_code == 0
    assert env_file.parse_values(file.read_text())["AGENCIES"] == "shutterstock,openverse"


@pytest.mark.parametrize("options", [(), ("--keep-keys",)])
def test_a_platform_gets_commands(
    client: FlaskClient, file: Path, options: tuple[str, ...]
) -> None:
    """Nothing is written; made secrets are shown, typed ones are asked for again by the shell."""
    before = file.read_text()
    given = answers(SHUTTERSTOCK_API_TOKEN=TOKEN, SITE_NAME="Ann's")
    result = setup(
        client, file, "--for", "heroku", "--no-check", "--answers", "-", *options, typed=given
    )
    assert (result.exit_code, file.read_text()) == (0, before)
    assert 'SHUTTERSTOCK_API_TOKEN="$SHUTTERSTOCK_API_TOKEN"' in result.output
    assert TOKEN not in result.output
    assert "TRUSTED_PROXIES=1" in result.output
    makes = not options
    assert (re.search("OWNER_PASSWORD=[a-z0-9-]{19} ", result.output) is not None) == makes
    assert ("SECRET_KEY=" in result.output) == makes
    assert "1. Deploy: git push heroku" in result.output


def test_a_person_is_asked_again_until_the_key_is_right(
    make_client: ClientMaker, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong answer is told, and the questions come again; Enter keeps what is known."""
    monkeypatch.setattr(outputs, "is_terminal", lambda: True)
    site = "https://pictures.example"
    asked_twice = ["shutterstock", "1", "v2/wrong-but-long-enough", "12345", site, "n", "1", TOKEN]
    typed = "\n".join([*asked_twice, "", site, ""])
    result = setup(make_client(), file, typed=typed)
    assert result.exit_code == 0, result.output
    values = env_file.parse_values(file.read_text())
    assert values["SHUTTERSTOCK_API_TOKEN"] == TOKEN
    assert "The check has failed. Keep these answers all the same? [y/N]: n\n" in result.output
    assert "v2/wrong" not in result.output
    assert TOKEN not in result.output


def test_answers_beside_a_wrong_one_are_not_typed_again(
    client: FlaskClient, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enter keeps the key and the address while the affiliate id is corrected."""
    monkeypatch.setattr(outputs, "is_terminal", lambda: True)
    first = ["shutterstock", "1", TOKEN, "mine", "https://pictures.example"]
    typed = "\n".join([*first, "", "", "12345", "", ""])
    result = setup(client, file, typed=typed)
    assert result.exit_code == 0, result.output
    values = env_file.parse_values(file.read_text())
    assert values["SHUTTERSTOCK_API_TOKEN"] == TOKEN
    assert values["SHUTTERSTOCK_AFFILIATE_ID"] == "12345"
    assert values["SITE_URL"] == "https://pictures.example"
    assert TOKEN not in result.output


def test_an_interrupt_writes_nothing(tmp_path: Path, file: Path) -> None:
    """Ctrl-C at a question leaves the file as it was, and no other file; the key is not shown."""
    place_ledger(tmp_path)
    before = file.read_text()
    environ = {**clean_environment(), "DATA_DIR": str(tmp_path), "AGENCIES": "demo"}
    with open_terminal(environ, "setup", "--file", str(file), "--agency", "shutterstock") as one:
        one.wait_for_text("Which of these do you have")
        one.type_line("1")
        one.wait_for_text("SHUTTERSTOCK_API_TOKEN (not shown")
        one.type_line(TOKEN)
        one.wait_for_text("Affiliate id")
        assert one.interrupt_until_end() == 1
    assert TOKEN not in one.shown
    assert [path.read_text() for path in file.parent.iterdir()] == [before]
