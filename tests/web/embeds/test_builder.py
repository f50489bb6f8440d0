"""The builder offers what can be embedded, and its code says exactly that."""

import re
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from flask.testing import FlaskClient
from markupsafe import escape

from affiliate.domain.ui_languages import UI_LANGUAGES
from affiliate.web.embeds.platforms import PLATFORMS
from tests.dialects import serve_dialect
from tests.dialects.openverse import OpenverseDialect
from tests.dialects.pixabay import PixabayDialect
from tests.support.apps import ClientMaker
from tests.support.processes import ROOT

URL = "https://me.example"
HOSTILE = '"><script>alert(1)</script>'


def codes(client: FlaskClient, query: str = "") -> list[str]:
    """Return the three forms of code that the builder gives."""
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
        ' height="342" frameborder="0" loading="lazy"'
        ' referrerpolicy="strict-origin-when-cross-origin" style="border: 0; max-width: 100%">'
        "</iframe>"
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


FAULTS = {
    "q=cat&rows=9": {"rows": "Use a whole number from 1 to 6."},
    "q=cat&accent=red": {"accent": "Use six hexadecimal digits, such as ff8800."},
    "kind=grid&q=": {"q": "Type a word to search for, or choose a category or a color."},
    "q=cat&kind=wall": {"kind": "Use one of: grid, strip, image, search."},
    "q=cat&view=pink": {"view": "Use one of: light, dark, narrow, choose."},
    "q=cat&color=red&theme=pink": {
        "color": "Use six hexadecimal digits, such as ff8800, or grayscale.",
        "theme": "Use one of: light, dark, auto.",
    },
    "q=&kind=grid&rows=x&accent=1": {
        "q": "Type a word to search for, or choose a category or a color.",
        "rows": "Use a whole number from 1 to 6.",
        "accent": "Use six hexadecimal digits, such as ff8800.",
    },
}


@pytest.mark.parametrize("query", FAULTS)
def test_every_choice_that_cant_be_read_is_told_beside_its_field(
    client: FlaskClient, query: str
) -> None:
    """All of them at once, with what was typed still in the fields, and no code beside them."""
    answer = client.get(f"/embed/builder?{query}&lang=en")
    assert answer.status_code == 400
    told = re.findall(r'<p class="wrong" id="wrong-([^"]*)">([^<]+)</p>', answer.text)
    told += re.findall(r'<p class="wrong">(\w+): ([^<]+)</p>', answer.text)
    assert dict(told) == FAULTS[query]
    assert "<textarea" not in answer.text
    assert "<iframe" not in answer.text
    for name in set(FAULTS[query]) - {"view"}:
        field = re.search(rf'<(?:input|select) id="f-{name}"[^>]*>', answer.text)
        assert field
        assert 'aria-invalid="true"' in field[0]
        assert f'aria-describedby="wrong-{name}' in field[0]
        typed = re.search(rf"\b{name}=([^&]*)", query)
        assert typed
        assert "<select" in field[0] or f'value="{typed[1]}"' in field[0]


def test_first_things_come_first_and_every_field_is_named(client: FlaskClient) -> None:
    """The platform stands above all; each field has a label."""
    page = client.get("/embed/builder?lang=en").text
    names = re.findall(r'<(?:input|select) id="f-(\w+)"', page)
    assert names == ["platform", "q", "kind", "rows", *names[4:]]
    for name in names:
        assert f'<label for="f-{name}">' in page


FORMS = {
    "wordpress": ["<script", f"{URL}/search?q=cat"],
    "blogger": ["<script"],
    "ghost": ["<script", f"{URL}/search?q=cat"],
    "wix": ["<iframe"],
    "squarespace": ["<script", "<iframe"],
    "notion": [f"{URL}/embed?q=cat"],
    "medium": [f"{URL}/search?q=cat"],
    "substack": [f"{URL}/search?q=cat"],
    "newsletter": ["<p><a href="],
    "html": ["<script", "<iframe", f"{URL}/search?q=cat"],
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_gets_the_forms_that_it_takes(make_client: ClientMaker, platform: str) -> None:
    """No script where scripts are not allowed; sentences say where to paste."""
    client = make_client(SITE_URL=URL)
    client.get("/api/search?q=cat&lang=en")
    found = codes(client, f"q=cat&platform={platform}&lang=en")
    assert len(found) == len(FORMS[platform])
    assert all(one.startswith(start) for one, start in zip(found, FORMS[platform], strict=True))
    page = client.get(f"/embed/builder?q=cat&platform={platform}&lang=en").text
    assert f'<option value="{platform}" selected>' in page
    for sentence in PLATFORMS[platform].hints:
        with client.application.test_request_context("/?lang=en"):
            said = str(sentence)
        assert f'<p class="where">{said}</p>' in page


def test_previews_stand_on_the_ground_that_is_chosen(client: FlaskClient) -> None:
    """The theme of a preview is the ground's unless the embed says one; the code is the same."""
    for query, theme in (
        ("view=dark", "theme=dark"),
        ("view=light", "theme=light"),
        ("view=dark&theme=light", "theme=light"),
        ("view=narrow&theme=dark", "theme=dark"),
    ):
        page = client.get(f"/embed/builder?q=cat&{query}&lang=en").text
        ground = re.search(r'<div class="ground (\w+)"><iframe src="([^"]+)"', page)
        assert ground
        assert f"view={ground[1]}" in query
        assert unescape(ground[2]).count("theme=") == 1
        assert theme in ground[2]
        assert ("theme=" in codes(client, f"q=cat&{query}")[0]) == ("theme=" in query)


def test_without_a_lasting_address_the_owner_is_told(make_client: ClientMaker) -> None:
    """Code that holds the visit's own address may not work, so the page says what to set."""
    path = "/embed/builder?q=cat&lang=en"
    assert "SITE_URL" in make_client().get(path).text
    assert "SITE_URL" not in make_client(SITE_URL=URL).get(path).text


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/?lang=en", "/embed/builder?lang=en"),
        ("/search?q=red+cat&type=photo&lang=en", "/embed/builder?q=red+cat&type=photo&lang=en"),
        ("/image/demo/1008600?lang=de", "/embed/builder?lang=de"),
        ("/nope?lang=en", "/embed/builder?lang=en"),
        ("/embed/builder?lang=en", "/embed/builder?lang=en"),
    ],
)
def test_every_page_leads_to_the_builder(client: FlaskClient, path: str, wanted: str) -> None:
    """The footer's link; a search is taken along, and crawlers stay away."""
    foot = client.get(path).text.partition("<footer")[2]
    found = re.search(r'<a href="([^"]+)" rel="nofollow">', foot)
    assert found
    assert parse_qs(urlsplit(unescape(found[1])).query) == parse_qs(urlsplit(wanted).query)
    assert unescape(found[1]).startswith("/embed/builder?")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/?lang=en", "/?lang=de"),
        ("/search?q=cat&page=2&utm_source=x&lang=en", "/search?q=cat&lang=de&page=2"),
        ("/topics/snow?lang=en&x=1", "/topics/snow?lang=de"),
        ("/image/demo/1008600?q=cat&lang=en", "/image/demo/1008600?q=cat&lang=de"),
    ],
)
def test_every_page_leads_to_its_other_languages(
    client: FlaskClient, path: str, wanted: str
) -> None:
    """The same page in each language but its own, with nothing else of the visitor's address."""
    foot = client.get(path).text.partition("<footer")[2]
    found = dict(re.findall(r'hreflang="([^"]+)"[^>]*>([^<]+)</a>', foot))
    assert set(found) == set(UI_LANGUAGES) - {"en"}
    german = re.search(r'<a href="([^"]+)"[^>]* lang="de"', foot)
    assert german
    address = urlsplit(urljoin(path, unescape(german[1])))
    assert address.path == urlsplit(wanted).path
    assert parse_qs(address.query) == parse_qs(urlsplit(wanted).query)
    assert client.get(address.geturl()).status_code == 200


def test_the_builder_is_kept_by_nobody(client: FlaskClient) -> None:
    """It shows frames of its own site only, and speaks the language that is asked for."""
    page = client.get("/embed/builder?lang=de")
    assert page.headers["Cache-Control"] == "private, no-cache"
    assert "frame-src 'self';" in page.headers["Content-Security-Policy"]
    assert "Bilder für Ihre Website" in page.text
    assert 'name="robots" content="noindex"' in page.text


def test_the_documentation_shows_the_builder_s_frame(make_client: ClientMaker) -> None:
    """The reference for bloggers holds the iframe as it is given out."""
    text = (ROOT / "docs" / "embeds.md").read_text()
    frame = codes(make_client(SITE_URL="https://pictures.example"), "q=red+bicycle&rows=2")[1]
    source, attributes = frame.split(" title=")
    shown = re.sub(r"\s+", " ", text).replace("&amp;rows=2", "")
    assert source in shown
    assert attributes.partition('" ')[2] in shown


def test_a_newsletter_has_pictures_and_links_alone(make_client: ClientMaker) -> None:
    """Whole addresses, sizes and words for who sees none; links lead to the pictures' pages."""
    client = make_client(
        SITE_URL=URL, DEMO_AFFILIATE_ID="1", DEMO_AFFILIATE_LINK="https://shop.example/?u={landing}"
    )
    items = client.get("/api/search?q=cat&lang=en").get_json()["items"][:6]
    code = codes(client, "q=cat&platform=newsletter&site=blog.example&lang=en")[0]
    assert not re.search("<script|<iframe|style=|shop.example", code)
    for item in items:
        page = f"{URL}/image/demo/{item['id']}?q=cat&amp;lang=en&amp;site=blog.example"
        assert f'<a href="{page}"><img src="{URL}{item["thumbnail"]["url"]}" width="' in code
    assert code.count("<img") == code.count('height="150"') == code.count("alt=") == 6
    assert f'<a href="{URL}/search?q=cat&amp;lang=en&amp;site=blog.example">' in code
    few = codes(client, "q=cat&platform=newsletter&limit=2&lang=en")[0]
    assert few.count("<img") == 2


def test_a_newsletter_costs_no_call(make_client: ClientMaker) -> None:
    """Before its pictures are cached the page says so; the preview fetches them."""
    client = make_client(SITE_URL=URL)
    for _ in range(2):
        page = client.get("/embed/builder?q=cat&platform=newsletter&lang=en")
        assert page.status_code == 200
        assert "data-again" in page.text
        assert "<textarea" not in page.text


def test_the_builder_says_why_a_preview_has_no_pictures(make_client: ClientMaker) -> None:
    """Bloggers see the reason beside the code, once cached answers tell; readers see the link."""
    client = make_client(SITE_URL=URL)
    for _ in range(2):
        client.get("/api/search?q=qqzxw&lang=en")
        page = client.get("/embed/builder?q=qqzxw&lang=en").text
    assert '<p class="note">Nothing found for “qqzxw”</p>' in page
    mail = client.get("/embed/builder?q=qqzxw&platform=newsletter&lang=en").text
    assert "Nothing found for" in mail
    assert "on their way" not in mail
    unable = client.get("/embed/builder?q=cat&people=2&lang=en").text
    assert '<p class="note">None of the agencies can search this way.</p>' in unable
    client.get("/api/search?q=cat&lang=en")
    for query in (
        "q=cat",
        "kind=search",
        "q=nobodyasked",
        "ids=demo:1",
        "q=cat&agency=shutterstock",
    ):
        assert '<p class="note">' not in client.get(f"/embed/builder?{query}&lang=en").text, query


def test_a_newsletter_keeps_the_terms_of_agencies(make_client: ClientMaker) -> None:
    """Pictures whose addresses may not last are left out, and names that must be told are."""
    with serve_dialect(PixabayDialect()) as pixabay, serve_dialect(OpenverseDialect()) as openverse:
        urls = {"PIXABAY_URL": pixabay.url, "OPENVERSE_URL": openverse.url}
        key = PixabayDialect.keys["KEY"]
        client = make_client(SITE_URL=URL, AGENCIES="pixabay,openverse", PIXABAY_KEY=key, **urls)
        client.get("/api/search?q=flower&lang=en&wait=1")
        code = codes(client, "q=flower&platform=newsletter&lang=en")[0]
    assert "/image/openverse/" in code
    assert "pixabay" not in code
    assert code.count("<small>") >= code.count("<img")


def inside(element: str) -> str:
    """Return what stands inside an element."""
    return element.partition('px">')[2].removesuffix("</affiliate-search>")


def test_an_element_holds_a_picture_until_others_come(make_client: ClientMaker) -> None:
    """Feeds and readers without scripts see it; it is in the link, as large as what comes."""
    client = make_client(SITE_URL=URL)
    cold = client.get("/embed/builder?q=cat&lang=en").text
    assert "&lt;img" not in cold
    assert 'class="field" data-again' in cold
    item = client.get("/api/search?q=cat&lang=en").get_json()["items"][0]
    image = item["preview"] or item["thumbnail"]
    ratio = image["width"] / image["height"]
    for query, height in {"q=cat": 150, "q=cat&kind=strip": 150, "q=cat&kind=image": 270}.items():
        page = client.get(f"/embed/builder?{query}&lang=en").text
        assert '"field" data-again' not in page
        element = codes(client, f"{query}&lang=en")[0]
        link, label = f'<a href="{URL}/search?q=cat&amp;lang=en">', "Pictures for “cat”"
        assert inside(element) == (
            f'{link}<img src="{URL}{image["url"]}" alt="{item["title"]}"'
            f' width="{round(ratio * height)}" height="{height}" loading="lazy"'
            f' style="max-width: 100%; object-fit: cover; object-position: top"><br>{label}</a>'
        )
    assert "<img" in codes(client, "q=cat&kind=search&lang=en")[0]
    for none in ("q=cat&consent=click", "kind=search", "q=nobodyasked"):
        assert "<img" not in codes(client, f"{none}&lang=en")[0]
    assert '"field" data-again' not in client.get("/embed/builder?q=dog&consent=click&lang=en").text


def test_a_picture_inside_an_element_keeps_the_terms(make_client: ClientMaker) -> None:
    """None whose address may not last, and none without the names that must be told."""
    with serve_dialect(PixabayDialect()) as pixabay, serve_dialect(OpenverseDialect()) as openverse:
        urls = {"PIXABAY_URL": pixabay.url, "OPENVERSE_URL": openverse.url}
        key = PixabayDialect.keys["KEY"]
        client = make_client(SITE_URL=URL, AGENCIES="pixabay,openverse", PIXABAY_KEY=key, **urls)
        items = client.get("/api/search?q=flower&lang=en&wait=1").get_json()["items"]
        both = codes(client, "q=flower&lang=en")[0]
        one = codes(client, "q=flower&agency=pixabay&lang=en")[0]
        box = codes(client, "q=flower&kind=search&lang=en")[0]
    first = next(item for item in items if item["agency"] == "openverse")
    assert f"</a><br><small>{escape(first['attribution'])}</small></affiliate-search>" in both
    assert "pixabay" not in both
    assert "<img" not in one + box


def test_a_picture_s_page_leads_to_its_own_embed(make_client: ClientMaker) -> None:
    """From a picture the builder shows that picture, and the link inside leads back to it."""
    client = make_client(SITE_URL=URL)
    item = client.get("/api/search?q=cat&lang=en").get_json()["items"][0]
    page = client.get(f"/image/demo/{item['id']}?q=cat&lang=en").text
    found = re.search(r'<a href="(/embed/builder[^"]+ids=[^"]+)" rel="nofollow">', page)
    assert found
    code = codes(client, unescape(found[1]).partition("?")[2])[0]
    assert f' ids="demo:{item["id"]}" kind="image" ' in code
    assert f'<a href="{URL}/image/demo/{item["id"]}?lang=en">Pictures</a>' in code
    client.get(f"/embed/search?ids=demo:{item['id']}&lang=en")
    mail = codes(client, f"ids=demo:{item['id']}&platform=newsletter&lang=en")
    assert mail[0].count("<img") == 1


@pytest.mark.parametrize(
    ("query", "attributes"),
    [
        ("ids=demo:2,demo:1", ' ids="demo:2,demo:1"'),
        ("collection=demo:9", ' collection="demo:9"'),
        ("q=cat&fallback=red+dog", ' fallback="red dog"'),
        ("q=cat&theme=auto", ' theme="auto"'),
        ("q=cat&kind=strip&limit=9", ' limit="9"'),
        ("q=cat&media=video", ' media="video"'),
        ("q=cat&category=Animals&people=0&exclude=dog", ' exclude="dog"'),
        ("q=cat&credit=1&align=center&target=_blank", ' credit="1" align="center" target="_blank"'),
    ],
)
def test_every_choice_has_a_field_that_keeps_it(
    client: FlaskClient, query: str, attributes: str
) -> None:
    """What the code says stands in the form too, so that the next choice does not drop it."""
    page = client.get(f"/embed/builder?{query}&lang=en")
    assert page.status_code == 200
    assert attributes in codes(client, query)[0]
    form = page.text.partition('<form action="/embed/builder')[2].partition("</form>")[0]
    for name, values in parse_qs(query).items():
        field = re.search(rf'<(?:input|select)[^>]* name="{name}"[^>]*>', form)
        assert field
        kept = f'value="{values[0]}"' in field[0] and (
            "checkbox" not in field[0] or " checked" in field[0]
        )
        assert kept or f'<option value="{values[0]}" selected>' in form


def test_all_of_a_search_is_shown_to_choose_from(client: FlaskClient) -> None:
    """While pictures are chosen the preview has them all; the code has the chosen ones."""
    page = client.get("/embed/builder?q=cat&ids=demo:1&kind=image&view=choose&lang=en").text
    source = re.search(r'<iframe src="([^"]+)"', page)
    assert source
    assert unescape(source[1]) == "/embed?q=cat&lang=en&rows=6"
    assert 'kind="image"' in codes(client, "q=cat&ids=demo:1&kind=image&view=choose")[0]
