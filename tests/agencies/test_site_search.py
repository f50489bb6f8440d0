"""Where the public searches the agencies' own sites."""

from urllib.parse import unquote, urlsplit

import pytest

from affiliate.agencies import AGENCIES
from affiliate.agencies.site_search import SiteSearch
from affiliate.domain.media import SearchQuery
from affiliate.transport.client import Transport

UNKNOWN = {"panthermedia", "demo", "demo-shop"}
"""Agencies whose site is searched in a way that nothing tells, and the one without a site."""
FORMS = {
    "shutterstock": "https://www.shutterstock.com/search/red%20zebra",
    "shutterstock-editorial": "https://www.shutterstock.com/editorial/search/red%20zebra",
    "adobe-stock": "https://stock.adobe.com/search?k=red%20zebra",
    "depositphotos": "https://depositphotos.com/stock-photos/red-zebra.html",
    "istock": "https://www.istockphoto.com/search/2/image?phrase=red%20zebra",
    "istock-xmlrpc": "https://www.istockphoto.com/search/2/image?phrase=red%20zebra",
    "123rf": "https://www.123rf.com/stock-photo/red_zebra.html",
    "bigstock": "https://www.bigstockphoto.com/search/red%20zebra/",
    "photodune": "https://photodune.net/search/red%20zebra",
    "dreamstime": "https://www.dreamstime.com/search.php?srh_field=red%20zebra",
    "yay": "https://yayimages.com/search?type=-1&phrase=red%20zebra",
    "openverse": "https://openverse.org/search/image?q=red%20zebra",
    "pixabay": "https://pixabay.com/images/search/red%20zebra/",
}
FOOTAGE = {
    "shutterstock": "https://www.shutterstock.com/video/search/red%20zebra",
    "adobe-stock": "https://stock.adobe.com/search/video?k=red%20zebra",
    "istock": "https://www.istockphoto.com/search/2/film?phrase=red%20zebra",
    "istock-xmlrpc": "https://www.istockphoto.com/search/2/film?phrase=red%20zebra",
}
PAGES = {
    "shutterstock": ("1234", "https://www.shutterstock.com/image-photo/1234"),
    "shutterstock-editorial": ("12a", "https://www.shutterstock.com/editorial/image-editorial/12a"),
    "adobe-stock": ("1234", "https://stock.adobe.com/1234"),
    "depositphotos": ("1234", "http://www.depositphotos.com/1234/"),
    "123rf": ("1234", "https://www.123rf.com/photo_1234.html"),
    "bigstock": ("1234", "https://www.bigstockphoto.com/image-1234/"),
    "panthermedia": ("1234", "https://stockagency.panthermedia.net/m/stock-photos/1234"),
}


def landing(name: str, words: str, media: str = "image") -> str:
    """Return where an agency's own site finds some words."""
    query = SearchQuery(q=words, media="video") if media == "video" else SearchQuery(q=words)
    return AGENCIES[name](Transport()).build_search_url(query)


@pytest.mark.parametrize("name", AGENCIES)
def test_every_agency_has_a_known_form_or_none(name: str) -> None:
    assert landing(name, "red zebra") == FORMS.get(name, "")
    assert landing(name, "red zebra", "video") == FOOTAGE.get(name, "")
    assert (name in UNKNOWN) is (name not in FORMS)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(
    "words", ["", "..", ". .", "/", "a/b", "q=1&x", "50%", "café", "猫", "#1", "a?b", '"red fox"']
)
def test_any_words_make_an_address_of_the_same_site(name: str, words: str) -> None:
    """No word adds a parameter, a folder, a fragment or a step up; without words it is home."""
    found, usual = urlsplit(landing(name, words)), urlsplit(FORMS[name])
    assert found.netloc == usual.netloc
    assert found.fragment == ""
    assert "/../" not in f"{found.path}/"
    said = words.replace("/", " ").split()
    if not words.strip("./ "):
        assert "{" not in found.geturl()
        return
    assert found.path.count("/") == usual.path.count("/")
    assert found.query.count("&") == usual.query.count("&")
    for word in said:
        assert word in unquote(found.geturl())


@pytest.mark.parametrize("name", AGENCIES)
def test_an_id_alone_tells_the_page_where_the_agency_has_such_a_form(name: str) -> None:
    media_id, page = PAGES.get(name, ("1234", ""))
    agency = AGENCIES[name](Transport())
    assert agency.build_page_url(media_id) == page
    for strange in ("", "../1", "a b", "<script>", "1" * 200 + "?"):
        assert agency.build_page_url(strange) == ""


def test_a_form_without_footage_leads_nowhere_for_footage() -> None:
    site = SiteSearch(pictures="https://a.example/{words}", home="https://a.example/")
    assert site.search_url("cat", "video") == ""
    assert site.search_url("", "video") == ""
    assert site.search_url("") == "https://a.example/"
