"""The site holds its promises while everything fails: half a minute of what `make soak` does."""

import os
from pathlib import Path

import pytest

from tests.soak.plan import short_plan
from tests.soak.records import Answer, Records
from tests.soak.run import soak
from tests.soak.visitors import OK, find_fault

SEED = int(os.environ.get("SOAK_SEED") or 1)


def test_a_site_that_is_hurt_in_all_ways_holds_its_promises(tmp_path: Path) -> None:
    """Agencies, Redis, PostgreSQL, workers and disk fail under load; nothing is lost or doubled."""
    report = soak(short_plan(SEED), tmp_path)
    told = [f"SOAK_SEED={SEED}", *(f"{at:.1f} s: {what}" for at, what in report.troubles)]
    assert not report.broken, "\n".join([*report.broken, *report.figures, *told])


@pytest.mark.parametrize(
    ("status", "again", "right"),
    [
        (200, "", True),
        (304, "", True),
        (429, "7", True),
        (429, "", False),
        (503, "60", True),
        (503, "soon", False),
        (502, "60", False),
        (500, "60", False),
        (404, "", False),
    ],
)
def test_an_answer_that_nobody_has_announced_is_found(
    status: int, again: str, *, right: bool
) -> None:
    """Failures pass where they say when to come again; what is right for some is not for all."""
    headers = {"retry-after": again} if again else {}
    assert (find_fault(Answer(status, headers, b""), OK) == "") is right


def test_a_click_that_was_taken_once_stays_acknowledged() -> None:
    """Whatever becomes of the second time that a browser tells of the click."""
    records = Records()
    for taken in (False, True, False):
        records.clicked("n1", "/clicks?id=1", acknowledged=taken)
    records.clicked("n2", "/clicks?id=2", acknowledged=False)
    assert records.acknowledged() == {"n1": "/clicks?id=1"}


def test_a_refusal_needs_a_trouble_that_can_be_its_cause() -> None:
    """Visitors are refused nothing while all is well, or for what another service suffers."""
    records = Records()
    assert not records.is_caused(("postgres", "disk"))
    records.happened("redis killed: 2.0 s")
    assert not records.is_caused(("postgres", "disk"))
    records.happened("postgres hangs: 2.0 s")
    assert records.is_caused(("postgres", "disk"))
