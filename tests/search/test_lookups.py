"""What is looked up alone comes from the cache, is linked, and is asked for anew behind."""

import threading

import msgspec

from affiliate.cache.answers import AnswerCache
from affiliate.cache.freshness import Policy
from affiliate.domain.media import Media
from affiliate.errors import AgencyDown
from affiliate.search.federation import EnabledAgency
from affiliate.search.limits import Quota
from affiliate.search.lookups import LookupService
from affiliate.search.registry import AgencyRegistry
from affiliate.search.visitor_calls import VisitorCalls
from tests.support.memory_store import Memory
from tests.support.shelf import CLOSED, NumberedAgency, enable_agency, make_gateway

FREE = Quota(Memory(), {}, 1)


def test_stale_details_are_shown_and_fetched_anew() -> None:
    """A picture's page is answered at once when stale, and its details are asked for behind."""
    now = [1000.0]
    shelf = NumberedAgency("a", 10)
    titles = iter(["old", "new"])
    fetched = threading.Event()

    def details(media_id: str, media: str = "image") -> Media:
        assert media == "image"
        title = next(titles)
        if title == "new":
            fetched.set()
        return msgspec.structs.replace(shelf.picture(int(media_id)), title=title)

    shelf.fetch_details = details  # type: ignore[method-assign]
    cache = AnswerCache(Memory(), now=lambda: now[0])
    one = EnabledAgency(agency=shelf, weight=1, link=CLOSED, policy=Policy(fresh=100, stale=1000))
    lookups = LookupService(AgencyRegistry([one]), VisitorCalls(make_gateway(cache=cache)))
    assert lookups.get_media("a", "1").title == "old"
    now[0] += 150
    assert lookups.get_media("a", "1").title == "old"
    assert fetched.wait(10)
    cache.close()
    assert lookups.get_media("a", "1").title == "new"


def test_a_link_carries_the_words_that_found_the_picture() -> None:
    """Details that are reached from a search link with its words."""
    shelf = NumberedAgency("a", 10)
    shelf.fetch_details = lambda media_id, _="image": shelf.picture(int(media_id))  # type: ignore[method-assign,assignment]
    registry = AgencyRegistry([enable_agency(shelf, "{landing_url}?w={query}")])
    lookups = LookupService(registry, VisitorCalls(make_gateway()))
    assert lookups.get_media("a", "1", words="red cat").link == "https://a.example/1?w=red%20cat"
    assert lookups.get_media("a", "1").link == "https://a.example/1?w="


def test_categories_of_all_are_asked_for_once() -> None:
    """Names come once each, are kept for a day, and who fails or is not chosen adds none."""
    a, b, c = (NumberedAgency(name, 0) for name in "abc")
    for shelf in (a, b, c):
        shelf.has_categories = True  # type: ignore[misc]
    asked: list[tuple[str, str]] = []

    def categories(lang: str, media: str = "image") -> tuple[str, ...]:
        asked.append((lang, media))
        return ("Nature", "Sports")

    def failing(lang: str, media: str = "image") -> tuple[str, ...]:
        raise AgencyDown("b", f"No {media} in {lang}.")

    a.list_categories = categories  # type: ignore[method-assign]
    b.list_categories = failing  # type: ignore[method-assign]
    c.list_categories = lambda *_: ("Sports", "Arts")  # type: ignore[method-assign]
    registry = AgencyRegistry([enable_agency(shelf) for shelf in (a, b, c)])
    lookups = LookupService(registry, VisitorCalls(make_gateway()))
    assert lookups.list_categories("en", 10).values == ("Nature", "Sports", "Arts")
    assert lookups.list_categories("en", 0, agencies=["c"]).values == ("Sports", "Arts")
    assert lookups.list_categories("en", 10, "video").values == ("Nature", "Sports", "Arts")
    assert asked == [("en", "image"), ("en", "video")]
