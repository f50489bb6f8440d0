"""Counting never stands in the way of what is counted."""

from pathlib import Path

import pytest

from affiliate.search.site_counts import CALL_SECONDS, REQUEST_SECONDS, SiteCounts


@pytest.fixture
def counts(tmp_path: Path) -> SiteCounts:
    return SiteCounts(tmp_path)


def read_counted(counts: SiteCounts) -> dict[str, float]:
    """Return the cells that are not 0."""
    sums, _ = counts.read()
    return {name: value for name, value in sums.items() if value}


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0.001), (0.001, 0.001), (0.0011, 0.005), (10.0, 10.0), (10.1, "more")],
)
def test_a_request_is_counted_in_its_bucket(
    counts: SiteCounts, seconds: float, bucket: object
) -> None:
    """A bound belongs to its bucket, as Prometheus has it."""
    counts.count_request("/search", "200 OK", seconds)
    found = read_counted(counts)
    assert found.pop("request:search:sum", 0.0) == seconds
    assert found == {f"request:search:{bucket}": 1, "request:search:2xx": 1}
    assert bucket in {*REQUEST_SECONDS, "more"}


def test_a_call_is_counted_with_its_reason(counts: SiteCounts) -> None:
    """A reason of a later version is a failure like others."""
    counts.count_call("shutterstock", 0.25)
    counts.count_call("shutterstock", 20.0, failure="timeout")
    counts.count_call("shutterstock", 0.05, failure="something new")
    assert read_counted(counts) == {
        "call:shutterstock:0.1": 1,
        "call:shutterstock:0.4": 1,
        "call:shutterstock:more": 1,
        "call:shutterstock:sum": 20.3,
        "failure:shutterstock:timeout": 1,
        "failure:shutterstock:failed": 1,
    }
    assert 0.4 in CALL_SECONDS


def test_what_has_no_place_is_not_counted(counts: SiteCounts) -> None:
    """An agency that is not known, a mark of another kind, a response that was never begun."""
    counts.count_call("nobody", 0.1, failure="down")
    counts.count_answers({"SKIP": 3})
    counts.count_request("/search", "", 0.1)
    assert read_counted(counts) == {}


def test_each_process_tells_of_itself(tmp_path: Path) -> None:
    """Figures of a process are its own, and only those that serve are listed."""
    first, second = SiteCounts(tmp_path), SiteCounts(tmp_path)
    first.report_process()
    second.count_click("recorded")
    sums, living = first.read()
    assert sums["click:recorded"] == 1
    assert list(living) == [0]
    assert living[0]["process:resident"] > 10**6
    assert living[0]["process:start"] > 10**9
