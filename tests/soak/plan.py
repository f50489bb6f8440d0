"""How long a soak takes, and how much of everything it has."""

import random
from typing import Final, NamedTuple


class Plan(NamedTuple):
    """A soak of ``seconds``: load alone at the beginning and the end, troubles between.

    Times are in seconds.

    Args:
        seconds: How long visitors come.
        seed: What chance begins with; who gives it again meets the same troubles.
        workers: Processes of the site.
        visitors: Visitors at a time.
        pause: How long a visitor looks at a page.
        words: How many searches there are; they are asked as Zipf's law has it.
        calls: The most calls in an hour, by agency.
        every: How long it is from one trouble of a kind to the next, on average.
        down: The longest outage of a service.
        stopped: The longest time that a worker is stopped.
        attack: How long an attacker pauses.
        buying: How long the owner pauses between licensing commands.
        slow: Bodies that an attacker sends at a time, a byte now and then.
    """

    seconds: float
    seed: int
    workers: int = 4
    visitors: int = 8
    pause: float = 0.1
    words: int = 400
    calls: tuple[tuple[str, int], ...] = ()
    every: float = 20.0
    down: float = 8.0
    stopped: float = 22.0
    attack: float = 0.1
    buying: float = 2.0
    slow: int = 40

    @property
    def warm(self) -> float:
        """When troubles begin."""
        return 0.1 * self.seconds

    @property
    def restart(self) -> float:
        """When the site is ended or killed, and started anew."""
        return 0.2 * self.seconds

    @property
    def grown(self) -> float:
        """When processes have the size that they keep."""
        return 0.4 * self.seconds

    @property
    def calm(self) -> float:
        """When troubles end."""
        return 0.8 * self.seconds

    def chance(self, *names: object) -> random.Random:
        """Return a source of chance of one part's own."""
        return random.Random(f"{self.seed}:{':'.join(map(str, names))}")


CALLS: Final = (
    ("shutterstock", 120),
    ("depositphotos", 200),
    ("pixabay", 500),
    ("adobe-stock", 3000),
)
"""Limits of a long soak, some of which are reached."""
FEW_CALLS: Final = (
    ("shutterstock", 12),
    ("depositphotos", 20),
    ("pixabay", 40),
    ("adobe-stock", 400),
)


def long_plan(seed: int, seconds: float = 600.0) -> Plan:
    """Return the plan of a soak of ten minutes."""
    return Plan(seconds, seed, calls=CALLS)


def short_plan(seed: int) -> Plan:
    """Return the plan of a soak that runs beside other tests and takes little of a processor."""
    return Plan(
        seconds=30.0,
        seed=seed,
        visitors=3,
        pause=0.5,
        words=60,
        calls=FEW_CALLS,
        every=9.0,
        down=3.0,
        stopped=3.0,
        attack=1.0,
        buying=6.0,
        slow=5,
    )
