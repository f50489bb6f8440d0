"""Every entrance to embeds takes the same filters: those of a search."""

import json
import re
from html import unescape
from typing import Final

import pytest
from flask.testing import FlaskClient

from affiliate.domain.query import SearchQuery
from affiliate.web.embeds.options import SUBJECTS, Embed
from affiliate.web.openapi_schemas import SEARCH_PARAMETERS
from tests.support.apps import ClientMaker
from tests.support.embed_filters import SAMPLES
from tests.support.processes import ROOT

URL: Final = "https://me.example"
FOOTAGE: Final = {"duration", "resolution", "aspect", "fps"}
BAD: Final = {
    "orientation": "diagonal", "min_width": "1234", "added": "day", "no_ai": "yes", "type": "wall",
    "released": "2", "sort": "best", "license": "none", "people": "many",
}  # fmt: skip


def query_of(name: str) -> str:
    """Return a query string with one filter and what the filter needs."""
    media = "&media=video" if name in FOOTAGE else ""
    words = "" if name == "q" else "q=cat&"
    return f"{words}{name}={SAMPLES[name]}{media}"


def test_every_filter_has_a_sample() -> None:
    assert SAMPLES.keys() | {"page"} == set(SearchQuery.__struct_fields__)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_entrance_takes_every_filter(make_client: ClientMaker, name: str) -> None:
    """The frame, the pasted address of a search, and all codes of the builder keep the filter."""
    client, query = make_client(SITE_URL=URL), query_of(name)
    attribute = f' {name}="{SAMPLES[name]}"'
    assert attribute in client.get(f"/embed?{query}").text
    builder = client.get(f"/embed/builder?{query}")
    assert builder.status_code == 200
    codes = re.findall(r'<textarea dir="ltr"[^>]*>(.*?)</textarea>', builder.text, re.DOTALL)
    element, frame, link = map(unescape, codes)
    assert attribute in element
    parameter = re.compile(rf"[?&]{name}={re.escape(SAMPLES[name].replace(':', '%3A'))}(&|\"|$)")
    assert parameter.search(unescape(frame))
    assert parameter.search(link)
    kept = client.get("/oembed", query_string={"url": f"{URL}/search?{query}"}).get_json()
    assert parameter.search(unescape(kept["html"]))


@pytest.mark.parametrize("name", BAD)
def test_the_builder_names_a_bad_value_and_readers_see_pictures(
    client: FlaskClient, name: str
) -> None:
    """The writer can correct the value; a frame in an old post shows its pictures without it."""
    query = f"q=cat&{name}={BAD[name]}"
    told = client.get(f"/embed/builder?{query}&lang=en")
    assert told.status_code == 400
    assert re.search(rf'id="wrong-{name}">Use |<p class="wrong">{name}: Use ', told.text)
    assert "<textarea" not in told.text
    frame = client.get(f"/embed?{query}")
    assert frame.status_code == 200
    assert f' {name}="{BAD[name]}' not in frame.text
    assert client.get(f"/search?{query}").status_code == 400


def test_the_script_asks_by_every_filter(client: FlaskClient) -> None:
    """Each parameter of a search, of picks and of a collection is an attribute of the element."""
    script = client.get("/embed.js").text
    subjects = re.search(r'SUBJECT="([^"]+)"', script)
    asked = re.search(r'ASKED=\[\.\.\.SUBJECT,\.\.\."([^"]+)"', script)
    assert subjects
    assert asked
    assert tuple(subjects[1].split()) == SUBJECTS
    names = {*subjects[1].split(), *asked[1].split()}
    assert names == SAMPLES.keys() - {"agency"} | {"ids", "collection", "site"}
    assert 'append("agency",' in script


def test_the_documentation_lists_the_filters() -> None:
    """The reference of searches, and the description of the API, have the same list."""
    text = (ROOT / "docs" / "http.md").read_text()
    listed = text.partition("A search takes ")[2].partition(" and `site`")[0]
    assert set(re.findall(r"\w+", listed.replace("(repeatable)", ""))) == {*SAMPLES, "page"}
    assert SEARCH_PARAMETERS.keys() == {*SAMPLES, "page"}
    reference = (ROOT / "docs" / "embeds.md").read_text()
    assert "and every other filter of a search | as in addresses of the site |" in reference


def test_the_plugin_has_the_same_attributes() -> None:
    """The block's file is the plugin's one list: the filters, the look, and the post's title."""
    block = json.loads((ROOT / "wordpress/affiliate-search/block/block.json").read_text())
    look = set(Embed.__struct_fields__) - {"query", "picks"} | {"ids"}
    assert block["attributes"].keys() == SAMPLES.keys() | look | {"title"}


def test_the_builder_offers_every_filter_that_an_agency_has(make_client: ClientMaker) -> None:
    """Fields of the form, for pictures and for footage; the fold is open where one is chosen."""
    client = make_client()
    page = client.get("/embed/builder?q=cat&lang=en").text
    names = set(re.findall(r'<(?:input|select) (?:type="checkbox" )?id="f-(\w+)"', page))
    assert names >= {"type", "orientation", "color", "no_ai", "sort", "category", "exclude"}
    assert "<details><summary>Filters" in page
    chosen = client.get("/embed/builder?q=cat&no_ai=1&lang=en").text
    assert "<details open><summary>Filters" in chosen
    assert '<input type="checkbox" id="f-no_ai" name="no_ai"' in chosen
