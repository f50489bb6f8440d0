"""The sentence that credits a picture, as text and as HTML."""

import msgspec
import pytest

from affiliate.agencies.demo.client import Demo
from affiliate.agencies.openverse.client import Openverse
from affiliate.agencies.pixabay import Pixabay
from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.domain.media import License, Media, Thumbnail
from affiliate.web.attributions import Credit, build_credit
from tests.support.apps import ClientMaker

PICTURE = Media(
    agency="openverse",
    id="1",
    title='A "red" <rose>',
    page_url="https://flickr.example/1?a=1&b=2",
    contributor="Ann & Bo",
    contributor_url="https://flickr.example/ann",
    license=License("CC BY 2.0", "https://creativecommons.org/licenses/by/2.0/"),
    attribution="The whole sentence.",
    thumbnail=Thumbnail("https://flickr.example/1.jpg", 3, 2),
)


def test_html_links_title_author_and_license() -> None:
    """All texts are escaped; the text is the sentence that the license demands."""
    assert build_credit(PICTURE, Openverse.__new__(Openverse)) == Credit(
        "The whole sentence.",
        '<a href="https://flickr.example/1?a=1&amp;b=2">"A "red" &lt;rose&gt;"</a>'
        ' by <a href="https://flickr.example/ann">Ann &amp; Bo</a>,'
        ' <a href="https://creativecommons.org/licenses/by/2.0/" rel="license">CC BY 2.0</a>',
    )


@pytest.mark.parametrize(
    ("agency", "text"),
    [
        (Pixabay, '"A "red" <rose>" by Ann & Bo, Pixabay'),
        (Demo, '"A "red" <rose>" by Ann & Bo, Demo catalogue'),
    ],
)
def test_free_pictures_name_author_and_source(agency: type[Pixabay | Demo], text: str) -> None:
    """Without a sentence of the agency's own, the credit names title, author and source."""
    picture = msgspec.structs.replace(PICTURE, attribution=None, license=None)
    credit = build_credit(picture, agency.__new__(agency))
    assert credit is not None
    assert credit.text == text


def test_pictures_without_author_title_or_address_are_credited() -> None:
    """Numbers are no names, and addresses of this site alone are no links elsewhere."""
    picture = msgspec.structs.replace(
        PICTURE, title="", contributor="123", page_url="/image/demo/1", attribution=None
    )
    credit = build_credit(picture, Demo.__new__(Demo))
    assert credit is not None
    assert credit.text == "This work, Demo catalogue"
    assert credit.html.startswith("This work, <a ")


def test_sold_pictures_have_no_credit_to_copy() -> None:
    """Their licenses are bought, and say themselves how to credit."""
    sold = msgspec.structs.replace(PICTURE, attribution=None)
    assert build_credit(sold, Shutterstock.__new__(Shutterstock)) is None


def test_pages_have_the_tools_without_scripts(make_client: ClientMaker) -> None:
    """A picture's page shares by mail and shows the HTML of its credit; quick look has an address.

    The shared address names neither the search nor the blog that led to the picture.
    """
    client = make_client(SITE_URL="https://me.example")
    query = "q=cat&lang=en&site=blog.example"
    page = client.get(f"/image/demo/1008600?{query}").text
    shared = "https%3A%2F%2Fme.example%2Fimage%2Fdemo%2F1008600%3Flang%3Den"
    assert f"&amp;body={shared.replace('%2F', '/')}" in page
    assert 'class="code" value="&#34;Paint brush with red paint&#34; by' in page
    fragment = client.get(f"/ajax/image/demo/1008600?{query}").text
    assert 'class="share" href="/image/demo/1008600?lang=en"' in fragment
