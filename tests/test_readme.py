"""The README tells the truth about settings and agencies."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from affiliate.agencies import AGENCIES, Agency
from affiliate.agencies.filter_values import HEX
from affiliate.config.settings import AGENCY_SETTINGS, SETTINGS, Setting, prefix
from affiliate.domain.media import SearchQuery
from affiliate.domain.query import (
    AGES,
    ETHNICITIES,
    GENDERS,
    LICENSES,
    ORIENTATIONS,
    SORTS,
    TYPES,
)

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


def agencies() -> dict[str, list[str]]:
    """The cells of the table of agencies, by the agency's title."""
    table = README.partition("## Agencies\n")[2].partition("\n## ")[0]
    lines = [line[1:-1] for line in table.splitlines() if line.startswith("| ")][1:]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert len({cells[0] for cells in rows}) == len(rows)
    return {cells[0]: cells for cells in rows}


def test_the_agencies_stand_in_the_readme_in_the_order_of_the_list() -> None:
    """Each has one row, of as many cells as the table has columns."""
    assert list(agencies()) == [kind.title for kind in AGENCIES.values()]
    assert {len(cells) for cells in agencies().values()} == {9}


@pytest.mark.parametrize("name", AGENCIES)
def test_what_the_readme_says_of_an_agency_is_true(name: str) -> None:
    """How it speaks, its filters, calls, links and credentials, and how sure that is.

    A cell may say more behind what is compared.
    """
    kind = AGENCIES[name]
    _, speaks, filters, calls, licensing, links, sure, _, settings = agencies()[kind.title]
    assert speaks.startswith(kind.protocol)
    assert f"{filters};".startswith(f"{_filters(kind)};")
    assert calls == _calls(kind)
    assert re.match(LINKS[kind.network], links)
    assert sure.startswith(kind.source_quality)
    assert ("experimental" in sure) is kind.experimental
    sets = (*kind.credentials, *kind.options)
    keys = {f"`{prefix(name)}{one}`" for names in sets for one in names}
    assert keys <= set(re.findall("`[^`]+`", settings))
    assert {f"`{prefix(name)}{one}`" for one in kind.buyer} <= set(re.findall("`[^`]+`", licensing))


LINKS = {
    "impact": "Impact, sub ids",
    "partnerize": "Partnerize, one reference",
    "query": r"`\?",
    "fragment": "`#",
    "": "none|your own template",
}
"""What the cell of an agency's links begins with, by its network."""
ALL: dict[str, tuple[str, ...]] = {
    "type": TYPES,
    "orientation": ORIENTATIONS,
    "people": ("0", "1", "2", "3", "4"),
    "age": AGES,
    "gender": GENDERS,
    "ethnicity": ETHNICITIES,
    "license": LICENSES,
    "sort": SORTS,
}
"""Every value of the filters of few values."""
FEW = 6


def _filters(kind: type[Agency]) -> str:
    """The filters as the table has them: of some only some values, some only roughly."""
    named = [one for one in SearchQuery.__struct_fields__ if one in kind.image_filters]
    shown = ", ".join(_filter(kind, one) for one in named) or "none"
    return f"{shown}; footage too" if kind.video_filters else shown


def _filter(kind: type[Agency], name: str) -> str:
    values, near = kind.image_filters[name], kind.approximate_filters.get(name, ())
    notes = []
    if values is HEX:
        notes.append("no grayscale")
    elif values is not None and set(values) != set(ALL.get(name, ())):
        few = len(values) <= FEW
        notes.append(", ".join(values) if few else f"{len(values)} of {len(ALL[name])}")
    if near is None or near:
        notes.append(" ".join(("roughly", ", ".join(near or ()))).strip())
    return f"{name} ({'; '.join(notes)})" if notes else name


def _calls(kind: type[Agency]) -> str:
    able = {
        "details": kind.details is not Agency.details,
        "similar": kind.has_similar,
        "size of the collection": kind.size is not Agency.size,
    }
    return ", ".join(name for name, can in able.items() if can) or "none"


def test_the_two_commands_are_in_the_readme() -> None:
    """A newcomer finds make run and make test."""
    assert "make run" in README
    assert "make test" in README


def test_every_command_is_in_the_readme(client: FlaskClient) -> None:
    """But for the one that the platform's release step runs."""
    own = set(client.application.cli.commands) - {"ledger"}
    named = set(re.findall(r"`(?:flask --app app )?(\w+)\b", README))
    assert own <= named
