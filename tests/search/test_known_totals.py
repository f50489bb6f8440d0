"""The totals of searches are told from answers at hand alone; no agency is called for a count."""

import pytest

from affiliate.domain.media import SearchQuery
from affiliate.search.cached_searches import KnownTotal
from affiliate.search.patience import Patience
from tests.support.shelf import QUERY, NumberedAgency, make_search


class LocalAgency(NumberedAgency):
    """An agency that is part of the site, and counts without a call."""

    def list_ids_at_hand(self, query: SearchQuery) -> frozenset[str]:
        del query
        return frozenset(map(str, range(self.total)))


def test_a_total_is_known_once_each_agency_has_answered() -> None:
    """Until then, there is none, and no call is made for one; a sum says that it is one."""
    a, b = NumberedAgency("a", 30), NumberedAgency("b", 300)
    search = make_search(a, b)
    assert search.find_known_total(QUERY) is None
    search.get_page(QUERY.replace(agency=("a",)), Patience.FULL)
    assert search.find_known_total(QUERY) is None
    assert search.find_known_total(QUERY.replace(agency=("a",))) == KnownTotal(30, False, False)
    assert b.calls == []
    search.get_page(QUERY, Patience.FULL)
    calls = [*a.calls, *b.calls]
    assert search.find_known_total(QUERY) == KnownTotal(330, True, False)
    assert search.find_known_total(QUERY.replace(q="other")) is None
    assert [*a.calls, *b.calls] == calls


@pytest.mark.parametrize(("total", "is_sum"), [(5, True), (0, False)])
def test_an_agency_of_the_site_counts_at_once(total: int, is_sum: bool) -> None:  # noqa: FBT001 - parametrized
    """Its number needs no answer in the caches; an agency without pictures adds nothing."""
    local, other = LocalAgency("local", total), NumberedAgency("other", 7)
    search = make_search(local, other)
    assert search.find_known_total(QUERY.replace(agency=("local",))) == KnownTotal(
        total, False, False
    )
    assert search.find_known_total(QUERY) is None
    search.get_page(QUERY.replace(agency=("other",)), Patience.FULL)
    assert search.find_known_total(QUERY) == KnownTotal(total + 7, is_sum, False)
    assert local.calls == []


def test_agencies_of_the_site_count_a_picture_once() -> None:
    """Their ids are the same, in the count of a page too; other agencies' pictures are not."""
    search = make_search(LocalAgency("a", 5), LocalAgency("b", 8), NumberedAgency("c", 7))
    of_site = QUERY.replace(agency=("a", "b"))
    assert search.find_known_total(of_site) == KnownTotal(8, False, False)
    assert search.get_page(of_site, Patience.FULL).page.total == 8
    assert search.get_page(QUERY, Patience.FULL).page.total == 15
    assert search.find_known_total(QUERY) == KnownTotal(15, True, False)


def test_nothing_is_told_of_a_search_that_no_agency_can_express() -> None:
    search = make_search(NumberedAgency("a", 30))
    assert search.find_known_total(QUERY.replace(people=2)) is None
