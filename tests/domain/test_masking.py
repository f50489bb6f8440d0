# ruff: noqa: RUF001 - words of every script are typed here as people type them
"""Masks of e-mail addresses and long numbers in words that are kept or passed on."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.domain.masking import MASK, is_masked, mask_personal, remove_personal
from affiliate.domain.words import to_counted, to_sent

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
    ("0170 / 1234567", "***"),
    ("call +49 (0)170 - 123 45 67 now", "call *** now"),
    ("0170\u20131234567", "***"),
    ("0170\u20111234567", "***"),
    ("0170\u22121234567", "***"),
    ("0170\u200d1234567", "***"),
    ("0170\uff0d123\uff0d4567", "***"),
    ("090ー1234ー5678", "***"),
    ("（０３）１２３４・５６７８", "***"),
    ("555 \u2013 123 \u2013 4567", "***"),
    ("+49 · 170 · 123 · 45 · 67", "***"),
    ("＋49 170 1234567", "***"),
    ("170_123_4567", "***"),
    ("06.12.34.56.78", "***"),
    ("06 07 08 09 10", "***"),
    ("555 555 5555", "***"),
    ("4111,1111,1111,1111", "***"),
    ("4111 1111 1111 1111", "***"),
    ("4000 2000 3000 1000", "***"),
    ("2345 6789 0123", "***"),
    ("+2024 2025 2026", "***"),
    ("2024 2025 0170 1234567", "***"),
    ("20242025 2026", "***"),
    ("john＠example．com", "***"),
    ("john@example．com", "***"),
    ("john@example。com", "***"),
    ("john@mail.example｡com", "***"),
    ("john﹫example.com", "***"),
    ("calendar 2024 2025 2026", "calendar 2024 2025 2026"),
    ("2024, 2025, 2026", "2024, 2025, 2026"),
    ("1980/1990/2000/2010", "1980/1990/2000/2010"),
    ("1 2 3 4 5 6 7 8 9 10", "1 2 3 4 5 6 7 8 9 10"),
    ("1, 2, 3, 4, 5, 6, 7, 8, 9", "1, 2, 3, 4, 5, 6, 7, 8, 9"),
    ("10 9 8 7 6 5 4 3 2 1 0", "10 9 8 7 6 5 4 3 2 1 0"),
    ("10 20 30 40 50", "10 20 30 40 50"),
    ("3 1 4 1 5 9 2 6 5", "3 1 4 1 5 9 2 6 5"),
    ("0 1 7 0 1 2 3 4 5 6", "***"),
    ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "***"),
    ("\ufe0f\u20e3".join("0170123456"), "***"),
    ("jane @ example.com", "***"),
    ("jane@ example.com", "***"),
    ("jane @example.com cat", "*** cat"),
    ("jane%40example.com", "***"),
    ("a%2Bb%40example.com", "***"),
    ("jane.doe(at)example.com", "***"),
    ("jane [at] example [dot] com", "***"),
    ('"jane doe"@example.com', "***"),
    ("jane@[192.168.0.1]", "***"),
    ("jane@example.com@example.org", "***"),
    ("jane@xn--mnchen-3ya.de", "***"),
    ("käthe@münchen.de", "***"),
    ("用户@例子。公司", "***"),
    ("حسن@مثال.إختبار", "***"),
    ("४१११ ११११ ११११ ११११", "***"),
    ("𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏", "***"),
    ("DE89 3702 0044 0532 0130 00", "DE***"),
    ("078-05-1120", "***"),
    ("2471238493", "***"),
    ("shutterstock 2471238493", "shutterstock 2471238493"),
    ("Shutterstock ID: 2471238493", "Shutterstock ID: 2471238493"),
    ("adobe stock #523456789", "adobe stock #523456789"),
    ("istockphoto-1456789012", "istockphoto-1456789012"),
    ("gm1456789012", "gm1456789012"),
    ("shutterstock 4111 1111 1111 1111", "shutterstock ***"),
    ("shutterstock 411111111 1111111", "shutterstock ***"),
    ("shutterstock 24712384930", "shutterstock ***"),
    ("shutterstock 0170123456", "shutterstock ***"),
    ("1920x1080", "1920x1080"),
    ("12000x8000 300dpi", "12000x8000 300dpi"),
    ("1990-1999", "1990-1999"),
    ("joe at gmail dot com", "***"),
    ("cat joe dot smith at Yahoo dot co dot uk dog", "cat *** dog"),
    ("joe at gmail.com", "***"),
    ("joe at gmx punkt de at web punkt de", "***"),
    ("pepe arroba hotmail punto com", "***"),
    ("joe@gmail dot com", "***"),
    ("joe@@example.com", "***"),
    ("joe @ example . com", "***"),
    ("joe at t-online dot de", "***"),
    ("joe chiocciola libero punto it", "***"),
    ("joe собака mail точка ru", "***"),
    ("рыжая собака mail", "рыжая собака mail"),
    ("orange at orange . point", "orange at orange . point"),
    ("joe (at) mail.smith dot co dot uk cat", "*** cat"),
    ("party at home dot com", "party at home dot com"),
    ("cat at home dot com", "cat at home dot com"),
    ("polka dot dress at party", "polka dot dress at party"),
    ("look at web dot pattern in mail", "look at web dot pattern in mail"),
    ("office @ home point of view", "office @ home point of view"),
    ("meeting at amazon.com", "meeting at amazon.com"),
    ("1920 1080 2560", "1920 1080 2560"),
    ("01.01.2024 - 31.12.2024", "01.01.2024 - 31.12.2024"),
    ("2024-01-01 2024-12-31", "2024-01-01 2024-12-31"),
    ("12345678", "12345678"),
    ("red car 2026", "red car 2026"),
    ("@home", "@home"),
    ("cat@home", "cat@home"),
    ("1920 x 1080", "1920 x 1080"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "shown"), MASKED)
def test_personal_details_are_masked(text: str, shown: str) -> None:
    """Addresses and numbers of nine digits and more are gone; lists and picture ids stay."""
    assert mask_personal(text) == shown
    assert mask_personal(shown) == shown


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("cat me@example.com dog", "cat dog"),
        ("call +49 170 1234567", "call"),
        ("4111 1111 1111 1111", "***"),
        ("0170123456", "***"),
        ("2471238493", "2471238493"),
        ("cat  dog", "cat  dog"),
        ("a *** star", "a *** star"),
        ("", ""),
    ],
)
def test_agencies_are_asked_without_personal_details(text: str, asked: str) -> None:
    """Digits that may be the id of a picture stay; nothing else of a text changes."""
    assert remove_personal(text) == asked
    assert remove_personal(asked) == asked


DIGIT = st.sampled_from("0123456789٤４४𝟒")
GAP = st.sampled_from(["", "", " ", "-", ".", " - ", "/", ") ", "\u2011", "\u200d"])
NAME = st.text(st.sampled_from("aZ0.+-_é用ق"), min_size=1, max_size=12).filter(
    lambda name: name.strip(".") == name
)
SPELLED = st.lists(
    st.sampled_from("joe at dot gmail web com de 1234567890 @ *** a.b".split()), max_size=12
).map(" ".join)
PIECES = st.text(st.sampled_from('a1９@＠.。 "()-[]%40*x,'), max_size=30)


@given(first=st.sampled_from("+0"), digits=st.lists(st.tuples(DIGIT, GAP), min_size=9, max_size=19))
def test_no_phone_number_is_kept(first: str, digits: list[tuple[str, str]]) -> None:
    """Digits behind a plus or a zero are masked in every script and grouping."""
    number = first + "".join(digit + gap for digit, gap in digits[:-1]) + digits[-1][0]
    words = mask_personal(f"call {number} now")
    is_list_of_digits = len(digits) + (first == "0") < 10 or len(re.findall(r"\d+", number)) > 2
    assert words == "call *** now" or is_list_of_digits
    assert re.search(r"\d{9}", words) is None


@given(local=NAME, host=NAME, end=st.sampled_from(["com", "公司", "рф", "xn--p1ai"]), words=PIECES)
def test_no_address_is_kept(local: str, host: str, end: str, words: str) -> None:
    """An address among any other signs is masked, whichever script its parts are in."""
    address = f"{local}@{host}.{end}"
    masked = mask_personal(f"cat {address} {words}")
    assert masked.startswith(f"cat {MASK}")
    assert address not in masked


@given(PIECES | SPELLED | st.text(max_size=60))
def test_masking_twice_masks_once(text: str) -> None:
    """Masked words stay as they are, so that a click's words are those that its page sealed."""
    once = mask_personal(text)
    assert mask_personal(once) == once
    assert len(once) <= len(text)
    assert is_masked(once) or once == text


@given(PIECES | SPELLED | st.text(max_size=60))
def test_counted_words_hold_nothing_personal(text: str) -> None:
    """Words in their counted form are masked as those that are sent are."""
    assert to_counted(to_counted(text, "en"), "en") == to_counted(text, "en")
    assert is_masked(mask_personal(to_sent(text))) <= is_masked(to_counted(text, "en"))


SIGNS = ['"', "@", "1 ", "(at)", "a@", "%40", "[at] ", "1.", "gm1", "a dot ", "a at gmail dot "]


@pytest.mark.parametrize("sign", SIGNS)
def test_long_words_are_masked_in_time(sign: str) -> None:
    """Time grows in proportion to the length, so that 100,000 characters take no minutes."""
    assert len(mask_personal.__wrapped__(sign * (100_000 // len(sign)))) <= 100_000
