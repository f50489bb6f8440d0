"""The sizes of a picture, the smallest first, with their prices where an answer tells prices."""

import re

import pytest

from tests.support.apps import ClientMaker

SIZES = re.compile(r"<dd><bdi dir=\"ltr\">(\d+) \u00d7 (\d+) JPG</bdi> · ([^<]+)</dd>")


@pytest.mark.parametrize(
    ("lang", "prices"),
    [
        ("en", ["1 credit", "3 credits", "8 credits"]),
        ("de", ["1 Credit", "3 Credits", "8 Credits"]),
    ],
)
def test_sizes_have_their_prices(make_client: ClientMaker, lang: str, prices: list[str]) -> None:
    """In the page's language, on the page and in quick look."""
    client = make_client(AGENCIES="demo,demo-shop")
    for prefix in ("", "/ajax"):
        page = client.get(f"{prefix}/image/demo-shop/9475765?lang={lang}").text
        rows = SIZES.findall(page)
        assert [price for _, _, price in rows] == prices
        widths = [int(width) for width, _, _ in rows]
        assert widths == sorted(widths)
