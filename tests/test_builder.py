"""The builder offers what can be embedded, and its code says exactly that."""

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from tests.support.apps import ClientMaker

URL = "https://me.example"
HOSTILE = '"><script>alert(1)</script>'


def codes(client: FlaskClient, query: str = "") -> list[str]:
    """The three forms of code that the builder gives."""
    page = client.get(f"/embed/builder?{query}")
    assert page.status_code == 200
    found = re.findall(r'<textarea dir="ltr"[^>]*>(.*?)</textarea>', page.text, re.DOTALL)
    return [unescape(one) for one in found]


def test_a_first_visit_shows_the_first_topic(make_client: ClientMaker) -> None:
    """Without a choice it builds the site's first topic, in three forms with whole addresses."""
    client = make_client(SITE_URL=URL, SITE_TOPICS="red bicycle")
    element, frame, link = codes(client)
    assert element == (
        f'<script type="module" async src="{URL}/embed.js"></script>\n'
        '<affiliate-search q="red bicycle" style="display: block; min-height: 342px">'
        f'<a href="{URL}/search?q=red+bicycle&amp;lang=en">Pictures for “red bicycle”</a>'
        "</affiliate-search>"
    )
    assert frame == (
        f'<iframe src="{URL}/embed?q=red+bicycle" title="Pictures for “red bicycle”" width="100%"'
        ' height="342" loading="lazy" style="border: 0; max-width: 100%"></iframe>'
    )
    assert link == f"{URL}/search?q=red+bicycle&lang=en"


def test_every_choice_is_in_the_code(make_client: ClientMaker) -> None:
    """What was chosen stands in the element, the frame and, as far as it can, the address."""
    query = (
        "q=cat&kind=strip&rows=3&type=vector&agency=demo&safe=0&theme=dark&accent=%23ff8800"
        "&site=Blog.example&consent=click&limit=9&lang=de"
    )
    client = make_client(SITE_URL=URL)
    element, frame, link = codes(client, query)
    wanted = (
        ' q="cat" type="vector" safe="0" lang="de" agency="demo" kind="strip" rows="3" limit="9"'
        ' theme="dark" accent="#ff8800" site="blog.example" data-consent="click" style='
    )
    assert wanted in element
    assert "Bilder zu „cat“" in element
    source = re.search(r'src="https://me\.example(/embed\?[^"]+)"', frame)
    assert source
    assert client.get(unescape(source[1])).status_code == 200
    assert link == f"{URL}/search?q=cat&type=vector&safe=0&lang=de&agency=demo&site=blog.example"


def test_a_search_box_reserves_its_box_alone(make_client: ClientMaker) -> None:
    """A box in which nothing is searched for yet has no rows to reserve; a frame can't grow."""
    element, frame, link = codes(make_client(SITE_URL=URL), "kind=search")
    assert "min-height: 50px" in element
    assert 'height="548"' in frame
    assert link == f"{URL}/?lang=en"


def test_hostile_words_stay_words(make_client: ClientMaker) -> None:
    """Words that look like markup are escaped in the code and once more on the page."""
    client = make_client(SITE_URL=URL)
    page = client.get("/embed/builder", query_string={"q": HOSTILE})
    assert "<script>alert" not in page.text
    assert all("<script>alert" not in one for one in codes(client, "q=%22%3E%3Cscript%3Ealert(1)"))


@pytest.mark.parametrize(
    ("query", "field"), [("q=cat&rows=9", "rows"), ("q=cat&site=a%20b", "site")]
)
def test_what_cant_be_built_is_named(client: FlaskClient, query: str, field: str) -> None:
    """A bad choice is 400 and says which."""
    answer = client.get(f"/embed/builder?{query}")
    assert answer.status_code == 400
    assert f"“{field}” can&#39;t be read" in answer.text


def test_the_builder_is_kept_by_nobody(client: FlaskClient) -> None:
    """It shows frames of its own site only, and speaks the language that is asked for."""
    page = client.get("/embed/builder?lang=de")
    assert page.headers["Cache-Control"] == "private, no-cache"
    assert "frame-src 'self';" in page.headers["Content-Security-Policy"]
    assert "Bilder für Ihre Website" in page.text
    assert 'name="robots" content="noindex"' in page.text
