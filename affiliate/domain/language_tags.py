"""Language tags (BCP 47): the nearest of some known languages, by the look-up of RFC 4647.

Browsers, bloggers and WordPress send ``de-DE``, ``pt_BR``, ``no`` or ``zh-TW``; agencies and pages
know short lists. Subtags are removed from the right until the rest is a known language (RFC 4647,
3.4). Aliases, members of a macrolanguage and regions that imply a script are resolved first, by the
data of Unicode's CLDR in Babel.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from babel.core import get_global

MAX_TAG: Final = 100
"""Characters of the longest text that is read as a tag; no program sends a longer tag."""
MACROLANGUAGES: Final = {
    **dict.fromkeys("cdo cjy cmn cpx czh czo gan hak hsn lzh mnp nan wuu yue".split(), "zh"),
    **dict.fromkeys("acm afb apc ajp apd arb arq ars ary arz aeb ayl".split(), "ar"),
    **dict.fromkeys(["nn", "no"], "nb"),
    **dict.fromkeys(["ory", "spv"], "or"),
}
"""Members of macrolanguages (ISO 639-3), with the known language that stands for each."""


class _Tag(NamedTuple):
    """The parts of a tag that are compared; empty where the tag lacks them."""

    language: str
    script: str
    region: str

    def list_ranges(self) -> list[str]:
        """Return the tags to look for, the most exact first."""
        language, script, region = self
        long = [f"{language}-{script}-{region}"] if script and region else []
        short = [f"{language}-{part}" for part in (script, region) if part]
        return [*long, *short, language]


def is_well_formed(tag: str) -> bool:
    """Return whether a text is a language range (RFC 4647, section 2.1); ``_`` stands for ``-``.

    Names of locales are read up to their encoding or variant (en_US.UTF-8, de_DE@euro), values of
    Accept-Language up to the end of the first range (de;q=0.8).
    """
    match = re.fullmatch(r"\*|[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*", _extract_range(tag))
    return len(tag) <= MAX_TAG and match is not None


def find_nearest(tag: str, known: Iterable[str]) -> str | None:
    """Return the known language that is nearest to a tag; None where no known language is near.

    Known languages may be in any case and with ``_``, such as zh_CN; of several for one language
    the first is preferred.
    """
    return _find_nearest(_extract_range(tag), tuple(known)) if is_well_formed(tag) else None


def _extract_range(text: str) -> str:
    """Return the language range at the beginning of a text."""
    return re.split("[.@;,]", text, maxsplit=1)[0].strip()


@lru_cache(maxsize=1024)
def _find_nearest(tag: str, known: tuple[str, ...]) -> str | None:
    by_range = _index_by_range(known)
    ranges = _parse_tag(tag).list_ranges()
    return next((by_range[name] for name in ranges if name in by_range), None)


@lru_cache(maxsize=64)
def _index_by_range(known: tuple[str, ...]) -> dict[str, str]:
    """Return the known language for each range that means a known language."""
    by_range: dict[str, str] = {}
    for language in known:
        tag = _parse_tag(language)
        usual = _parse_tag(tag.language).script
        ranges = tag.list_ranges() if tag.script in {"", usual} else tag.list_ranges()[:-1]
        for name in ranges:
            by_range.setdefault(name, language)
    return by_range


def _parse_tag(tag: str) -> _Tag:
    """Return the parts of a well-formed tag, in small letters, with the implied script."""
    subtags = tag.replace("_", "-").lower().split("-")
    language, rest = subtags[0], subtags[1:]
    if rest and rest[0] in MACROLANGUAGES:
        language, rest = rest[0], rest[1:]  # an extended language, as in zh-yue
    language = _resolve_alias(language)
    script = region = ""
    for subtag in rest:
        if len(subtag) == 1:
            break  # an extension or a private use
        if re.fullmatch("[a-z]{4}", subtag):
            script = script or subtag
        elif re.fullmatch("[a-z]{2}|[0-9]{3}", subtag):
            region = region or subtag
    script = script or _find_likely_script(language, region)
    return _Tag(MACROLANGUAGES.get(language, language), script, region)


def _resolve_alias(language: str) -> str:
    """Return the current code for an old or a long code, such as he for iw, de for deu."""
    alias = get_global("language_aliases").get(language, language)
    return str(alias).partition("_")[0]


def _find_likely_script(language: str, region: str) -> str:
    """Return the script of a language in a region, or else where the language is most spoken."""
    likely = get_global("likely_subtags")
    full = likely.get(f"{language}_{region.upper()}") or likely.get(language) or ""
    parts = str(full).split("_")
    return parts[1].lower() if len(parts) > 1 else ""
