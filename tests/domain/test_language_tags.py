"""Any language tag finds the nearest known language, and never an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.domain.language_tags import find_nearest, is_well_formed
from affiliate.domain.query import LANGUAGES

NEAREST = [
    *((one, one) for one in LANGUAGES),
    *((one.upper(), one) for one in LANGUAGES),
    ("de-DE", "de"),
    ("de_DE", "de"),
    ("de-CH-1996", "de"),
    ("de-Latn-AT", "de"),
    ("de_DE_formal", "de"),
    ("en-US", "en"),
    ("en-GB-oed", "en"),
    ("en-u-ca-buddhist", "en"),
    ("en-x-Hant", "en"),
    ("en-001", "en"),
    ("pt-BR", "pt"),
    ("es-419", "es"),
    ("no", "nb"),
    ("nb-NO", "nb"),
    ("nn", "nb"),
    ("nn-NO", "nb"),
    ("no-bok", "nb"),
    ("nor", "nb"),
    ("nob", "nb"),
    ("zh-CN", "zh"),
    ("zh-SG", "zh"),
    ("zh-Hans", "zh"),
    ("zh-Hans-TW", "zh"),
    ("zh-TW", "zh-Hant"),
    ("zh_TW", "zh-Hant"),
    ("zh-HK", "zh-Hant"),
    ("zh-MO", "zh-Hant"),
    ("zh-hant-CN", "zh-Hant"),
    ("zh-Hant-HK", "zh-Hant"),
    ("zh-yue-HK", "zh-Hant"),
    ("yue", "zh-Hant"),
    ("yue-HK", "zh-Hant"),
    ("yue-CN", "zh"),
    ("cmn", "zh"),
    ("cmn-Hant", "zh-Hant"),
    ("zh-cmn-Hant-TW", "zh-Hant"),
    ("wuu", "zh"),
    ("zho-TW", "zh-Hant"),
    ("iw", "he"),
    ("iw-IL", "he"),
    ("in", "id"),
    ("mo", "ro"),
    ("deu", "de"),
    ("ger", "de"),
    ("arz-EG", "ar"),
    ("ar-SA", "ar"),
    ("en_US.UTF-8", "en"),
    ("pt_BR.ISO8859-1", "pt"),
    ("de_DE@euro", "de"),
    ("ca_ES.UTF-8@valencia", None),
    ("zh_TW.Big5", "zh-Hant"),
    ("de;q=0.8", "de"),
    ("fr-CH, fr;q=0.9, *;q=0.5", "fr"),
    ("C.UTF-8", None),
    ("*", None),
    ("*;q=0.5", None),
    ("sr", None),
    ("tlh", None),
    ("xx", None),
    ("und", None),
    ("nonsense", None),
    ("x-private", None),
    ("*", None),
    ("", None),
    ("de!", None),
    ("de--DE", None),
    ("d\u00e9", None),
    ("de-" + "a" * 9, None),
    ("de" + "-abcdefgh" * 20, None),
]


@pytest.mark.parametrize(("tag", "language"), NEAREST)
def test_a_tag_finds_the_nearest_language_of_searches(tag: str, language: str | None) -> None:
    """Case, regions, scripts, variants, aliases and macrolanguages lead to the known language."""
    assert find_nearest(tag, LANGUAGES) == language


OTHERS = [
    ("nb", ("en", "no"), "no"),
    ("zh-Hant", ("en", "zh"), "zh"),
    ("zh-Hant", ("zh_CN", "zh_TW"), "zh_TW"),
    ("zh", ("zh-Hant",), None),
    ("zh", ("zh_TW", "zh_CN"), "zh_CN"),
    ("pt", ("pt-BR", "pt-PT"), "pt-BR"),
    ("pt-PT", ("pt-BR", "pt-PT"), "pt-PT"),
    ("en-GB", ("en-US", "en-GB"), "en-GB"),
    ("en-AU", ("en-US", "en-GB"), "en-US"),
    ("de", (), None),
]


@pytest.mark.parametrize(("tag", "known", "language"), OTHERS)
def test_each_list_is_looked_up_for_itself(
    tag: str, known: tuple[str, ...], language: str | None
) -> None:
    """An agency's own names and regions are found, and the next best where it lacks a script."""
    assert find_nearest(tag, known) == language


@given(st.text(st.characters(), max_size=30) | st.from_regex(r"\A[a-zA-Z0-9_-]{1,30}\Z"))
def test_no_text_fails(tag: str) -> None:
    """What is no tag has no language; what is one has a known language or none."""
    found = find_nearest(tag, LANGUAGES)
    assert found is None or (found in LANGUAGES and is_well_formed(tag))
