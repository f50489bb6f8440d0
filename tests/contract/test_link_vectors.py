"""Affiliate links against those that were seen in public material, official and other."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.domain.affiliate_links import LinkStyle, build_affiliate_link, percent_encode
from affiliate.domain.media import Media, Thumbnail
from affiliate.transport.client import Transport
from tests.support.official import upstream

PICTURE = Media(
    agency="shutterstock", id="108559295", thumbnail=Thumbnail("https://a.example", 3, 2)
)


def read_vectors(kind: str) -> list[dict[str, Any]]:
    """Return the vectors whose kind begins so, at least one."""
    path = upstream("shutterstock", "affiliate-link-vectors.json")
    found = [v for v in json.loads(path.read_bytes())["vectors"] if v["kind"].startswith(kind)]
    assert found
    return found


def test_links_by_the_documented_rule_are_ours_exactly() -> None:
    """With sub ids off, our link to a landing address is the one that the rule gives."""
    for vector in read_vectors("derived"):
        style = LinkStyle(template=Shutterstock.link_template, affiliate_id=vector["affiliate_id"])
        assert build_affiliate_link(style, PICTURE, vector["landing"]) == vector["url"]


def test_the_whole_way_from_an_id_gives_the_documented_link() -> None:
    """From a picture's id to the link, nothing but the id is put in."""
    landing = Shutterstock(Transport()).build_landing_url(PICTURE)
    style = LinkStyle(template=Shutterstock.link_template, affiliate_id="12345")
    link = build_affiliate_link(style, PICTURE, landing)
    expected = [v["url"] for v in read_vectors("derived") if v.get("image_id") == PICTURE.id]
    assert [link] == expected


def test_the_official_form_is_our_template() -> None:
    """The form in the official documentation, over https, is the default template."""
    official = [v["url"] for v in read_vectors("observed (seed 004")]
    for url in official:
        form = url.replace("http:", "https:", 1).replace("[id]", "{affiliate_id}")
        form = form.replace("43977", "43068")  # the ad of footage
        start, _, landing = form.partition("?u=")
        landing = landing.replace("[image id]", PICTURE.id)
        assert f"{start}?u={{landing}}" == Shutterstock.link_template
        assert landing == percent_encode(Shutterstock(Transport()).build_landing_url(PICTURE))


def test_the_official_form_for_footage_differs_in_its_ad_alone() -> None:
    """Clips have the ad of the official form for footage, and their own landing page."""
    (official,) = [v["url"] for v in read_vectors("observed (seed 004, official, footage")]
    start = official.replace("http:", "https:", 1).replace("[id]", "{affiliate_id}")
    assert f"{start.partition('?u=')[0]}?u={{landing}}" == Shutterstock.footage_template
    clip = msgspec.structs.replace(PICTURE, media="video", id="1093874861")
    landing = Shutterstock(Transport()).build_landing_url(clip)
    assert any(v["url"].endswith(f"?u={landing}") for v in read_vectors("observed, video clip"))


def test_seen_links_are_encoded_as_we_encode() -> None:
    """In every link seen whose ``u`` is encoded, decoding and our encoding give it back."""
    checked = 0
    for vector in read_vectors("observed"):
        parts = urlsplit(vector["url"].replace("[image id]", "1").replace("[id]", "2"))
        pairs = dict(pair.split("=", 1) for pair in parts.query.split("&"))
        if "://" in pairs["u"]:
            continue  # the vectors note these as not encoded
        checked += 1
        landing = unquote(pairs["u"])
        assert percent_encode(landing) == pairs["u"]
        assert landing == vector.get("decoded_u", landing)
        assert urlsplit(landing).hostname
    assert checked >= 5
