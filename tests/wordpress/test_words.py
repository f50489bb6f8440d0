"""The words that the plugin takes from a title, by the blog's language."""

import json
import subprocess
from pathlib import Path

import pytest

WORDS = Path(__file__).parents[2] / "wordpress/affiliate-search/includes/words.php"


@pytest.mark.parametrize(
    ("locale", "title", "words"),
    [
        ("de_DE", "Die zehn besten Fahrräder für Köln", "zehn Fahrräder Köln"),
        ("de_DE_formal", "Über den Wolken", "Wolken"),
        ("en_US", "The best red Bicycles in Town", "red Bicycles Town"),
        ("fr_FR", "À la plage avec les Enfants", "plage Enfants"),
        ("nn_NO", "Når du er på sykkel", "sykkel"),
        ("ru_RU", "Как Выбрать велосипед для города", "Выбрать велосипед города"),
        ("ar", "كيف أفضل دراجة في المدينة", "دراجة المدينة"),
        ("ja", "赤い自転車", "赤い自転車"),
    ],
)
def test_usual_words_of_the_blogs_language_are_left_out(
    locale: str, title: str, words: str
) -> None:
    program = f"""
    define('ABSPATH', '/');
    function get_locale() {{ return {json.dumps(locale)}; }}
    function wp_strip_all_tags($text) {{ return strip_tags($text); }}
    require {json.dumps(str(WORDS))};
    echo affiliate_search_words({json.dumps(title, ensure_ascii=False)});
    """
    run = subprocess.run(["php", "-r", program], capture_output=True, text=True, check=True)
    assert run.stdout == words
