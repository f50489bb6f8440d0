# ruff: noqa: RUF001 - words of every script are typed here as people type them
"""Words in their four forms: shown as typed, sent to agencies, compared by a key, and counted."""

import unicodedata
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliate.domain.query import LANGUAGES
from affiliate.domain.words import (
    Syntax,
    cut_between_signs,
    lower_text,
    shorten_words,
    to_counted,
    to_excluded,
    to_excluded_key,
    to_key,
    to_plain_words,
    to_sent,
    to_shown,
)

# -- sent

SENT = [
    ("น้ำ", "น้ำ"),
    ("น้ำตก", "น้ำตก"),
    ("คำ กำแพง ทำ", "คำ กำแพง ทำ"),
    ("น\u0e49\u0e4d\u0e32", "น้ำ"),
    ("น\u0e4d\u0e49\u0e32", "น้ำ"),
    ("ค\u0e4d\u0e32", "คำ"),
    ("İstanbul", "İstanbul"),
    ("I\u0307stanbul", "İstanbul"),
    ("i\u0307stanbul", "istanbul"),
    ("IŞIK", "IŞIK"),
    ("θάλασσας ήλιος", "θάλασσας ήλιος"),
    ("Maße Straße", "Maße Straße"),
    ("школа №5", "школа №5"),
    ("ㅋㅋ", "ㅋㅋ"),
    ("한국어", "한국어"),
    ("Lego™ ½ x² ℃ Ⅳ ① … ㎡ ª", "Lego™ ½ x² ℃ Ⅳ ① … ㎡ ª"),
    ("valentine\u00b4s day", "valentine's day"),
    ("valentine`s day", "valentine's day"),
    ("rock 'n` roll", "rock 'n' roll"),
    ("cat \u00b4", "cat \u00b4"),
    ("t\u2011shirt", "t-shirt"),
    ("cat\u2013dog \u2014", "cat\u2013dog \u2014"),
    ("ｶﾞｷﾞ ﾃﾚﾋﾞ", "ガギ テレビ"),
    ("ｃａｔ９", "cat9"),
    ("\uff23\uff21\uff34\u3000\uff11", "CAT 1"),
    ("\ufb01ne o\ufb03ce", "fine office"),
    ("\ufe8e\ufedf\ufecc", "الع"),
    ("A\u0308rger", "Ärger"),
    ("e\u0301te\u0301", "été"),
    ("\u200bcat", "cat"),
    ("cat\u200e", "cat"),
    ("\ufeffcat", "cat"),
    ("cat\u00ad", "cat"),
    ("\u202acat\u202c", "cat"),
    ("c\u200bat", "cat"),
    ("\u2066cat\u2069 \u3164 dog", "cat dog"),
    ("cat\U000e0041", "cat"),
    ("می\u200cخواهم", "می\u200cخواهم"),
    ("\u200cمی\u200c \u200d", "می"),
    ("അവന്\u200d", "അവന്\u200d"),
    ("👩\u200d💻", "👩\u200d💻"),
    ("❤\ufe0f", "❤"),
    ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f x", None),
    ("“red bicycle”", '"red bicycle"'),
    ("„red bicycle“", '"red bicycle"'),
    ("« red  bicycle »", '"red bicycle"'),
    ("＂red bicycle＂ cat", '"red bicycle" cat'),
    ("「赤い 自転車」", '"赤い 自転車"'),
    ("‘red bicycle’", "'red bicycle'"),
    ("valentine’s day", "valentine's day"),
    ("м\u02bcята", "м'ята"),
    ('19" rack', "19 rack"),
    ("19\u2033 rack", "19 rack"),
    ('24" x 19" rack', "24 x 19 rack"),
    ('"', ""),
    ('" "', ""),
    ('"cat', "cat"),
    ('"cat" dog"', '"cat" dog'),
    ('("red bike")', '("red bike")'),
    ('צה"ל', "צה\u05f4ל"),
    ('"צה"ל היום"', '"צה\u05f4ל היום"'),
    ("C++ C# R&D", "C++ C# R&D"),
    ("  red \t bike  ", "red bike"),
]


@pytest.mark.parametrize(("typed", "said"), SENT)
def test_words_are_sent_as_typed_but_for_a_small_table(typed: str, said: str | None) -> None:
    """Letters keep their forms; marks, widths, ligatures and invisible characters are settled."""
    assert to_sent(typed) == (typed if said is None else said)


TABLE = range(0xFB00, 0xFDF0), range(0xFE70, 0xFF00), range(0xFF00, 0xFFEF)


def test_no_compatibility_character_is_rewritten_but_those_of_the_table() -> None:
    """Each of the others goes out as it was typed, inside of a word and alone."""
    others = [
        chr(code)
        for code in range(0xA1, 0x1FFFF)
        if unicodedata.decomposition(chr(code)).startswith("<")
        and not any(code in part for part in TABLE)
        and not chr(code).isspace()
        and chr(code) not in "\u00b4\u2011\u2033\u3164\ufe41\ufe42\ufe43\ufe44"
    ]
    assert len(others) > 2000
    assert [c for c in others if to_sent(f"x{c}y {c}") != f"x{c}y {c}"] == []


# -- every language

SAMPLES = {
    "ar": "صورة القطّة", "bg": "червена ябълка", "bn": "লাল ফুল", "cs": "žluťoučký kůň",
    "da": "rødgrød", "de": "Straße Äpfel", "el": "θάλασσας ήλιος", "en": "red bicycle",
    "es": "niño pingüino", "fi": "hääyöaie", "fr": "cœur œuvre", "gu": "લાલ ફૂલ",
    "he": "חתול שחור", "hi": "लाल फूल क़िला", "hr": "ćevapčići", "hu": "árvíztűrő",
    "id": "bunga merah", "it": "perché città", "ja": "富士山 カタカナ", "kn": "ಕೆಂಪು ಹೂವು",
    "ko": "빨간 자전거", "ml": "ചുവന്ന പൂവ്", "mr": "लाल फूल", "nb": "blåbær", "nl": "ijsje één",
    "or": "ଲାଲ ଫୁଲ", "pl": "żółta łódź", "pt": "coração", "ro": "floare roșie țară",
    "ru": "школа ёж", "sk": "ľúbosť", "sl": "češnja", "sv": "räksmörgås",
    "ta": "சிவப்பு மலர்", "te": "ఎరుపు పువ్వు", "th": "น้ำตก กำแพง", "tr": "ışık İstanbul ığdır",
    "uk": "їжак м'ята ґанок", "ur": "سرخ پھول", "vi": "hoa đỏ tiếng Việt", "zh": "红色自行车",
    "zh-Hant": "紅色腳踏車",
}  # fmt: skip
"""Words of each language of searches, in its script."""
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LANGUAGE = st.sampled_from(LANGUAGES)


def spell_words(language: str) -> st.SearchStrategy[str]:
    """Words made of the letters of a language's sample, as somebody may type them."""
    letters = "".join(sorted({*SAMPLES[language], *" -'"}))
    return st.text(letters, min_size=1, max_size=12).map(lambda made: f"{SAMPLES[language]} {made}")


TYPED = LANGUAGE.flatmap(lambda language: st.tuples(st.just(language), spell_words(language)))
ODD = (
    "\"“”\\'’\u00b4`()-+|*~#@. \u3000\u200b\u200c\u200d\ufe0f\u00adaAİıiIßΣςσ\u0307\u0301\u0327"
    "µſǅﬁＡａ（）＂ｶﾞ\u3164\u0e19\u0e49\u0e4d\u0e32צה\u05f3\u05f4\ufefb\u0345\u212a\u212b\u1e9e"
    "\u0958\u093cﷺ№12\ufb4f\ufb2c"
)
"""Characters with which forms have to be careful."""
ANYTHING = st.text(st.sampled_from(ODD), max_size=12) | st.text(
    st.characters(exclude_categories=["Cc", "Cs"]), max_size=30
)


def test_every_language_has_a_sample() -> None:
    assert set(SAMPLES) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_ordinary_words_go_out_and_are_shown_as_they_are_written(language: str) -> None:
    """Nothing of a language's own letters is rewritten, in whatever composition they come."""
    words = SAMPLES[language]
    decomposed = unicodedata.normalize("NFD", words)
    composed = unicodedata.normalize("NFC", words)
    for typed in (words, decomposed, f"\u200e  {words}\u3000"):
        assert unicodedata.normalize("NFC", to_shown(typed)) == composed
        assert to_sent(typed) == composed
        assert to_key(typed, language) == to_key(words, language)
    assert to_counted(words, language) == lower_text(composed, language)


@calm
@given(TYPED)
def test_sent_words_round_trip(typed: tuple[str, str]) -> None:
    """What is sent is what would be sent of it, shown of it, and sent in an address and back."""
    _, text = typed
    assert to_sent(to_sent(text)) == to_sent(text) == to_shown(to_sent(text))
    assert unquote(quote(to_sent(text))) == to_sent(text)
    assert to_sent(text) == unicodedata.normalize("NFC", to_sent(text))


@calm
@given(TYPED)
def test_a_key_does_not_depend_on_case_width_or_composition(typed: tuple[str, str]) -> None:
    """Capitals by the rules of the language, full-width and decomposed letters change no key."""
    language, text = typed
    capitals = text.replace("i", "İ") if language == "tr" else text
    wide = text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    variants = [wide, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))]
    if "ß" not in text:  # whose capitals are two other letters
        variants.append(capitals.upper())
    assert {to_key(one, language) for one in variants} == {to_key(text, language)}
    assert to_key(to_key(text, language), language) == to_key(text, language)


@calm
@given(TYPED)
def test_nothing_typed_is_lost_from_what_is_shown(typed: tuple[str, str]) -> None:
    """The same letters stand there in the same order; only blanks have become fewer."""
    _, text = typed
    same = unicodedata.normalize("NFC", to_shown(text))
    assert same == " ".join(unicodedata.normalize("NFC", text).split())


@calm
@given(ANYTHING, LANGUAGE)
def test_every_form_of_any_text_is_settled(text: str, language: str) -> None:
    """Each form of a form is that form; none begins or ends with a blank; lengths are bounded."""
    for form in (to_shown, to_sent, to_excluded, lambda one: to_key(one, language)):
        made = form(text)
        assert form(made) == made
        assert made == " ".join(made.split())
    assert len(to_shown(text)) <= len(text)
    assert len(to_excluded(text)) <= len(text)
    assert to_key(to_shown(text), language) == to_key(text, language)
    assert to_key(to_sent(text) or text, language) == to_key(text, language)
    assert to_plain_words(to_plain_words(text, Syntax()), Syntax()) == to_plain_words(
        text, Syntax()
    )
    once = to_excluded_key(text, language)
    assert to_excluded_key(to_excluded(text), language) == once == to_excluded_key(once, language)
    assert to_counted(to_counted(text, language), language) == to_counted(text, language)
    assert to_sent(text).count('"') % 2 == 0


LETTERS = [
    ("İstanbul", "istanbul", "en", True),
    ("İstanbul", "istanbul", "tr", True),
    ("KIZ", "kız", "tr", True),
    ("KIZ", "kiz", "tr", False),
    ("KIZ", "kiz", "en", True),
    ("kız", "kiz", "en", False),
    ("ΘΆΛΑΣΣΑΣ", "θάλασσας", "el", True),
    ("Maße", "Masse", "de", False),
    ("MAẞE", "maße", "de", True),
    ("ＣＡＴ（1）", "cat(1)", "ja", True),
    ("ｶﾞ", "ガ", "ja", True),
    ("“a b”", '"a b"', "en", True),
    ('"a b"', "a b", "en", False),
    ("cat\u200b", "cat", "en", True),
    ("Lego™", "Legotm", "en", False),
    ("é", "e", "fr", False),
    ("ז׳קט", "ז'קט", "he", True),
    ("צה״ל", 'צה"ל', "he", True),
    ('"', "", "en", False),
]


@pytest.mark.parametrize(("one", "other", "language", "same"), LETTERS)
def test_no_letter_becomes_another_in_a_key(
    one: str,
    other: str,
    language: str,
    same: bool,  # noqa: FBT001 - it is the expected value
) -> None:
    """Spellings of the same words share a key; other letters and phrases have their own."""
    assert (to_key(one, language) == to_key(other, language)) is same


# -- what agencies would read as more than words

PLAIN = [
    ("cat NOT dog", "cat not dog"),
    ("cat AND dog OR mouse", "cat and dog or mouse"),
    ("\uff2e\uff2f\uff34 cat", "not cat"),
    ("NOT", "not"),
    ("Not a cat", "not a cat"),
    ("(cat (dog)", "cat dog"),
    ("a|b ||", "a b"),
    ("-cat +dog --bird t-shirt C++", "cat dog bird t-shirt C++"),
    ('-"hot dog" "NOT (cat"', '"hot dog" "not cat"'),
    ('"-" ( -', ""),
    ('""', ""),
    ("!cat && dog", "cat dog"),
    ("cat*~2", "cat 2"),
    ("* ~ && !", ""),
    ("-!cat ca*t ~dog", "cat ca t dog"),
    ("＆＆ ！cat 春～夏", "cat 春 夏"),
    ("C# R&D AT&T rock & roll R&&B wow! Yahoo!", "C# R&D AT&T rock & roll R&&B wow! Yahoo!"),
    ("＋cat －dog", "cat dog"),
    ("（cat｜dog）", "cat dog"),
    ("－", ""),
    ("می\u200c（", "می"),
    ("－＂hot dog＂", '"hot dog"'),
    ("C＋＋ R＆D 50％ a／b", "C++ R&D 50% a/b"),
    ("ג׳ירפה", "ג'ירפה"),
]


WIDTHS = ["+cat -dog", "(cat|dog)", "cat, dog!", "a/b", "#1 @home 50%", "C++ R&D", "-(+cat"]


@pytest.mark.parametrize("typed", WIDTHS)
def test_spellings_of_one_key_are_sent_alike(typed: str) -> None:
    """Full-width signs ask an agency for the same as those of ASCII, with which they are cached."""
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign != " " else sign for sign in typed)
    assert to_key(wide, "") == to_key(typed, "")
    assert to_plain_words(wide, Syntax()) == to_plain_words(typed, Syntax())
    assert to_plain_words(wide, Syntax(signs="/,@")) == to_plain_words(typed, Syntax(signs="/,@"))


@pytest.mark.parametrize(("typed", "said"), PLAIN)
def test_typed_operators_are_plain_words(typed: str, said: str) -> None:
    """Signs go, words become small, phrases stay; signs alone leave nothing."""
    assert to_plain_words(typed, Syntax()) == said


def test_an_agency_without_phrases_is_sent_their_words() -> None:
    assert to_plain_words('"hot dog" cat', Syntax(phrases=False)) == "hot dog cat"
    assert to_plain_words("a*b~ *", Syntax(signs="*~")) == "a b"


EXCLUDED = [
    ("dog Bird dog", "Bird dog"),
    ('"hot dog" cat', '"hot dog" cat'),
    ("„hot dog“ „cat“", '"hot dog" cat'),
    ('"', ""),
    ("!! - dog", "dog"),
    ('dog "', "dog"),
    ("№5 ﬁsh Lego™", "ﬁsh Lego™ №5"),
]


@pytest.mark.parametrize(("typed", "said"), EXCLUDED)
def test_excluded_words_are_a_set_of_words_and_phrases(typed: str, said: str) -> None:
    """They stand in one order, once each, phrases whole and without lone marks."""
    assert to_excluded(typed) == said


CUT = [
    ("red bike", 8, "red bike"),
    ("red bike", 7, "red"),
    ("red bike", 3, "red"),
    ("bicycle", 3, "bic"),
    ('a "red big bike"', 12, "a red big"),
    ('"ab cd" ef', 7, '"ab cd"'),
    ("red", 0, ""),
    ("ที่" * 40, 100, "ที่" * 33),
    ("e" + "\u0301" * 9, 3, "e\u0301\u0301"),
]


@pytest.mark.parametrize(("text", "most", "said"), CUT)
def test_long_words_are_cut_between_words(text: str, most: int, said: str) -> None:
    """As many whole words stay as fit, and no phrase is left open."""
    assert shorten_words(text, most) == said


WHOLE = [
    ("red", 3, "red"),
    ("red", 2, "re"),
    ("red", 0, ""),
    ("", 0, ""),
    ("xe\u0301", 2, "x"),
    ("xe\u0301", 3, "xe\u0301"),
    ("xe\u0301\u0323y", 3, "x"),
    ("xก" + "ที่", 3, "xก"),
    ("xก" + "ที่", 4, "xก"),
    ("xน้ำ", 3, "x"),
    ("x👨\u200d👩\u200d👧", 2, "x"),
    ("x👨\u200d👩\u200d👧", 3, "x"),
    ("x👨\u200d👩\u200d👧", 5, "x"),
    ("x👨\u200d👩\u200d👧y", 6, "x👨\u200d👩\u200d👧"),
    ("x👍\U0001f3fd", 2, "x"),
    ("x❤\ufe0f", 2, "x"),
    ("x1\ufe0f\u20e3", 3, "x"),
    ("x葛\U000e0100", 2, "x"),
    ("🇩🇪🇫🇷", 1, ""),
    ("🇩🇪🇫🇷", 2, "🇩🇪"),
    ("🇩🇪🇫🇷", 3, "🇩🇪"),
    ("x🇩🇪🇫🇷", 3, "x🇩🇪"),
    ("x\U0001f3f4\U000e0067\U000e0062\U000e007f", 3, "x"),
    ("xم\u200cی", 3, "x"),
    ("x\u1112\u1161\u11ab", 3, "x"),
    ("xｶﾞ", 2, "x"),
    ("x\u0915\u093f", 2, "x"),
]


@pytest.mark.parametrize(("text", "most", "kept"), WHOLE)
def test_no_sign_is_cut_within(text: str, most: int, kept: str) -> None:
    """Accents, joiners, selectors, tones and tags stay with their sign, or all of them go."""
    assert cut_between_signs(text, most) == kept


COUNTED = [
    ("İSTANBUL", "en", "istanbul"),
    ("IŞIK", "tr", "ışık"),
    ("ΟΔΟΣ", "el", "οδος"),
    ("Straße", "de", "straße"),
    ("“Red  Bike”", "en", '"red bike"'),
    ("Call 0170 1234567", "en", "call ***"),
]


@pytest.mark.parametrize(("typed", "language", "said"), COUNTED)
def test_words_are_counted_in_a_spelling_that_people_write(
    typed: str, language: str, said: str
) -> None:
    """Reports and suggestions show small letters by the rules of the language."""
    assert to_counted(typed, language) == said
