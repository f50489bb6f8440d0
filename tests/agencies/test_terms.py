"""How an agency's terms bend what the owner wants of the cache."""

import pytest

from affiliate.agencies.terms import Terms
from affiliate.cache.freshness import Policy

DAY = 86400


@pytest.mark.parametrize(
    ("terms", "policy"),
    [
        (Terms(), Policy(fresh=600, stale=DAY, empty=600)),
        (Terms(fresh=DAY), Policy(fresh=DAY, stale=DAY, empty=DAY)),
        (Terms(keep=DAY), Policy(fresh=600, stale=DAY - 600, empty=600)),
        (Terms(fresh=DAY, keep=DAY), Policy(fresh=DAY, stale=0, empty=DAY)),
        (Terms(keep=60), Policy(fresh=60, stale=0, empty=60)),
    ],
)
def test_answers_are_kept_as_long_as_must_be_and_no_longer_than_may_be(
    terms: Terms, policy: Policy
) -> None:
    made = terms.build_policy(600, DAY)
    assert (made.fresh, made.stale) == (policy.fresh, policy.stale)
    assert min(made.fresh, made.empty) == policy.empty
