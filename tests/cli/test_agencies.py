"""``flask agency`` shows the agencies and switches them off and on, for pages that run already."""

import json
import re
from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from affiliate.agencies import AGENCIES
from affiliate.database.agency_switches import AgencySwitches
from affiliate.domain.media import SearchQuery
from affiliate.search.patience import Patience
from affiliate.web.page_cache import PageCacheMiddleware
from affiliate.web.template_helpers import structured_data
from tests.dialects import Server, answer_text, serve_dialect
from tests.dialects.openverse import OpenverseDialect
from tests.dialects.pixabay import PixabayDialect
from tests.support.apps import ClientMaker


@pytest.fixture
def agency() -> Iterator[Server]:
    with serve_dialect(PixabayDialect()) as server:
        yield server


@pytest.fixture
def client(make_client: ClientMaker, agency: Server) -> FlaskClient:
    """Return a client of a site of the demo catalogue and an agency of this machine."""
    settings = {"PIXABAY_URL": agency.url, "PIXABAY_KEY": PixabayDialect.keys["KEY"]}
    return make_client(AGENCIES="demo,pixabay:2", **settings)


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if seconds had passed between a command and the next request."""
    monkeypatch.setattr(AgencySwitches, "off_agencies", AgencySwitches.read_off_agencies)


def run(app: Flask, *arguments: str) -> Result:
    """Run a command; afterwards the seconds are over for which a process remembers answers."""
    result = app.test_cli_runner().invoke(args=["agency", *arguments])
    tier: PageCacheMiddleware = app.extensions["page_cache"]
    tier._responses.clear()
    return result


def statuses(client: FlaskClient, query: str = "q=flower") -> dict[str, str]:
    answer = client.get(f"/api/search?{query}").get_json()
    return {one["agency"]: one["status"] for one in answer["agencies"]}


def test_every_agency_is_listed_with_its_state(client: FlaskClient) -> None:
    """Those that are on, one that is switched off, and those that aren't set up, in 80 columns."""
    app = client.application
    run(app, "off", "demo")
    shown = run(app, "list").output.splitlines()
    lines = {line.split()[0]: line for line in shown}
    assert set(lines) == {"agency", *AGENCIES}
    assert max(map(len, shown)) <= 80
    assert "  on, weight 2  " in lines["pixabay"]
    assert lines["demo"].split()[1] == "off"
    assert "  not set up  " in lines["shutterstock"]


def test_all_that_is_known_of_agencies_is_listed_too(client: FlaskClient) -> None:
    """What they need, can and can only roughly: in lines of 80 columns, and as JSON."""
    app = client.application
    shown = run(app, "list", "--long").output
    assert max(map(len, shown.splitlines())) <= 80
    facts = dict(re.findall(r"^([\w-]+): .*\n((?:  .*\n)+)", shown, re.MULTILINE))
    facts = {name: " ".join(text.split()) for name, text in facts.items()}
    assert set(facts) == set(AGENCIES)
    assert "documented by third parties" in facts["pixabay"]
    assert "people 3/4" in facts["istock"]
    assert "type photo, color, age older" in facts["depositphotos"]
    assert "sort popular" in facts["dreamstime"]
    assert "needs SHUTTERSTOCK_API_TOKEN, or SHUTTERSTOCK_CLIENT_ID and" in facts["shutterstock"]
    told = {one["agency"]: one for one in json.loads(run(app, "list", "--json").output)}
    assert (told["pixabay"]["state"], told["pixabay"]["weight"]) == ("on", 2)
    assert told["istock"]["roughly"] == ["orientation panorama", "people 3/4"]
    assert told["shutterstock"]["needs"].startswith("SHUTTERSTOCK_API_TOKEN, or ")


def test_an_agency_that_is_switched_off_is_searched_no_more(
    client: FlaskClient, agency: Server
) -> None:
    """Its places go to the others; switched on, it is there again without another call."""
    assert set(statuses(client)) == {"demo", "pixabay"}
    calls = len(agency.requests)
    assert "pixabay is off" in run(client.application, "off", "pixabay").output
    assert statuses(client) == {"demo": "fresh"}
    assert statuses(client, "q=tree") == {"demo": "fetched"}
    assert client.get("/image/pixabay/900001").status_code == 404
    assert len(agency.requests) == calls
    assert "pixabay is on" in run(client.application, "on", "pixabay").output
    assert set(statuses(client)) == {"demo", "pixabay"}
    assert len(agency.requests) == calls


def test_a_link_that_names_an_agency_that_is_off_says_so(client: FlaskClient) -> None:
    """It is data on the page, no error of the visitor's."""
    run(client.application, "off", "pixabay")
    assert statuses(client, "q=flower&agency=pixabay") == {"pixabay": "suspended"}
    page = client.get("/search?q=flower&agency=pixabay&lang=en&wait=1").get_data(as_text=True)
    assert "it is switched off" in page


def test_a_finished_page_is_not_shown_from_before_the_switch(client: FlaskClient) -> None:
    """What the store keeps of finished pages belongs to the agencies that were on."""
    path = "/search?q=flower&lang=en&wait=1"
    assert "pixabay.com" in client.get(path).get_data(as_text=True)
    run(client.application, "off", "pixabay")
    assert "pixabay.com/photos" not in client.get(path).get_data(as_text=True)


def test_without_any_agency_the_owner_is_warned(client: FlaskClient) -> None:
    run(client.application, "off", "demo")
    assert "visitors find nothing" in run(client.application, "off", "pixabay").output
    assert statuses(client) == {}


def test_an_unknown_name_is_said(client: FlaskClient) -> None:
    result = run(client.application, "off", "acme")
    assert result.exit_code == 2
    assert "'shutterstock'" in result.output


def test_one_that_is_not_set_up_says_what_it_needs(client: FlaskClient) -> None:
    """First that, and by the status."""
    result = run(client.application, "on", "shutterstock")
    assert result.exit_code == 1
    assert result.output.startswith("Error: shutterstock is not set up, so nobody searches it;")
    assert "it needs SHUTTERSTOCK_API_TOKEN, or" in result.output


def test_the_size_of_a_collection_is_shown_where_a_call_says_it(make_client: ClientMaker) -> None:
    """Openverse says; the demo doesn't; one that fails or is off is asked for nothing else."""
    with serve_dialect(OpenverseDialect()) as server:
        app = make_client(AGENCIES="demo,openverse", OPENVERSE_URL=server.url).application
        lines = {x.split()[0]: x for x in run(app, "list", "--size").output.splitlines()}
        assert re.search(r"  [0-9,]{3,}  ", lines["openverse"])
        assert "not said" in lines["demo"]
        server.fixed = answer_text("down", 503)
        assert "? (down)" in run(app, "list", "--size").output
        run(app, "off", "openverse")
        assert "? (down)" not in run(app, "list", "--size").output


def test_a_switch_during_a_request_breaks_nothing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found before the switch is shown once more: page, picture and click."""
    services = client.application.extensions["services"]
    looks = iter([frozenset[str]()] * 2)
    monkeypatch.setattr(
        services.registry, "switched_off", lambda: next(looks, frozenset({"pixabay"}))
    )
    found = services.search.get_page(SearchQuery(q="flower"), Patience.FULL).page
    assert {item.agency for item in found.items} == {"demo", "pixabay"}
    item = next(item for item in found.items if item.agency == "pixabay")
    with client.application.test_request_context():
        assert structured_data(item)["creditText"] == "Pixabay"
    sent = {
        "agency": "pixabay",
        "id": item.id,
        "words": "flower",
        "position": 1,
        "click_id": "0" * 24,
    }
    assert client.post("/clicks", json=sent).status_code == 204


def test_one_that_is_off_at_the_start_shows_its_pictures_once_it_is_on(
    make_client: ClientMaker, client: FlaskClient, agency: Server
) -> None:
    """The Content-Security-Policy of a process lasts longer than a switch."""
    run(client.application, "off", "pixabay")
    settings = {"PIXABAY_URL": agency.url, "PIXABAY_KEY": PixabayDialect.keys["KEY"]}
    later = make_client(AGENCIES="demo,pixabay", **settings)
    run(later.application, "on", "pixabay")
    assert "https://cdn.pixabay.com" in later.get("/").headers["Content-Security-Policy"]
