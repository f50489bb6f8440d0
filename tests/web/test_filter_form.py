"""The page offers what some chosen agency can express, says who can't, and drops nothing."""

import json
import re

import pytest
from flask.testing import FlaskClient

from affiliate.domain.query import SearchQuery
from affiliate.search.cached_searches import KnownTotal
from affiliate.web.filter_form import (
    CHOICE_FILTERS,
    COLOR_LABELS,
    FILTER_LABELS,
    TEXT_FILTERS,
    FilterChoice,
    describe_filter,
    list_choices,
    list_gaps,
)
from affiliate.web.messages import format_known_total
from tests.simulator import TOKEN, answer_with, hold, simulator
from tests.simulator.library import CATEGORIES
from tests.support.apps import ClientMaker

FOOTAGE = {"duration", "resolution", "aspect", "fps"}
ALL = tuple(name for name in (*CHOICE_FILTERS, "color", *TEXT_FILTERS) if name not in FOOTAGE)
ONLY_SHUTTERSTOCK = {"added", "min_width", "people", "age", "gender", "license", "released"}


@pytest.fixture
def two(make_client: ClientMaker) -> FlaskClient:
    """Return a client of a site of two agencies, for requests that cost no call."""
    return make_client(
        AGENCIES="demo,shutterstock",
        SHUTTERSTOCK_API_TOKEN="x",
        SHUTTERSTOCK_URL="http://127.0.0.1:9",
    )


def read_choices(client: FlaskClient, raw: str) -> dict[str, FilterChoice]:
    """Return the choices that the page offers beside a search."""
    query = SearchQuery.from_query_string(raw)
    site = client.application.extensions["services"]
    with client.application.test_request_context():
        found = list_choices(query, [one.agency for one in site.registry.enabled])
    assert len({one.name for one in found}) == len(found)
    return {one.name: one for one in found}


def read_gaps(client: FlaskClient, raw: str) -> dict[str, set[str]]:
    """Return what stands behind the (i): names, each with its filters."""
    query = SearchQuery.from_query_string(raw)
    site = client.application.extensions["services"]
    with client.application.test_request_context():
        gaps = list_gaps(query, [one.agency for one in site.registry.enabled])
    return {
        name: set(re.findall(r"[^ ,(][^,(]*(?:\([^)]*\))?(?=, |$)", text)) for name, text in gaps
    }


def read_tabs(client: FlaskClient, raw: str) -> list[str]:
    """Return the labels of the tabs; the current one ends with an asterisk."""
    page = client.get(f"/search?{raw}&lang=en").text
    tabs = page.partition('<nav class="tabs"')[2].partition("</nav>")[0]
    return [
        label + "*" * bool(current)
        for current, label in re.findall(r'<a [^>]*?( aria-current="true")?>(\w+)', tabs)
    ]


def values(choice: FilterChoice) -> list[str]:
    return [value for value, _ in choice.options]


def test_all_that_any_agency_can_express_is_offered(two: FlaskClient) -> None:
    """Without a choice of agency the filters of all stand there, in the order of the page."""
    found = read_choices(two, "q=cat")
    assert tuple(found) == ALL
    assert all(one.offered for one in found.values())
    lacking = read_gaps(two, "q=cat")["Demo catalogue"]
    assert lacking == {"Media (Footage)", *(str(FILTER_LABELS[name]) for name in ONLY_SHUTTERSTOCK)}


def test_chosen_agency_narrows_what_is_offered(two: FlaskClient) -> None:
    """With an agency chosen, only its own filters and values stand there, and nobody lacks any."""
    demo = read_choices(two, "q=cat&agency=demo")
    assert set(demo) == set(ALL) - ONLY_SHUTTERSTOCK - {"media"}
    assert values(demo["orientation"]) == ["horizontal", "vertical", "square", "panorama"]
    other = read_choices(two, "q=cat&agency=shutterstock")
    assert set(other) == set(ALL) - {"no_ai"}
    assert values(other["orientation"]) == ["horizontal", "vertical", "square", "panorama"]
    assert other["added"].options == (
        ("week", "≤ 1 week"),
        ("month", "≤ 1 month"),
        ("year", "≤ 1 year"),
    )
    assert values(other["sort"]) == ["popular", "relevance", "newest", "random"]
    assert not read_gaps(two, "q=cat&agency=demo") | read_gaps(two, "q=cat&agency=shutterstock")


def test_footage_has_filters_of_its_own(two: FlaskClient) -> None:
    """With footage chosen the page offers what footage can be searched by, and who has none."""
    found = read_choices(two, "q=cat&media=video&type=photo")
    assert FOOTAGE | {"media", "people", "sort"} <= {n for n, one in found.items() if one.offered}
    assert not found["type"].offered
    assert found["media"].options == (
        ("image", "Images"),
        ("video", "Footage"),
    )
    assert (found["media"].chosen, found["media"].default) == ("video", "image")
    assert values(found["resolution"]) == ["4k", "high_definition", "standard_definition"]
    assert values(found["license"]) == ["commercial", "editorial"]
    gaps = read_gaps(two, "q=cat&media=video")["Demo catalogue"]
    assert {"Media (Footage)", "Duration"} < gaps


def test_value_that_an_agency_lacks_is_named_once(two: FlaskClient) -> None:
    """Labels are plain; what an agency lacks stands behind one (i), and nowhere else."""
    found = read_choices(two, "q=cat")
    assert [label for _, label in found["orientation"].options] == [
        "Horizontal",
        "Vertical",
        "Square",
        "Panorama",
    ]
    gaps = read_gaps(two, "q=cat")
    assert gaps["Shutterstock"] == {"Without AI", "Sort by (Oldest)"}
    page = two.get("/search?q=cat&lang=en").text
    assert page.count('<details class="gaps"><summary>Some filters leave agencies out') == 1
    assert "<li><b>Shutterstock</b>: Without AI, Sort by (Oldest)</li>" in page
    assert 'class="gaps"' not in two.get("/search?q=cat&agency=shutterstock&lang=en").text


def test_what_is_chosen_stays_in_the_form(two: FlaskClient) -> None:
    """What no chosen agency can express, or has no field, is there as chosen, not as offered."""
    found = read_choices(two, "q=cat&agency=demo&people=2&ethnicity=black&released=1&type=photo")
    kept = {name: one.chosen for name, one in found.items() if not one.offered}
    assert kept == {"people": "2", "released": "1", "ethnicity": "black"}
    assert found["type"].chosen == "photo"
    oldest = read_choices(two, "q=cat&agency=shutterstock&sort=oldest")["sort"]
    assert ("oldest", "Oldest") in oldest.options
    assert oldest.chosen == "oldest"


@pytest.mark.parametrize("agency", ["demo", "shutterstock"])
def test_form_of_the_page_holds_every_filter_of_footage(two: FlaskClient, agency: str) -> None:
    """The page's form, sent as it is, asks the footage that the page shows."""
    raw = (
        "q=cat&media=video&duration=10-30&resolution=4k&aspect=nonstandard&fps=-25&type=photo"
        f"&sort=newest&lang=en&agency={agency}"
    )
    query = SearchQuery.from_query_string(raw)
    form = re.search(r"<form.*?</form>", two.get(f"/search?{raw}").text, re.DOTALL)
    assert form
    assert SearchQuery.from_parameters(read_sent_fields(form[0])) == query


def test_form_of_the_page_holds_every_filter_of_its_address(two: FlaskClient) -> None:
    """The page's form, sent as it is, asks the search that the page shows."""
    raw = (
        "q=cat&exclude=dog&type=photo&orientation=square&color=123abc&people=0&age=20s&gender=both"
        "&ethnicity=black&category=Animals&contributor=a+b&license=editorial&released=1&safe=0"
        "&sort=oldest&lang=en&agency=demo"
    )
    query = SearchQuery.from_query_string(raw)
    form = re.search(r"<form.*?</form>", two.get(f"/search?{raw}").text, re.DOTALL)
    assert form
    assert SearchQuery.from_parameters(read_sent_fields(form[0])) == query


def read_sent_fields(form: str) -> dict[str, list[str]]:
    """Return the fields that a browser without JavaScript sends of a form."""
    found: dict[str, list[str]] = {}
    for select, rest in re.findall(r'<select name="(\w+)">(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', rest)
        found.setdefault(select, []).append(chosen[1] if chosen else "")
    for field in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', field))
        ticked = attributes.get("type") not in {"radio", "checkbox"} or " checked" in field
        if ticked:
            found.setdefault(attributes["name"], []).append(attributes.get("value", ""))
    return found


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("type", "photo", "Photos"),
        ("color", "d62828", "Red"),
        ("color", "123abc", "Color: #123abc"),
        ("age", "20s", "Age: 20s"),
        ("sort", "newest", "Sort by: Newest"),
        ("ethnicity", "middle_eastern", "Ethnicity: middle eastern"),
        ("exclude", "dog_house", "Without the words: dog_house"),
        ("media", "video", "Footage"),
        ("resolution", "4k", "4K"),
        ("duration", "10-30", "Duration: 10-30"),
        ("safe", "0", "Safe search off"),
    ],
)
def test_chips_say_what_is_chosen(client: FlaskClient, name: str, value: str, shown: str) -> None:
    """A chosen filter reads as a visitor would say it."""
    with client.application.test_request_context():
        assert describe_filter(name, value) == shown


def test_every_filter_has_a_name() -> None:
    """Whatever can be searched by has a word for pages to say it."""
    fields = set(SearchQuery.__struct_fields__) - {"q", "lang", "agency", "page", "safe"}
    assert set(FILTER_LABELS) == fields


def test_colors_can_be_asked() -> None:
    """Every swatch is a color as addresses have it."""
    for color in COLOR_LABELS:
        assert SearchQuery.from_query_string(f"color={color.upper()}").color == color


@pytest.mark.parametrize("media", ["image", "video"])
def test_known_categories_are_offered_for_the_field(make_client: ClientMaker, media: str) -> None:
    """They are asked for behind a page, which is kept until they come, and then for as long."""
    with simulator() as agency:
        client = make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        address = f"/search?q=cat&lang=en&media={media}"
        order = agency.misbehave(hold("read"), on="/v2/*/categories")
        first = client.get(f"{address}&wait=1")
        assert re.search(r'<input name="category" value="" maxlength="\d+">', first.text)
        assert "s-maxage=10," in first.headers["Cache-Control"]
        order.release.set()
        lookups = client.application.extensions["services"].lookups
        lookups.list_categories("en", 10, media)  # waits for the call that is under way
        again = client.get(address)
        assert re.search(r'<input name="category" value="" [^>]*list="categories">', again.text)
        offered = re.search(r'<datalist id="categories">(.*?)</datalist>', again.text)
        assert offered
        assert re.findall(r'value="(.*?)"', offered[1]) == list(CATEGORIES.values())
        assert "s-maxage=3600" in again.headers["Cache-Control"]
        assert again.headers["ETag"] != first.headers["ETag"]
        asked = [seen.path for seen in agency.requests]
        assert asked.count(f"/v2/{media}s/categories") == 1


def test_categories_that_fail_are_left_out(make_client: ClientMaker) -> None:
    """The page goes without them, and asks no more until the failure is forgotten."""
    with simulator() as agency:
        client = make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        agency.misbehave(answer_with(403), on="/v2/images/categories", times=None)
        lookups = client.application.extensions["services"].lookups
        assert lookups.list_categories("en", 10) == ((), False)
        page = client.get("/search?q=cat&lang=en&wait=1")
        assert "datalist" not in page.text
        assert "s-maxage=3600" in page.headers["Cache-Control"]
        asked = [seen.path for seen in agency.requests]
        assert asked.count("/v2/images/categories") == 1


def test_what_an_agency_takes_for_something_near_is_said(make_client: ClientMaker) -> None:
    """The filter is named where that is true for every value, else the values."""
    keys = {"ISTOCK_API_KEY": "x", "DEPOSITPHOTOS_API_KEY": "x", "YAY_API_KEY": "x"}
    client = make_client(**keys)
    gaps = read_gaps(client, "q=cat")
    assert {"Color", "Sort by"} <= gaps["Yay Images"]
    assert "Color" in gaps["Roughly at Depositphotos"]
    assert {"3 people", "4 people or more"} <= gaps["Roughly at iStock"]
    assert "2 people" not in gaps["Roughly at iStock"]
    assert "Color" not in read_gaps(client, "q=cat&agency=istock")["Roughly at iStock"]


def test_popularity_is_only_near_where_an_agency_has_an_order_of_its_own(
    make_client: ClientMaker,
) -> None:
    """The order of popularity is said to be rough; an order that an agency has is not."""
    keys = {"SHUTTERSTOCK_API_TOKEN": "x", "SHUTTERSTOCK_EDITORIAL_COUNTRY": "USA"}
    rough = read_gaps(make_client(**keys), "q=cat")["Roughly at Shutterstock Editorial"]
    assert "Popularity" in rough
    assert "Relevance" not in rough


def test_tabs_name_the_media_that_chosen_agencies_have(two: FlaskClient) -> None:
    """Each tab is a link that sets one field and keeps the filters; the current tab says so."""
    assert read_tabs(two, "q=cat") == ["All*", "Photos", "Vectors", "Footage", "Editorial"]
    assert read_tabs(two, "q=cat&type=vector")[2] == "Vectors*"
    assert read_tabs(two, "q=cat&media=video&fps=25")[3] == "Footage*"
    assert read_tabs(two, "q=cat&license=editorial")[4] == "Editorial*"
    assert read_tabs(two, "q=cat&agency=demo") == ["All*", "Photos", "Vectors"]
    page = two.get("/search?q=cat&media=video&fps=25&orientation=vertical&page=2&lang=en").text
    assert 'href="/search?q=cat&amp;type=photo&amp;orientation=vertical&amp;lang=en"' in page


def test_tabs_have_the_counts_that_are_known(make_client: ClientMaker) -> None:
    """Agencies of the site count at once, and a picture of several of them once.

    Nothing stands where an agency has not answered, nor on further pages.
    """
    demo = make_client(AGENCIES="demo,demo-shop")
    tabs = demo.get("/search?q=mountain&lang=en").text.partition("</nav>")[0]
    photos, footage = re.findall(r">(?:Photos|Footage) <small([^>]*)>(\d+)</small>", tabs)
    answer = demo.get("/api/search?q=mountain&type=photo&agency=demo&lang=en")
    found = json.loads(answer.data)["total"]
    assert photos == ("", str(found))
    assert footage[0] == ""
    assert "<small" not in demo.get("/search?q=mountain&page=2&lang=en").text.partition("<h1")[0]
    keys = {"SHUTTERSTOCK_API_TOKEN": "x", "SHUTTERSTOCK_URL": "http://127.0.0.1:9"}
    two = make_client(AGENCIES="demo,shutterstock", **keys)
    tabs = two.get("/search?q=mountain&lang=en").text.partition("</nav>")[0]
    assert "All</a>" in tabs


@pytest.mark.parametrize(
    ("total", "is_sum", "capped", "texts"),
    [
        (12, False, False, ("12", "12")),
        (1_234_567, False, False, ("1.2M", "1,234,567")),
        (1_234_567, True, False, ("1.2M", "about 1,234,567")),
        (10_000, True, True, ("10K+", "more than 10,000")),
    ],
)
def test_totals_are_short(
    client: FlaskClient,
    total: int,
    is_sum: bool,  # noqa: FBT001 - parametrized
    capped: bool,  # noqa: FBT001 - parametrized
    texts: tuple[str, str],
) -> None:
    """A tab has a few characters, its title the number; only a count that ends is "more than"."""
    with client.application.test_request_context("/?lang=en"):
        client.application.preprocess_request()
        assert format_known_total(KnownTotal(total, is_sum, capped)) == texts
        assert format_known_total(None) is None


def test_order_stands_beside_the_count(two: FlaskClient) -> None:
    """The orders are links above the results, without JavaScript, and no field of the panel."""
    page = two.get("/search?q=cat&sort=newest&agency=demo&lang=en&wait=1").text
    menu = page.partition('<details class="sort">')[2].partition("</details>")[0]
    assert "Sort by: </span>Newest</summary>" in menu
    links = re.findall(r'href="([^"]+)"[^>]*>(\w+)</a>', menu)
    assert ("/search?q=cat&amp;lang=en&amp;agency=demo", "Popularity") in links
    assert menu.count('aria-current="true"') == 1
    assert '<select name="sort">' not in page


def test_pictures_without_ai_come_from_agencies_that_can_tell(two: FlaskClient) -> None:
    """The box is in the form, the choice a chip; who can't tell is left out and named."""
    page = two.get("/search?q=cat&no_ai=1&lang=en&wait=1").text
    assert '<input type="checkbox" name="no_ai" value="1" checked> Without AI' in page
    assert "<bdi>Without AI</bdi>" in page
    assert "Left out, unable to tell what AI has made: <b>Shutterstock</b>." in page
    assert 'data-agency="demo"' in page


def test_embeds_have_neither_tabs_nor_orders(two: FlaskClient) -> None:
    """The tabs lead to the site's own pages, which another site's page does not show."""
    shown = two.get("/embed/search?q=cat&agency=demo&lang=en&wait=1").text
    assert "tabs" not in shown
    assert "sort" not in shown
