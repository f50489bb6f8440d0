"""The README tells the truth about settings and agencies."""

from pathlib import Path

from affiliate.agencies import AGENCIES
from affiliate.config import AGENCY_SETTINGS, SETTINGS, Setting, prefix

README = (Path(__file__).parents[1] / "README.md").read_text()


def row(setting: Setting, before: str = "") -> str:
    """A setting as its row of the README's table."""
    default = setting.default
    if isinstance(default, frozenset):
        default = sorted(default)
    if isinstance(default, tuple | list):
        default = ", ".join(default)
    if default is False:
        default = "0"
    shown = "" if default in {None, ""} else f"`{default}`"
    return f"| `{before}{setting.name}` | {shown} | {setting.help} |"


def test_every_setting_is_in_the_readme_as_in_the_table() -> None:
    """The README's tables of settings are SETTINGS, row by row, in its order."""
    rows = [row(setting) for setting in SETTINGS]
    rows += [row(setting, "<AGENCY>_") for setting in AGENCY_SETTINGS]
    lines = [line for line in README.splitlines() if line in rows]
    assert lines == rows


def test_every_agency_is_in_the_readme_with_its_credentials() -> None:
    """An agency's row names the settings that give access to it."""
    for name, kind in AGENCIES.items():
        line = next(x for x in README.splitlines() if x.startswith(f"| {kind.title} |"))
        for credentials in kind.credentials:
            for one in (*credentials, *kind.buyer):
                assert f"`{prefix(name)}{one}`" in line


def test_the_two_commands_are_in_the_readme() -> None:
    """A newcomer finds make run and make test."""
    assert "make run" in README
    assert "make test" in README
