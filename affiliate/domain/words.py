"""Words of a search in their four forms: shown, sent, keyed and counted.

- *Shown* is the typed text, with settled white space and without invisible characters.
- *Sent* is the text for agencies: composed (NFC), in the usual form of each letter, with straight
  quotation marks, phrases whole, no lone marks; `to_plain_words` removes an agency's operators.
- *Keyed* is for comparison and cache keys alone, lowered by the rules of the language and folded.
- *Counted* stands in reports, suggestions and sub ids: sent, in small letters, masked.

Keyed texts are never shown or sent. NFKC and case folding are never applied to a whole text: both
make other words (Thai SARA AM falls apart; Turkish, German and Greek letters become others).
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from affiliate.domain.masking import mask_personal

VIRAMA: Final = 9
"""The canonical combining class of signs that take a consonant's vowel away."""
DOTLESS_I_LANGUAGES: Final = frozenset({"az", "tr"})
"""Languages that have an i without a dot, whose capital is I (Unicode, SpecialCasing.txt)."""

_SELECTORS: Final = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_IGNORABLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)
"""Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt) without ZWNJ and ZWJ, which
spell words, and without variation selectors, which change how the sign before them looks; with the
three signs of interlinear annotations."""
FLAG: Final = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]+\U000e007f"
"""A flag of a region, whose name is written in otherwise invisible tags (Unicode, UTS 51)."""
_INVISIBLE: Final = re.compile(f"({FLAG})|[{_IGNORABLE}]")
_BLANK_SIGNS: Final = (
    " \u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
)
"""Signs without a shape of their own that Python takes for printable, and the blank of Braille."""
_DIRECTION: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NOT_SHOWN: Final = re.compile(f"({FLAG}|{_DIRECTION.pattern})|[{_IGNORABLE}]")
_NOT_SENT: Final = re.compile(f"({FLAG})|[{_IGNORABLE}{_SELECTORS}]")
_LETTER: Final = r"[^\s!-/:-@\[-`{-~]"
"""Neither a blank nor a sign of ASCII."""
_EDGE_JOINERS: Final = re.compile(
    rf"(?<!\S)[\u200c\u200d{_SELECTORS}]+|(?<!{_LETTER})[\u200c\u200d]+"
    rf"|([^\s\u200c\u200d])([\u200c\u200d]+)(?!{_LETTER})"
)
"""Joiners at the beginning and at the end of a word, and selectors that have no sign before."""

_ZERO_WIDTH_JOINERS: Final = "\u200c\u200d"
_CONTINUATION: Final = re.compile(
    f"[{_ZERO_WIDTH_JOINERS}\u0e33\u0eb3\u1160-\u11ff\ud7b0-\ud7fb\uff9e\uff9f\U0001f3fb-\U0001f3ff"
    "\U000e0020-\U000e007f]"
)
"""Characters that belong to the sign before, besides marks: joiners, vowels, jamo, tones, tags."""
_FLAG_HALVES: Final = re.compile("[\U0001f1e6-\U0001f1ff]+$")
"""Regional indicators, two of which are a flag."""

_DOUBLE_QUOTES: Final = "«»“”„‟″❝❞⹂〝〞〟＂「」『』﹁﹂﹃﹄｢｣"  # noqa: RUF001 - look-alikes are the point
"""Signs that are typed for a straight double quotation mark."""
_SINGLE_QUOTES: Final = "‘’‚‛′‹›ʻʼ❛❜＇"  # noqa: RUF001 - look-alikes are the point
"""Signs that are typed for an apostrophe or a single quotation mark."""
_ACCENTS: Final = re.compile(r"(?<=\w)[\u00b4`]|[\u00b4`](?=\w)")
"""Accents typed for an apostrophe, beside a letter."""
_PHRASE: Final = re.compile(r'(?<!\w)"([^"]*)"(?!\w)')
"""Words between two marks, the first at the beginning of a word, the second at an end."""
_TERM: Final = re.compile(r'"[^"]+"|[^\s"]+')
_SIGNS: Final = re.compile(r"[!-/:-@\[-`{-~]+")
"""A text of ASCII signs alone, which is no word."""
_GERSHAYIM: Final = re.compile(r'(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])')
"""The sign inside of a Hebrew abbreviation, for which keyboards have a quotation mark."""
_SPLIT_VOWEL: Final = re.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32|([\u0e48-\u0e4b])\u0e4d\u0e32")
"""Thai SARA AM as compatibility decomposition leaves the vowel, behind or before a tone mark."""
_DOTTED_I: Final = re.compile("i\u0307+")
"""A small letter i with one more dot, which case folding makes of the Turkish capital."""


def _iter_usual_forms() -> Iterator[tuple[int, str]]:
    """Yield letters in unusual forms, each with its usual form.

    The letters are full-width letters and digits, half-width kana and jamo, ligatures of Latin
    letters, and the presentation forms of Arabic and Hebrew letters.
    """
    for code in (*range(0xFB00, 0xFDF0), *range(0xFE70, 0xFEFD)):
        usual = unicodedata.normalize("NFKC", chr(code))
        if unicodedata.category(chr(code)) in {"Ll", "Lo"} and " " not in usual:
            yield code, usual
    alphanumeric = (code for code in range(0xFF10, 0xFF5B) if chr(code).isalnum())
    for code in (*alphanumeric, *range(0xFF61, 0xFFDD)):
        tag, _, usual = unicodedata.decomposition(chr(code)).partition(" ")
        if tag in {"<wide>", "<narrow>"}:
            yield code, chr(int(usual, 16))


_STRAIGHT_QUOTES: Final = dict.fromkeys(map(ord, _DOUBLE_QUOTES), '"')
_USUAL_FORMS: Final = {
    **dict(_iter_usual_forms()),
    **_STRAIGHT_QUOTES,
    **dict.fromkeys(map(ord, _SINGLE_QUOTES), "'"),
    ord("\u2011"): "-",
}
"""Characters that are sent in another form; all others are sent as typed."""
_KEY_FORMS: Final = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {0x5F3: "'"}
"""Full-width signs and the Hebrew apostrophe, replaced in `to_plain_words` and in `to_key`."""


class Syntax(NamedTuple):
    """The operators of an agency's search.

    ``operators`` are words in capitals; ``signs`` are operators anywhere, ``leading`` signs at the
    beginning of a word, ``lone`` signs as a whole word. ``phrases`` says that words between
    straight quotation marks are found together. The defaults are those of usual search engines
    (Lucene's query parser), for agencies that document no operators.
    """

    operators: frozenset[str] = frozenset({"AND", "OR", "NOT"})
    signs: str = "()|*~"
    leading: str = "+-!"
    lone: frozenset[str] = frozenset({"&&"})
    phrases: bool = True


def to_shown(text: str) -> str:
    """Return a typed text with single blanks and without invisible characters.

    Joiners stay inside words. The text is composed unless composition makes it longer.
    """
    if text.isascii() and text.isprintable():  # most texts are, and need nothing else
        return " ".join(text.split())
    settled = _settle_blanks(_INVISIBLE.sub(_keep_flag, text))
    composed = unicodedata.normalize("NFC", settled)
    fitting = composed if len(composed) <= len(settled) else settled
    return fitting if _settle_blanks(_NOT_SENT.sub(_keep_flag, fitting)) else ""


def is_blank(text: str) -> bool:
    """Return whether a text of any length shows nothing; in time linear in the length."""
    if text.isascii() and text.isprintable():
        return not text.strip()
    return not _settle_blanks(
        _NOT_SENT.sub(_keep_flag, _settle_blanks(_INVISIBLE.sub(_keep_flag, text)))
    )


def strip_invisible(text: str) -> str:
    """Return a text of an agency without invisible characters; empty without visible ones.

    Controls of direction stay, which titles in Hebrew and Arabic need; pages isolate each title.
    """
    if not text.isprintable():  # most texts are, which this check finds in a tenth of the time
        text = _settle_blanks(_NOT_SHOWN.sub(_keep_flag, text))
    return text if _DIRECTION.sub("", text).strip(_BLANK_SIGNS) else ""


def _settle_blanks(text: str) -> str:
    """Return a text with single blanks, and joiners inside of words alone."""
    return " ".join(_EDGE_JOINERS.sub(_keep_spelling_joiner, " ".join(text.split())).split())


def _keep_flag(match: re.Match[str]) -> str:
    """Return a flag unchanged, and nothing for an invisible character."""
    return match[1] or ""


def _keep_spelling_joiner(match: re.Match[str]) -> str:
    """Return the end of a word, where a joiner is kept only behind a virama."""
    last = match[1] or ""
    return match[0] if last and unicodedata.combining(last) == VIRAMA else last


def to_sent(text: str) -> str:
    """Return the words as sent to agencies, in the typed case; may be empty."""
    usual = _settle_blanks(_NOT_SENT.sub(_keep_flag, to_shown(text))).translate(_USUAL_FORMS)
    usual = _ACCENTS.sub("'", _DOTTED_I.sub("i", unicodedata.normalize("NFC", usual)))
    return _mark_phrases(_SPLIT_VOWEL.sub("\\1\\2\u0e33", usual))


def _mark_phrases(text: str) -> str:
    """Return a text whose quotation marks, all straight, enclose phrases alone."""
    marked = _GERSHAYIM.sub("\u05f4", _settle_blanks(text))
    parts = _PHRASE.split(marked)  # outside of phrases and inside, by turns
    parts[::2] = [part.replace('"', " ") for part in parts[::2]]
    parts[1::2] = [f'"{phrase}"' if phrase else " " for phrase in map(str.strip, parts[1::2])]
    return _settle_blanks("".join(parts))


def split_terms(text: str) -> list[str]:
    """Return the words and phrases of a text in their sent form, phrases with their marks."""
    return _TERM.findall(to_sent(text))


def to_plain_words(text: str, syntax: Syntax) -> str:
    """Return the words and phrases for one agency, without operators of that agency.

    A typed NOT, AND or OR becomes a plain word in small letters. Signs alone leave nothing.
    Full-width signs are sent in their usual forms, which have the same `to_key`.
    """
    terms: list[str] = []
    for term in split_terms(text.translate(_KEY_FORMS)):
        words = list(_iter_plain_words(term.strip('"'), syntax))
        is_phrase = syntax.phrases and term.startswith('"') and words
        terms += [f'"{" ".join(words)}"'] if is_phrase else words
    return " ".join(terms)


def _iter_plain_words(text: str, syntax: Syntax) -> Iterator[str]:
    for word in text.translate(dict.fromkeys(map(ord, syntax.signs), " ")).split():
        stripped = word.lstrip(syntax.leading)
        if stripped and stripped not in syntax.lone:
            yield stripped.lower() if stripped.upper() in syntax.operators else stripped


def cut_between_signs(text: str, most: int) -> str:
    """Return as many whole signs of a text as fit in ``most`` characters.

    No accent, joiner, variation selector, tone of skin or tag is parted from its sign, and no flag
    is halved: nearly the grapheme clusters of Unicode, UAX 29.
    """
    if len(text) <= most:
        return text
    end = most
    while end and not _is_boundary(text, end):
        end -= 1
    return text[:end]


def _is_boundary(text: str, at: int) -> bool:
    """Return whether a sign of a text ends before the character at a position."""
    if text[at - 1] in _ZERO_WIDTH_JOINERS or _CONTINUATION.match(text[at]):
        return False
    if unicodedata.category(text[at]).startswith("M"):
        return False
    halves = _FLAG_HALVES.search(text[:at]) if _FLAG_HALVES.match(text[at]) else None
    return halves is None or len(halves[0]) % 2 == 0


def shorten_words(text: str, most: int) -> str:
    """Return as many whole words of a sent text as fit in ``most`` characters, no phrase open.

    A longer single word is cut.
    """
    if len(text) <= most:
        return text
    part = text[:most] if text[most].isspace() else text[:most].rpartition(" ")[0]
    part = part or cut_between_signs(text, most) or text[:most]
    if part.count('"') % 2:
        part = part[: part.rindex('"')] + part[part.rindex('"') + 1 :]
    return part.strip()


def to_excluded(text: str) -> str:
    """Return the words and phrases to exclude, in one order and each once.

    Words are spelled as typed, phrases between straight quotation marks; the result is no longer
    than the typed text.
    """
    visible = to_shown(_NOT_SENT.sub(_keep_flag, text))
    typed = _TERM.findall(_mark_phrases(visible.translate(_STRAIGHT_QUOTES)))
    bare = [term if " " in term else term.strip('"') for term in typed if to_sent(term)]
    by_key = {to_key(term, ""): term for term in reversed(bare)}
    ordered = " ".join(by_key[key] for key in sorted(by_key) if not _SIGNS.fullmatch(key))
    return shorten_words(ordered, len(text))


def lower_text(text: str, lang: str) -> str:
    """Return a text in small letters by the rules of the language; no letter becomes two."""
    if lang.partition("-")[0] in DOTLESS_I_LANGUAGES:
        text = text.replace("I", "\u0131")
    small = unicodedata.normalize("NFC", text.replace("İ", "i").lower())
    return _DOTTED_I.sub("i", small)


def capitalize_heading(text: str, lang: str) -> str:
    """Return a heading whose first word begins with a capital, by the rules of the language.

    A first word that already holds a capital, as in iPhone, stays unchanged.
    """
    first = text.split(" ", 1)[0]
    if first != first.lower():
        return text
    size = 2 if lang == "nl" and first.startswith("ij") else 1
    begin = first[:size]
    if lang.partition("-")[0] in DOTLESS_I_LANGUAGES and begin == "i":
        begin = "\u0130"
    capital = begin.upper() if size > 1 else begin.title()
    return capital + text[size:] if len(capital) == size else text


@lru_cache(maxsize=1024)
def to_key(text: str, lang: str) -> str:
    """Return a key that all spellings of the same words share, for comparison and cache keys alone.

    Spellings differ in case, width, composition, quotation marks and invisible characters. Each
    letter stands for itself: ß isn't ss, and the i without a dot isn't i; forms of one letter, such
    as a final sigma, are the same.
    """
    translated = text.translate(_KEY_FORMS)
    # a search for a lone mark differs from a search without words
    lowered = lower_text(to_sent(translated) or to_shown(translated), lang)
    folded = "".join(map(_fold_letter, lowered))
    return unicodedata.normalize("NFC", folded)


def _fold_letter(letter: str) -> str:
    """Return the usual form of a small letter, such as a final sigma; no letter becomes two."""
    form = letter.casefold()
    return form if len(form) == 1 and letter.isalpha() else letter


def to_excluded_key(text: str, lang: str) -> str:
    """Return the key of words and phrases to exclude, in any order."""
    return " ".join(sorted({to_key(term, lang) for term in split_terms(to_excluded(text))}))


@lru_cache(maxsize=1024)
def to_counted(text: str, lang: str) -> str:
    """Return the words for reports and suggestions: sent, in small letters, masked."""
    return mask_personal(lower_text(to_sent(text) or to_shown(text), lang))
