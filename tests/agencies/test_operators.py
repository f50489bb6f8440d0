"""What visitors type stays plain words at every agency, in a language that the agency knows."""

import re
from urllib.parse import unquote_plus

import pytest

from affiliate.agencies import AGENCIES, Agency
from affiliate.domain.media import SearchQuery
from affiliate.errors import RequestRefused
from affiliate.transport.client import Transport

CALLED = [name for name in AGENCIES if not name.startswith("demo")]
"""Agencies that are asked by calls; the demo and its shop are asked in the process itself."""
EXCLUDING = ["shutterstock", "shutterstock-editorial", "bigstock", "depositphotos", "openverse"]
EXCLUDING += ["panthermedia"]
PLAIN = {
    "alpha NOT beta OR gamma AND delta Or (epsilon) -zeta +eta |theta| --iota omega": (
        "alpha not beta or gamma and delta or epsilon zeta eta theta iota omega"
    ),
    'alpha "kappa lambda" 19" mu ( - + | NOT “nu xi” \u200bomikron omega': (
        'alpha "kappa lambda" 19 mu not "nu xi" omikron omega'
    ),
}
SIGNS = ["-", "--", "+", "( )", "|", '"', '""', "- ( | )", "“”", '"-"']


def agency(name: str) -> Agency:
    kind = AGENCIES[name]
    keys = {key: "k" for keys in kind.credentials for key in keys}
    return kind(Transport(), url="https://agency.example", credentials=keys)


def read_request(name: str, query: SearchQuery) -> str:
    """All that a request says, decoded."""
    request = agency(name).build_request(query, 0)
    parts = [request.url, *(value for _, value in request.params), (request.body or b"").decode()]
    return " ; ".join(map(unquote_plus, parts)).replace('\\"', '"').replace("&quot;", '"')


def words(text: str) -> str:
    found = re.search("alpha.*omega", text)
    assert found, text
    return found[0]


def test_the_lists_name_every_agency() -> None:
    """Who takes words to exclude is known, so that none is left out below."""
    assert [name for name in CALLED if "exclude" in AGENCIES[name].image_filters] == [
        name for name in CALLED if name in EXCLUDING
    ]


@pytest.mark.parametrize("name", CALLED)
@pytest.mark.parametrize("typed", PLAIN)
def test_no_operator_comes_from_plain_words(name: str, typed: str) -> None:
    """Operators become plain words, their signs and lone marks go, and phrases stay whole."""
    plain = PLAIN[typed]
    expected = plain.replace('"', "").replace(" ", ",") if name == "123rf" else plain
    assert words(read_request(name, SearchQuery.from_parameters({"q": [typed]}))) == expected


@pytest.mark.parametrize("name", CALLED)
def test_every_operator_of_an_agency_is_taken_out(name: str) -> None:
    """Whatever the agency's own syntax names stands in no request as an operator."""
    syntax = AGENCIES[name].syntax
    typed = ["alpha", *(f"x{sign}y {sign} {sign}z z{sign}" for sign in syntax.signs)]
    typed += [f"{sign}x {sign * 2}y" for sign in syntax.leading]
    typed += [*syntax.operators, "omega"]
    sent = words(read_request(name, SearchQuery(q=" ".join(typed)))).replace(",", " ").split()
    assert not set(sent) & syntax.operators
    assert not set("".join(sent)) & set(syntax.signs)
    assert [word for word in sent if word[0] in syntax.leading] == []


@pytest.mark.parametrize("name", CALLED)
@pytest.mark.parametrize("signs", SIGNS)
def test_signs_alone_are_no_search(name: str, signs: str) -> None:
    """A search that would lose its words, and find everything, isn't sent."""
    with pytest.raises(RequestRefused):
        agency(name).build_request(SearchQuery(q=signs), 0)


PHRASES = {
    "shutterstock": 'food NOT "hot dog"',
    "shutterstock-editorial": 'food NOT "hot dog"',
    "openverse": '-"hot dog" food',
    "panthermedia": "food -hot dog",
}


@pytest.mark.parametrize("name", PHRASES)
def test_an_excluded_phrase_is_no_half_phrase(name: str) -> None:
    """The NOT of a phrase stands before its mark; a lone mark excludes nothing."""
    for typed in ('"hot dog"', "„hot dog“", '"hot  dog" "'):
        query = SearchQuery.from_parameters({"q": ["food"], "exclude": [typed]})
        assert PHRASES[name] in read_request(name, query)
    for typed in ('"', "-", "()", "“"):
        query = SearchQuery.from_parameters({"q": ["food"], "exclude": [typed]})
        assert read_request(name, query).count("food") == 1
        assert not re.search("NOT| -|-.?food", read_request(name, query))


def test_words_to_exclude_stand_between_commas() -> None:
    """Depositphotos is sent phrases whole, and no comma that was typed inside of a word."""
    query = SearchQuery.from_parameters({"q": ["food"], "exclude": ['"hot dog" a,b NOT']})
    params = dict(agency("depositphotos").build_request(query, 0).params)
    assert params["dp_exclude_keyword"] == params["dp_exclude_keywords"] == "hot dog,a b,not"


def test_one_word_can_be_excluded_and_no_phrase() -> None:
    """Bigstock says that it can't exclude more than one word."""
    for typed, unable in (("dog", ()), ('"dog"', ()), ('"hot dog"', ("exclude",))):
        query = SearchQuery.from_parameters({"q": ["food"], "exclude": [typed]})
        assert agency("bigstock").list_unsupported_filters(query) == unable


LANGUAGES = [
    ("pixabay", "nb", "no"),
    ("pixabay", "zh-Hant", "zh"),
    ("pixabay", "he", None),
    ("bigstock", "zh-Hant", "zh"),
    ("bigstock", "nb", None),
    ("depositphotos", "zh-Hant", "zh"),
    ("depositphotos", "el", "gr"),
    ("depositphotos", "uk", "uk"),
    ("123rf", "zh-Hant", "gb"),
    ("adobe-stock", "zh-Hant", "zh_CN"),
    ("adobe-stock", "pt", "pt_PT"),
    ("yay", "nb", "Norsk"),
    ("shutterstock", "zh-Hant", "zh-Hant"),
    ("shutterstock", "nb", "nb"),
    ("shutterstock", "he", "he"),
]
NAMES = {"lang", "language", "dp_lang", "locale", "search.searchLanguage"}


@pytest.mark.parametrize(("name", "lang", "sent"), LANGUAGES)
def test_the_next_best_language_is_asked_for(name: str, lang: str, sent: str | None) -> None:
    """An agency is asked in its own name for a language, or in one that is near."""
    params = agency(name).build_request(SearchQuery(q="x", lang=lang), 0).params
    assert [value for key, value in params if key in NAMES] == ([sent] if sent else [])


def test_traditional_chinese_is_a_header_at_istock() -> None:
    headers = agency("istock").build_request(SearchQuery(q="x", lang="zh-Hant"), 0).headers
    assert headers["Accept-Language"] == "zh-HK"
