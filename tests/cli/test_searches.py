"""``flask searches`` shows what was asked for most, and what found nothing."""

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
    services = app.extensions["services"]
    counts = services.search_counts
    assert run(app).output.startswith("There was no search since ")
    counts.add_found({"q=cat&lang=en": 2, "q=rotes+rad%2C+gro%C3%9F&lang=de&type=photo": 3})
    services.ledger._now = lambda: datetime.now(UTC) - timedelta(days=20)
    counts.add_found({"q=cat&lang=en": 4, "q=" + "x" * 300 + "&lang=en": 1})
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
        "missed": 0,
    }


def test_what_found_nothing_is_shown_beside_and_alone(client: FlaskClient) -> None:
    """A column tells of it where there is any; --missed shows nothing else."""
    app = client.application
    assert run(app, "--missed").output.startswith("There was no search that found nothing since ")
    counts = app.extensions["services"].search_counts
    counts.add_found({"q=cat&lang=en": 2, "q=dog&lang=en": 3})
    counts.add_missed({"q=cat&lang=en": 4, "q=unicorn&lang=en&color=ff0000": 5}, 10)
    heads = ["words", "language", "filters", "searches", "missed"]
    unicorn = ["unicorn", "en", "color=ff0000", "5", "5"]
    assert [line.split() for line in run(app).output.splitlines()] == [
        heads,
        ["cat", "en", "6", "4"],
        unicorn,
        ["dog", "en", "3", "0"],
    ]
    alone = [line.split() for line in run(app, "--missed").output.splitlines()]
    assert alone == [heads, unicorn, ["cat", "en", "6", "4"]]
    [row] = json.loads(run(app, "--missed", "--json", "--limit=1").output)
    assert (row["words"], row["searches"], row["missed"]) == ("unicorn", 5, 5)
