"""The text on privacy says what the settings do, in the language of the page."""

import pytest
from flask.testing import FlaskClient

from affiliate.domain.ui_languages import UI_LANGUAGES
from tests.support.apps import ClientMaker

EARNING = {
    "AGENCIES": "shutterstock,openverse",
    "SHUTTERSTOCK_API_TOKEN": "v2/abcdefghijklmnop",
    "SHUTTERSTOCK_AFFILIATE_ID": "1234567",
}


def read_text(client: FlaskClient, lang: str = "en") -> str:
    """Return the text from its heading to the end of its section."""
    page = client.get(f"/about?lang={lang}").text
    return page.partition('<h2 id="privacy">')[2].partition("</section>")[0].replace("&#39;", "'")


def test_the_text_says_what_the_settings_do(make_client: ClientMaker) -> None:
    """Times, agencies, networks and what links carry are those of the settings."""
    text = read_text(make_client(**EARNING, CLICKS_KEEP_DAYS="400"))
    assert "without your address, to: Shutterstock and Openverse." in text
    assert "no browser. Kept: 400 days." in text
    assert "an affiliate network (shutterstock.7eer.net), which credits" in text
    assert "this site: Shutterstock." in text
    assert "the words of the search (masked), the picture's number, and a random number" in text
    assert "log has faults only" in text
    text = read_text(make_client(**EARNING, AFFILIATE_SUB_IDS="id", ACCESS_LOG="1"))
    assert "These links carry: the picture's number and a random number of the click." in text
    assert "no browser. Kept: until deleted." in text
    assert "log has the time, the page without your words" in text


def test_a_site_without_affiliate_links_says_nothing_of_networks(make_client: ClientMaker) -> None:
    assert "affiliate" not in read_text(make_client(AGENCIES="demo"))


def test_each_language_has_the_text(make_client: ClientMaker) -> None:
    """Each sentence is translated, and is marked as no other language than the page's."""
    client = make_client(**EARNING)
    texts = {lang: read_text(client, lang) for lang in UI_LANGUAGES}
    english = {
        sentence
        for paragraph in texts["en"].split("<p>")[1:]
        for sentence in paragraph.replace("</p>", "").strip().split(". ")
        if len(sentence.split()) > 2
    }
    assert len(english) > 10
    for lang, text in texts.items():
        assert "lang=" not in text
        assert text.count("<p>") == texts["en"].count("<p>")
        assert [sentence for sentence in english if sentence in text] == (
            list(english) if lang == "en" else []
        )


@pytest.mark.parametrize(("lang", "days"), [("de", "90 Tage"), ("ru", "90 дней"), ("ar", "90 يوم")])
def test_times_follow_the_grammar_of_the_language(
    client: FlaskClient, lang: str, days: str
) -> None:
    assert days in read_text(client, lang).replace("\u200f", "")
