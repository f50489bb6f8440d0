"""A full disk costs no money: without a record nothing is bought, and what was bought is found."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from affiliate.errors import LedgerError
from affiliate.licensing.purchasing.journal import FILE_PATTERN
from tests.simulator import Simulator, platform, run_first
from tests.support.licensing_command import make_site, run
from tests.support.purchase_desk import (
    PATH,
    PurchaseDesk,
    agency,
    count_posts,
    list_ordinary_ids,
    open_counter,
    state,
)

__all__ = ["agency"]

ROOM = "size=2m"


@pytest.fixture
def disk(small_disk: Path) -> Path:
    """Return an empty disk of 2 MB."""
    subprocess.run(["mount", "-o", f"remount,{ROOM}", str(small_disk)], check=True)
    return small_disk


@pytest.fixture
def at(agency: Simulator, disk: Path) -> Iterator[PurchaseDesk]:
    """Yield a desk whose records lie on that disk."""
    with open_counter(agency, disk) as desk:
        yield desk


def fill(disk: Path) -> Path:
    """Use up the disk to its last byte, and the database's own reserves; the file to delete."""
    with closing(sqlite3.connect(disk / "ledger.db")) as ledger:
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        size = 65536
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    return filler


def test_without_room_for_the_record_nothing_is_bought(at: PurchaseDesk, disk: Path) -> None:
    """The agency is not asked; with room again the purchase is made."""
    one = list_ordinary_ids(at.agency)[0]
    offers = at.offer(one)
    filler = fill(disk)
    with pytest.raises(LedgerError, match=r"SQLITE_(FULL|IOERR)"):
        list(at.desk.license(offers))
    assert (count_posts(at.agency), at.agency.purchases) == (0, [])
    filler.unlink()
    assert [state(o) for o in at.license(one)] == ["licensed"]


def test_a_record_without_room_to_be_closed_is_settled_later(at: PurchaseDesk, disk: Path) -> None:
    """Bought while the disk filled up: the next look finds it, and it is bought once."""
    one = list_ordinary_ids(at.agency)[0]
    offers = at.offer(one)
    at.agency.misbehave(run_first(lambda: fill(disk)), on=PATH, method="POST")
    with pytest.raises(LedgerError, match=r"SQLITE_(FULL|IOERR)"):
        list(at.desk.license(offers))
    assert at.states() == ["pending"]
    (disk / "filler").unlink()
    assert [state(o) for o in at.license(one)] == ["refused"]
    assert at.states() == ["licensed"]
    assert len(at.agency.purchases) == 1


def test_a_file_without_room_can_be_fetched_later(
    agency: Simulator, small_disk: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The license is bought and said, the file is not; with room the next command brings it."""
    app = make_site(agency, tmp_path_factory.mktemp("site"))
    one = list_ordinary_ids(agency)[0]
    command = ("license", one, "--live", "--yes", "--dir", str(small_disk))
    shown = run(app, *command)
    assert shown.exit_code == 3
    assert "stay free" in shown.output
    assert "Get it by `flask download`" in shown.output
    subprocess.run(["mount", "-o", f"remount,{ROOM}", str(small_disk)], check=True)
    [bought] = agency.purchases
    again = run(app, "download", bought.id, "--live", "--dir", str(small_disk))
    assert again.exit_code == 0, again.output
    assert [path.suffix for path in small_disk.iterdir()] == [".jpg"]


def test_a_file_that_comes_once_has_its_room_first(
    agency: Simulator, small_disk: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What can't be fetched later is not bought without room for it."""
    agency.subscribe(platform("pl"))
    app = make_site(agency, tmp_path_factory.mktemp("site"))
    options = ("--subscription", "pl", "--price", "9", "--customer-id", "c1", "--live", "--yes")
    shown = run(app, "license", list_ordinary_ids(agency)[0], *options, "--dir", str(small_disk))
    assert shown.exit_code == 1
    assert "less than 100 MB left. Nothing was sent." in shown.output
    assert agency.purchases == []


def test_a_disk_that_fills_up_while_the_agency_sells_loses_nothing(
    agency: Simulator, disk: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Ledger and journal are on it: license said, file here, record made later."""
    agency.subscribe(platform("pl"))
    app = make_site(agency, disk)
    files = tmp_path_factory.mktemp("files")
    options = ("--subscription", "pl", "--price", "9", "--customer-id", "c1", "--live", "--yes")
    command = ("license", list_ordinary_ids(agency)[0], *options, "--dir", str(files))
    agency.misbehave(run_first(lambda: fill(disk)), on=PATH, method="POST")
    shown = run(app, *command)
    [bought] = agency.purchases
    assert shown.exit_code == 3, shown.output
    assert f"licensed as {bought.id}" in shown.output
    assert [path.suffix for path in files.iterdir()] == [".jpg"]
    [journal] = disk.glob(FILE_PATTERN)
    assert bought.id in journal.read_text()
    (disk / "filler").unlink()
    again = run(app, *command)
    assert (again.exit_code, len(agency.purchases)) == (1, 1)
    assert f"license {bought.id}" in again.output
    assert list(disk.glob(FILE_PATTERN)) == []
