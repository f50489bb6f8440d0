"""The one parser: what it takes, what it refuses, and the one form that it gives to each search."""

import random
import re
import unicodedata
from types import SimpleNamespace
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliate.domain.media import SearchQuery
from affiliate.domain.query import (
    ADDED,
    AGES,
    ASPECTS,
    ETHNICITIES,
    GENDERS,
    LANGUAGES,
    LICENSES,
    MAX_NAME,
    MAX_WORDS,
    MEDIA,
    MIN_WIDTHS,
    ORIENTATIONS,
    READERS,
    RESOLUTIONS,
    SORTS,
    TYPES,
    read_flag,
    read_parameters,
    read_site,
)
from affiliate.domain.words import to_shown
from affiliate.errors import BadQuery

parse = SearchQuery.from_query_string
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# -- what is refused

MARKS = "a" + "\u0300" * 15_000 + "\u0316" * 15_000
LONG: list[tuple[str, str, str]] = [
    (f"lang=en&q={MARKS}", "q", "marks, which are sorted by the square of their number"),
    (f"q=cat&category={MARKS}", "category", "marks in a category"),
    (f"q=cat&contributor={MARKS}", "contributor", "marks in a contributor"),
    (f"q=cat&exclude={MARKS}", "exclude", "marks to exclude"),
    (f"q=cat&agency={MARKS}", "agency", "marks in an agency"),
    (f"q=cat&utm_x={MARKS}", "utm_x", "marks in what nobody reads"),
    (f"q=cat&{MARKS}=1", "q", "a name of marks"),
    (f"q={quote(MARKS[:900])}", "q", "few marks, percent-encoded"),
    ("q=" + "%E2%80%8D" * 1500 + "a", "q", "joiners"),
    ("q=cat&" + "&".join(["agency=a"] * 101), "agency", "many agencies"),
    ("q=cat&" + "&".join(f"x{n}=1" for n in range(200)), "q", "many parameters"),
    ("q=cat" + "&" * 16_000, "q", "many empty parameters"),
    ("q=cat&" + "site=a.example&" * 300, "site", "many sites"),
]


@pytest.mark.parametrize(("raw", "field"), [(raw, field) for raw, field, _ in LONG])
def test_length_is_refused_before_any_work(
    raw: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No text beyond the limit is composed: that takes seconds."""

    def normalize(form: Literal["NFC", "NFKC"], text: str) -> str:
        assert len(text) <= MAX_WORDS
        return unicodedata.normalize(form, text)

    spied = SimpleNamespace(**{**vars(unicodedata), "normalize": normalize})
    monkeypatch.setattr("affiliate.domain.words.unicodedata", spied)
    with pytest.raises(BadQuery) as refused:
        parse(raw)
    assert refused.value.field == field


def test_the_longest_words_are_read_percent_encoded() -> None:
    """500 characters of any script to find, and as many to exclude, are within the limit."""
    words = "\U00020000" * MAX_WORDS
    query = parse(f"q={quote(words)}&exclude={quote('猫' * MAX_WORDS)}&lang=zh")
    assert (query.q, query.exclude) == (words, "猫" * MAX_WORDS)


BAD: list[tuple[str | bytes, str, str]] = [
    ("", "q", "nothing at all"),
    ("q=", "q", "no words"),
    ("q=+++", "q", "only white space"),
    ("q=%E2%80%83", "q", "only an em space"),
    ("q=%E2%80%8B", "q", "only a zero width space"),
    ("q=%E2%80%8D+%EF%BB%BF%E2%80%AA%EF%B8%8F", "q", "only invisible characters"),
    ("category=%E2%80%8B", "q", "only an invisible category"),
    ("type=photo&sort=newest", "q", "nothing to search by"),
    ("exclude=dog", "q", "only an exclusion"),
    ("q=" + "a" * 501, "q", "501 characters"),
    ("q=" + "a+" * 251, "q", "502 characters, blanks among them"),
    ("q=cat&exclude=" + "a" * 501, "exclude", "501 characters to exclude"),
    ("category=" + "a" * 101, "category", "a category of 101 characters"),
    ("contributor=" + "a" * 101, "contributor", "a contributor of 101 characters"),
    ("q=cat&agency=" + "a" * 101, "agency", "an agency of 101 characters"),
    ("q=a%00b", "q", "NUL"),
    ("q=a%01b", "q", "a control character"),
    ("q=a%1Bb", "q", "an escape character"),
    ("q=a%7Fb", "q", "delete"),
    ("q=a%C2%85b", "q", "a control character beyond ASCII"),
    ("q=cat&exclude=a%00b", "exclude", "NUL to exclude"),
    ("category=a%00b", "category", "NUL in a category"),
    ("contributor=a%08b", "contributor", "backspace in a contributor"),
    ("q=cat&agency=a%00b", "agency", "NUL in an agency"),
    ("q=%ED%A0%80", "q", "a lone surrogate in escapes"),
    ("q=\ud800", "q", "a lone surrogate as it is"),
    (b"q=\xed\xa0\x80", "q", "a lone surrogate in bytes"),
    ("q=%FF", "q", "a byte that isn't UTF-8"),
    (b"q=\xff", "q", "such a byte as it is"),
    ("q=%C3", "q", "half a letter"),
    ("q=%C0%AF", "q", "an overlong escape"),
    ("q=cat&sort=%FF", "sort", "such a byte in another parameter"),
    ("q=cat&junk=%FF", "junk", "such a byte in an unknown parameter"),
    ("q=cat&%FF=1", "\ufffd", "such a byte in a name"),
    ("q=cat&page=0", "page", "page 0"),
    ("q=cat&page=-1", "page", "a page below 0"),
    ("q=cat&page=abc", "page", "a page that is no number"),
    ("q=cat&page=1.5", "page", "half a page"),
    ("q=cat&page=1e3", "page", "a number in another notation"),
    ("q=cat&page=%2B1", "page", "a sign"),
    ("q=cat&page=1_0", "page", "a number as Python writes it"),
    ("q=cat&page=%D9%A1", "page", "a digit of another script"),
    ("q=cat&page=" + "9" * 5000, "page", "a number too long for Python"),
    ("q=cat&people=5", "people", "five people"),
    ("q=cat&people=x", "people", "people that are no number"),
    ("q=cat&color=red", "color", "a color by name"),
    ("q=cat&color=fff", "color", "a color of three digits"),
    ("q=cat&color=ff88001", "color", "a color of seven digits"),
    ("q=cat&color=gg0000", "color", "digits that are none"),
    ("q=cat&released=yes", "released", "a flag in words"),
    ("q=cat&safe=2", "safe", "a flag of 2"),
    ("q=cat&q=dog", "q", "words twice"),
    ("q=cat&q=cat", "q", "the same words twice"),
    ("q=cat&page=1&page=2", "page", "two pages"),
    ("q=cat&sort=newest&sort=&sort=oldest", "sort", "a parameter twice beside an empty one"),
    *(
        (f"q=cat&{name}=nonsense", name, f"unknown {name}")
        for name in (
            "media",
            "type",
            "orientation",
            "added",
            "age",
            "gender",
            "ethnicity",
            "license",
            "sort",
            "resolution",
            "aspect",
        )
    ),
    *((f"q=cat&lang={tag}", "lang", f"a tag {tag}") for tag in ("de!", "d%C3%A9", "de--at", "1")),
    *(
        (f"q=cat&media=video&{name}={value}", name, f"{name} {value}")
        for name in ("duration", "fps")
        for value in ("x", "-", "30-10", "1-2-3", "1.5", "99999", "--1")
    ),
]


def parse_or_explain(raw: str | bytes) -> SearchQuery | tuple[str, str]:
    """Return the search, or the unreadable parameter and the sentence about it."""
    try:
        return parse(raw)
    except BadQuery as error:
        return error.field, str(error)


def test_bad_input_is_refused_by_name() -> None:
    """What can't be read is a `BadQuery` that names the parameter and says why."""
    wrong = []
    for raw, field, what in BAD:
        name, said = found if isinstance(found := parse_or_explain(raw), tuple) else ("", "")
        if name != field or not re.fullmatch(rf"{field}: .+\.", said, re.DOTALL):
            wrong.append((what, found))
    assert wrong == []


# -- what is taken

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("q=cat", {"q": "cat"}),
    ("q=a", {"q": "a"}),
    ("q=" + "a" * 500, {"q": "a" * 500}),
    ("q=red+bike", {"q": "red bike"}),
    ("q=red%20bike", {"q": "red bike"}),
    ("q=cat%0Adog%09mouse", {"q": "cat dog mouse"}),
    ("q=%C3%84rger", {"q": "\u00c4rger"}),
    ("q=A%CC%88rger", {"q": "\u00c4rger"}),
    ("q=Stra%C3%9Fe", {"q": "Stra\u00dfe"}),
    ("q=%EF%BC%A3%EF%BC%A1%EF%BC%B4", {"q": "\uff23\uff21\uff34"}),
    ("q=%F0%9F%90%88", {"q": "\U0001f408"}),
    ("q=NOT+cat", {"q": "NOT cat"}),
    ("q=c%E2%80%8Bat%C2%AD", {"q": "cat"}),
    ("q=" + "%C3%9F" * 300, {"q": "\u00df" * 300}),
    ("q=" + "%EF%B7%BA" * 30, {"q": "\ufdfa" * 30}),
    ("q=" + "%E0%A5%98" * 500, {"q": "\u0958" * 500}),
    ("contributor=" + "%C3%9F" * 100, {"contributor": "\u00df" * 100}),
    ("contributor=Studio%E2%84%A2%E2%80%8E", {"contributor": "Studio\u2122"}),
    ("q=cat&agency=" + "%C3%9F" * 60, {"q": "cat", "agency": ("ss" * 60,)}),
    ("q=cat&q2=dog", {"q": "cat"}),
    ("q=100%", {"q": "100%"}),
    ("q=%zz", {"q": "%zz"}),
    ("q=a=b", {"q": "a=b"}),
    ("q=a;b", {"q": "a;b"}),
    ("&&q=cat&=&=x&x", {"q": "cat"}),
    ("category=Animals%2FWildlife", {"category": "Animals/Wildlife"}),
    ("contributor=Ann+Other", {"contributor": "Ann Other"}),
    ("color=%23FF8800", {"color": "ff8800"}),
    ("color=GrayScale", {"color": "grayscale"}),
    ("q=cat&color=", {"q": "cat"}),
    ("q=cat&exclude=dog+Bird+DOG", {"q": "cat", "exclude": "Bird dog"}),
    ("q=cat&exclude=%22hot++dog%22+bird", {"q": "cat", "exclude": '"hot dog" bird'}),
    ("q=cat&exclude=%E2%80%9Ehot+dog%E2%80%9C", {"q": "cat", "exclude": '"hot dog"'}),
    ("q=cat&exclude=%22dog%22+%22", {"q": "cat", "exclude": "dog"}),
    ("q=cat&exclude=%22", {"q": "cat"}),
    ("q=cat&page=99999999", {"q": "cat", "page": 99999999}),
    ("q=cat&page=007", {"q": "cat", "page": 7}),
    ("q=cat&people=0", {"q": "cat", "people": 0}),
    ("q=cat&released=1&safe=0", {"q": "cat", "released": True, "safe": False}),
    ("q=cat&agency=B&agency=a&agency=b", {"q": "cat", "agency": ("a", "b")}),
    ("q=cat&agency=", {"q": "cat"}),
    ("q=cat&lang=ZH-hant", {"q": "cat", "lang": "zh-Hant"}),
    ("q=cat&lang=de-DE", {"q": "cat", "lang": "de"}),
    ("q=cat&lang=zh_TW", {"q": "cat", "lang": "zh-Hant"}),
    ("q=cat&lang=nonsense", {"q": "cat"}),
    ("q=cat&lang=en_US.UTF-8", {"q": "cat", "lang": "en"}),
    ("q=cat&lang=de_DE@euro", {"q": "cat", "lang": "de"}),
    ("q=cat&lang=de;q=0.8", {"q": "cat", "lang": "de"}),
    ("q=cat&lang=*", {"q": "cat"}),
    ("q=cat&lang=tlh", {"q": "cat"}),
    ("q=cat&duration=10-30", {"q": "cat"}),
    ("q=cat&media=video&duration=010-30", {"q": "cat", "media": "video", "duration": "10-30"}),
    ("q=cat&media=video&duration=10-", {"q": "cat", "media": "video", "duration": "10-"}),
    ("q=cat&media=video&fps=-30", {"q": "cat", "media": "video", "fps": "-30"}),
    ("q=cat&media=video&fps=25", {"q": "cat", "media": "video", "fps": "25"}),
]


def test_good_input_is_read() -> None:
    """Words are settled, values normalized, empty and unknown parameters dropped."""
    wrong = [
        (given_, found)
        for raw, fields in GOOD
        for given_ in (raw, raw.encode())
        if (found := parse_or_explain(given_)) != SearchQuery(**fields)
    ]
    assert wrong == []


ENUMS = {
    "media": MEDIA,
    "type": TYPES,
    "orientation": ORIENTATIONS,
    "min_width": MIN_WIDTHS,
    "added": tuple(ADDED),
    "age": AGES,
    "gender": GENDERS,
    "ethnicity": ETHNICITIES,
    "license": LICENSES,
    "sort": SORTS,
    "lang": LANGUAGES,
    "resolution": RESOLUTIONS,
    "aspect": ASPECTS,
}


@pytest.mark.parametrize("name", ENUMS)
def test_every_value_of_every_list_is_taken(name: str) -> None:
    """Each value of the design's lists is read, in any case, as itself."""
    raw = f"q=cat&media=video&{name}=" if name in {"resolution", "aspect"} else f"q=cat&{name}="
    wrong = [
        (typed, found)
        for value in ENUMS[name]
        for typed in (value, value.upper())
        if getattr(found := parse_or_explain(raw + quote(typed)), name, None) != value
    ]
    assert wrong == []
    assert ENUMS[name]


def test_filters_are_what_an_agency_must_express() -> None:
    """Words, language, page, agencies and the default media are no filters; the rest is."""
    assert parse("q=a&lang=de&page=2&agency=x&safe=0&media=image").list_filters() == frozenset()
    assert parse("q=a&media=video&fps=25&people=0&sort=newest").list_filters() == {
        *("media", "fps", "people", "sort"),
    }


def test_a_search_without_one_filter_begins_anew() -> None:
    """Taking a filter away leaves the rest and goes to the first page."""
    query = parse("q=cat&type=photo&sort=newest&page=7")
    assert query.without_field("type") == parse("q=cat&sort=newest")
    assert query.without_field("sort") == parse("q=cat&type=photo")


# -- one form for each meaning

WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=25).filter(
    to_shown
)
VALUES: dict[str, st.SearchStrategy[str]] = {
    **{name: st.sampled_from(values) for name, values in ENUMS.items()},
    "q": WORDS,
    "exclude": WORDS,
    "category": WORDS,
    "contributor": WORDS,
    "color": st.from_regex(r"\A[0-9a-fA-F]{6}\Z") | st.just("grayscale"),
    "people": st.integers(0, 4).map(str),
    "released": st.sampled_from("01"),
    "no_ai": st.sampled_from("01"),
    "safe": st.sampled_from("01"),
    "duration": st.from_regex(r"\A([1-9][0-9]?|[1-9]?-[1-9][0-9]|[1-9]-)\Z"),
    "fps": st.from_regex(r"\A([1-9][0-9]?|[1-9]?-[1-9][0-9]|[1-9]-)\Z"),
    "page": st.integers(1, 999_999_999).map(str),
    "agency": WORDS,
}
PARAMETERS = st.fixed_dictionaries(
    {"q": VALUES["q"]}, optional={n: v for n, v in VALUES.items() if n != "q"}
)


def test_every_parameter_is_made_by_the_properties_below() -> None:
    """The strategies above know each parameter that the parser reads."""
    assert set(VALUES) == {*READERS, "agency"} == set(SearchQuery.__struct_fields__)


def parse_fields(parameters: dict[str, str]) -> SearchQuery:
    return parse(urlencode(parameters))


def find_refused_field(raw: str | bytes) -> str | None:
    """Return the field that the parser refuses, or None when all fields are accepted."""
    try:
        parse(raw)
    except BadQuery as error:
        return error.field
    return None


@calm
@given(PARAMETERS)
def test_the_canonical_form_is_a_fixed_point(parameters: dict[str, str]) -> None:
    """Parsing a canonical query string gives the same search, and the same string again."""
    query = parse_fields(parameters)
    assert parse(query.to_query_string()) == query
    assert parse(query.to_query_string()).to_query_string() == query.to_query_string()
    assert query.to_query_string().isascii()


@calm
@given(PARAMETERS, st.randoms(use_true_random=False))
def test_variants_that_mean_the_same_are_one_search(
    parameters: dict[str, str], chance: random.Random
) -> None:
    """Order, case, white space, junk, defaults and kinds of escaping change nothing."""
    query = parse_fields(parameters)
    defaults = {
        "media": "image",
        "sort": "popular",
        "page": "1",
        "safe": "1",
        "released": "0",
        "no_ai": "0",
    }
    pairs = [*({n: d for n, d in defaults.items() if n not in parameters} | parameters).items()]
    pairs += [("utm_source", "x"), ("Q", "dog"), ("junk", ""), ("gclid", "1"), ("wait", "1")]
    chance.shuffle(pairs)
    varied = []
    for name, value in pairs:
        text = value
        if name in {"q", "exclude"}:
            text = "  " + value.replace(" ", "\u2003 ") + "\t"
        if name in ENUMS or name == "color":
            text = f" {value.upper()} "
        escape = chance.choice(
            (quote, quote_plus, lambda t: "".join(f"%{b:02x}" for b in t.encode()))
        )
        varied.append(f"{escape(name)}={escape(text)}")
    assert parse("&".join(varied)) == query
    assert parse("&".join(varied)).to_query_string() == query.to_query_string()


@calm
@given(st.text("abcXYZ \u00e4\u00c4\ufb01\u01c5\u03a3\u03c2\u0130\u212b", min_size=1))
def test_case_of_words_makes_no_other_key(words: str) -> None:
    """Words in capitals, small letters or as typed are shown as typed, and are one search."""
    query = parse_fields({"q": f"x{words}", "exclude": f"y{words}"})
    for one in (f"X{words.upper()}", f"x{words.lower()}"):
        other = parse_fields({"q": one, "exclude": f"y{one[1:]}"})
        assert other.to_key() == query.to_key()
        assert (other.q == query.q) == (to_shown(one) == to_shown(f"x{words}"))


@calm
@given(PARAMETERS)
def test_a_key_is_the_same_for_the_key_itself(parameters: dict[str, str]) -> None:
    """A key is a search like any other, whose key is that key; page and agencies aren't in it."""
    query = parse_fields(parameters)
    again = parse(query.to_key()) if query.to_key() else query
    assert again.to_key() == query.to_key()
    assert (again.page, again.agency) == (1, ())


KEYS = [
    ("q=CAT", "q=cat", True),
    ("q=%E2%80%9Cred+bicycle%E2%80%9D", "q=%22Red+bicycle%22", True),
    ("q=%22red+bicycle%22", "q=red+bicycle", False),
    ("q=valentine%E2%80%99s", "q=valentine's", True),
    ("q=%C4%B0stanbul&lang=tr", "q=istanbul&lang=tr", True),
    ("q=%C4%B0stanbul&lang=en", "q=ISTANBUL&lang=en", True),
    ("q=KIZ&lang=tr", "q=k%C4%B1z&lang=tr", True),
    ("q=KIZ&lang=tr", "q=kiz&lang=tr", False),
    ("q=Ma%C3%9Fe", "q=Masse", False),
    ("q=Ma%C3%9Fe", "q=MA%E1%BA%9EE", True),
    ("q=cat&exclude=dog+bird", "q=cat&exclude=Bird+DOG+dog", True),
    ("q=cat&exclude=hot+dog", "q=cat&exclude=%22hot+dog%22", False),
    ("q=cat&page=2&agency=x", "q=cat", True),
    ("q=cat&lang=de-AT", "q=cat&lang=de_DE", True),
    ("q=cat&lang=zh-TW", "q=cat&lang=zh-CN", False),
    ("q=%22&category=x", "category=x", False),
]


@pytest.mark.parametrize(("one", "other", "same"), KEYS)
def test_spellings_share_a_key_and_other_words_do_not(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - it is the expected value
    """Case, width, marks and order make no other key; other letters and phrases do."""
    assert (parse(one).to_key() == parse(other).to_key()) is same


def test_a_counted_search_holds_no_personal_details() -> None:
    """Words are counted in small letters of their language; addresses and numbers are masked."""
    raw = "q=IRMAK+me@mail.example&contributor=a@b.example&exclude=%2B49+170+1234567&lang=tr&page=3"
    assert parse(raw).to_counted() == SearchQuery(
        q="\u0131rmak ***", exclude="***", contributor="***", lang="tr"
    )


@calm
@given(PARAMETERS, PARAMETERS)
def test_other_meanings_have_other_forms(one: dict[str, str], other: dict[str, str]) -> None:
    """Two searches have the same canonical string only when every field is the same."""
    a, b = parse_fields(one), parse_fields(other)
    assert (a.to_query_string() == b.to_query_string()) == (a == b)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_each_parameter_alone_makes_another_search(name: str) -> None:
    """Every parameter counts: with it, the canonical string is another one."""
    samples = {
        "q": "dog", "exclude": "dog", "color": "000000", "people": "0", "category": "x",
        "contributor": "x", "released": "1", "no_ai": "1", "safe": "0", "duration": "5", "fps": "5",
        "page": "2", "agency": "x", "media": "video", "sort": "newest",
    }  # fmt: skip
    base = {"q": "cat"} | ({"media": "video"} if name in {"duration", "fps"} else {})
    base |= {"media": "video"} if name in {"resolution", "aspect"} else {}
    value = samples.get(name) or ENUMS[name][-1]
    assert (
        parse(urlencode(base | {name: value})).to_query_string()
        != parse(urlencode(base)).to_query_string()
    )


@calm
@given(
    st.binary(max_size=300)
    | st.lists(
        st.tuples(st.sampled_from([n.encode() for n in VALUES]), st.binary(max_size=40)), max_size=6
    ).map(lambda pairs: b"&".join(n + b"=" + v for n, v in pairs))
)
def test_any_bytes_are_a_search_or_a_bad_query(raw: bytes) -> None:
    """Whatever stands in an address, the parser answers with a search or a `BadQuery`."""
    if find_refused_field(raw) is None:
        assert parse(parse(raw).to_query_string()) == parse(raw)
    else:
        assert find_refused_field(raw) != ""


@calm
@given(st.text(st.characters()))
def test_any_text_is_a_search_or_a_bad_query(raw: str) -> None:
    """The same holds for text, with surrogates or without."""
    if find_refused_field(raw) is None:
        assert parse(raw).has_criteria()
    else:
        assert find_refused_field(raw) != ""


@pytest.mark.parametrize(
    "letter", ["\u00df", "\ufdfa", "\ufb03", "\u0958", "\u0390", "\u0130", "\ufb2c"]
)
def test_what_was_typed_is_counted_by_the_limits(letter: str) -> None:
    """Letters that some form makes longer are as many as were typed, also when read again."""
    for name, limit in (("q", MAX_WORDS), ("exclude", MAX_WORDS), ("contributor", MAX_NAME)):
        query = parse_fields({"category": "x", name: letter * limit})
        assert len(getattr(query, name)) <= limit
        assert parse(query.to_query_string()) == query
        assert find_refused_field(urlencode({name: letter * (limit + 1)})) == name


def test_the_canonical_order_is_that_of_the_fields() -> None:
    """One order for all: that in which the fields are declared."""
    raw = "page=2&agency=b&agency=a&sort=newest&type=photo&exclude=dog&q=cat&people=0&safe=0"
    assert parse(raw).to_query_string() == (
        "q=cat&exclude=dog&type=photo&people=0&safe=0&sort=newest&agency=a&agency=b&page=2"
    )
    names = [name for name, _ in parse_qsl(parse(raw).to_query_string())]
    order = SearchQuery.__struct_fields__
    assert names == sorted(names, key=order.index)


# -- the other parameters of addresses


@pytest.mark.parametrize(
    ("raw", "site"),
    [
        ("", ""),
        ("site=", ""),
        ("site=+Blog.Example+", "blog.example"),
        ("site=https%3A%2F%2Fblog.example%2Fx", "blog.example"),
        ("site=%5B%3A%3A1%5D", "[::1]"),
        ("site=&site=blog.example", "blog.example"),
        ("site=blog.example&site=https%3A%2F%2Fblog.example", "blog.example"),
        ("site=a.example&site=b.example", ""),
        ("site=%FF", ""),
        ("site=a%20b", ""),
    ],
)
def test_a_site_is_a_host_name_or_empty(raw: str, site: str) -> None:
    """``site`` is for figures: what can't be read, or is said twice in two ways, is empty."""
    assert read_site(read_parameters(raw)) == site


def test_flags_are_one_or_nought() -> None:
    """``wait=1`` is on; absent, empty and 0 are off; anything else is refused."""
    assert read_flag(read_parameters("wait=1"), "wait")
    assert not any(read_flag(read_parameters(raw), "wait") for raw in ("", "wait=", "wait=0"))
    for raw in ("wait=2", "wait=on", "wait=1&wait=1"):
        with pytest.raises(BadQuery, match="wait"):
            read_flag(read_parameters(raw), "wait")


def test_a_default_is_left_out_wherever_it_comes_from() -> None:
    """A value that equals the default is none, even if another object holds it."""
    read = msgspec.json.decode('["image", "popular"]', type=tuple[str, str])
    query = SearchQuery(q="cat", media=read[0], sort=read[1])
    assert query.to_query_string() == "q=cat"
