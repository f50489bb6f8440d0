"""Words in their four forms: shown as typed, sent to agencies, compared by a key, and counted."""

import pytest

from affiliate.words import masked

MASKED = [
    ("me@example.com", "***"),
    ("cat Me.And+you@mail.example.co.uk dog", "cat *** dog"),
    ("mailto:me@example.com", "mailto:***"),
    ("почта@пример.рф", "***"),
    ("me\uff20example.com", "***"),
    ("123456789", "***"),
    ("call +49 170 1234567", "call ***"),
    ("(555) 123-4567-89", "***"),
    ("4111-1111-1111-1111", "***"),
    ("img_123456789.jpg", "img_***.jpg"),
    ("١٢٣٤٥٦٧٨٩", "***"),
    ("12345678", "12345678"),
    ("red car 2026", "red car 2026"),
    ("@home", "@home"),
    ("cat@home", "cat@home"),
    ("1920 x 1080", "1920 x 1080"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "shown"), MASKED)
def test_personal_details_are_masked(text: str, shown: str) -> None:
    """E-mail addresses and numbers of nine digits and more are gone, and nothing else is."""
    assert masked(text) == shown
    assert masked(shown) == shown
