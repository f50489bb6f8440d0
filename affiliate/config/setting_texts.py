"""Checks and forms of text that all settings share, before a reader of their own."""

import re
import unicodedata
from pathlib import Path
from typing import Final

MAX_SHOWN: Final = 40
"""Characters of a wrong value that a fault repeats."""
JOINERS: Final = "\u200c\u200d"
"""Invisible signs that end words of some scripts."""
FLAG_END: Final = "\U000e007f"
"""The invisible end of a flag of a region (Unicode, UTS 51)."""
QUOTES: Final = (
    '""',
    "''",
    "``",
    "\u201c\u201d",
    "\u201d\u201d",
    "\u201e\u201c",
    "\u201e\u201d",
    "\u2018\u2019",
    "\u2019\u2019",
    "\u201a\u2018",
    "\u00ab\u00bb",
    "\u00bb\u00ab",
    "\u300c\u300d",
)
"""Quotation marks of keyboards and word processors: the first and the last sign of a quotation."""
NONCHARACTER: Final = "[\ufdd0-\ufdef{}]".format(
    "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
)
"""Noncharacters (The Unicode Standard, 23.7), some of which XML can't hold."""
REFERENCE: Final = r"\$?\{\{.*\}\}"
"""References that platforms such as Railway and GitHub replace by a value."""


def strip_ends(text: str) -> str:
    """Return a text without white space and invisible signs at its ends, which pages add."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(sign: str) -> bool:
    hidden = unicodedata.category(sign) in {"Cc", "Cf"} and sign not in JOINERS + FLAG_END
    return hidden or sign.isspace()


def check_text(text: str) -> None:
    """Check a text for faults that no setting may have.

    Raises:
        ValueError: the text is in quotation marks, which shells and ``.env`` files take away and
            `docker --env-file` and systemd's ``EnvironmentFile`` of containers pass on; or the
            text is an unresolved reference, or no UTF-8.
    """
    for first, last in QUOTES:
        inner = text[1:-1]
        if len(text) > 1 and text[0] == first and text[-1] == last and last not in inner:
            raise ValueError(
                "must be without the quotation marks around it, which `docker --env-file` and some"
                " platforms hand on as a part of the value"
            )
    if re.fullmatch(REFERENCE, text, re.DOTALL):
        raise ValueError("must be a value; the platform has put none for this reference")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("must be text in UTF-8")


def clip_text(text: str) -> str:
    """Return the beginning of a text, with dots where more of the text follows."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def quote_excerpt(text: str) -> str:
    """Return a text for a fault's text: in quotation marks, and cut if long."""
    return repr(clip_text(text))


def has_hidden(text: str) -> bool:
    """Return whether a text has control characters, invisible signs or noncharacters."""
    categories = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    is_odd = any(unicodedata.category(sign) in categories for sign in text)
    return is_odd or re.search(NONCHARACTER, text) is not None


def is_file(path: str) -> bool:
    """Return whether a file is at a path; False for a path that no disk takes."""
    try:
        return Path(path).is_file()
    except OSError:
        return False


def is_folder(path: str) -> bool:
    """Return whether a folder is at a path; False for a path that no disk takes."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False
