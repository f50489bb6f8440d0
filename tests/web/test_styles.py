"""Style sheets keep working in browsers that lack what was added to CSS since 2021.

An unknown rule or declaration is dropped, and the one before holds. A custom property takes any
value, and so does a declaration with ``var()``: what such a value holds fails only when it is used,
and nothing before it helps (https://www.w3.org/TR/css-variables-1/#invalid-at-computed-value-time).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.processes import ROOT

SHEETS = sorted((ROOT / "static").glob("*.css"))
YOUNG = re.compile(
    r"\b(light-dark|color-mix|color|oklch|oklab|lch|lab|contrast-color|linear|round|mod|rem|abs|sign"
    r"|sin|cos|tan|asin|acos|atan2?|pow|sqrt|hypot|log|exp|anchor|anchor-size|calc-size|if|attr"
    r"|progress|sibling-index|sibling-count|interpolate-size)\(|\d(cq(?:[wihb]|min|max)|[dsl]v(?:[whib]|min|max)|rlh|lh|rcap|cap|ric)\b"
)
"""Functions and units younger than 2021. `attr` is old in ``content``."""
YOUNG_PROPERTIES = frozenset(("rotate", "scale", "translate"))
"""Properties of 2022 that place things; ``transform`` does the same. Others may be dropped."""
YOUNG_SELECTOR = re.compile(
    r":(has|user-valid|user-invalid|modal|popover-open|open|state|nth-child\([^)]* of)"
    r"|::details-content|&"
)


class Declaration(NamedTuple):
    """A declaration: the rules around it, outermost first, and what stands before it."""

    around: tuple[str, ...]
    name: str
    value: str
    before: tuple[tuple[str, str], ...]


def declarations(style: str) -> Iterator[Declaration]:
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    around: list[str] = []
    before: list[tuple[str, str]] = []
    for text, sign in re.findall(r"([^{};]*)([{};])", style):
        name, colon, value = (part.strip() for part in text.partition(":"))
        if sign == "{":
            around.append(text.strip())
            before = []
        elif colon and around:
            yield Declaration(tuple(around), name, value, tuple(before))
            before.append((name, value))
        if sign == "}":
            around.pop()
            before = []


def young(value: str, name: str = "") -> set[str]:
    found = {function or unit for function, unit in YOUNG.findall(value)}
    return found - {"attr"} if name == "content" else found


def fails(one: Declaration) -> bool:
    """Whether a browser of 2021 is left without a value of the property."""
    tested = {name for rule in one.around if rule.startswith("@supports") for name in young(rule)}
    used = young(one.value, one.name) - tested
    if one.name in YOUNG_PROPERTIES:
        return True
    if not used:
        return False
    if one.name.startswith("--") or "var(" in one.value:
        return True
    return not any(name == one.name and not young(value) for name, value in one.before)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_young_values_stand_behind_a_test_or_a_fallback(sheet: Path) -> None:
    style = sheet.read_text()
    assert [f"{one.name}: {one.value}" for one in declarations(style) if fails(one)] == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_young_selectors_take_no_other_rule_with_them(sheet: Path) -> None:
    """A list of selectors is dropped whole where one of them is unknown."""
    style = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    lists = [text.strip() for text in re.findall(r"([^{};]*)\{", style)]
    assert [
        one
        for one in lists
        if YOUNG_SELECTOR.search(one)
        and not one.startswith("@")
        and not all(map(YOUNG_SELECTOR.search, re.split(r",(?![^(]*\))", one)))
    ] == []


@pytest.mark.parametrize(
    ("style", "wrong"),
    [
        ("a { color: red }", False),
        ("a { --row: 9cqi }", True),
        ("a { --row: 9px; --row: 9cqi }", True),
        ("@supports (width: 1cqi) { a { --row: 9cqi } }", False),
        ("@supports (width: 1cqi) { a { --row: round(1cqi, 2px) } }", True),
        ("a { width: 9cqi }", True),
        ("a { width: 9vw; width: 9cqi }", False),
        ("a { width: 9vw; width: calc(var(--b) * 9cqi) }", True),
        ("a { height: 100vh } b { height: 100dvh }", True),
        ("a { color: light-dark(red, blue) }", True),
        ("@media (max-width: 9px) { a { color: red; color: oklch(.4 .1 20) } }", False),
        ("a { content: attr(title) }", False),
        ("a { width: attr(data-width px) }", True),
        ("a { translate: 0 -50% }", True),
        ("a { background-color: #0001; transform: translate(1px) }", False),
    ],
)
def test_values_that_old_browsers_lose_are_found(style: str, *, wrong: bool) -> None:
    assert any(map(fails, declarations(style))) == wrong


def test_pages_hold_no_young_value_in_their_own_styles() -> None:
    """Styles in templates are read like those of the sheets."""
    for template in (ROOT / "templates").glob("*.html"):
        markup = re.sub(r"{[{%].*?[}%]}", "", template.read_text())
        styles = re.findall(r'style="([^"]*)"', markup)
        assert not any(map(young, styles)), template.name


BARE = re.compile(r"^((?:\.[\w-]+, )*\.[\w-]+) \{", re.MULTILINE)


@pytest.mark.parametrize("sheet", [one for one in SHEETS if one.name != "site.css"], ids=str)
def test_no_page_styles_a_class_of_another(sheet: Path) -> None:
    """A class that a further sheet styles by itself is none of the sheet of all pages."""
    found, common = (
        {name for group in BARE.findall(one.read_text()) for name in group.split(", ")}
        for one in (sheet, ROOT / "static" / "site.css")
    )
    assert not found & common or sheet.name == "embed.css"  # which stands in a shadow tree
