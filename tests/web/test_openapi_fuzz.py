"""Whatever is asked, right or wrong, is answered as the description of the API says."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from affiliate.web.openapi import OPERATIONS, build_description
from tests.support.apps import ClientMaker
from tests.support.soak import SOAK

EXAMPLES = 300 if SOAK else 15
DESCRIPTION = schemathesis.openapi.from_dict(build_description())
MEANING = {"q", "agency", "url", "duration", "fps"}
"""Fields whose values can be well formed and mean nothing: blanks, unknown names, 30-10."""
EXCLUDED: list[Any] = [
    schemathesis.checks.CHECKS.get_one(name)
    for name in (
        "positive_data_acceptance",  # `MEANING` is looked at below
        "negative_data_rejection",  # the parser takes other case, blanks and unknown names
        "response_schema_conformance",  # the client's is stricter, and knows `prefixItems`
        "not_a_server_error",  # 501 is what oEmbed asks for where a format is unknown
    )
]
"""Checks of Schemathesis that others stand in for."""
PICTURE = "{media}/{agency}/{media_id}"
TWINS = {
    "/api/search": (
        *("/", "/search", "/ajax/search", "/topics/snow", "/manifest.webmanifest"),
        *("/embed", "/embed/search", "/embed/builder", "/sitemap.xml", "/static/site.css"),
    ),
    f"/api/{PICTURE}/similar": (
        *(f"/{PICTURE}", f"/ajax/{PICTURE}", f"/ajax/{PICTURE}/similar"),
        *("/collections/{agency}/{media_id}", "/topics/{media_id}", "/static/{media_id}"),
    ),
}
"""Paths for people, by the path for programs that reads the same parameters."""
METHODS = "GET HEAD OPTIONS POST PUT PATCH DELETE TRACE CONNECT PROPFIND".split()


@pytest.fixture
def site(make_client: ClientMaker) -> FlaskClient:
    """Return a client of a demo site without limits for clients."""
    return make_client(CLIENT_SEARCHES_PER_MINUTE="0", CLIENT_SEARCHES_PER_HOUR="0")


def pairs(query: Any) -> Iterator[tuple[str, str]]:
    """Yield the parameters of a case, whatever shape they have."""
    for name, value in query.items() if isinstance(query, dict) else ():
        for one in value if isinstance(value, list) else [value]:
            yield str(name), str(one)


def tried(strategy: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
    """Hold that a check passes with many values of a strategy."""

    @settings(
        max_examples=EXAMPLES,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink] if SOAK else [Phase.generate],
    )
    @given(strategy)
    def every(value: Any) -> None:
        check(value)

    every()


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(
    "path", [path for path, one in OPERATIONS.items() if one.parameters or one.body]
)
def test_any_request_is_answered_as_described(
    site: FlaskClient, path: str, mode: GenerationMode
) -> None:
    """No status, content type, header or field is without a description, and none is a 5xx.

    The client holds the answer against the description, stricter than Schemathesis does.
    """
    told = OPERATIONS[path]
    operation = DESCRIPTION[path][told.method]

    def check(case: Any) -> None:
        response = case.call(app=site.application, session=site)
        case.validate_response(response, excluded_checks=EXCLUDED)
        assert response.status_code <= 501
        if response.status_code == 400 and mode is GenerationMode.POSITIVE:
            assert response.json()["field"] in MEANING, (response.json(), case.body, case.query)

    tried(operation.as_strategy(generation_mode=mode), check)


@pytest.mark.parametrize("path", TWINS)
def test_pages_fail_no_more_than_the_api_does(site: FlaskClient, path: str) -> None:
    """Whatever stands in their addresses, right or wrong."""
    operation = DESCRIPTION[path]["get"]
    both = operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    def check(case: Any) -> None:
        parts = {name: quote(str(part), safe="") for name, part in case.path_parameters.items()}
        query = [*pairs(case.query)]
        for twin in TWINS[path]:
            answer = site.get(twin.format(**parts), query_string=query)
            assert answer.status_code in {200, 308, 400, 404}, (twin, parts, query)

    tried(both, check)


@pytest.mark.parametrize("path", OPERATIONS)
def test_methods_that_a_path_does_not_have_are_refused(site: FlaskClient, path: str) -> None:
    """With 405 and what is allowed, as a problem; OPTIONS says the same."""
    address = path.format(media="image", agency="demo", media_id="1")
    allowed = {"OPTIONS", OPERATIONS[path].method.upper()}
    allowed |= {"HEAD"} if "GET" in allowed else set()
    wrong = []
    for method in METHODS:
        answer = site.open(address, method=method)
        told = set(answer.headers.get("Allow", "").replace(",", " ").split())
        if method == "OPTIONS" or method not in allowed:
            status = 200 if method == "OPTIONS" else 405
            if (answer.status_code, told) != (status, allowed):
                wrong.append((method, answer.status_code, told))
    assert wrong == []
