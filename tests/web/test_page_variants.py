"""Which pages cost nothing but their making, and have a part of memory of their own."""

import pytest

from affiliate.web.page_variants import is_variant
from tests.support.apps import ClientMaker


@pytest.mark.parametrize(
    "address",
    [
        "/?lang=en&site=blog.example",
        "/search?q=cat&lang=en&site=blog.example",
        "/search?q=cat&wait=1&site=blog.example",
        "/ajax/search?q=cat&site=blog.example",
        "/api/search?q=cat&site=blog.example",
        "/topics/cats?lang=en&site=blog.example",
        "/collections/demo/1?lang=en&site=blog.example",
        "/embed/search?q=cat&site=blog.example",
        "/embed?q=cat",
        "/embed?q=cat&fallback=dog",
        "/embed?q=cat&accent=ff8800",
        "/oembed?url=https%3A%2F%2Fs.example%2Fsearch%3Fq%3Dcat",
        "/image/demo/1?q=cat&lang=en",
        "/image/demo/1?lang=en&position=7",
        "/image/demo/1?color=ff8800",
        "/ajax/video/demo/1/similar?q=cat&media=video",
        "/api/image/demo/1?site=blog.example",
    ],
)
def test_what_differs_in_texts_and_links_is_a_variant(address: str) -> None:
    """Anybody can write as many such addresses as they like, and no agency is asked."""
    path, _, query = address.partition("?")
    assert is_variant((path, query))


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/?lang=en",
        "/search?q=cat&lang=en",
        "/search?q=site%3Dblog.example",
        "/search?q=a%26site%3Dblog.example",
        "/ajax/search?q=cat&color=ff8800",
        "/image/demo/1?lang=en",
        "/ajax/image/demo/1/similar?lang=en&page=2&wait=1",
        "/collections/demo/1?lang=en&page=2",
        "/embed/search?q=cat",
        "/embed.js",
        "/static/site.css?v=0123456789ab",
    ],
)
def test_what_agencies_are_asked_for_is_none(address: str) -> None:
    """Words that look like a parameter are words."""
    path, _, query = address.partition("?")
    assert not is_variant((path, query))


@pytest.mark.parametrize(
    ("address", "pages", "number"),
    [
        ("/search?q=cat&lang=en&wait=1&site=s{n}.example", 10, 12),
        ("/embed?q=cat&fallback=w{n}", 3, 48),
        ("/oembed?url=https%3A%2F%2Fs.example%2Fembed%3Fq%3Dw{n}", 3, 48),
    ],
)
def test_a_flood_of_variants_evicts_no_other_page(
    address: str, pages: int, number: int, make_client: ClientMaker
) -> None:
    """Searches stay in memory, with room for a few ``pages``, whatever links and texts say."""
    client = make_client(SITE_URL="https://s.example")
    tier = client.application.extensions["page_cache"]
    for lang in ("en", "de"):
        client.get(f"/search?q=cat&lang={lang}&wait=1")
    tier.limit = tier._bytes * pages // 2
    for n in range(number):
        assert client.get(address.format(n=n)).status_code == 200
    assert 0 < len(tier._variants) < number
    assert tier._bytes + tier._keys_bytes <= tier.limit
    for lang in ("en", "de"):
        kept = client.get(f"/search?q=cat&lang={lang}&wait=1")
        assert kept.headers["X-Cache"] == "HIT"
    assert len(tier._responses) == 2


def test_no_blog_is_named_in_another_s_page(make_client: ClientMaker) -> None:
    """Kept pages of two blogs and of none are their own, forms and tags too."""
    client = make_client(SITE_URL="https://s.example")
    asked = "/search?q=cat&lang=en&wait=1"
    addresses = [asked, f"{asked}&site=one.example", f"{asked}&site=two.example"]
    made = [client.get(address) for address in addresses]
    kept = [client.get(address) for address in addresses]
    assert [one.headers["X-Cache"] for one in kept] == ["HIT"] * 3
    assert [one.data for one in kept] == [one.data for one in made]
    named = [(b"one.example" in one.data, b"two.example" in one.data) for one in kept]
    assert named == [(False, False), (True, False), (False, True)]
