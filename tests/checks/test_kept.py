"""What a site keeps is listed whole: each table, for how long, and how much there is now."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from affiliate.checks.kept import KINDS, Kept, list_kept
from affiliate.database.clicks import Click
from affiliate.database.row_counts import RowCount
from affiliate.database.schema import metadata
from affiliate.database.sqlite_file import BACKUP_NOTE
from affiliate.domain.media import SearchQuery
from affiliate.errors import LedgerError
from affiliate.services import Services
from tests.support.apps import ClientMaker

PAGE = Path(__file__).parents[2] / "docs" / "kept.md"
EARNING = {
    "AGENCIES": "shutterstock,openverse",
    "SHUTTERSTOCK_API_TOKEN": "v2/abcdefghijklmnop",
    "SHUTTERSTOCK_AFFILIATE_ID": "1234567",
}


@pytest.fixture
def build(make_client: ClientMaker) -> Callable[..., Services]:
    def build(**settings: str) -> Services:
        app: Flask = make_client(**settings).application
        services: Services = app.extensions["services"]
        return services

    return build


def by_name(services: Services) -> dict[str, Kept]:
    return {kept.kind.name: kept for kept in list_kept(services)}


def test_each_table_is_listed() -> None:
    """A new table needs a row: what it holds, why, and until when."""
    listed = [table for kind in KINDS for table in kind.tables]
    assert sorted(listed) == sorted(metadata.tables)


def test_each_file_is_listed(build: Callable[..., Services]) -> None:
    """A new file in DATA_DIR needs a row as well; the ledger is the tables."""
    services = build(METRICS_TOKEN=secrets.token_urlsafe(32))
    services.ledger.record(Click(click_id="a", agency="demo", id="1", position=1))
    services.gateway.get_suspension(services.registry.enabled[0])
    services.usage.count_answer("MISS", SearchQuery(q="cat", lang="en"))
    services.usage.flush()
    folder = services.config.data_dir
    (folder / BACKUP_NOTE).touch()
    listed = {path for kind in KINDS if kind.files for path in folder.glob(kind.files)}
    files = {path for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in files - listed if not path.match("ledger.db*")} == set()


def test_times_are_those_of_the_settings(build: Callable[..., Services]) -> None:
    """Each kind has a time, or says that it stays for ever."""
    kept = by_name(build())
    assert all(item.period for item in kept.values())
    assert (kept["Clicks"].period, kept["Counts of searches"].period) == ("for ever", "90 days")
    assert kept["Access log"].period == "not written"
    kept = by_name(build(CLICKS_KEEP_DAYS="1", SEARCHES_KEEP_DAYS="0", CACHE_STALE_SECONDS="1"))
    assert (kept["Clicks"].period, kept["Counts of searches"].period) == ("1 day", "for ever")
    assert kept["Answers of agencies"].period == "2 days at most, or until room is needed"


def test_amounts_are_those_of_now(build: Callable[..., Services]) -> None:
    services = build()
    assert by_name(services)["Switches"].amount == "0 rows in switches"
    services.switches.switch_agency("demo", off=True)
    kept = by_name(services)
    assert kept["Switches"].amount == "1 row in switches"
    assert "0 rows in actions, 0 rows in action_states" in kept["Sales and reports"].amount


def test_a_file_that_goes_meanwhile_hides_no_other(build: Callable[..., Services]) -> None:
    services = build()
    folder = services.config.data_dir
    (folder / "clicks.journal").write_bytes(bytes(300_000))
    (folder / "clicks.journal.old").symlink_to(folder / "gone")
    assert by_name(services)["Clicks that wait"].amount == "300.0 kB"


def test_a_ledger_out_of_reach_is_said(
    build: Callable[..., Services], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is there while the database is away, after a wait for one table alone."""
    tried = []

    def fail(*arguments: object) -> RowCount:
        tried.append(arguments)
        raise LedgerError("away")

    monkeypatch.setattr("affiliate.checks.kept.count_rows", fail)
    kept = by_name(build())
    assert {kept[name].amount for name in ("Clicks", "Switches")} == {"can't be counted now"}
    assert len(tried) == 1


def test_the_documentation_has_the_same_list() -> None:
    """Each kind has its row in the documentation, with the setting that bounds its time."""
    text = PAGE.read_text(encoding="utf-8")
    for kind in KINDS:
        setting = ", ".join(f"`{name}`" for name in filter(None, kind.setting.split(", ")))
        assert f"\n| {kind.name} | {kind.holds} | {kind.reason} |" in text
        assert f"| {setting} |" in text
