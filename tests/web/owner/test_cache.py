"""The desk shows how full the cache is, and how often it answered today."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from affiliate.domain.query import SearchQuery
from affiliate.errors import StoreDown
from affiliate.search.federation import search_ranking
from affiliate.search.usage import counter_name
from tests.support.apps import ClientMaker
from tests.support.owner_desk import PASSWORD, SECRET, log_in
from tests.support.redis_server import redis_server

DESK = {"OWNER_PASSWORD": PASSWORD, "SECRET_KEY": SECRET}


def test_the_sources_of_todays_answers_are_shared_out(owner: FlaskClient) -> None:
    store = owner.application.extensions["services"].store
    for mark, count in (("MEMORY", 60), ("HIT", 20), ("MISS", 20)):
        store.incr(counter_name(mark), count, 1000)
    document = json.loads(owner.get("/owner/cache?format=json").data)
    assert [(row["answers"], row["share"]) for row in document["rows"]] == [
        (60, 0.6),
        (20, 0.2),
        (20, 0.2),
        (0, 0.0),
    ]
    more = {row["title"]: row["figure"] for row in document["more"][0]["rows"]}
    assert more["Answered without an agency today"] == "80.0%"
    page = owner.get("/owner/cache").text
    assert "<dt>Answered without an agency today</dt><dd>80.0%</dd>" in page
    assert "<dt>Limit</dt><dd>256.0 MB</dd>" in page


def test_the_answers_to_some_words_are_shown(make_client: ClientMaker) -> None:
    """By agency and language, as the command does; no agency is asked."""
    client = make_client(**DESK, AGENCIES="demo,shutterstock", SHUTTERSTOCK_API_TOKEN="x")
    log_in(client)
    services = client.application.extensions["services"]
    demo = services.registry.get("demo")
    query = SearchQuery.from_parameters({"q": ["cat"], "lang": ["de"]})
    services.gateway.get_or_call(services.gateway.prepare_chunk(search_ranking(demo, query), 0))
    shown, other = json.loads(client.get("/owner/cache?words=cat&lang=de&format=json").data)["rows"]
    assert (shown["agency"], shown["state"], other["state"]) == (
        ("Demo catalogue", "fresh", "not cached")
    )
    assert shown["pictures"] > 0
    assert shown["minutes"] > 0
    [english, _] = json.loads(client.get("/owner/cache?words=cat&lang=en&format=json").data)["rows"]
    assert english["state"] == "not cached"
    assert "Cached answers to “cat”" in client.get("/owner/cache?words=cat").text


def test_a_cache_that_is_out_of_reach_is_said(
    owner: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreDown("Redis does not answer.")

    monkeypatch.setattr(owner.application.extensions["services"].store.store, "size", fail)
    answer = owner.get("/owner/cache")
    assert answer.status_code == 200
    assert "can&#39;t be read, so agencies are asked more often: Redis does not answer." in (
        answer.text
    )


@pytest.mark.services
def test_the_memory_of_redis_is_shown(make_client: ClientMaker, tmp_path: Path) -> None:
    with redis_server(tmp_path, "--maxmemory", "50mb") as redis:
        client = make_client(**DESK, REDIS_URL=redis.url)
        log_in(client)
        page = client.get("/owner/cache").text
    assert "MB of 5" in page
    assert "<dt>Policy</dt><dd>noeviction</dd>" in page
