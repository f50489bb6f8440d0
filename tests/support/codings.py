"""Reads bodies in the forms that the site sends."""

import gzip

import brotli


def unpack(body: bytes, coding: str) -> bytes:
    """Return the plain form of a body with this Content-Encoding."""
    match coding:
        case "br":
            return brotli.decompress(body)
        case "gzip":
            return gzip.decompress(body)
        case _:
            assert not coding
            return bytes(body)
