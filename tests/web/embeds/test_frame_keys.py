"""Keys of sandboxed frames are good for today and yesterday, and made by nobody else."""

import pytest

from affiliate.domain.times import DAY_SECONDS
from affiliate.web.embeds.frame_keys import FrameKeys

NOON = 20_000.5 * DAY_SECONDS


@pytest.mark.parametrize(
    ("made", "secret", "opens"),
    [
        (NOON, "s" * 32, True),
        (NOON - DAY_SECONDS, "s" * 32, True),
        (NOON - 2 * DAY_SECONDS, "s" * 32, False),
        (NOON + DAY_SECONDS, "s" * 32, True),
        (NOON + 2 * DAY_SECONDS, "s" * 32, False),
        (NOON, "t" * 32, False),
    ],
)
def test_a_key_is_good_for_its_day_and_the_next(made: float, secret: str, *, opens: bool) -> None:
    """A key of tomorrow was made before the clock was set back."""
    key = FrameKeys(secret, now=lambda: made).current_key()
    known = FrameKeys("s" * 32, now=lambda: NOON)
    assert known.has_valid_key(f"q=cat&key={key}&wait=1") is opens


def test_what_is_no_key_opens_nothing() -> None:
    known = FrameKeys("s" * 32, now=lambda: NOON)
    key = known.current_key()
    for query in (
        "",
        "key=",
        "key",
        f"key={key}x",
        f"x={key}",
        "key=%FF%00",
        f"key=&key={key[:-1]}",
    ):
        assert not known.has_valid_key(query)
