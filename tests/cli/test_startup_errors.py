"""Settings that are wrong end a command as a fault does, for people and for programs."""

import json

import click
import pytest

from app import create_app


@pytest.mark.parametrize("words", [["doctor"], ["doctor", "--json"], ["clicks", "--json"]])
def test_wrong_settings_are_a_fault_and_no_warning(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The status of doctor is 2, and `doctor --json` has a finding for each of them.

    Other commands have one failure.
    """
    monkeypatch.setattr("sys.argv", ["flask", "--app", "app", *words])
    with click.Context(click.Command("flask")), pytest.raises(click.ClickException) as failed:
        create_app({"PORT": "x", "SITE_URL": "y"})
    failed.value.show()
    said = capsys.readouterr()
    assert failed.value.exit_code == (2 if words[0] == "doctor" else 1)
    assert "PORT must be" in said.err
    if "--json" not in words:
        assert said.out == ""
        return
    found = json.loads(said.out)
    if words[0] != "doctor":
        assert "PORT must be" in found["error"]
        return
    assert [(one["state"], one["about"]) for one in found] == [("FAULT", "settings")] * 2
