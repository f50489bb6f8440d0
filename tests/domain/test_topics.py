# ruff: noqa: RUF001 - words of every script are typed here as people type them
"""Each topic of the owner's has an address of its own, which people can read."""

import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.domain.topics import Topics, make_slug
from tests.support.apps import ClientMaker

SLUGS = [
    ("Red  Bicycle", "en", "red-bicycle"),
    ("หมู", "th", "หมู"),
    ("หมี", "th", "หมี"),
    ("น้ำตก", "th", "น้ำตก"),
    ("कला", "hi", "कला"),
    ("कली", "hi", "कली"),
    ("قِطّة", "ar", "قِطّة"),
    ("İstanbul", "tr", "istanbul"),
    ("ISPARTA", "tr", "ısparta"),
    ("Straße", "de", "straße"),
    ("A\u0308pfel", "de", "äpfel"),
    ("Ποδήλατος", "el", "ποδήλατος"),
    ("花", "ja", "花"),
    ("ＣＡＴ", "ja", "cat"),
    ("می\u200cخواهم", "ar", "می-خواهم"),
    ("t-shirt / jeans", "en", "t-shirt-jeans"),
    ("C", "en", "c"),
    ("C++", "en", "c-plus-plus"),
    ("C#", "en", "c-sharp"),
    ("C++ code", "en", "c-plus-plus-code"),
    ("a+b #1", "en", "a-b-1"),
    ("❤️", "en", "heavy-black-heart"),
    ("!!!", "en", "exclamation-mark"),
    ("%", "en", "percent-sign"),
    ('"', "en", "quotation-mark"),
    ("\ue000", "en", "topic"),
]


@pytest.mark.parametrize(("words", "lang", "slug"), SLUGS)
def test_a_slug_keeps_letters_digits_and_marks(words: str, lang: str, slug: str) -> None:
    """Small letters follow the rules of the language; signs that are all there is have names."""
    assert make_slug(words, lang) == slug
    assert make_slug(slug, lang) == slug


SITES = [
    ("หมู, หมี", "th", ["หมู", "หมี"]),
    ("C, C++, C#", "en", ["c", "c-plus-plus", "c-sharp"]),
    ("R&D, R D, r/d", "en", ["r-d", "r-d-2", "r-d-3"]),
    ("a/b, a b, a-b-2", "en", ["a-b", "a-b-3", "a-b-2"]),
    ("cat, Cat, CAT", "en", ["cat", "cat", "cat"]),
    ("!!!, !, %", "en", ["exclamation-mark", "exclamation-mark-2", "percent-sign"]),
]


@pytest.mark.parametrize(("setting", "lang", "slugs"), SITES)
def test_every_topic_has_its_own_address(setting: str, lang: str, slugs: list[str]) -> None:
    """Topics with one slug are numbered; spellings of one topic share its address."""
    words = setting.split(", ")
    topics = Topics(words, lang)
    assert [topics.get_slug(one) for one in words] == slugs
    assert list(topics.list_slugs()) == list(dict.fromkeys(slugs))
    for one in words:
        found = topics.find_topic(topics.get_slug(one))
        assert found is not None
        assert found.casefold() == one.casefold()
    assert topics.find_topic(unicodedata.normalize("NFD", slugs[0])) == words[0]
    assert topics.find_topic("nowhere") is topics.find_topic("") is None


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)))
def test_no_topics_collide(words: list[str]) -> None:
    """Whatever is a topic has an address, and each address shows one topic."""
    topics = Topics(words, "en")
    slugs = list(topics.list_slugs())
    assert len(set(slugs)) == len(slugs)
    assert all(slugs)
    for one in words:
        assert topics.find_topic(topics.get_slug(one)) is not None


@pytest.mark.parametrize(
    ("setting", "lang"),
    [
        ("หมู, หมี", "th"),
        ("C, C++, C#", "en"),
        ("❤️, !!!, %", "en"),
        ("R&D, R D", "en"),
        ("قِطّة, น้ำตก, İstanbul", "tr"),
    ],
)
def test_every_link_of_the_start_page_leads_to_its_topic(
    make_client: ClientMaker, setting: str, lang: str
) -> None:
    """The page shows its topic, the sitemap has all of them, and oEmbed knows the same ones."""
    url = "https://me.example"
    client = make_client(SITE_URL=url, SITE_LANGUAGE=lang, SITE_TOPICS=setting)
    start, sitemap = client.get(f"/?lang={lang}").text, client.get("/sitemap.xml").text
    for words in setting.split(", "):
        slug = Topics(setting.split(", "), lang).get_slug(words)
        link = f'<a href="/topics/{quote(slug)}?lang={lang}">{words.replace("&", "&amp;")}</a>'
        assert link in start
        page = client.get(f"/topics/{quote(slug)}?lang={lang}")
        assert page.status_code == 200
        assert f'value="{words.replace("&", "&amp;")}"' in page.text
        address = f"{url}/topics/{quote(slug)}"
        assert f"<loc>{address}?lang={lang}</loc>" in sitemap
        assert client.get("/oembed", query_string={"url": address}).get_json()["title"] == words


@pytest.mark.parametrize(
    ("setting", "before", "now"),
    [
        ("หมู, หมี", "หม", "หมี"),
        ("น้ำตก", "น-าตก", "น้ำตก"),
        ("İstanbul", "i-stanbul", "istanbul"),
        ("Straße", "strasse", "straße"),
        ("C++", "c", "c-plus-plus"),
    ],
)
def test_former_addresses_show_the_topic(
    make_client: ClientMaker, setting: str, before: str, now: str
) -> None:
    """An address that an earlier version gave a topic still works, and names the one of today."""
    url = "https://me.example"
    client = make_client(SITE_URL=url, SITE_TOPICS=setting)
    pages = [client.get(f"/topics/{quote(one)}?lang=de") for one in (before, now)]
    assert [one.status_code for one in pages] == [200, 200]
    canonical = f'<link rel="canonical" href="{url}/topics/{quote(now)}?lang=de">'
    assert all(canonical in one.text for one in pages)
    known = client.get("/oembed", query_string={"url": f"{url}/topics/{quote(before)}"})
    assert known.status_code == 200
    assert client.get("/topics/nowhere").status_code == 404


@pytest.mark.parametrize(
    ("lang", "topic", "heading"),
    [
        ("tr", "istanbul", "İstanbul"),
        ("nl", "ijs", "IJs"),
        ("en", "flower", "Flower"),
        ("en", "iPhone case", "iPhone case"),
        ("de", "élan", "Élan"),
        ("th", "หมู", "หมู"),
    ],
)
def test_a_heading_begins_as_the_sites_language_has_it(
    make_client: ClientMaker, lang: str, topic: str, heading: str
) -> None:
    """A topic in small letters gets a capital; one with capitals stands as the owner wrote it."""
    client = make_client(SITE_LANGUAGE=lang, SITE_TOPICS=topic)
    slug = Topics([topic], lang).get_slug(topic)
    for language in (lang, "en"):
        page = client.get(f"/topics/{quote(slug)}?lang={language}").text
        assert f'<meta property="og:title" content="{heading}">' in page


def test_long_addresses_are_no_topics_before_they_are_composed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A path of any length is told apart at once; letters typed in pieces are still found."""
    topics = Topics(["Äpfel", "한국"], "de")
    assert topics.find_topic(unicodedata.normalize("NFD", "äpfel")) == "Äpfel"
    assert topics.find_topic(unicodedata.normalize("NFD", "한국")) == "한국"
    monkeypatch.setattr("affiliate.domain.topics.unicodedata", None)  # nothing is composed
    assert topics.find_topic("a" + "\u0300" * 15_000 + "\u0316" * 15_000) is None
    assert Topics([], "de").find_topic("a") is None
