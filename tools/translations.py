"""Brings the translations up to date: what pages say is extracted, merged and compiled.

``python tools/translations.py`` (``make translations``) rewrites ``translations/``. What is new
stands there untranslated until somebody translates it, and a test says so.
"""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "translations"
METHODS: Final = [("affiliate/**.py", "python"), ("templates/**", "jinja2")]
KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "BadQuery": (2,),
}
sys.path.insert(0, str(ROOT))


def template() -> Catalog:
    """All messages of code and templates, in their order."""
    found = Catalog(charset="utf-8")
    for _file, _line, message, _comments, context in sorted(
        extract_from_dir(str(ROOT), METHODS, keywords=KEYWORDS), key=lambda one: str(one[2])
    ):
        found.add(message, None, context=context)
    return found


def po(language: str) -> Path:
    """Where a language's translations are written."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def read(path: Path, language: str) -> Catalog:
    """Return a language's catalog as it stands; empty if there is none yet."""
    text = path.read_bytes() if path.exists() else b""
    return read_po(io.BytesIO(text), locale=language, charset="utf-8")


def write(path: Path, language: str, catalog: Catalog) -> None:
    """Write a catalog for people, with the header that readers need and no more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = io.BytesIO()
    write_po(body, catalog, no_location=True, omit_header=True, ignore_obsolete=True, width=0)
    lines = (
        f"Language: {language}",
        f"Plural-Forms: {catalog.plural_forms}",
        "Content-Type: text/plain; charset=utf-8",
    )
    header = 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines)
    path.write_bytes(header.encode() + b"\n" + body.getvalue().strip() + b"\n")


def compiled(path: Path, language: str) -> bytes:
    """Return what gettext reads, made of what people edit; the same bytes each time."""
    catalog = read(path, language)
    catalog.creation_date = catalog.revision_date = datetime(2000, 1, 1, tzinfo=UTC)
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def main() -> None:
    """Merge what is new into every language and compile it."""
    from affiliate.domain.ui_languages import UI_LANGUAGES  # noqa: PLC0415 - from this checkout

    wanted = template()
    for language in UI_LANGUAGES:
        if language != "en":
            path = po(language)
            catalog = read(path, language)
            catalog.update(wanted, no_fuzzy_matching=True)
            write(path, language, catalog)
            path.with_suffix(".mo").write_bytes(compiled(path, language))


if __name__ == "__main__":
    main()
