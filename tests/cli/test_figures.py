"""``flask figures`` finds days whose counts are wrong, and counts anew."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask.testing import FlaskClient

from affiliate.database.clicks import Click
from affiliate.database.schema import clicks
from affiliate.services import Services


def test_figures_are_checked_and_rebuilt(client: FlaskClient) -> None:
    """A count that is wrong is named with its day, and right after it is counted anew."""
    services: Services = client.application.extensions["services"]
    run = client.application.test_cli_runner().invoke
    assert run(args=["figures", "check"]).output == "No click is counted yet.\n"
    services.ledger.record(Click(click_id="click-0001", agency="demo", id="7", position=1))
    yesterday = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)
    with services.ledger.write_transaction() as connection:
        connection.execute(sa.update(clicks).values(at=yesterday))
    assert run(args=["figures", "rebuild"]).output == "All clicks are counted.\n"
    assert "the figures are those of the clicks" in run(args=["figures", "check"]).output
    with services.ledger.write_transaction() as connection:
        connection.execute(sa.delete(clicks).where(clicks.c.at == yesterday))
        row = {"click_id": "click-0002", "at": yesterday, "agency": "other", "id": "7"}
        row |= {"media": "image", "words": "", "position": 1, "site": ""}
        connection.execute(sa.insert(clicks).values(row))
    checked = run(args=["figures", "check"])
    assert checked.exit_code == 1
    assert f"{yesterday.date()}: the figures are not those of the clicks" in checked.output
    run(args=["figures", "rebuild"])
    assert run(args=["figures", "check"]).exit_code == 0
