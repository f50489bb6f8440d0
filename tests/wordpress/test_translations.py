"""The plugin speaks the languages of the site, and the nearest where a locale is missing."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from babel.messages import Message

from affiliate.domain.ui_languages import UI_LANGUAGES
from tests.support.blog import Blog
from tools import plugin_translations as plugin
from tools.translations import read

NAMED = re.compile(r"\w+\(\s*['\"][^\n]*?['\"],\s*'affiliate-search'\s*\)")
"""What looks like a call that has a text translated, however it is written."""
CODE = [*plugin.PLUGIN.rglob("*.php"), plugin.EDITOR]


def texts(locale: str) -> dict[tuple[str | None, str], str]:
    """Return a locale's translations by context and message."""
    return {key(one): str(one.string) for one in read(plugin.get_po_path(locale), locale) if one.id}


def key(message: Message) -> tuple[str | None, str]:
    return message.context, str(message.id)


def test_each_language_of_the_site_has_a_locale() -> None:
    """A blog in a language that pages speak has the plugin in it, and no other file lies about."""
    assert set(plugin.LOCALES) == set(UI_LANGUAGES) - {"en"}
    files = {path.name for path in plugin.FOLDER.iterdir()}
    made = {
        path.name
        for locale in plugin.list_locales()
        for path in (
            plugin.get_po_path(locale),
            plugin.get_po_path(locale).with_suffix(".mo"),
            plugin.get_script_path(locale),
        )
    }
    assert files == made


def test_french_marks_keep_their_word() -> None:
    """A space that breaks no line stands before them, and behind the first quotation mark."""
    wrong = re.compile(r"[^\xa0\u202f][;:!?»](?!\S)|«[^\xa0\u202f]")
    assert [text for text in texts("fr_FR").values() if wrong.search(text)] == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_every_text_of_the_code_is_extracted(path: Path) -> None:
    """No way of writing a call hides a text from the catalogs."""
    assert len(plugin.extract_messages(path)) == len(NAMED.findall(path.read_text()))


@pytest.mark.parametrize("locale", plugin.list_locales())
def test_nothing_is_left_untranslated(locale: str) -> None:
    """Each text has its translation with the same places for words, and no other is kept."""
    found = texts(locale)
    assert found.keys() == {key(one) for one in plugin.build_template() if one.id}
    for (_context, message), translated in found.items():
        assert translated, message
        assert translated.count("%") == message.count("%"), message
        assert translated.count("%s") == message.count("%s"), message
        assert "<" not in translated
    assert sum(translated == message for (_, message), translated in found.items()) <= 10


@pytest.mark.parametrize("locale", plugin.list_locales())
def test_compiled_files_are_those_that_people_edit(locale: str) -> None:
    """What WordPress reads was made of what stands in the catalogs."""
    mo = plugin.get_po_path(locale).with_suffix(".mo")
    assert mo.read_bytes() == plugin.compile_for_wordpress(locale)
    assert plugin.get_script_path(locale).read_text() == plugin.build_script_json(locale)
    told = json.loads(plugin.get_script_path(locale).read_text())["locale_data"]["messages"]
    assert told.keys() == {"", *plugin.extract_messages(plugin.EDITOR)}


@pytest.mark.parametrize(
    ("locale", "read_instead"),
    [
        ("de_DE", "de_DE"),
        ("de_DE_formal", "de_DE"),
        ("de_CH_informal", "de_DE"),
        ("de_AT", "de_DE"),
        ("es_MX", "es_ES"),
        ("fr_CA", "fr_FR"),
        ("nl_BE", "nl_NL"),
        ("nn_NO", "nb_NO"),
        ("pt_BR", "pt_BR"),
        ("pt_PT_ao90", "pt_PT"),
        ("pt_AO", "pt_PT"),
        ("zh_TW", "zh_CN"),
        ("ja", "ja"),
        ("en_GB", "en_GB"),
        ("eo", "eo"),
        ("fil", "fil"),
    ],
)
@pytest.mark.parametrize("rest", [".mo", f"-{plugin.HANDLE}.json"])
def test_nearest_locale_is_read(locale: str, read_instead: str, rest: str) -> None:
    """A locale without a file of its own has that of its language; other folders are left alone."""
    program = f"""
    define('ABSPATH', '/');
    require {json.dumps(str(plugin.PLUGIN / "includes/languages.php"))};
    echo json_encode(array_map(function ($file) {{
        return affiliate_search_find_nearest_translation($file, 'affiliate-search');
    }}, json_decode($argv[1])));
    """
    own, other = f"{plugin.FOLDER}/affiliate-search-", "/nowhere/affiliate-search-"
    asked = json.dumps([f"{own}{locale}{rest}", f"{other}{locale}{rest}", False])
    run = subprocess.run(["php", "-r", program, asked], capture_output=True, text=True, check=True)
    wanted = [f"{own}{read_instead}{rest}", f"{other}{locale}{rest}", False]
    assert json.loads(run.stdout) == wanted


@pytest.fixture(params=["de_DE", "de_DE_formal"])
def german_blog(blog: Blog, request: pytest.FixtureRequest) -> Iterator[Blog]:
    """Yield the blog with a German locale, without WordPress' language pack."""
    values = f"('WPLANG', '{request.param}', 'yes')"
    blog.sql(f"REPLACE INTO wp_options (option_name, option_value, autoload) VALUES {values}")
    yield blog
    blog.sql("DELETE FROM wp_options WHERE option_name = 'WPLANG'")


def test_a_german_blog_is_german(german_blog: Blog) -> None:
    """Readers' link, the block, its fields in the editor, and the plugin's own line are German."""
    with urlopen(german_blog.post("[affiliate_search q=Katze]")) as answer:
        assert ">Stockbilder: Katze</a>" in answer.read().decode()
    code = """$block = WP_Block_Type_Registry::get_instance()->get_registered( $values['block'] );
    $plugin = get_plugin_data( WP_PLUGIN_DIR . '/affiliate-search/affiliate-search.php' );
    return array(
        $block->title,
        $block->keywords,
        $plugin['Description'],
        wp_scripts()->print_translations( $values['handle'], false ),
    );"""
    title, keywords, described, script = german_blog.php(
        code, block="affiliate-search/pictures", handle=plugin.HANDLE
    )
    assert title == "Stockbilder"
    assert keywords == ["affiliate", "bilder", "suche"]
    assert described.startswith("Zeigt Suchen Ihrer eigenen Affiliate-Search-Seite")
    assert "Raster aus Bildern" in script
