"""The page "Is it working?" follows what `flask doctor` says, line by line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from flask.testing import FlaskClient

from tests.support.processes import ROOT

PAGE: Final = (ROOT / "docs" / "working.md").read_text()
ROWS: Final = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| about")
]
QUOTES: Final = [quote for row in ROWS for quote in re.findall("`([^`]+)`", row[1])]
CODE: Final = sorted((ROOT / "affiliate").rglob("*.py"))
CHECKS: Final = sorted((ROOT / "affiliate" / "checks").glob("*.py"))


def iter_texts(tree: ast.AST) -> Iterator[str]:
    """Yield the texts in code, without what f-strings fill in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def iter_warning_functions(file: Path) -> Iterator[tuple[str, str]]:
    """Yield name and texts of each function that makes findings other than `ok`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.FunctionDef):
            continue
        states = [
            ast.unparse(call.args[0])
            for call in ast.walk(node)
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Finding"
        ]
        if any(re.search("warn|fault|state", state, re.IGNORECASE) for state in states):
            yield f"{file.stem}.{node.name}", "\n".join(iter_texts(node))


def test_the_page_quotes_what_the_site_says() -> None:
    """Each line that the page explains stands in the code."""
    texts = "\n".join(text for file in CODE for text in iter_texts(ast.parse(file.read_text())))
    assert len(QUOTES) > 40
    assert [quote for quote in QUOTES if quote not in texts] == []


def test_the_page_explains_each_check() -> None:
    """Each function that warns has a line on the page."""
    functions = [one for file in CHECKS for one in iter_warning_functions(file)]
    assert len(functions) > 20
    silent = [name for name, texts in functions if not any(quote in texts for quote in QUOTES)]
    # the words of links' earnings are those of agencies/link_earnings.py
    assert silent == ["agencies._check_links"]
    assert "links earn nothing" in QUOTES


def test_the_page_has_the_order_of_the_report(client: FlaskClient) -> None:
    """The parts come as `flask doctor` prints them, an agency in the place of all agencies."""
    report = client.application.test_cli_runner().invoke(args=["doctor"]).output
    printed = dict.fromkeys(line[6:].partition(":")[0] for line in report.splitlines())
    agencies = {"demo": "the agency's name", "demo-shop": "the agency's name"}
    order = list(dict.fromkeys(agencies.get(name, name) for name in printed))
    named = [row[0] for row in ROWS if row[0] in order]
    left_out = {"program", "retention"}  # these are always ok
    assert named == [name for name in order if name not in left_out]
