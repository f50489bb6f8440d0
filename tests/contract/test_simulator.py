"""The simulator answers every call that we speak of as the official description has it."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.simulator import (
    FIRST_EDITORIAL,
    FIRST_ID,
    FIRST_VIDEO,
    SCOPES,
    Answer,
    Simulator,
    SimulatorRequest,
    report_clips,
    reports,
    revenue_share,
    simulator,
)
from tests.simulator.asking import ask
from tests.simulator.described import Description
from tests.simulator.routes import ANYBODY
from tests.support.official import upstream

OTHER_ROOMS = ("/v2/audio", "/v2/sfx", "/v2/cv", "/v2/catalog", "/v2/bulk_search", "/v2/ai")
UPLOAD = ("POST", "/v2/images")
"""Belongs to computer vision, which is out of scope as are the rooms above."""
REPORTS = "premier_editorial_all_digital"
CLIPS = "premier_editorial_video_digital_only"
BODIES = {
    "/v2/images/licenses": {"images": [{"image_id": f"{FIRST_ID + 1}", "size": "small"}]},
    "/v2/videos/licenses": {"videos": [{"video_id": f"{FIRST_VIDEO + 1}", "size": "hd"}]},
    "/v2/images/licenses/{id}/downloads": {"size": "small"},
    "/v2/videos/licenses/{id}/downloads": {"size": "hd"},
    "/v2/images/search/suggestions": {"text": "red bike"},
    "/v2/editorial/videos/licenses": {
        "country": "USA",
        "editorial": [{"editorial_id": f"{FIRST_EDITORIAL}a", "license": CLIPS}],
    },
    "/v2/oauth/access_token": {
        "client_id": "client-id",
        "client_secret": "client-secret",
        "grant_type": "client_credentials",
    },
} | {
    path: {
        "country": "USA",
        "editorial": [{"editorial_id": f"{FIRST_EDITORIAL}b", "license": REPORTS}],
    }
    for path in ("/v2/editorial/licenses", "/v2/editorial/images/licenses")
}
NEEDED = {
    "/v2/images": f"id={FIRST_ID}&id={FIRST_ID + 1}&view=full",
    "/v2/videos": f"id={FIRST_VIDEO}",
    "/v2/contributors": "id=7",
    "/v2/images/recommendations": f"id={FIRST_ID}",
    "/v2/images/search/suggestions": "query=bike",
    "/v2/videos/search/suggestions": "query=bike",
    "/v2/test/validate": "id=1&tag=a",
    "/v2/oauth/authorize": (
        "client_id=client-id&response_type=code&state=s&redirect_uri=http%3A%2F%2Flocalhost%2Fback"
    ),
}
DATES = "&type=edit&date_updated_start=2025-01-01T00:00:00Z&date_updated_end=2026-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def description() -> Description:
    """Return the official description, read by the simulator's own checker."""
    return Description(upstream("shutterstock", "openapi-v2.json"))


@pytest.fixture
def agency() -> Iterator[Simulator]:
    """Yield a simulator that fails at its end when an answer was not as described."""
    with simulator(size=40) as server:
        server.subscribe(revenue_share(), reports(), report_clips())
        yield server


def make_query(path: str) -> str:
    """Return the parameters that a call needs."""
    if not path.startswith("/v2/editorial/") or path.endswith(("categories", "licenses")):
        return NEEDED.get(path, "")
    return "country=USA" + (DATES if path.endswith("updated") else "")


def fill_path(path: str, agency: Simulator) -> str:
    """Fill a path with ids that exist."""
    kind = "video" if "/videos" in path else "image"
    if "/licenses/{id}" in path:
        media_id = f"{FIRST_VIDEO if kind == 'video' else FIRST_ID}"
        size = "hd" if kind == "video" else "small"
        known = agency.buy(media=kind, media_id=media_id, size=size).id
    elif "featured/" in path or "contributor_id}/collections" in path:
        known = "19853"
    elif "/collections/" in path:
        known = agency.collections[kind].add("Mine", "1", "2").id  # type: ignore[index]
    elif "/livefeeds/" in path:
        known = "2025-01-31-made-up-event"
    elif "/editorial/" in path:
        known = f"{FIRST_EDITORIAL}{'a' if kind == 'video' else 'b'}"
    else:
        known = f"{FIRST_VIDEO if kind == 'video' else FIRST_ID}"
    return path.replace("{contributor_id}", "7").replace("{id}", known)


def test_every_call_is_granted_as_described(agency: Simulator, description: Description) -> None:
    """Each call of ours, properly made, gets an answer below 400 that is valid."""
    for route in agency.routes.all:
        body = BODIES.get(route.path)
        if route.method == "POST" and body is None:
            body = {"items": [{"id": "5"}]} if route.path.endswith("/items") else {"name": "New"}
        sent = body if route.method == "POST" else None
        parameters = "" if route.method == "POST" else make_query(route.path)
        if route.method == "DELETE" and route.path.endswith("/items"):
            parameters = "item_id=1"
        path = fill_path(route.path, agency)
        token = "" if route.scopes is ANYBODY else agency.accounts.grant(route.scopes or ())
        headers = {} if token else {"Authorization": ""}
        said = ask(f"{agency.url}{path}?{parameters}", route.method, sent, token=token, **headers)
        assert said.status < 400, (route.method, path, said)
        assert b'"error"' not in said.body
        assert description.call(SimulatorRequest(path, {}, {}, route.method)) is not None
    assert agency.violations == []


def test_every_call_of_the_description_is_there(agency: Simulator) -> None:
    """Only what is out of scope is missing, and nothing is made up."""
    paths = json.loads(upstream("shutterstock", "openapi-v2.json").read_bytes())["paths"]
    wanted = {(m.upper(), p) for p, calls in paths.items() for m in calls}
    wanted = {call for call in wanted if not call[1].startswith(OTHER_ROOMS)} - {UPLOAD}
    assert {(route.method, route.path) for route in agency.routes.all} == wanted


def test_scopes_are_those_of_the_description(agency: Simulator) -> None:
    """What a call needs is what the description names for it, nothing more or less."""
    paths = json.loads(upstream("shutterstock", "openapi-v2.json").read_bytes())["paths"]
    for route in agency.routes.all:
        security = paths[route.path][route.method.lower()].get("security")
        if security is None:
            assert route.scopes is ANYBODY
        elif {"basic": []} in security:
            assert route.scopes is None
        else:
            assert set(route.scopes or ()) == set(security[0]["customer_accessCode"])


def test_a_missing_scope_is_refused_by_name(agency: Simulator) -> None:
    """Without one of the scopes that a call needs, the answer is 403 and says which."""
    for route in agency.routes.all:
        for scope in route.scopes or ():
            if scope not in SCOPES:
                continue
            token = agency.accounts.grant(set(SCOPES) - {scope})
            said = ask(agency.url + re.sub(r"\{\w+\}", "1", route.path), route.method, token=token)
            assert said.status == 403
            assert scope in said.json["message"]


@pytest.mark.parametrize(
    ("path", "answer", "wrong"),
    [
        ("/v2/images/1", Answer(200, b'{"id": "1", "media_type": "image"}'), "contributor"),
        ("/v2/user/subscriptions", Answer(200, b'{"data": [{"license": "x"}]}'), "id"),
        ("/v2/images/search", Answer(500), "status not declared"),
        ("/v2/nowhere", Answer(200), "not described"),
    ],
)
def test_what_departs_from_the_description_is_found(
    description: Description, path: str, answer: Answer, wrong: str
) -> None:
    """The tests above can fail: answers that break the description are named."""
    assert wrong in (description.find_fault(SimulatorRequest(path, {}, {}), answer) or "")


@pytest.mark.parametrize(
    "params",
    [{"sort": ["oldest"]}, {"people_number": ["x"]}, {"safe": ["maybe"]}, {"words": ["cat"]}],
)
def test_a_granted_request_must_be_as_described_too(
    description: Description, params: dict[str, list[str]]
) -> None:
    """A parameter that is unknown or has a wrong value is named when it was granted."""
    empty = Answer(200, b'{"data": [], "search_id": "1", "total_count": 0}')
    assert description.find_fault(SimulatorRequest("/v2/images/search", {}, {}), empty) is None
    wrong = description.find_fault(SimulatorRequest("/v2/images/search", params, {}), empty)
    assert wrong is not None
    assert next(iter(params)) in wrong
