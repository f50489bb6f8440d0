"""Query strings and parts of paths are those of the standard library."""

from urllib.parse import quote, urlencode

import pytest

from affiliate.domain.url_encoding import encode_pairs, encode_path_part, is_plain

TEXTS = ["", "red", "a b", "a+b&c=d", "100 %", "-._~", "é", "日本", "a/b", "12", "x\n", '"<>']


@pytest.mark.parametrize("text", TEXTS)
def test_encoded_texts_are_those_of_the_standard_library(text: str) -> None:
    pairs = [("q", text), ("page", 2), ("site", text)]
    assert encode_pairs(pairs) == urlencode(pairs)
    assert encode_path_part(text) == quote(text, safe="")
    assert is_plain(text) == (quote(text, safe="") == text)
