"""The page offers what some chosen agency can express, says who can't, and drops nothing."""

import re

import pytest
from flask.testing import FlaskClient

from affiliate.domain.query import SearchQuery
from affiliate.web.filter_form import (
    CHOICE_FILTERS,
    COLOR_LABELS,
    FILTER_LABELS,
    TEXT_FILTERS,
    FilterChoice,
    describe_filter,
    list_choices,
)
from tests.simulator import TOKEN, answer_with, hold, simulator
from tests.simulator.library import CATEGORIES
from tests.support.apps import ClientMaker

FOOTAGE = {"duration", "resolution", "aspect", "fps"}
ALL = tuple(name for name in (*CHOICE_FILTERS, "color", *TEXT_FILTERS) if name not in FOOTAGE)
ONLY_SHUTTERSTOCK = {"people", "age", "gender", "license", "released"}


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


def values(choice: FilterChoice) -> list[str]:
    return [value for value, _ in choice.options]


def test_all_that_any_agency_can_express_is_offered(two: FlaskClient) -> None:
    """Without a choice of agency the filters of all stand there, in the order of the page."""
    found = read_choices(two, "q=cat")
    assert tuple(found) == ALL
    assert all(one.offered for one in found.values())
    assert {name for name, one in found.items() if one.notes} == ONLY_SHUTTERSTOCK
    assert found["people"].notes == ("Not at Demo catalogue",)


def test_chosen_agency_narrows_what_is_offered(two: FlaskClient) -> None:
    """With an agency chosen, only its own filters and values stand there, and nobody lacks any."""
    demo = read_choices(two, "q=cat&agency=demo")
    assert set(demo) == set(ALL) - ONLY_SHUTTERSTOCK - {"media"}
    assert values(demo["orientation"]) == ["horizontal", "vertical", "square"]
    other = read_choices(two, "q=cat&agency=shutterstock")
    assert set(other) == set(ALL)
    assert values(other["orientation"]) == ["horizontal", "vertical"]
    assert values(other["sort"]) == ["popular", "relevance", "newest", "random"]
    assert not any(one.notes for one in (*demo.values(), *other.values()))


def test_footage_has_filters_of_its_own(two: FlaskClient) -> None:
    """With footage chosen the page offers what footage can be searched by, and who has none."""
    found = read_choices(two, "q=cat&media=video&type=photo")
    assert FOOTAGE | {"media", "people", "sort"} <= {n for n, one in found.items() if one.offered}
    assert not found["type"].offered
    assert found["media"].options == (
        ("image", "Images"),
        ("video", "Footage · Not at Demo catalogue"),
    )
    assert (found["media"].chosen, found["media"].default) == ("video", "image")
    assert values(found["resolution"]) == ["4k", "high_definition", "standard_definition"]
    assert values(found["license"]) == ["commercial", "editorial"]
    assert found["duration"].notes == ("Not at Demo catalogue",)


def test_value_that_an_agency_lacks_says_so(two: FlaskClient) -> None:
    """A value that only some can express names those that can't; the others name nobody."""
    found = read_choices(two, "q=cat")
    assert [label for _, label in found["orientation"].options] == [
        "Horizontal",
        "Vertical",
        "Square · Not at Shutterstock",
    ]
    noted = [v for one in found.values() for v, label in one.options if "Not at" in label]
    assert noted == ["video", "square", "oldest"]


def test_what_is_chosen_stays_in_the_form(two: FlaskClient) -> None:
    """What no chosen agency can express, or has no field, is there as chosen, not as offered."""
    found = read_choices(two, "q=cat&agency=demo&people=2&ethnicity=black&released=1&type=photo")
    kept = {name: one.chosen for name, one in found.items() if not one.offered}
    assert kept == {"people": "2", "released": "1", "ethnicity": "black"}
    assert found["type"].chosen == "photo"
    square = read_choices(two, "q=cat&agency=shutterstock&orientation=square")["orientation"]
    assert square.options[-1] == ("square", "Square · Not at Shutterstock")
    assert square.chosen == "square"


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
    """Beside a filter of which that is true for every value, else beside the value."""
    keys = {"ISTOCK_API_KEY": "x", "DEPOSITPHOTOS_API_KEY": "x", "YAY_API_KEY": "x"}
    client = make_client(**keys)
    found = read_choices(client, "q=cat")
    assert found["color"].notes == ("Not at Yay Images", "Roughly at Depositphotos")
    assert not any("Roughly" in label for _, label in found["color"].options)
    people = dict(found["people"].options)
    assert people["2"] == "2 people"
    assert people["3"] == "3 people · Roughly at iStock"
    assert found["sort"].notes == ("Not at Yay Images",)
    assert "<small>Roughly at Depositphotos</small>" in client.get("/search?q=cat&lang=en").text
    assert not read_choices(client, "q=cat&agency=istock")["color"].notes


def test_of_many_agencies_few_are_named(make_client: ClientMaker) -> None:
    """Those that can't, or those that can, whichever are few; else a number stands for them."""
    named = ("ISTOCK", "DEPOSITPHOTOS", "YAY", "_123RF", "ISTOCK_XMLRPC")
    keys = {f"{name}_API_KEY": "x" for name in named}
    keys |= {"PIXABAY_KEY": "x", "DREAMSTIME_APPLICATION_ID": "x", "PHOTODUNE_TOKEN": "x"}
    found = read_choices(make_client(**keys), "q=cat")
    assert found["type"].notes == ("Not at Dreamstime",)
    assert found["age"].notes == ("Only at Depositphotos, iStock, 123RF",)
    assert found["contributor"].notes == ("At 4 of 8 agencies",)


def test_popularity_is_only_near_where_an_agency_has_an_order_of_its_own(
    make_client: ClientMaker,
) -> None:
    keys = {"SHUTTERSTOCK_API_TOKEN": "x", "SHUTTERSTOCK_EDITORIAL_COUNTRY": "USA"}
    orders = dict(read_choices(make_client(**keys), "q=cat")["sort"].options)
    assert orders["popular"] == "Popularity · Roughly at Shutterstock Editorial"
    assert orders["relevance"] == "Relevance"
