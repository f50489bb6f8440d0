"""Print the section of a version from CHANGELOG.md, as the text of a release.

``python -m tools.release_notes 0.1.0``; without a version, the program's own.
"""

import argparse
import re
from pathlib import Path

from affiliate import __version__

FILE = Path(__file__).parents[1] / "CHANGELOG.md"


def find_notes(changelog: str, version: str) -> str:
    """Return the text below the heading of ``version``, without the heading.

    Raises:
        LookupError: the changelog has no section of the version, or an empty section.
    """
    heading = rf"^## {re.escape(version)}(?: .*)?\n"
    match = re.search(rf"{heading}((?:(?!## ).*\n?)*)", changelog, re.MULTILINE)
    text = match.group(1).strip() if match else ""
    if not text:
        message = f"CHANGELOG.md says nothing of {version}."
        raise LookupError(message)
    return text + "\n"


def main() -> None:
    """Print the notes of the version that the command line names."""
    parser = argparse.ArgumentParser(description="Print the release notes of a version.")
    parser.add_argument("version", nargs="?", default=__version__)
    version = parser.parse_args().version.removeprefix("v")
    try:
        print(find_notes(FILE.read_text(), version), end="")
    except LookupError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
