# ruff: noqa: RUF001 - words of every script are typed here as people type them
"""Words are completed by what visitors search for, then by agencies; it never fails."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from affiliate.agencies.base import Agency
from affiliate.agencies.demo.client import Demo
from affiliate.agencies.limits import Limit
from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.cache.answers import AnswerCache
from affiliate.cache.freshness import Policy
from affiliate.database.ledger import Ledger
from affiliate.database.searches import SearchCounts
from affiliate.domain.affiliate_links import LinkStyle
from affiliate.errors import AgencyDown, LedgerError
from affiliate.search.chunk_sizes import ChunkSizes
from affiliate.search.federation import EnabledAgency
from affiliate.search.gateway import AgencyGateway
from affiliate.search.limits import (
    Breaker,
    Quota,
)
from affiliate.search.lookups import LookupService
from affiliate.search.registry import AgencyRegistry
from affiliate.search.suggestions import Suggestions
from affiliate.search.visitor_calls import VisitorCalls
from affiliate.transport.client import Transport
from tests.support import shutterstock as simulator
from tests.support.calling import open_transport
from tests.support.clocks import SetClock
from tests.support.ledgers import place_ledger
from tests.support.memory_store import Memory
from tests.support.shutterstock import TOKEN, Answer
from tests.support.waiting import wait_for_result, wait_until

PATH = "/v2/images/search/suggestions"


@pytest.fixture
def server() -> Iterator[simulator.Shutterstock]:
    with simulator.shutterstock(10) as one:
        yield one


class OverTwoDays(SearchCounts):
    """Counts what it is told in two parts, the last one of today and the rest of yesterday."""

    def add_found(
        self, counts: Mapping[str, int], clients: Mapping[str, int] | None = None
    ) -> None:
        del clients
        for back, part in (
            (1, {k: n - 1 for k, n in counts.items()}),
            (0, dict.fromkeys(counts, 1)),
        ):
            self._database._now = lambda back=back: datetime.now(UTC) - timedelta(days=back)  # type: ignore[misc]
            super().add_found(part)


@pytest.fixture
def counts(tmp_path: Path) -> Iterator[SearchCounts]:
    with closing(Ledger(place_ledger(tmp_path))) as ledger:
        yield OverTwoDays(ledger)


@pytest.fixture
def paid(server: simulator.Shutterstock) -> Iterator[Shutterstock]:
    """Yield an agency whose suggestions are calls."""
    with open_transport() as transport:
        yield Shutterstock(transport, url=server.url, credentials={"API_TOKEN": TOKEN})


@pytest.fixture
def clock() -> SetClock[float]:
    return SetClock(1000.0)


Maker = Callable[..., Suggestions]


@pytest.fixture
def over(counts: SearchCounts, clock: SetClock[float]) -> Maker:
    """Yield a maker of suggestions over some agencies; store and quota last for the test."""
    store = Memory()

    def make(*agencies: Agency, limits: Mapping[str, Sequence[Limit]] | None = None) -> Suggestions:
        policy = Policy(fresh=10, stale=100, empty=1)
        link = LinkStyle(template="{landing_url}")
        listed = [EnabledAgency(agency=a, weight=1, link=link, policy=policy) for a in agencies]
        quota = Quota(store, limits or {}, 1)
        calls = AgencyGateway(
            AnswerCache(store, now=clock), quota, Breaker(store), ChunkSizes(store)
        )
        registry = AgencyRegistry(listed)
        return Suggestions(
            registry, LookupService(registry, VisitorCalls(calls)), counts, now=clock
        )

    return make


def renew(suggestions: Suggestions) -> Suggestions:
    """Return the suggestions after they have read the popular searches."""
    suggestions.suggest("anything", "en")
    for thread in threading.enumerate():
        if thread.name == "suggestions":
            thread.join(10)
    return suggestions


def read_asked_words(server: simulator.Shutterstock) -> list[str]:
    """Return the words whose suggestions were requested by calls."""
    return [seen.params["query"][0] for seen in server.requests if seen.path == PATH]


def count(counts: SearchCounts, **times: int) -> None:
    """Let visitors have searched for words, in English."""
    counts.add_found({f"q={words}&lang=en": number for words, number in times.items()})


def test_popular_searches_come_first(counts: SearchCounts, over: Maker) -> None:
    """The most asked that begin with the words, then the agency's; no doubles, eight at most."""
    count(counts, cattle=5, cats=9, bicycle=50)
    suggestions = renew(over(Demo(Transport())))
    found = suggestions.suggest("ca", "en")
    assert found[:2] == ("cats", "cattle")
    assert (len(found), len(set(found))) == (8, 8)
    assert suggestions.suggest("bicycle", "en").count("bicycle") == 0


def test_rare_searches_and_other_languages_are_not_shown(counts: SearchCounts, over: Maker) -> None:
    """What fewer than five asked for is nobody else's business, nor what others call it."""
    count(counts, private=4, public=5)
    counts.add_found({"q=pult&lang=de": 5, "q=putty&type=photo&lang=en": 50})
    suggestions = renew(over())
    assert suggestions.suggest("p", "en") == ("public",)
    assert suggestions.suggest("p", "de") == ("pult",)
    assert suggestions.suggest("p", "fr") == ()


def test_words_are_read_as_those_of_a_search(counts: SearchCounts, over: Maker) -> None:
    """Case, width and white space make no difference."""
    counts.add_found({"q=red+cat&lang=en": 5})
    suggestions = renew(over())
    for typed in ("red c", "  RED   C", "\uff32ed c"):
        assert suggestions.suggest(typed, "en") == ("red cat",)


@pytest.mark.parametrize("typed", ["", "  ", "a\x00", "\ud800", "\x7f", "a" * 501])
def test_what_cant_be_searched_for_has_no_suggestions(
    server: simulator.Shutterstock, paid: Shutterstock, over: Maker, typed: str
) -> None:
    """Nothing is asked of anyone, and nothing is raised."""
    assert over(Demo(Transport()), paid).suggest(typed, "en") == ()
    assert read_asked_words(server) == []


def test_the_ledger_is_read_once_a_minute_and_behind(
    counts: SearchCounts, over: Maker, clock: SetClock[float]
) -> None:
    """What has become popular shows when the minute is over; nobody waits for it."""
    suggestions = renew(over())
    count(counts, cats=5)
    clock.now += 59
    assert renew(suggestions).suggest("cat", "en") == ()
    clock.now += 1
    assert renew(suggestions).suggest("cat", "en") == ("cats",)


def test_a_ledger_that_fails_takes_nothing_away(
    counts: SearchCounts, over: Maker, clock: SetClock[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was popular stays while the database is gone, and the agencies' suggestions go on."""
    count(counts, cats=5)
    suggestions = renew(over(Demo(Transport())))

    def fail(*_: object) -> None:
        raise LedgerError("It is gone.")

    monkeypatch.setattr(counts, "list_popular", fail)
    clock.now += 60
    assert "cats" in renew(suggestions).suggest("ca", "en")
    assert "car" in suggestions.suggest("ca", "en")


def test_a_row_that_cant_be_read_is_passed_over(counts: SearchCounts, over: Maker) -> None:
    """A search that was counted in another format spoils no others."""
    counts.add_found({"q=%FF&lang=en": 9, "q=cats&lang=xx": 8, "q=cats&lang=en": 5})
    assert renew(over()).suggest("cat", "en") == ("cats",)


def test_a_call_is_made_for_three_characters_only(
    server: simulator.Shutterstock, paid: Shutterstock, over: Maker
) -> None:
    """Shorter beginnings mean too much; each beginning costs one call a day, in each language."""
    suggestions = over(paid)
    assert [suggestions.suggest(typed, "en") for typed in ("c", "ca", "ca ")] == [()] * 3
    expected = tuple(f"cat {number}" for number in range(8))
    assert suggestions.suggest("cat", "en") == suggestions.suggest(" CAT", "en") == expected
    assert suggestions.suggest("cat", "de") == expected
    assert read_asked_words(server) == ["cat", "cat"]


@pytest.mark.parametrize(
    ("typed", "lang", "sent"),
    [
        ("猫", "ja", ["猫"]),
        ("富士", "ja", ["富士"]),
        ("红", "zh", ["红"]),
        ("ね", "ja", ["ね"]),
        ("カ", "ja", ["カ"]),
        ("ｶ", "ja", ["カ"]),
        ("꽃", "ko", ["꽃"]),
        ("a猫", "ja", ["a猫"]),
        ("ㄱ", "ko", []),
        ("น", "th", []),
        ("หม", "th", []),
        ("หมู", "th", ["หมู"]),
        ("พ", "th", []),
        ("ca", "en", []),
        ("№5", "ru", []),
        ("👩\u200d", "en", []),
    ],
)
def test_a_call_is_made_for_one_character_that_is_a_word(  # noqa: PLR0913, PLR0917 - a row, and who is asked
    server: simulator.Shutterstock,
    paid: Shutterstock,
    over: Maker,
    typed: str,
    lang: str,
    sent: list[str],
) -> None:
    """A Chinese character, a kana or a Korean syllable means enough; single letters don't."""
    over(paid).suggest(typed, lang)
    assert read_asked_words(server) == sent


def test_operators_and_marks_are_no_part_of_what_is_completed(
    server: simulator.Shutterstock, paid: Shutterstock, over: Maker
) -> None:
    """An agency completes plain words; of signs alone it is asked nothing."""
    suggestions = over(paid)
    for typed in ("NOT c", "not c", "“red b", "(((", "---"):
        suggestions.suggest(typed, "en")
    assert read_asked_words(server) == ["not c", "red b"]


@pytest.mark.parametrize(
    ("counted", "lang", "typed", "shown"),
    [
        ("%C4%B0stanbul", "tr", ["ist", "İST", "İst", "i\u0307st"], "istanbul"),
        ("istanbul", "en", ["ist", "IST", "İst"], "istanbul"),
        ("%C4%B1%C5%9F%C4%B1k", "tr", ["IŞ", "ış"], "ışık"),
        ("%E0%B8%99%E0%B9%89%E0%B8%B3%E0%B8%95%E0%B8%81", "th", ["น้ำ"], "น้ำตก"),
        ("%E0%B8%99%E0%B9%89%E0%B9%8D%E0%B8%B2%E0%B8%95%E0%B8%81", "th", ["น้ำ"], "น้ำตก"),
        ("stra%C3%9Fe", "de", ["Straß", "STRA", "straß"], "straße"),
        ("%CE%B8%CE%AC%CE%BB%CE%B1%CF%83%CF%83%CE%B1%CF%82", "el", ["ΘΆΛ", "θάλ"], "θάλασσας"),
        ("valentine%27s+day", "en", ["valentine’s"], "valentine's day"),
    ],
)
def test_popular_searches_are_offered_as_people_write_them(  # noqa: PLR0913, PLR0917 - a row
    counts: SearchCounts, over: Maker, counted: str, lang: str, typed: list[str], shown: str
) -> None:
    """Beginnings are compared by their keys; nobody is offered a folded word."""
    counts.add_found({f"q={counted}&lang={lang}": 5})
    suggestions = renew(over())
    assert [suggestions.suggest(one, lang) for one in typed] == [(shown,)] * len(typed)


def test_masked_searches_are_offered_to_nobody(counts: SearchCounts, over: Maker) -> None:
    """What held somebody's number isn't popular, in whatever form it was counted."""
    counts.add_found({"q=call+%2A%2A%2A&lang=en": 9, "q=call+0170+1234567&lang=en": 9})
    assert renew(over()).suggest("call", "en") == ()


@pytest.mark.parametrize("typed", ["jane@example.com", "call 0170 1234567"])
def test_personal_details_are_passed_on_to_no_agency(
    server: simulator.Shutterstock, paid: Shutterstock, over: Maker, typed: str
) -> None:
    """Nobody has searched for typed words yet: an address or a number among them stays here."""
    assert over(paid).suggest(typed, "en") == ()
    assert read_asked_words(server) == []


def test_a_call_is_made_only_when_the_free_ones_are_too_few(
    server: simulator.Shutterstock, paid: Shutterstock, counts: SearchCounts, over: Maker
) -> None:
    """Eight suggestions of the site's own cost nothing; fewer are filled up behind them."""
    count(counts, **{f"red{number}": 5 for number in range(8)})
    suggestions = renew(over(paid, Demo(Transport())))
    server.requests.clear()
    assert suggestions.suggest("red", "en") == tuple(f"red{number}" for number in range(8))
    assert read_asked_words(server) == []
    filled = suggestions.suggest("bicycl", "en")
    assert filled == ("bicycle", *(f"bicycl {number}" for number in range(7)))
    assert read_asked_words(server) == ["bicycl"]


def test_suggestions_are_fresh_for_a_day(
    server: simulator.Shutterstock, paid: Shutterstock, over: Maker, clock: SetClock[float]
) -> None:
    """Also where there are none; then they are asked for anew behind the old ones."""
    suggestions = over(paid)
    server.answer = Answer(body=b'{"data": []}')
    assert suggestions.suggest("cat", "en") == ()
    clock.now += 86399
    assert suggestions.suggest("cat", "en") == ()
    assert read_asked_words(server) == ["cat"]
    server.answer = None
    clock.now += 1
    wait_until(lambda: suggestions.suggest("cat", "en")[:1] == ("cat 0",))
    assert read_asked_words(server) == ["cat", "cat"]


def test_calls_count_on_the_quota(
    server: simulator.Shutterstock, paid: Shutterstock, over: Maker
) -> None:
    """When the calls of the hour are spent there are no more, and no one is told of it."""
    suggestions = over(paid, limits={paid.source: [Limit(1)]})
    assert len(suggestions.suggest("cat", "en")) == 8
    assert suggestions.suggest("dog", "en") == ()
    assert len(suggestions.suggest("cat", "en")) == 8
    assert read_asked_words(server) == ["cat"]


@pytest.mark.parametrize("answer", [Answer(503), Answer(429), Answer(401), Answer(body=b"<html>")])
def test_a_failing_agency_gives_nothing(
    server: simulator.Shutterstock, paid: Shutterstock, over: Maker, answer: Answer
) -> None:
    """The others' suggestions are shown, and it is not asked again at once."""
    server.answer = answer
    suggestions = over(paid, Demo(Transport()))
    assert (
        suggestions.suggest("bicycl", "en") == suggestions.suggest("bicycl", "en") == ("bicycle",)
    )
    assert read_asked_words(server) == ["bicycl"]


def test_a_slow_agency_is_not_waited_for(
    server: simulator.Shutterstock, paid: Shutterstock, over: Maker
) -> None:
    """While it hangs the rest is shown; what comes late is there for the next, without a call."""
    suggestions = over(paid, Demo(Transport()))
    server.gate.clear()
    assert wait_for_result(lambda: suggestions.suggest("bicycl", "en")) == ("bicycle",)
    server.gate.set()
    wait_until(lambda: len(suggestions.suggest("bicycl", "en")) == 8)
    assert read_asked_words(server) == ["bicycl"]


def test_a_broken_agency_without_calls_gives_nothing(over: Maker) -> None:
    """One that fails in the process itself is passed over, too."""
    broken = Demo(Transport())

    def fail(words: str, lang: str) -> tuple[str, ...]:
        raise AgencyDown("demo", f"No {words} in {lang}.")

    broken.suggest_searches = fail  # type: ignore[method-assign]
    assert over(broken).suggest("cat", "en") == ()


def test_what_agencies_suggest_becomes_canonical(
    server: simulator.Shutterstock, paid: Shutterstock, over: Maker
) -> None:
    """Case and doubles go, and so does what no search can be."""
    sent = b'{"data": ["CAT scan", "cat  Scan", "Cat", "", " ", "' + b"a" * 600 + b'", "kitten"]}'
    server.answer = Answer(body=sent)
    assert over(paid).suggest("cat", "en") == ("cat scan", "kitten")
