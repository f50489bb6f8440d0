"""Forms of a response are chosen, counted and compared as the standard says."""

import pytest

from affiliate.web import cached_response
from affiliate.web.cached_response import CachedResponse, is_etag_match
from tests.support.cached_site import BODY


@pytest.mark.parametrize(
    ("length", "taken"), [(16_383, 16_383), (16_384, 16_384), (16_385, 20_480), (50_000, 53_248)]
)
def test_large_bodies_are_counted_by_pages_of_memory(length: int, taken: int) -> None:
    """The C library gives them whole pages, so that they leave no gaps."""
    small, large = (CachedResponse([], bytes(n), 0.0, 10.0) for n in (0, length))
    assert large.size - small.size == taken


def test_headers_are_read_as_far_as_browsers_write_them() -> None:
    """Read 2 kB of a header at most; no browser sends more."""
    response = CachedResponse([("Content-Type", "text/html")], BODY, 0.0, 10.0)
    assert response.choose_coding("deflate, " * 200 + "gzip") == "gzip"
    assert response.choose_coding("," * 60_000 + "gzip") == ""
    assert is_etag_match('"a",' * 500 + '"b"', '"b"')
    assert not is_etag_match('"a",' * 15_000 + '"b"', '"b"')


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", ""),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("br, gzip", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP, BR", "br"),
        ("gzip, deflate", "gzip"),
        ("*", "gzip"),
        ("*, br", "br"),
        ("*;q=0, gzip", "gzip"),
        ("*;q=0", ""),
        ("gzip;q=0", ""),
        ("gzip; q=0.000", ""),
        ("gzip;q=0.1", "gzip"),
        ("gzip;q=0, *", ""),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("br; q=0.9 , gzip;q=0.5", "br"),
        ("br;q=0.5, gzip;q=0.5", "br"),
        ("identity", ""),
        ("identity, gzip;q=0.5", ""),
        ("identity;q=0.5, gzip", "gzip"),
        ("br;q=0, gzip;q=0, identity", ""),
        ("br;level=4", "br"),
        ("br", "br"),
        ("zstd", ""),
        ("deflate", ""),
    ],
)
def test_accept_encoding_is_read_as_the_standard_says(header: str, coding: str) -> None:
    """RFC 9110 12.5.3: the highest weight, and a weight of 0 refuses."""
    assert cached_response.choose_coding(header) == coding


def test_entity_tags_are_compared_weakly() -> None:
    """RFC 9110 8.8.3.2: W/ does not matter to If-None-Match."""
    assert is_etag_match('"a"', 'W/"a"')
    assert is_etag_match('"b" , W/"a"', 'W/"a"')
    assert not is_etag_match('"ab"', 'W/"a"')
