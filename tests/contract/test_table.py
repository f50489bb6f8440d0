"""The table of Shutterstock's calls has a row for each that the official description has."""

import json
from pathlib import Path

from tests.support.official import upstream
from tests.support.tables import iter_rows

TABLE = Path(__file__).parents[2] / "docs" / "shutterstock.md"
ROOMS = {"audio", "sound_effects", "custom_music", "computer_vision", "catalog"}
METHODS = {"get", "post", "put", "patch", "delete"}


def read_operations() -> dict[str, set[str]]:
    """Return each call of the description with its tags, as the table writes the call."""
    paths = json.loads(upstream("shutterstock", "openapi-v2.json").read_bytes())["paths"]
    return {
        f"{method.upper()} {path}": set(operation["tags"])
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method in METHODS
    }


def test_every_call_has_its_row_once() -> None:
    """No call is missing, made up or listed twice; what is out of scope says so, nothing else."""
    calls = read_operations()
    described = [one for one in iter_rows(TABLE.read_text()) if "/v2/" in one[0]]
    listed = [cells[0].strip("`") for cells in described]
    assert sorted(listed) == sorted(calls)
    for cells, call in zip(described, listed, strict=True):
        assert len(cells) == 3, call
        assert (cells[-1] == "out of scope") == bool(calls[call] & ROOMS), call


def test_every_heir_is_a_call() -> None:
    """What took the place of a call of version 1 is one of version 2."""
    calls = set(read_operations())
    old = [cells for cells in iter_rows(TABLE.read_text()) if "/v2/" not in cells[0]]
    heirs = {part for cells in old for part in cells[1].split("`") if "/v2/" in part}
    assert heirs <= calls
    assert len(old) > 20
