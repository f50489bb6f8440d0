"""Masks of personal details in words that visitors have typed, before words are kept or passed on.

E-mail addresses, and numbers that may belong to a person (phones, cards, accounts), are replaced
in counts of searches, in clicks, in suggestions and in affiliate links. Agencies are searched for
the words without them, so that cached answers hold none.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Final

MASK: Final = "***"
"""The replacement of a personal detail in counted words."""
NUMBER_DIGITS: Final = 9
"""Digits of the shortest number that may be personal: of a phone, a card or an account."""
SPELLED_DIGITS: Final = 10
"""Digits, with blanks between all of them, from which on they may be a phone or a card."""

_AT_SIGNS: Final = "@＠﹫"  # noqa: RUF001 - look-alikes are the point
_DOT_SIGNS: Final = ".．。｡﹒"  # noqa: RUF001 - look-alikes are the point
"""Signs that stand for the dot in the name of a host (Unicode, UTS 46), the first one ASCII's."""
_MAIL_SEPARATORS: Final = rf'\s{_AT_SIGNS}"<>(),;:\[\]{{}}'
"""Separators of e-mail addresses from other words, for use in a class of characters."""
_AT: Final = rf"(?:\s?[{_AT_SIGNS}]+\s?|%40|\s?[\[({{]\s?at\s?[\])}}]\s?)"
"""The sign of an e-mail address, also repeated, percent-encoded, with blanks, or spelled (at)."""
_HAS_AT: Final = re.compile(rf"[{_AT_SIGNS}]|%40|\bat\s?[\])}}]", re.IGNORECASE)
_SPELLED_DOT: Final = r"\s(?:dot|punkt|punto|ponto|point|точка|\.)\s"
_DOT_WORD: Final = (
    rf"{_SPELLED_DOT}(?=(?:com|net|org|edu|info|[a-z]{{2}})\b)"
    r"(?!(?:an|as|at|by|in|is|no|of|on|or|to)\b)"
)
"""A dot that is written out, before the end of a host's name."""
_DOT: Final = rf"(?:[{_DOT_SIGNS}]|\s?[\[({{]\s?dot\s?[\])}}]\s?|{_DOT_WORD})"
_LOCAL: Final = rf"(?:\"[^\"]+\"|(?<![^{_MAIL_SEPARATORS}])(?:[^{_MAIL_SEPARATORS}%]|%(?!40))+)"
"""The part before the sign, in quotation marks or from the beginning of a word on."""
_HOST: Final = (
    rf"(?:\[[0-9A-Fa-f:.]+\]|[^{_MAIL_SEPARATORS}{_DOT_SIGNS}]+{_DOT}[^{_MAIL_SEPARATORS}]+"
    rf"(?:{_DOT_WORD}[^{_MAIL_SEPARATORS}]+)*)"
)
_MAIL: Final = re.compile(rf"{_LOCAL}{_AT}{_HOST}(?:{_AT}[^{_MAIL_SEPARATORS}]*)*", re.IGNORECASE)
_AT_PROVIDER: Final = (
    r"\s(?:at|ät|arroba|chiocciola|собака)\s(?:g(?:oogle)?mail|yahoo|ymail|hotmail|outlook|live|msn"
    r"|icloud|aol|gmx|web|mail|proton(?:mail)?|yandex|qq|163|126|fastmail|zoho|t-online|freenet"
    r"|libero|orange|wanadoo|laposte|seznam|rambler|naver|daum|rediffmail|comcast|verizon|btinternet)"
)
"""The sign, written out, and a provider of mail; "cat at home dot com" are words like others."""
_HAS_PROVIDER: Final = re.compile(_AT_PROVIDER, re.IGNORECASE)
_WORD: Final = rf"(?<![^{_MAIL_SEPARATORS}])[^{_MAIL_SEPARATORS}]+"
_SPELLED_MAIL: Final = re.compile(
    rf"(?:{_WORD}{_SPELLED_DOT}){{0,3}}{_WORD}"
    rf"(?:{_AT_PROVIDER}(?:(?:{_DOT_WORD}|\.)[a-z]+)+)+",
    re.IGNORECASE,
)
_DIGIT_GAPS: Final = (
    "\\s()（）,，/／_＿·•‧∙⋅・･~～〜\u2010-\u2015\u2212\ufe58\ufe63\uff0dー\u200c\u200d\ufe0f\u20e3"  # noqa: RUF001
    f"{_DOT_SIGNS}-"
)
"""Signs between the digits of a number, up to three side by side."""
_AGENCY_ID: Final = (
    r"\b(?:(?:shutter|adobe ?|i) ?stock(?: ?photo)?|getty ?images|depositphotos|dreamstime|bigstock"
    r"|123rf|alamy|fotolia|pixabay|gm)[\s#:_-]{0,3}(?:id[\s#:_-]{0,3})?[1-9][0-9]{8,9}"
    rf"(?![{_DIGIT_GAPS}]{{0,3}}\d)"
)
"""The id of a picture behind the name of its agency, or iStock's gm: 9 or 10 digits side by side.

The same digits alone may be a phone's.
"""
_NUMBER: Final = re.compile(
    rf"(?P<picture>{_AGENCY_ID})|[+＋(（]*\d(?:[{_DIGIT_GAPS}]{{0,3}}\d){{{NUMBER_DIGITS - 1},}}",  # noqa: RUF001
    re.IGNORECASE,
)
_PICTURE_DIGITS: Final = re.compile("[1-9][0-9]{8,9}")
_YEAR: Final = r"(?:19|20)\d\d"
_DAY: Final = rf"(?:\d\d?[./-]\d\d?[./-]{_YEAR}|{_YEAR}[./-]\d\d?[./-]\d\d?)"
_DAYS: Final = re.compile(rf"{_DAY}(?:[{_DIGIT_GAPS}]+{_DAY})+")
"""Dates in a row, such as the first and the last day of a time."""
_PIXEL_SIDES: Final = re.compile(r"[1-9]\d\d0(?: [1-9]\d\d0){2}")
"""Three round numbers of four digits, such as sides in pixels; a card has four groups of them."""


@lru_cache(maxsize=1024)
def mask_personal(text: str) -> str:
    """Return a text with `MASK` for each e-mail address and each number of 9 digits or more.

    Addresses at known providers may be written out, such as joe at gmail dot com. Digits of a
    number may be in groups, such as +49 170 1234567. Lists of years, dates, single digits, numbers
    in even steps, or three round numbers of four digits, stay, as does the id of a picture behind
    its agency's name.
    """
    return _mask(text, _mask_number)


@lru_cache(maxsize=1024)
def remove_personal(text: str) -> str:
    """Return the words of a text for which agencies are asked, `MASK` where none is left.

    What `mask_personal` masks is left out, but for 9 or 10 digits side by side, which may be the
    id of a picture.
    """
    masked = _mask(text, _mask_other_number)
    return text if masked == text else " ".join(masked.replace(MASK, " ").split()) or MASK


def _mask(text: str, mask_number: Callable[[re.Match[str]], str]) -> str:
    while (masked := _mask_once(text, mask_number)) != text:  # a mask may be a part of an address
        text = masked
    return text


def _mask_once(text: str, mask_number: Callable[[re.Match[str]], str]) -> str:
    masked = _MAIL.sub(MASK, text) if _HAS_AT.search(text) else text
    masked = _SPELLED_MAIL.sub(MASK, masked) if _HAS_PROVIDER.search(masked) else masked
    return _NUMBER.sub(mask_number, masked)


def _mask_number(match: re.Match[str]) -> str:
    """Return the mask, or the match itself where its digits belong to nobody."""
    return match[0] if match["picture"] or _is_list(match[0]) else MASK


def _mask_other_number(match: re.Match[str]) -> str:
    """Return the mask, or the match itself where its digits may be the id of a picture."""
    return match[0] if _PICTURE_DIGITS.fullmatch(match[0]) else _mask_number(match)


def _is_list(number: str) -> bool:
    """Return whether digits in groups are several numbers, none of which is personal."""
    groups = re.findall(r"\d+", number)
    if len(groups) < 3 or not number[0].isdecimal():  # noqa: PLR2004 - two are no list
        return False
    if all(re.fullmatch(_YEAR, group) for group in groups) or _is_series(groups):
        return True
    if max(map(len, groups)) == 1:
        return len(groups) < SPELLED_DIGITS
    return bool(_DAYS.fullmatch(number) or _PIXEL_SIDES.fullmatch(number))


def _is_series(groups: list[str]) -> bool:
    """Return whether numbers grow or shrink in even steps, as in 8 9 10; codes begin with 0."""
    values = [int(group) for group in groups]
    steps = {after - before for before, after in pairwise(values)}
    return len(steps) == 1 and 0 not in steps and not any(g[0] == "0" for g in groups if g[1:])


def is_masked(text: str) -> bool:
    """Return whether a counted text has a masked part."""
    return MASK in text
