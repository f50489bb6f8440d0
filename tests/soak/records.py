"""What is noted while a soak runs: answers, clicks, troubles, and the size of processes."""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

AFTERMATH_SECONDS: Final = 45.0
"""So long after its beginning a trouble may be the cause of a refusal; the longest lasts half of
that, and connections that were lost are tried again after seconds."""


class Answer(NamedTuple):
    """What came back for a request; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Click(NamedTuple):
    """A click that was sent: its address with the seal, and whether a 204 has come."""

    address: str
    acknowledged: bool


class Records:
    """All that a soak notes; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self.answers: Counter[tuple[str, str, int]] = Counter()
        """By who asked, what kind of page, and the status."""
        self.wrong: list[str] = []
        """Answers that nobody has announced."""
        self.clicks: dict[str, Click] = {}
        self.troubles: list[tuple[float, str]] = []
        self.counts: Counter[str] = Counter()

    def elapsed(self) -> float:
        """Return the seconds since the beginning."""
        return time.monotonic() - self._began

    def answered(self, who: str, kind: str, status: int) -> None:
        with self._lock:
            self.answers[who, kind, status] += 1

    def blame(self, words: str) -> None:
        """Note an answer, or the lack of one, that must not be."""
        with self._lock:
            self.wrong.append(f"{self.elapsed():.1f} s: {words}")

    def clicked(self, number: str, address: str, *, acknowledged: bool) -> None:
        with self._lock:
            before = self.clicks.get(number)
            known = before is not None and before.acknowledged
            self.clicks[number] = Click(address, acknowledged or known)

    def happened(self, what: str) -> None:
        """Note a trouble that was made, or that ended."""
        with self._lock:
            self.troubles.append((self.elapsed(), what))
            self.counts[what.partition(":")[0]] += 1

    def is_caused(self, causes: tuple[str, ...]) -> bool:
        """Return whether a trouble whose name begins with one of the causes has begun lately."""
        with self._lock:
            begun = self.elapsed() - AFTERMATH_SECONDS
            return any(at >= begun and what.startswith(causes) for at, what in self.troubles)

    def count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def acknowledged(self) -> dict[str, str]:
        """Return the addresses of the clicks that were acknowledged, by their numbers."""
        with self._lock:
            return {n: one.address for n, one in self.clicks.items() if one.acknowledged}

    def requests(self) -> int:
        with self._lock:
            return sum(self.answers.values())
