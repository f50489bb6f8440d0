"""Ids come as people paste them: in lists, and in addresses of pictures and links to them."""

import pytest

from affiliate.errors import PurchaseRefused
from affiliate.licensing.models import MediaKind
from affiliate.licensing.purchasing.addresses import read_ids

FOUND: list[tuple[str, MediaKind, str, str]] = [
    ("shutterstock", "image", "https://www.shutterstock.com/image-photo/red-rose-1080-123", "123"),
    ("shutterstock", "image", "https://www.shutterstock.com/de/image-vector/rot-123?a=1#x", "123"),
    ("shutterstock", "image", "www.shutterstock.com/image-illustration/rose-123/", "123"),
    ("shutterstock", "image", "http://www.shutterstock.com/pic.mhtml?id=108559295", "108559295"),
    ("shutterstock", "image", "https://www.shutterstock.com/pic-123/stock-photo-rose.html", "123"),
    ("shutterstock", "video", "https://www.shutterstock.com/video/clip-456-red-rose", "456"),
    (
        "shutterstock",
        "editorial",
        "https://www.shutterstock.com/editorial/image-editorial/a-9720124a",
        "9720124a",
    ),
    (
        "shutterstock",
        "image",
        "https://shutterstock.7eer.net/c/1/2/3?u=http%3A%2F%2Fwww.shutterstock.com%2Fpic-77&subId1=x",
        "77",
    ),
    ("shutterstock", "image", "https://pictures.example/image/shutterstock/99?q=cat&lang=en", "99"),
    ("shutterstock", "video", "http://127.0.0.1:8000/video/shutterstock/98", "98"),
    ("adobe-stock", "image", "https://stock.adobe.com/images/red-rose/12345", "12345"),
    ("adobe-stock", "image", "https://stock.adobe.com/de/12345", "12345"),
    ("adobe-stock", "image", "https://stock.adobe.com/search?k=rose&asset_id=12345", "12345"),
    ("adobe-stock", "video", "https://stock.adobe.com/video/red-rose/12345", "12345"),
    (
        "adobe-stock",
        "image",
        "https://adobe.prf.hn/click/camref:1a/destination:https%3A%2F%2Fstock.adobe.com%2F12345",
        "12345",
    ),
    ("depositphotos", "image", "https://depositphotos.com/12345/stock-photo-rose.html", "12345"),
    ("depositphotos", "image", "https://depositphotos.com/photo/red-rose-12345.html", "12345"),
    ("depositphotos", "image", "http://www.depositphotos.com/12345/?ref=2d", "12345"),
    ("istock", "image", "https://www.istockphoto.com/photo/red-rose-gm12345-678", "12345"),
    ("istock", "image", "https://www.istockphoto.com/de/foto/rot-gm12345-678?phrase=x", "12345"),
    ("istock", "image", "https://www.gettyimages.com/detail/photo/rose/12345", "12345"),
]


@pytest.mark.parametrize(("agency", "media", "address", "found"), FOUND)
def test_an_address_names_its_item(agency: str, media: MediaKind, address: str, found: str) -> None:
    assert read_ids([address], agency, media) == [found]


@pytest.mark.parametrize(
    ("texts", "ids"),
    [
        (["1,2,3"], ["1", "2", "3"]),
        (["1, 2", "3;4", " 5\n6 "], list("123456")),
        (["1\uff0c2\u30013"], ["1", "2", "3"]),
        (["1", "1", "2,1"], ["1", "2"]),
        (["9720124a", "x/../1", ""], ["9720124a", "x/../1"]),
        (["7,https://www.shutterstock.com/image-photo/rose-8,9"], ["7", "8", "9"]),
    ],
)
def test_lists_name_each_item_once(texts: list[str], ids: list[str]) -> None:
    assert read_ids(texts, "shutterstock", "image") == ids


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://stock.adobe.com/images/red-rose/12345", "say --agency adobe-stock"),
        ("https://pictures.example/image/pixabay/12", "is of pixabay"),
        ("https://www.shutterstock.com/video/clip-456-red-rose", "say --video"),
        ("https://www.shutterstock.com/search/rose", "no address of a picture"),
        ("https://[::1/image", "no address of a picture"),
        ("https://www.shutterstock.com.evil.example/image-photo/rose-1", "no address of a picture"),
    ],
)
def test_other_addresses_are_refused(address: str, words: str) -> None:
    """With what to say instead, where there is something."""
    with pytest.raises(PurchaseRefused, match=words):
        read_ids([address], "shutterstock", "image")
