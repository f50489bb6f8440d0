"""README is short, leads to every page of the documentation, and names what a newcomer runs."""

import re
from pathlib import Path

from flask.testing import FlaskClient

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = sorted((ROOT / "docs").glob("*.md"))


def test_the_two_commands_are_in_the_readme() -> None:
    """A newcomer finds make run and make test."""
    assert "make run" in README
    assert "make test" in README


def test_the_readme_is_read_in_minutes() -> None:
    """Everything that is no first step stands under docs/."""
    assert 80 <= len(README.splitlines()) <= 120


def test_the_readme_links_to_every_page() -> None:
    assert [page.name for page in PAGES if f"(docs/{page.name})" not in README] == []


def test_files_that_the_pages_name_are_there() -> None:
    """A path in backticks below one of the repository's folders is that of a file or folder."""
    tops = "affiliate|bench|docs|static|templates|tests|tools|translations"
    missing = []
    for page in (*ROOT.glob("*.md"), *PAGES):
        paths = re.findall(rf"`((?:{tops})/[\w/.-]*)`", page.read_text())
        missing += [f"{page.name}: {path}" for path in paths if not (ROOT / path).exists()]
    assert missing == []


def test_links_between_pages_lead_to_files_and_headings() -> None:
    """Compare each relative link with the files, and its fragment with the page's headings."""
    broken = []
    for page in (*ROOT.glob("*.md"), *PAGES):
        for target in re.findall(r"\]\(([^):\s]+)\)", page.read_text()):
            path, _, fragment = target.partition("#")
            file = page.parent / path if path else page
            if not file.exists() or (fragment and fragment not in _anchors(file)):
                broken.append(f"{page.name}: {target}")
    assert broken == []


def _anchors(page: Path) -> set[str]:
    """Return the fragments of a page's headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_command_is_described(client: FlaskClient) -> None:
    """The pages of the owner's work name each command of the site."""
    names = ("operations", "earnings", "alerts", "licensing", "deployment")
    text = "".join((ROOT / f"docs/{name}.md").read_text() for name in names)
    described = set(re.findall(r"`(?:flask --app app )?(\w+)\b", text))
    assert set(client.application.cli.commands) <= described
