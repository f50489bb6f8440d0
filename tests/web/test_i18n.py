"""Pages speak twenty languages and more; the address says which, then the browser."""

import functools
import io
import re
from collections.abc import Iterable

import pytest
from babel import Locale
from babel.messages import Catalog, Message
from flask.testing import FlaskClient

from affiliate.domain.query import LANGUAGES
from affiliate.domain.ui_languages import (
    UI_LANGUAGE_NAMES,
    UI_LANGUAGES,
)
from affiliate.web.i18n import (
    nearest_ui_language,
    text_direction,
)
from tests.support.apps import ClientMaker
from tests.support.shutterstock import TOKEN, shutterstock
from tools import translations

TRANSLATED = [language for language in UI_LANGUAGES if language != "en"]
TWENTY = "cs da de en es fi fr hu it ja ko nb nl pl pt ru sv th tr zh".split()
SAME = {
    *("Agent", "Filter", "Filters", "Type", "Orange", "Pink", "Vector", "Horizontal", "Vertical"),
    *("Illustration", "Illustrations", "Photo", "Photos", "Release", "Orientation", "Editorial"),
    *("Pages", "Popularity", "Contributor", "Any", "On", "Off", "20s", "30s", "40s", "50s", "60s"),
}
"""Words that some language writes as English does."""

NOWHERE = re.compile(r"(?!)")
WRONG = {
    "fr": re.compile(r"[^\xa0\u202f][;:!?»](?!\d)|«[^\xa0\u202f]"),
    "ja": re.compile(r"[\u3040-\u9fff][,.;:?!]|,"),
    "zh": re.compile(r"[\u4e00-\u9fff][,.;:?!]|,"),
    "ar": re.compile(r"[,;?]"),
}
"""Marks that a language writes otherwise, or sets apart otherwise."""


def texts(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|%%", text))


def messages(catalog: Iterable[Message]) -> dict[str, Message]:
    found = {}
    for message in catalog:
        if message.id:
            found[message.id if isinstance(message.id, str) else message.id[0]] = message
    return found


# -- the catalogs


@functools.cache
def catalogs() -> dict[str, Catalog]:
    """Read the translations into each language."""
    return {one: translations.read(translations.get_po_path(one), one) for one in TRANSLATED}


def test_twenty_languages_are_spoken_and_one_from_right_to_left() -> None:
    """The promised twenty and Arabic; agencies can be asked in each of them."""
    assert set(UI_LANGUAGES) == {*TWENTY, "ar"}
    assert set(UI_LANGUAGES) <= set(LANGUAGES)
    assert [one for one in UI_LANGUAGES if text_direction(one) == "rtl"] == ["ar"]


def test_nothing_is_left_untranslated() -> None:
    """Every text of code and templates has its translation in each language, no other is kept."""
    wanted = messages(translations.build_template()).keys()
    for language, catalog in catalogs().items():
        found = messages(catalog)
        assert found.keys() == wanted, language
        assert [i for i, message in found.items() if not all(texts(message))] == [], language
        same = {i for i, m in found.items() if i in texts(m) and not re.fullmatch(r"[\d\W]*", i)}
        assert same <= SAME or len(same) <= 12, (language, same)


def test_literals_inside_an_f_string_are_no_texts() -> None:
    """In every version of Python only literals that are arguments themselves are texts."""
    code = b"""_("a" "b"); BadQuery("by", f"Use {', '.join(names)}."); ngettext("c", "d", n)"""
    found = translations.extract_python(io.BytesIO(code), translations.KEYWORDS, (), options={})
    assert [texts for _, _, texts, _ in found] == [["ab"], ["by", None], ["c", "d", None]]


def test_every_form_has_the_placeholders_of_the_text() -> None:
    """A translation says all that is put into the text, once, and nothing else."""
    for language, catalog in catalogs().items():
        for i, message in messages(catalog).items():
            forms = texts(message)
            wanted = 1 if isinstance(message.id, str) else catalog.num_plurals
            assert len(forms) == wanted, (language, i)
            for form in forms:
                assert placeholders(form) == placeholders(i), (language, form)
                assert "<" not in form


def test_punctuation_is_the_languages_own() -> None:
    """French marks keep their word by a space that breaks no line; each language quotes alike."""
    for language, catalog in catalogs().items():
        forms = [form for message in messages(catalog).values() for form in texts(message)]
        assert [form for form in forms if WRONG.get(language, NOWHERE).search(form)] == [], language
        around = set(re.findall(r"([“”„«\u2018「])\s?%\(\w+\)s", "\n\n".join(forms)))
        assert len(around) == 1, (language, around)


def test_compiled_catalogs_are_those_that_people_edit() -> None:
    """What is read at run time was made of what stands in the repository."""
    stale = [
        language
        for language in TRANSLATED
        if translations.get_po_path(language).with_suffix(".mo").read_bytes()
        != translations.compile_catalog(translations.get_po_path(language), language)
    ]
    assert stale == []


def test_templates_hold_no_text_of_their_own() -> None:
    """Between the tags of every template stands nothing but marks and what is translated.

    The owner's desk is left out: it speaks English alone, as the commands do.
    """
    for path in sorted((translations.ROOT / "templates").glob("*.html")):
        if path.name.startswith(("owner_", "_owner_")):
            continue
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text(), flags=re.DOTALL)
        text = re.sub(r"<style.*?</style>|<!doctype html>", " ", text, flags=re.DOTALL)
        shown = re.sub(r"<[^>]*>", " ", text)
        named = " ".join(re.findall(r'\s(?:alt|title|placeholder|aria-label)="([^"]*)"', text))
        assert re.findall(r"[A-Za-z]{2,}", f"{shown} {named}".replace("ff8800", "")) == [], path


# -- which language


def test_the_address_says_the_language(client: FlaskClient) -> None:
    """``lang`` decides, whatever the browser would like; the page says so and may be kept."""
    page = client.get("/search?q=cat&lang=de&wait=1", headers={"Accept-Language": "fr"})
    assert '<html lang="de" dir="ltr"' in page.text
    assert page.headers["Content-Language"] == "de"
    assert "accept-language" not in page.headers.get("Vary", "").lower()
    assert "public" in page.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-CA, en;q=0.5", "fr"),
        ("xx, ja;q=0.3", "ja"),
        ("xx", "en"),
        ("", "en"),
        ("no", "nb"),
        ("de;q=0, en", "en"),
        ("ar", "ar"),
    ],
)
def test_then_the_browser_does(client: FlaskClient, header: str, language: str) -> None:
    """Without ``lang`` a page negotiates; nobody else is shown what came of it."""
    for address in ("/", "/search?q=cat&wait=1", "/nowhere"):
        page = client.get(address, headers={"Accept-Language": header})
        if address != "/nowhere":
            assert f'<html lang="{language}"' in page.text
            assert "accept-language" in page.headers["Vary"].lower()
        assert re.search("private|no-store", page.headers["Cache-Control"])


def test_programs_get_the_sites_language(make_client: ClientMaker) -> None:
    """The API and fragments don't negotiate: without ``lang`` they speak the owner's."""
    client = make_client(SITE_LANGUAGE="nl")
    for address in ("/api/search?q=cat", "/ajax/search?q=cat"):
        answer = client.get(address, headers={"Accept-Language": "fr"})
        assert "accept-language" not in answer.headers.get("Vary", "").lower()
    assert client.get("/api/search?q=cat").get_json()["query"]["lang"] == "nl"


def test_every_address_on_a_page_says_its_language(make_client: ClientMaker) -> None:
    """Links within the site carry ``lang``, so that their pages can be kept."""
    client = make_client(DEMO_AFFILIATE_LINK="https://go.example/?u={landing}")
    page = client.get("/search?q=animal&lang=sv&wait=1").text
    addresses = re.findall(r'(?:href|src)="(/(?:search|ajax|image|topics|\?)[^"]*)"', page)
    assert len(addresses) > 50
    assert [one for one in addresses if "lang=sv" not in one and "/static/" not in one] == []


def test_a_language_of_searches_that_no_page_speaks(client: FlaskClient) -> None:
    """A search in Gujarati is asked in Gujarati, and its page is English."""
    page = client.get("/search?q=cat&lang=gu&wait=1").text
    assert '<html lang="en"' in page
    assert "lang=gu" in page
    assert (
        nearest_ui_language("zh-Hant"),
        nearest_ui_language("gu"),
        nearest_ui_language("pt"),
    ) == ("zh", "en", "pt")


def test_arabic_runs_from_right_to_left(client: FlaskClient) -> None:
    """An Arabic page says its direction, and its numbers are counted in Arabic plurals."""
    page = client.get("/search?q=cat&lang=ar&wait=1").text
    assert '<html lang="ar" dir="rtl"' in page


def test_bad_input_is_explained_in_the_visitors_language(client: FlaskClient) -> None:
    """A page about a parameter that can't be read says why in the page's language."""
    english = client.get("/search?q=a&page=0&lang=en").text
    german = client.get("/search?q=a&page=0&lang=de").text
    assert "Use a whole number from 1 to 999999999." in english
    assert "999999999" in german
    assert "Use a whole number" not in german


ROUTES = (
    *("/search?q=cat&wait=1", "/api/search?q=cat", "/ajax/search?q=cat", "/embed/search?q=cat"),
    *("/embed?q=cat", "/?x=1", "/topics/snow?x=1", "/suggest?q=cat", "/image/demo/none?x=1"),
)


@pytest.mark.parametrize("route", ROUTES)
def test_any_well_formed_tag_is_read(make_client: ClientMaker, route: str) -> None:
    """A tag is as good as the nearest language; one that has none is the site's own."""
    client = make_client(SITE_LANGUAGE="nl")
    for tag, language in (
        *(("de-DE", "de"), ("de_DE", "de"), ("en-US", "en"), ("en_US", "en"), ("en-GB", "en")),
        *(("pt-BR", "pt"), ("no", "nb"), ("nb-NO", "nb"), ("zh-TW", "zh"), ("tlh", "nl")),
        *(("de_DE.UTF-8", "de"), ("de_DE@euro", "de"), ("de;q=0.8", "de")),
    ):
        answer = client.get(f"{route}&lang={tag}")
        assert answer.status_code == (404 if "none" in route else 200), (route, tag)
        if answer.mimetype == "text/html":
            assert answer.headers["Content-Language"] == language, (route, tag)
    refused = client.get(f"{route}&lang=de%21")
    is_search = "q=" in route and not route.startswith("/embed")  # a blog's template may be wrong
    assert refused.status_code == (400 if is_search else 404 if "none" in route else 200)


TAGS = [
    ("de-DE", "de"),
    ("pt-BR", "pt"),
    ("nb-NO", "nb"),
    ("zh-TW", "zh-Hant"),
    ("zh-HK", "zh-Hant"),
    ("yue-HK", "zh-Hant"),
    ("zh-CN", "zh"),
    ("tlh", "nl"),
]


@pytest.mark.parametrize(("tag", "language"), TAGS)
def test_an_address_searches_in_the_nearest_language(
    make_client: ClientMaker, tag: str, language: str
) -> None:
    """The agency is asked in it, and all tags for one language are one search."""
    with shutterstock(10) as agency:
        client = make_client(
            SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN, SITE_LANGUAGE="nl"
        )
        for name in (tag, tag.lower(), tag.replace("-", "_"), language):
            found = client.get(f"/api/search?q=cat&lang={name}&wait=1").get_json()
            assert found["query"]["lang"] == language
        assert [one["language"] for one in agency.searches()] == [[language]]


HEADERS = [
    ("zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant", "zh"),
    ("zh-HK,zh-Hant;q=0.9", "zh-Hant", "zh"),
    ("he-IL,en;q=0.5", "he", "en"),
    ("uk-UA,ru;q=0.9", "uk", "ru"),
    ("el-GR", "el", "nl"),
    ("ro-RO,ro;q=0.9,de;q=0.2", "ro", "de"),
    ("de_DE", "de", "de"),
    ("yue-HK", "zh-Hant", "zh"),
    ("pt-BR,pt;q=0.9", "pt", "pt"),
    ("nn-NO", "nb", "nb"),
    ("en-GB,en;q=0.9", "en", "en"),
    ("tlh,*;q=0.1", "nl", "nl"),
    ("fr;q=0,sv", "sv", "sv"),
    ("", "nl", "nl"),
]


@pytest.mark.parametrize(("header", "search", "page"), HEADERS)
def test_search_and_page_are_negotiated_each_for_itself(
    make_client: ClientMaker, header: str, search: str, page: str
) -> None:
    """The words are searched in the visitor's language, also where no page speaks it."""
    with shutterstock(10) as agency:
        client = make_client(
            SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN, SITE_LANGUAGE="nl"
        )
        shown = client.get("/search?q=cat&wait=1", headers={"Accept-Language": header})
        assert [one["language"] for one in agency.searches()] == [[search]]
        assert f'<html lang="{page}"' in shown.text
        assert "private" in shown.headers["Cache-Control"]


@pytest.mark.parametrize("route", ["/search?q=cat&wait=1", "/ajax/search?q=cat", "/?x=1"])
def test_an_address_that_no_page_speaks_asks_the_browser(
    make_client: ClientMaker, route: str
) -> None:
    """Pages of a Ukrainian search, and their parts, speak what their reader prefers."""
    client = make_client(SITE_LANGUAGE="nl")
    for header, page in (("uk-UA,ru;q=0.9", "ru"), ("uk,en;q=0.5", "en"), ("uk", "nl"), ("", "nl")):
        shown = client.get(f"{route}&lang=uk", headers={"Accept-Language": header})
        assert shown.headers["Content-Language"] == page
        assert "accept-language" in shown.headers["Vary"].lower()
        assert "private" in shown.headers["Cache-Control"]
        assert "lang=uk" in shown.text
    api = client.get("/api/search?q=cat&lang=uk", headers={"Accept-Language": "ru"})
    assert "accept-language" not in api.headers.get("Vary", "").lower()
    embed = client.get("/embed/search?q=cat&lang=uk", headers={"Accept-Language": "ru"})
    assert embed.headers["Content-Language"] == "nl"
    assert "public" in embed.headers["Cache-Control"]


def test_languages_are_called_by_their_own_names() -> None:
    """The menu has each language in itself, as Babel has it, and its direction."""
    for code, name in UI_LANGUAGE_NAMES.items():
        locale = Locale.parse(code)
        assert name.casefold() == str(locale.get_display_name(code)).casefold()
        assert text_direction(code) == locale.text_direction
    assert list(UI_LANGUAGE_NAMES.values()) == sorted(UI_LANGUAGE_NAMES.values())


@pytest.mark.parametrize("route", ["/search?q=cat&wait=1", "/ajax/search?q=cat"])
def test_a_site_in_a_language_that_no_page_speaks_is_kept(
    make_client: ClientMaker, route: str
) -> None:
    """The owner has chosen: its pages are English ones to every reader, and kept for all."""
    client = make_client(SITE_LANGUAGE="uk")
    first = client.get(f"{route}&lang=uk", headers={"Accept-Language": "ru"})
    again = client.get(f"{route}&lang=uk", headers={"Accept-Language": "de"})
    assert first.headers["Content-Language"] == "en"
    assert "public" in first.headers["Cache-Control"]
    assert (again.headers["X-Cache"], again.data) == ("HIT", first.data)
    assert "Age" in again.headers
