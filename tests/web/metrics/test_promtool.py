"""Prometheus' own tool finds nothing wrong with what the site tells, and with what owners copy."""

import shutil
from pathlib import Path

from tests.support.apps import ClientMaker
from tests.support.desk_records import record_sales
from tests.support.metrics import BEARER, TOKEN
from tests.support.processes import ROOT
from tests.support.promtool import run_promtool


def test_metrics_follow_the_conventions(make_client: ClientMaker) -> None:
    """Names, units and types are as Prometheus wants them, and each line can be read."""
    client = make_client(METRICS_TOKEN=TOKEN)
    record_sales(client.application.extensions["services"].ledger, {"payout": 2})
    text = client.get("/metrics", headers=BEARER).text
    assert run_promtool("check", "metrics", text=text) == ""


def test_the_example_and_the_rules_are_valid(tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "deploy/prometheus", tmp_path / "prometheus")
    (folder / "token").write_text(TOKEN)
    assert "SUCCESS" in run_promtool("check", "config", str(folder / "prometheus.yml"))
    assert "SUCCESS" in run_promtool("check", "rules", str(folder / "alerts.yml"))
