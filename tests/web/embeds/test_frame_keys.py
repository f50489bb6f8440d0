"""Keys of sandboxed frames are good for today and yesterday, and made by nobody else."""

import pytest

from affiliate.web.embeds.frame_keys import DAY, FrameKeys

NOON = 20_000.5 * DAY


@pytest.mark.parametrize(
    ("made", "secret", "opens"),
    [
        (NOON, "s" * 32, True),
        (NOON - DAY, "s" * 32, True),
        (NOON - 2 * DAY, "s" * 32, False),
        (NOON + DAY, "s" * 32, True),
        (NOON + 2 * DAY, "s" * 32, False),
        (NOON, "t" * 32, False),
    ],
)
def test_a_key_is_good_for_its_day_and_the_next(made: float, secret: str, *, opens: bool) -> None:
    """A key of tomorrow was made before the clock was set back."""
    key = FrameKeys(secret, now=lambda: made).current()
    known = FrameKeys("s" * 32, now=lambda: NOON)
    assert known.opens(f"q=cat&key={key}&wait=1") is opens


def test_what_is_no_key_opens_nothing() -> None:
    known = FrameKeys("s" * 32, now=lambda: NOON)
    key = known.current()
    for query in (
        "",
        "key=",
        "key",
        f"key={key}x",
        f"x={key}",
        "key=%FF%00",
        f"key=&key={key[:-1]}",
    ):
        assert not known.opens(query)
