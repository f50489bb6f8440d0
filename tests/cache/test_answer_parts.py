"""A caller that waits for no fetch may decode a part of a stored answer."""

import msgspec
import pytest

from affiliate.cache.answers import AnswerCache, CacheRequest
from affiliate.cache.freshness import Policy
from affiliate.errors import AgencyDown
from tests.support.clocks import SetClock
from tests.support.memory_store import Memory

WHOLE = CacheRequest("k", list[str], Policy(fresh=100, stale=1000), lambda value: not value)


def decode_first(packed: bytes) -> list[str]:
    return msgspec.msgpack.decode(packed, type=list[str])[:1]


def fail() -> list[str]:
    raise AgencyDown("a", "It is down.")


def test_a_part_is_decoded_where_no_fetch_goes_with_it() -> None:
    """Callers that may share a fetch have the whole answer, also once the fetch has failed."""
    clock = SetClock(1000.0)
    cache = AnswerCache(Memory(), now=clock)
    part = WHOLE._replace(decode_part=decode_first)
    cache.get_or_fetch(part, lambda: ["cat", "dog"], 1)
    assert cache.get_or_fetch(part, fail, 1).value == ["cat", "dog"]
    clock.now += 101
    for answer in (cache.peek(part), cache.get_or_refresh(part, fail)):
        assert answer is not None
        assert (answer.value, answer.status) == (["cat"], "stale")
    cache.close()
    kept = cache.peek(WHOLE)
    assert kept is not None
    assert (kept.value, kept.status) == (["cat", "dog"], "stale")


@pytest.mark.parametrize("error", [msgspec.ValidationError(), ValueError(), TypeError()])
def test_a_part_that_cant_be_read_is_a_miss(error: Exception) -> None:
    """An answer whose part has another shape counts as absent."""

    def decode(_packed: bytes) -> list[str]:
        raise error

    cache = AnswerCache(Memory())
    part = WHOLE._replace(decode_part=decode)
    cache.get_or_fetch(part, lambda: ["cat"], 1)
    assert cache.peek(part) is None
    assert cache.get_or_refresh(part, fail) is None
