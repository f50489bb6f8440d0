"""Update the translations: extract, merge and compile the messages of pages.

``python tools/translations.py`` (``make translations``) rewrites ``translations/``. A new message
stands there untranslated until somebody translates it, and a test reports untranslated messages.
"""

import ast
import io
import sys
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "translations"
METHODS: Final = [
    ("affiliate/web/owner/**.py", "ignore"),  # the desk is in English
    ("affiliate/**.py", "tools.translations:extract_python"),
    ("templates/**", "jinja2"),
]
KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "BadQuery": (2,),
}
sys.path.insert(0, str(ROOT))


def extract_python(
    file: BinaryIO,
    keywords: Collection[str],
    _tags: object,
    options: object,  # noqa: ARG001 - as Babel calls
) -> Iterator[tuple[int, str, list[str | None], list[str]]]:
    """Yield each call of a function named in ``keywords``, with its literal texts.

    Babel's own extractor reads tokens: from Python 3.12 on it takes the literals between the braces
    of an f-string for texts.
    """
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in keywords:
                yield node.lineno, name, [*map(_read_literal, node.args)], []


def _read_literal(argument: ast.expr) -> str | None:
    value = argument.value if isinstance(argument, ast.Constant) else None
    return value if isinstance(value, str) else None


def build_template() -> Catalog:
    """Return a catalog of all messages of code and templates, sorted."""
    catalog = Catalog(charset="utf-8")
    for _file, _line, message, _comments, context in sorted(
        extract_from_dir(str(ROOT), METHODS, keywords=KEYWORDS), key=lambda entry: str(entry[2])
    ):
        catalog.add(message, None, context=context)
    return catalog


def get_po_path(language: str) -> Path:
    """Return the path of a language's translations."""
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def read(path: Path, language: str) -> Catalog:
    """Return a language's catalog; empty where the file does not exist."""
    text = path.read_bytes() if path.exists() else b""
    return read_po(io.BytesIO(text), locale=language, charset="utf-8")


def write(path: Path, language: str, catalog: Catalog) -> None:
    """Write a catalog for people, with only the header lines that readers need."""
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


def compile_catalog(path: Path, language: str) -> bytes:
    """Return the compiled catalog for gettext; the same input gives the same bytes."""
    catalog = read(path, language)
    catalog.creation_date = catalog.revision_date = datetime(2000, 1, 1, tzinfo=UTC)
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def main() -> None:
    """Merge new messages into every language and compile the catalogs."""
    from affiliate.domain.ui_languages import UI_LANGUAGES  # noqa: PLC0415 - from this checkout

    current = build_template()
    for language in UI_LANGUAGES:
        if language != "en":
            path = get_po_path(language)
            catalog = read(path, language)
            catalog.update(current, no_fuzzy_matching=True)
            write(path, language, catalog)
            path.with_suffix(".mo").write_bytes(compile_catalog(path, language))


if __name__ == "__main__":
    main()
