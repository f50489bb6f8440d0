"""What pages say of totals and of agencies that give nothing, in the language of the request."""

import re
from collections.abc import Sequence

import msgspec
import pytest
from flask.testing import FlaskClient
from flask_babel import force_locale

from affiliate import errors
from affiliate.agencies import AGENCIES, Agency
from affiliate.domain.media import AgencyStatus, Failure, SearchPage, SearchQuery
from affiliate.transport.client import Transport
from affiliate.web import messages


def is_failure(found: object) -> bool:
    """Return whether something is a kind of failure of an agency."""
    return isinstance(found, type) and issubclass(found, errors.AgencyError)


CAT = SearchQuery(q="cat")


def read_message(client: FlaskClient, page: SearchPage, lang: str = "en") -> str:
    with client.application.test_request_context("/search"), force_locale(lang):
        return messages.summarize_results(page)


def page(total: int, *, capped: bool, words: str = "cat") -> SearchPage:
    item = AGENCIES["demo"](Transport()).search(SearchQuery(q="cat"), 0).items[0]
    status = AgencyStatus(agency="a", status="fresh", total=total)
    if capped:
        status = AgencyStatus(agency="a", status="fresh", total=total, capped=True)
    query = SearchQuery(q=words)
    return SearchPage(query=query, page=1, pages=9, total=total, items=(item,), agencies=(status,))


def test_a_count_that_ends_somewhere_is_more_than_that(client: FlaskClient) -> None:
    """One agency's bound makes a bound of the sum of all."""
    assert read_message(client, page(1240, capped=True)) == "More than 1,240 pictures for “cat”"
    assert read_message(client, page(240, capped=True, words="")) == "More than 240 pictures"
    assert read_message(client, page(240, capped=False)) == "240 pictures for “cat”"
    assert read_message(client, page(240, capped=True), "de") == "Mehr als 240 Bilder zu „cat“"


def test_a_sum_of_agencies_is_about_right(client: FlaskClient) -> None:
    """Sums count a picture for each of its sellers; a page with all that was found counts tiles."""
    one = page(240, capped=False)
    other = AgencyStatus(agency="b", status="fresh", total=60)
    both = msgspec.structs.replace(one, total=300, agencies=(*one.agencies, other))
    assert read_message(client, both) == "About 300 pictures for “cat”"
    assert read_message(client, both, "de") == "Etwa 300 Bilder zu „cat“"
    none = msgspec.structs.replace(other, total=0)
    assert read_message(client, msgspec.structs.replace(one, agencies=(*one.agencies, none))) == (
        "240 pictures for “cat”"
    )
    whole = msgspec.structs.replace(both, pages=1, items=one.items * 2)
    assert read_message(client, whole) == "2 pictures for “cat”"
    late = msgspec.structs.replace(other, status="late", total=None)
    waits = msgspec.structs.replace(whole, total=240, agencies=(*one.agencies, late))
    assert read_message(client, waits) == "240 pictures for “cat”"


KINDS = {one.kind for one in vars(errors).values() if is_failure(one)} | {"off", "busy", "new"}
INTERNALS = re.compile(r"key|calls|quota|token|format|read|json|http|breaker|owner", re.IGNORECASE)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("why", ["", "credentials", "quota"])
def test_visitors_read_nothing_of_keys_quotas_and_formats(
    client: FlaskClient, kind: str, why: str
) -> None:
    """Whatever failed, the sentence names the agency by its title and ends as one."""
    agency: Agency = AGENCIES["adobe-stock"](Transport(), credentials={"API_KEY": "k"})
    error = Failure(kind, "The key is wrong.", 5, why)
    status = AgencyStatus(agency="adobe-stock", status="failed", error=error)
    with client.application.test_request_context("/search?lang=en"):
        [(_, text)] = messages.describe_troubles([status], CAT, [agency])
    assert text.startswith("<b>Adobe Stock</b> gave no answer")
    assert text.endswith(".")
    assert not INTERNALS.search(text)


def test_agencies_that_lack_the_same_filters_share_a_sentence(client: FlaskClient) -> None:
    """Names are bold and escaped, in a list of the page's language; AI has words of its own."""
    agencies = [AGENCIES[name](Transport(), credentials={}) for name in ("pixabay", "openverse")]
    statuses = [AgencyStatus(agency=each.name, status="unsupported") for each in agencies]

    def describe(query: SearchQuery) -> Sequence[tuple[str, str]]:
        with client.application.test_request_context("/search?lang=en"):
            client.application.preprocess_request()
            return messages.describe_troubles(statuses, query, agencies)

    both = "<b>Pixabay</b> and <b>Openverse</b>."
    assert describe(CAT.replace(no_ai=True)) == [
        ("unsupported", f"Left out, unable to tell what AI has made: {both}")
    ]
    assert describe(CAT.replace(no_ai=True, age="20s")) == [
        ("unsupported", f"Left out, for lack of filters (Age, Without AI): {both}")
    ]
    clips = dict(describe(CAT.replace(media="video")))
    assert clips == {"unsupported": "<b>Openverse</b> has no footage."}
