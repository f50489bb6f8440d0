"""Update the WordPress plugin's translations: extract, merge and compile.

``python tools/plugin_translations.py`` (``make translations``) rewrites the plugin's
``languages/``. A new message stands there untranslated until somebody translates it, and a test
says so.
"""

import json
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages import Catalog

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.translations import compile_catalog, read, write  # noqa: E402 - from this checkout

PLUGIN: Final = ROOT / "wordpress" / "affiliate-search"
FOLDER: Final = PLUGIN / "languages"
DOMAIN: Final = "affiliate-search"
EDITOR: Final = PLUGIN / "block" / "editor.js"
HANDLE: Final = "affiliate-search-pictures-editor-script"
"""WordPress' name of the block's script (``generate_block_asset_handle``)."""
LOCALES: Final = {
    "ar": "ar",
    "cs": "cs_CZ",
    "da": "da_DK",
    "de": "de_DE",
    "es": "es_ES",
    "fi": "fi",
    "fr": "fr_FR",
    "hu": "hu_HU",
    "it": "it_IT",
    "ja": "ja",
    "ko": "ko_KR",
    "nb": "nb_NO",
    "nl": "nl_NL",
    "pl": "pl_PL",
    "pt": "pt_BR",
    "ru": "ru_RU",
    "sv": "sv_SE",
    "th": "th",
    "tr": "tr_TR",
    "zh": "zh_CN",
}
"""WordPress' names of the site's languages (https://make.wordpress.org/polyglots/teams/)."""
FURTHER: Final = ("pt_PT",)
"""Further locales, whose texts differ from the texts of their language's locale."""
CALL: Final = re.compile(
    rf"\b(?:__|_e|esc_html__|esc_html_e|esc_attr__|esc_attr_e)\( '([^'\\]+)', '{DOMAIN}' \)"
)
CONTEXTS: Final = {"title": "block title", "description": "block description"}
"""Contexts in which WordPress translates values of a block.json (``block-i18n.json``)."""


def list_locales() -> list[str]:
    """Return the locales that the plugin is translated into."""
    return sorted([*LOCALES.values(), *FURTHER])


def extract_messages(path: Path) -> list[str]:
    """Return the translatable messages of a PHP or JavaScript file, in their order."""
    return CALL.findall(path.read_text())


def build_template() -> Catalog:
    """Return a catalog of all messages, without translations."""
    catalog = Catalog(charset="utf-8")
    for context, message in sorted(_iter_messages(), key=lambda pair: (pair[1], pair[0] or "")):
        catalog.add(message, context=context)
    return catalog


def _iter_messages() -> Iterator[tuple[str | None, str]]:
    """Yield each message with its context: of the header, the block's file, and the code."""
    main_file = (PLUGIN / f"{DOMAIN}.php").read_text()
    for described in re.findall(r"^ \* Description: +(.+)$", main_file, re.MULTILINE):
        yield None, described
    block = json.loads((PLUGIN / "block" / "block.json").read_text())
    for name, context in CONTEXTS.items():
        yield context, block[name]
    for keyword in block["keywords"]:
        yield "block keyword", keyword
    for path in (*PLUGIN.rglob("*.php"), EDITOR):
        for message in extract_messages(path):
            yield None, message


def get_po_path(locale: str) -> Path:
    """Return the path of a locale's translations."""
    return FOLDER / f"{DOMAIN}-{locale}.po"


def get_script_path(locale: str) -> Path:
    """Return the path at which WordPress looks for translations of the block's script."""
    return FOLDER / f"{DOMAIN}-{locale}-{HANDLE}.json"


def compile_for_wordpress(locale: str) -> bytes:
    """Return a locale's compiled catalog, with the offset by which WordPress finds the texts.

    WordPress refuses a file whose header places no hash table behind the two tables of texts
    (``MO::import_from_reader``); Babel writes 0 there, as the hash table is empty.
    """
    mo = bytearray(compile_catalog(get_po_path(locale), locale))
    total, _originals, translations = struct.unpack_from("<3I", mo, 8)
    struct.pack_into("<I", mo, 24, translations + total * 8)
    return bytes(mo)


def build_script_json(locale: str) -> str:
    """Return the translations of the block's script in the JSON form of ``wp.i18n``."""
    catalog = read(get_po_path(locale), locale)
    head = {"domain": "messages", "lang": locale, "plural-forms": catalog.plural_forms}
    texts: dict[str, object] = {"": head}
    for message in sorted(set(extract_messages(EDITOR))):
        translated = catalog.get(message)
        if translated and translated.string:
            texts[message] = [translated.string]
    data = {"domain": "messages", "locale_data": {"messages": texts}}
    return json.dumps(data, ensure_ascii=False, indent="\t") + "\n"


def main() -> None:
    """Merge new messages into every locale and compile the catalogs."""
    current = build_template()
    for locale in list_locales():
        catalog = read(get_po_path(locale), locale)
        catalog.update(current, no_fuzzy_matching=True)
        write(get_po_path(locale), locale, catalog)
        get_po_path(locale).with_suffix(".mo").write_bytes(compile_for_wordpress(locale))
        get_script_path(locale).write_text(build_script_json(locale))


if __name__ == "__main__":
    main()
