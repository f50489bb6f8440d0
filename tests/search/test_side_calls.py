"""Whatever fails of pictures, collections and suggestions, its agency is searched as before."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

import pytest

from affiliate.errors import AgencyError
from affiliate.search.patience import Patience
from affiliate.services import Services
from app import create_app
from tests.dialects import DIALECTS, FIRST, Answer, serve_dialect
from tests.support.federation import OWN, Agencies
from tests.support.ledgers import place_ledger
from tests.support.shared_parts import close

NAMES = sorted({one.name for one in DIALECTS})
NUMBERS = count(FIRST + 5000)
FAILURES = [
    Answer(403, b'{"message": "Not this one."}'),
    Answer(500, b"oops"),
    Answer(200, b"{}"),
    Answer(200, b"[]"),
    Answer(404, b""),
    Answer(401, b'{"message": "Unauthorized"}'),
]


@pytest.fixture(scope="module")
def agencies() -> Iterator[Agencies]:
    """One server for each agency."""
    kinds = {kind.name: kind for kind in DIALECTS}
    with ExitStack() as stack:
        servers = {n: stack.enter_context(serve_dialect(kinds[n]())) for n in NAMES if n not in OWN}
        yield Agencies(servers)


@pytest.fixture(scope="module")
def site(agencies: Agencies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Yield the parts of a site on all agencies."""
    folder: Path = tmp_path_factory.mktemp("site")
    place_ledger(folder)
    settings = agencies.settings()
    settings["AGENCIES"] = ",".join([*agencies, *OWN])
    settings["SHUTTERSTOCK_EDITORIAL_COUNTRY"] = "USA"
    app = create_app({"DATA_DIR": str(folder), **settings})
    yield app.extensions["services"]
    close(app)


@pytest.mark.parametrize("name", NAMES)
def test_failures_beside_searches_shut_no_search(
    agencies: Agencies, site: Services, name: str
) -> None:
    """Refusals, errors of the server and missing fields, each more often than is enough."""
    server = agencies["shutterstock" if name in OWN else name]
    lookups, one = site.lookups, site.registry.require_enabled(name)
    agency = one.agency
    for failure in FAILURES:
        server.fixed = failure
        for _ in range(3):
            with suppress(AgencyError):
                lookups.get_media(name, str(next(NUMBERS)))
            if agency.has_similar:
                number = str(next(NUMBERS))
                site.search.get_similar_page(name, number, lang="en", patience=Patience.FULL)
            if agency.collection_size:
                with suppress(AgencyError):
                    lookups.get_collection(name, str(next(NUMBERS)))
            if agency.has_suggestions and agency.api:
                lookups.suggest_searches(f"word {next(NUMBERS)}", "en", 5)
    server.fixed = None
    assert site.gateway.get_suspension(one) is None
