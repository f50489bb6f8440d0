"""Pages call agencies slow when they are late, and never before they were given their time."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask.testing import FlaskClient

from affiliate.search import slice_fetcher
from tests.dialects import DIALECTS, answer_text, serve_dialect
from tests.support.apps import ClientMaker
from tests.support.federation import Agencies

SLOW = "The agencies are slow today."
AGAIN = "Ask again and wait for them"


@pytest.fixture
def agencies() -> Iterator[Agencies]:
    kinds = {one.name: one for one in DIALECTS if one.name in {"adobe-stock", "pixabay"}}
    with ExitStack() as stack:
        every = Agencies(
            {name: stack.enter_context(serve_dialect(kinds[name]())) for name in kinds}
        )
        yield every
        for server in every.values():
            server.gate.set()


@pytest.fixture
def client(make_client: ClientMaker, agencies: Agencies) -> FlaskClient:
    return make_client(**agencies.settings())


@pytest.mark.parametrize("failing", [["pixabay"], ["adobe-stock"]])
def test_a_failure_that_is_known_does_not_end_the_wait_for_others(
    client: FlaskClient, agencies: Agencies, failing: list[str]
) -> None:
    """The first page is a skeleton while any agency has yet to be asked and nothing can be shown.

    So it is for the next search, when the failing agency is left alone.
    """
    for name in failing:
        agencies[name].fixed = answer_text("down", 503)
    for words in ("one", "two"):
        alone = f"q={words}&lang=en&agency={failing[0]}"
        client.get(f"/ajax/search?{alone}")
        page = client.get(f"/search?q={words}&lang=en").text
        assert "data-waiting" in page
        assert SLOW not in page


def test_a_quick_failure_leaves_the_others_their_time(
    client: FlaskClient, agencies: Agencies
) -> None:
    agencies["pixabay"].fixed = answer_text("down", 503)
    page = client.get("/ajax/search?q=zebra&lang=en").text
    assert page.count('class="picture"') > 10
    assert SLOW not in page
    assert "Pixabay</b> gave no answer" in page


def test_late_agencies_are_called_slow_once_their_time_is_over(
    client: FlaskClient, agencies: Agencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that was waited for says so; embeds, which ask by themselves, invite nobody."""
    monkeypatch.setattr(slice_fetcher, "PAGE_SECONDS", 0.05)
    for server in agencies.values():
        server.gate.clear()
    page = client.get("/search?q=zebra&lang=en&wait=1").text
    assert SLOW in page
    assert AGAIN in page
    assert "Search “zebra” at Adobe Stock" in page
    embed = client.get("/embed/search?q=zebra&lang=en&wait=1").text
    assert SLOW in embed
    assert AGAIN not in embed
