"""What pages say of totals and of agencies that give nothing, in the language of the request."""

import pytest
from flask.testing import FlaskClient
from flask_babel import force_locale

from affiliate import texts
from affiliate.agencies import AGENCIES, Agency
from affiliate.model import AgencyStatus, Failure, SearchPage, SearchQuery
from affiliate.transport import Transport

CAT = SearchQuery(q="cat")


def said(client: FlaskClient, page: SearchPage, lang: str = "en") -> str:
    with client.application.test_request_context("/search"), force_locale(lang):
        return texts.summary(page)


def page(total: int, *, capped: bool, words: str = "cat") -> SearchPage:
    item = AGENCIES["demo"](Transport()).search(SearchQuery(q="cat"), 0).items[0]
    status = AgencyStatus(agency="a", status="fresh", total=total)
    if capped:
        status = AgencyStatus(agency="a", status="fresh", total=total, capped=True)
    query = SearchQuery(q=words)
    return SearchPage(query=query, page=1, pages=9, total=total, items=(item,), agencies=(status,))


def test_a_count_that_ends_somewhere_is_more_than_that(client: FlaskClient) -> None:
    """One agency's bound makes a bound of the sum of all."""
    assert said(client, page(1240, capped=True)) == "More than 1,240 pictures for “cat”"
    assert said(client, page(240, capped=True, words="")) == "More than 240 pictures"
    assert said(client, page(240, capped=False)) == "240 pictures for “cat”"
    assert said(client, page(240, capped=True), "de") == "Mehr als 240 Bilder zu „cat“"


@pytest.mark.parametrize(
    ("kind", "keys", "words"),
    [
        ("credentials", {"KEY": "k"}, "it does not take this site's key."),
        ("credentials", {}, "it is out of reach just now."),
        ("blocked", {"KEY": "k"}, "it is out of reach just now."),
    ],
)
def test_only_a_key_that_was_sent_is_called_wrong(
    client: FlaskClient, kind: str, keys: dict[str, str], words: str
) -> None:
    agency: Agency = AGENCIES["pixabay"](Transport(), credentials=keys)
    status = AgencyStatus(agency="pixabay", status="failed", error=Failure(kind, "x", 5))
    with client.application.test_request_context("/search?lang=en"):
        text = texts.trouble(status, CAT, [agency])
    assert text == f"<b>Pixabay</b> gave no answer: {words}"
