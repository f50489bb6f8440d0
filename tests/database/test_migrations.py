"""Tables are changed on a real PostgreSQL while others use them, and dumps of it are put back."""

import subprocess
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from affiliate.database import migrations
from affiliate.database.clicks import Click
from affiliate.database.earnings import Earnings
from affiliate.database.ledger import Ledger
from affiliate.database.schema import clicks
from affiliate.errors import LedgerError
from tests.support.desk_records import record_sales
from tests.support.postgres import new_database, programs


def click(number: int) -> Click:
    return Click(click_id=f"click-{number:06}", agency="demo", id="1", position=1)


def ids(ledger: Ledger) -> list[str]:
    return [one.click_id[-1] for _, one in ledger.stream_clicks()]


def execute(url: str, *statements: str) -> None:
    address = url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_dump_is_put_back(postgres: str, tmp_path: Path) -> None:
    """As the documentation says, over the tables that are there, by PostgreSQL's own programs."""
    url, file = new_database(postgres), tmp_path / "a dump"
    address = url.replace("+psycopg", "")
    with closing(Ledger(url)) as ledger:
        ledger.upgrade()
        ledger.record(click(1))
        record_sales(ledger, {"words": "cat"})
        dump: list[str | Path] = [
            programs() / "pg_dump",
            "--format=custom",
            "--no-owner",
            f"--file={file}",
            address,
        ]
        subprocess.run(dump, check=True, capture_output=True)
        ledger.record(click(2))
    restore: list[str | Path] = [programs() / "pg_restore", "--clean", "--if-exists", "--no-owner"]
    subprocess.run([*restore, f"--dbname={address}", file], check=True, capture_output=True)
    with closing(Ledger(url)) as ledger:
        ledger.upgrade()
        ledger.record(click(3))
        assert ids(ledger) == ["1", "3"]
        [row] = Earnings(ledger).sum_payouts(["words"])
        assert (row["words"], row["sales"]) == ("cat", 1)


def test_a_ledger_in_postgresql_is_taken_back_and_forth(postgres: str) -> None:
    """Each migration leads back and forth again, and the clicks stay."""
    with closing(Ledger(new_database(postgres))) as ledger:
        ledger.upgrade()
        ledger.record(click(1))
        for revision in ("0009", "0006", "0001"):
            assert ledger.describe_losses(revision)
            ledger.downgrade(revision)
            assert ledger.read_revision() == revision
        ledger.upgrade()
        ledger.record(click(2))
        assert ids(ledger) == ["1", "2"]


def test_the_index_of_a_count_s_key_has_the_count(postgres: str) -> None:
    """Until the tables are taken back to a version before."""
    query = sa.text("SELECT pg_get_indexdef('ranked_counts_pkey'::regclass)")
    with closing(Ledger(new_database(postgres))) as ledger:
        ledger.upgrade()
        for revision, has_count in ((migrations.REVISION, True), ("0025", False)):
            ledger.downgrade(revision)
            with ledger.read_connection() as connection:
                definition = connection.execute(query).scalar_one()
            assert definition.endswith(" INCLUDE (count)") is has_count, revision


def test_a_long_report_holds_up_no_click(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changing a table that is being read gives way, and goes on when the report is done."""
    monkeypatch.setattr(migrations, "TABLE_SECONDS", 0.05)
    url = new_database(postgres)
    with closing(Ledger(url)) as old, closing(Ledger(url)) as new:
        old.upgrade()
        old.downgrade("0006")
        report = old._reader.connect()
        report.execute(sa.select(clicks.c.click_id))

        def pause(_: float) -> None:
            execute(url, "SET lock_timeout = '1s'; DELETE FROM clicks")  # nobody stands in its way
            report.close()

        monkeypatch.setattr("affiliate.database.migrations.time.sleep", pause)
        new.upgrade()
        assert new.read_revision() == migrations.REVISION


def test_a_table_that_is_never_free_is_told(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start goes on without it; no try waits for long."""
    monkeypatch.setattr(migrations, "TABLE_SECONDS", 0.05)
    monkeypatch.setattr(migrations, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(migrations, "MAX_TRIES", 2)
    url = new_database(postgres)
    with closing(Ledger(url)) as old, closing(Ledger(url)) as new:
        old.upgrade()
        old.downgrade("0006")
        with old._reader.connect() as report:
            report.execute(sa.select(clicks.c.click_id))
            with pytest.raises(LedgerError, match="a lock is held by another"):
                new.upgrade()


@pytest.mark.parametrize("revision", ["3f2a1b", "0005"])
def test_tables_of_another_program_are_left_alone(postgres: str, revision: str) -> None:
    """A database in which another program keeps its revision is no ledger of a newer version."""
    url = new_database(postgres)
    execute(
        url,
        "CREATE TABLE alembic_version (version_num varchar(32))",
        f"INSERT INTO alembic_version VALUES ('{revision}')",
        "CREATE SCHEMA ours",
    )
    with closing(Ledger(url)) as ledger, pytest.raises(LedgerError, match="of its own"):
        ledger.upgrade()
    with closing(Ledger(f"{url}&options=-csearch_path%3Dours")) as ledger:
        ledger.upgrade()
        ledger.record(click(1))
        assert ids(ledger) == ["1"]


@pytest.mark.parametrize(
    ("schema", "told"),
    [("nowhere", "CREATE SCHEMA"), ("poor", "GRANT SELECT, INSERT"), ("closed", "GRANT CREATE")],
)
def test_what_a_user_may_not_do_is_told(postgres: str, schema: str, told: str) -> None:
    """What is missing is named: a schema, rights to tables that are there, or to make some."""
    url, user = new_database(postgres), f"user_{schema}"
    execute(url, f"CREATE ROLE {user} LOGIN", "CREATE SCHEMA poor", "CREATE SCHEMA closed")
    execute(url, f"GRANT USAGE ON SCHEMA poor, closed TO {user}")
    with closing(Ledger(f"{url}&options=-csearch_path%3Dpoor")) as owners:
        owners.upgrade()
    try:
        address = f"{url.replace('postgres@', f'{user}@')}&options=-csearch_path%3D{schema}"
        with closing(Ledger(address)) as ledger, pytest.raises(LedgerError, match=told):
            ledger.upgrade()
    finally:
        execute(url, f"DROP OWNED BY {user}", f"DROP ROLE {user}")
