"""``flask searches`` shows what was asked for most."""

import json
import re
from datetime import UTC, datetime, timedelta

from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["searches", *arguments])


def test_the_most_asked_come_first_with_their_filters(client: FlaskClient) -> None:
    """As people would say them; older ones only when they are asked for."""
    app = client.application
    ledger = app.extensions["ledger"]
    assert run(app).output.startswith("There was no search since ")
    ledger.add_searches({"q=cat&lang=en": 2, "q=rotes+rad%2C+gro%C3%9F&lang=de&type=photo": 3})
    ledger._now = lambda: datetime.now(UTC) - timedelta(days=20)
    ledger.add_searches({"q=cat&lang=en": 4, "q=" + "x" * 300 + "&lang=en": 1})
    assert [re.split("  +", line) for line in run(app).output.splitlines()] == [
        ["words", "language", "filters", "searches"],
        ["rotes rad, groß", "de", "type=photo", "3"],
        ["cat", "en", "2"],
    ]
    older = run(app, "--since", "20d").output.splitlines()
    assert [line.split()[0] for line in older[1:3]] == ["cat", "rotes"]
    assert max(map(len, older)) <= 80
    [row] = json.loads(run(app, "--since=30d", "--limit=1", "--json").output)
    assert row == {
        "query": "q=cat&lang=en",
        "words": "cat",
        "language": "en",
        "filters": "",
        "searches": 6,
    }
