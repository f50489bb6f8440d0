"""Processes that end again and again are replaced after longer and longer pauses."""

import signal

import pytest

from affiliate.serving.replacing import MAX_PAUSE_SECONDS, STEADY_SECONDS, EarlyExits, describe_exit


def test_pauses_double_while_processes_end_young() -> None:
    """They begin anew with one that has lived for long; each place has its own."""
    failures = EarlyExits()
    assert [failures.next_pause(0, 3.0) for _ in range(7)] == [0, 1, 2, 4, 8, 16, MAX_PAUSE_SECONDS]
    assert failures.next_pause(1, 3.0) == 0
    assert [failures.next_pause(0, lived) for lived in (STEADY_SECONDS, 3.0)] == [0, 1]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with status 0"),
        (3, "ended with status 3"),
        (-signal.SIGSEGV, "was ended by SIGSEGV"),
        (-(signal.SIGRTMIN + 1), f"was ended by signal {signal.SIGRTMIN + 1}"),  # has no name
        (-signal.SIGKILL, "was killed, as the system does where memory runs out"),
    ],
)
def test_the_end_of_a_process_is_told_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words
