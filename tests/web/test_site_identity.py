"""The site in its owner's words: the sentence that describes the site, and the owner's links."""

from tests.support.apps import ClientMaker

KEYS = {"AGENCIES": "shutterstock, openverse", "SHUTTERSTOCK_API_TOKEN": "v2/token"}


def test_the_owner_s_sentence_is_shown_as_written(make_client: ClientMaker) -> None:
    """SITE_TAGLINE stands on both pages that say what the site is, marked as of its language."""
    client = make_client(SITE_TAGLINE="Pictures of <cats> & dogs.")
    said = '<bdi lang="en">Pictures of &lt;cats&gt; &amp; dogs.</bdi></p>'
    for lang in ("en", "ar"):
        for path in ("/", "/about"):
            assert said in client.get(f"{path}?lang={lang}").text


def test_without_a_sentence_the_agencies_are_named(make_client: ClientMaker) -> None:
    """The names stand in a list as the visitor's language writes lists; switched-off ones don't."""
    client = make_client(**KEYS)
    assert "Search pictures from Shutterstock and Openverse." in client.get("/about?lang=en").text
    assert "Bilder von Shutterstock und Openverse" in client.get("/about?lang=de").text
    client = make_client(**KEYS)
    client.application.extensions["services"].switches.switch_agency("openverse", off=True)
    assert "Search pictures from Shutterstock." in client.get("/about?lang=en").text


def test_the_owner_s_links_stand_at_the_foot_of_every_page(make_client: ClientMaker) -> None:
    """Paths of the site keep the visitor's language; other addresses stay as written."""
    client = make_client(
        SITE_LINKS="Imprint=https://a.example/me/, Privacy=/about#privacy, Help=/search?q=cat"
    )
    for path in ("/?lang=de", "/search?q=cat&lang=de", "/about?lang=de", "/nowhere?lang=de"):
        foot = client.get(path).text.partition("<footer")[2]
        assert '<a href="https://a.example/me/"><bdi>Imprint</bdi></a>' in foot
        assert '<a href="/about?lang=de#privacy"><bdi>Privacy</bdi></a>' in foot
        assert '<a href="/search?q=cat"><bdi>Help</bdi></a>' in foot
        assert '<a href="/about?lang=de">' in foot


def test_pages_of_other_words_have_another_build_id(make_client: ClientMaker) -> None:
    """Processes with other sentences or links share no finished pages."""
    settings: list[dict[str, str]] = [{}, {"SITE_TAGLINE": "Ours."}, {"SITE_LINKS": "A=/about"}]
    settings.append({"SITE_LOGO": "static/icon.svg"})
    found = {make_client(**one).application.extensions["services"].build_id for one in settings}
    assert len(found) == len(settings)
