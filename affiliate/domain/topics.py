"""The addresses of the owner's topics: readable, never empty, and one for each topic.

A slug holds the letters, digits and marks of the words, in small letters by the rules of the site's
language. Topics that differ in signs alone are numbered in the order of the setting. A topic's
address of earlier versions (compatibility forms, case folded, without marks) still leads to the
topic.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from affiliate.domain.words import lower_text, to_key, to_sent

SIGNS: Final = {"+": " plus", "#": " sharp"}
"""Signs that make another word at the end of a word, as in C++ and C#."""
MAX_SIGN_NAMES: Final = 60
"""Characters of a slug that is made of the names of signs."""
MAX_DECOMPOSED: Final = 4
"""The most characters that a character is decomposed into (Unicode, UAX 15, NFD)."""


class Topics:
    """The topics of a site and the parts of their addresses."""

    def __init__(self, topics: Sequence[str], lang: str) -> None:
        self._slugs = dict.fromkeys(topics, "")
        self._topics: dict[str, str] = {}
        self._former: dict[str, str] = {}
        keys: dict[str, str] = {}
        waiting = []
        for topic in topics:
            first = keys.setdefault(to_key(topic, lang), topic)
            natural = make_slug(topic, lang)
            if first != topic:
                waiting.append((topic, natural, first))
            elif natural in self._topics:
                waiting.append((topic, natural, ""))
            else:
                self._slugs[topic], self._topics[natural] = natural, topic
            if former := _make_former_slug(topic):
                self._former[former] = topic
        for topic, natural, first in waiting:
            slug = self._slugs[first] if first else self._number_slug(natural)
            self._slugs[topic] = slug
            self._topics.setdefault(slug, topic)
        self._longest = max(map(len, (*self._topics, *self._former)), default=0)

    def _number_slug(self, slug: str) -> str:
        number = 2
        while f"{slug}-{number}" in self._topics:
            number += 1
        return f"{slug}-{number}"

    def get_slug(self, topic: str) -> str:
        """Return the part of a topic's address that names the topic."""
        return self._slugs[topic]

    def list_slugs(self) -> Iterator[str]:
        """Yield the slugs of all topics, each once, in the order of the topics."""
        yield from dict.fromkeys(self._slugs.values())

    def find_topic(self, slug: str) -> str | None:
        """Return the topic with a current or former slug; None for an unknown slug.

        Letters may come in any composition.
        """
        if len(slug) > MAX_DECOMPOSED * self._longest:
            return None  # composing takes time by the square of the length
        return self._topics.get(unicodedata.normalize("NFC", slug)) or self._former.get(slug)


@lru_cache(maxsize=16)
def get_topics(topics: tuple[str, ...], lang: str) -> Topics:
    """Return the topics of a setting with their addresses, built once in a process."""
    return Topics(topics, lang)


def make_slug(words: str, lang: str) -> str:
    """Return words as one segment of an address; never empty."""
    spelled = re.sub(
        r"(?<=\w)[+#]+(?!\w)",
        lambda match: "".join(SIGNS[sign] for sign in match[0]),
        lower_text(to_sent(words) or words, lang),
    )
    return _hyphenate(spelled) or _name_signs(words) or "topic"


def _hyphenate(text: str) -> str:
    """Return letters, digits and marks, with a hyphen for the signs between."""
    signs = (c if unicodedata.category(c)[0] in "LMN" else "-" for c in text.replace("\u200d", ""))
    return re.sub("-+", "-", "".join(signs)).strip("-")


def _name_signs(signs: str) -> str:
    """Return the names of signs, for words of signs alone; the same name once in a row."""
    names: list[str] = []
    for sign in to_sent(signs) or signs:
        name = _hyphenate(unicodedata.name(sign, "").lower())
        if name and names[-1:] != [name] and len("-".join([*names, name])) <= MAX_SIGN_NAMES:
            names.append(name)
    return "-".join(names)


def _make_former_slug(words: str) -> str:
    """Return the slug that words had in versions that dropped marks."""
    folded = unicodedata.normalize("NFKC", words).casefold()
    return re.sub(r"[^\w]+|_+", "-", folded).strip("-")
