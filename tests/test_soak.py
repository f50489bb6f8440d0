"""The site holds its promises while everything fails: half a minute of what `make soak` does."""

import os
from pathlib import Path

from tests.soak.plan import short_plan
from tests.soak.run import soak

SEED = int(os.environ.get("SOAK_SEED") or 1)


def test_a_site_that_is_hurt_in_all_ways_holds_its_promises(tmp_path: Path) -> None:
    """Agencies, Redis, PostgreSQL, workers and disk fail under load; nothing is lost or doubled."""
    report = soak(short_plan(SEED), tmp_path)
    told = [f"SOAK_SEED={SEED}", *(f"{at:.1f} s: {what}" for at, what in report.troubles)]
    assert not report.broken, "\n".join([*report.broken, *report.figures, *told])
