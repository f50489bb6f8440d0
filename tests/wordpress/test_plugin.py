"""The WordPress plugin puts searches of the site into posts: by a block, a shortcode or a link."""

import html
import json
import re
import socket
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Dialog, Page, expect

from affiliate.web.embeds.options import DEFAULT_ROWS, Embed
from tests.support.blog import Blog
from tests.support.embed_filters import SAMPLES
from tests.support.site_server import SiteServer
from tests.support.wordpress_pages import block, element, link, read_feed, wait_for_pictures

NOWHERE = "http://127.0.0.1:9"
"""A site that is down: nothing answers on the port of "discard"."""
SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((all) => shifts.push(...all.getEntries().map((one) => one.value)))
        .observe({ type: "layout-shift", buffered: true });
"""
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> &quot;onload=alert(1) {b}"


# -- shortcode


def test_shortcode_shows_pictures(blog: Blog, page: Page, site: SiteServer) -> None:
    """A shortcode becomes the element with its attributes, a link inside, and pictures."""
    page.goto(blog.post('[affiliate_search q="red flower" kind="grid" rows="2"]'))
    attributes = {name: element(page).get_attribute(name) for name in ("q", "kind", "rows")}
    assert attributes == {"q": "red flower", "kind": "grid", "rows": "2"}
    wait_for_pictures(element(page))
    assert (
        link(page).get_attribute("href")
        == f"{site.url}/search?q=red%20flower&lang=en-US&site=127.0.0.1"
    )
    assert link(page).get_attribute("rel") == "sponsored nofollow noopener"


def test_nothing_moves(blog: Blog, page: Page) -> None:
    """The height of the pictures is kept free until they come."""
    page.add_init_script(SHIFTS)
    page.goto(blog.post("Before [affiliate_search q=flower rows=2 kind=grid] after"))
    wait_for_pictures(element(page))
    assert element(page).evaluate("one => one.style.minHeight") == "342px"
    assert page.evaluate("shifts") == []


def test_search_box_is_named(blog: Blog, page: Page) -> None:
    """A box to search in is labeled as one."""
    page.goto(blog.post("[affiliate_search kind=search q=flower]"))
    expect(page.get_by_role("searchbox", name="Search stock pictures")).to_have_value("flower")


def test_many_searches_load_one_script(blog: Blog, page: Page, site: SiteServer) -> None:
    """However many searches a page has, it loads the site's script once, and not without any."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(blog.post("Words alone."))
    assert [url for url in asked if url.startswith(site.url)] == []
    page.goto(blog.post("[affiliate_search q=cat] [affiliate_search q=flower]" + block()))
    expect(element(page)).to_have_count(3)
    assert asked.count(f"{site.url}/embed.js") == 1


def test_settings_are_the_default_look(blog: Blog, page: Page, site: SiteServer) -> None:
    """What a shortcode leaves out is as in the settings."""
    look = {"kind": "grid", "rows": "3", "theme": "dark", "accent": "#123456", "consent": "click"}
    blog.save_settings(site=site.url, **look)
    page.goto(blog.post("[affiliate_search q=cat rows=1]"))
    names = {"data-consent" if name == "consent" else name: name for name in look}
    found = {name: element(page).get_attribute(known) for known, name in names.items()}
    assert found == look | {"rows": "1"}


def test_title_proposes_words(blog: Blog) -> None:
    """The first words of a title that say what a picture could show are searched for."""
    words = {
        "Red fox": "Red fox",
        "10 tips for your red bicycle": "red bicycle",
        "The <em>best</em> flowers &amp; trees of spring": "flowers trees spring",
        "Ten thousand small white boats": "Ten thousand small white",
        "Mother's day": "Mother's day",
        "Über Äpfel": "Über Äpfel",
        "रंगीन फूल": "रंगीन फूल",
        "赤い花": "赤い花",
        "10 ways to": "",
        "\N{LATIN SMALL LETTER E WITH ACUTE}" * 600: "\N{LATIN SMALL LETTER E WITH ACUTE}" * 500,
    }
    code = """return array_map( function ( $title ) {
        return affiliate_search_resolve_attributes( array(), $title )['q'];
    }, $values['titles'] );"""
    assert dict(zip(words, blog.php(code, titles=list(words)), strict=True)) == words


def test_title_stands_in(blog: Blog, page: Page) -> None:
    """A shortcode and a block without words search for those of their post's title."""
    page.goto(blog.post("[affiliate_search]" + block(), "10 tips for your red bicycle"))
    found = element(page).evaluate_all("all => all.map(one => one.getAttribute('q'))")
    assert found == ["red bicycle", "red bicycle"]


def test_without_words_writers_are_told(blog: Blog, page: Page, desk: Page) -> None:
    """Where nothing can be searched for, visitors see nothing, and writers what to do."""
    address = blog.post("[affiliate_search]", "10 tips")
    page.goto(address)
    expect(page.locator(".entry-content")).to_have_text("")
    desk.goto(address)
    expect(desk.locator(".entry-content")).to_contain_text("Type words to search for")


@pytest.mark.parametrize("given", [{"kind": "search"}, {"kind": "search", "q": ""}])
def test_a_search_box_may_be_empty(blog: Blog, given: dict[str, str]) -> None:
    """A box that a writer chose has the words that the writer gave, and none of the title."""
    html = blog.php("return affiliate_search_html( $values['given'], 'Red fox' );", given=given)
    assert ' q=""' in html or " q=" not in html
    assert "min-height:86px" in html


TYPED = {
    "q=“red bicycle” kind=”strip”": {"q": "red bicycle", "kind": "strip"},
    "q=&#8220;red bicycle&#8221; rows=&#8243;2&#8243;": {"q": "red bicycle", "rows": "2"},
    "q=\N{LEFT SINGLE QUOTATION MARK}red bicycle\N{RIGHT SINGLE QUOTATION MARK} rows=1": {
        "q": "red bicycle",
        "rows": "1",
    },
    "q=„rotes Fahrrad“": {"q": "rotes Fahrrad"},
    "q=«vélo rouge»": {"q": "vélo rouge"},
    "q=red bicycle": {"q": "red bicycle"},
    "red bicycle": {"q": "red bicycle"},
    "red bicycle kind=grid": {"q": "red bicycle", "kind": "grid"},
    '"red bicycle"': {"q": "red bicycle"},
    'keywords="red bicycle"': {"q": "red bicycle"},
    'q="red<br />bicycle"': {"q": "red bicycle"},
    "q=\N{NO-BREAK SPACE}cat\N{NO-BREAK SPACE}": {"q": "cat"},
    "Q=cat ROWS=2": {"q": "cat", "rows": "2"},
    'q="don\N{RIGHT SINGLE QUOTATION MARK}t panic"': {
        "q": "don\N{RIGHT SINGLE QUOTATION MARK}t panic"
    },
    "q=「赤い 自転車」 kind=『grid』": {"q": "赤い 自転車", "kind": "grid"},
    "q&#xFF1D;&#xFF02;赤い&#xFF02;&#x3000;rows=2": {"q": "赤い", "rows": "2"},
    "q=&lsaquo;vélo rouge&rsaquo;": {"q": "vélo rouge"},
    "q=\N{SINGLE LOW-9 QUOTATION MARK}rotes Rad\N{LEFT SINGLE QUOTATION MARK} kind=grid": {
        "q": "rotes Rad",
        "kind": "grid",
    },
    "q=&nbsp;&#8222;rotes&nbsp;Rad&#8220;": {"q": "rotes Rad"},
    'q="the “red” bicycle" kind=grid': {"q": "the “red” bicycle", "kind": "grid"},
    'q="red bicycle” kind="grid"': {"q": "red bicycle", "kind": "grid"},
    'q="cat"kind="grid"': {"q": "cat", "kind": "grid"},
    'q="cat", kind="grid"': {"q": "cat", "kind": "grid"},
    "q=cat fallback=red dog rows=2": {"q": "cat", "fallback": "red dog", "rows": "2"},
    "agency=demo, other q=cat": {"agency": "demo, other", "q": "cat"},
    "ids=demo:1, demo:2 kind=strip": {"ids": "demo:1, demo:2", "kind": "strip"},
    "q=cat agencies=demo,other category=Animals exclude=dog people=0": {
        "q": "cat",
        "agency": "demo,other",
        "category": "Animals",
        "exclude": "dog",
        "people": "0",
    },
}


def test_shortcodes_mean_what_writers_type(blog: Blog) -> None:
    """Quotation marks of word processors, none at all, other names and breaks change nothing."""
    code = """return array_map( function ( $typed ) {
        $read = shortcode_parse_atts( affiliate_search_straighten_quotes( $typed ) );
        return array_map( 'trim', affiliate_search_name_attributes( (array) $read ) );
    }, $values['typed'] );"""
    assert dict(zip(TYPED, blog.php(code, typed=list(TYPED)), strict=True)) == TYPED
    html = blog.php("return do_shortcode( '[affiliate_search q=“red bicycle” kind=”grid”]' );")
    assert ' q="red bicycle" kind="grid"' in html


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("[affiliate_search]red words[/affiliate_search]", ' q="red words" kind="strip"'),
        ("[affiliate_search]<b>red</b><br>words[/affiliate_search]", ' q="red words" '),
        ("[affiliate_search q=cat]words[/affiliate_search]", ' q="cat" '),
        ("[affiliate_search/]", ' q="Red fox" '),
        ("[affiliate_search q=cat/]", ' q="cat" '),
        (
            "[affiliate_search Q=cat KIND=Grid THEME=Dark]",
            ' q="cat" kind="grid" lang="en-US" theme="dark"',
        ),
    ],
)
def test_all_forms_of_a_shortcode_are_read(blog: Blog, typed: str, wanted: str) -> None:
    """Words may be enclosed, a slash may end a shortcode, and letters may be capitals."""
    code = """$GLOBALS['post'] = get_post( wp_insert_post( array( 'post_title' => 'Red fox' ) ) );
    return do_shortcode( $values['typed'] );"""
    html = blog.php(code, typed=typed)
    assert wanted in html
    assert "not understood" not in html


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"ids": "demo:1008600,demo:2"}, ("/image/demo/1008600?", 202, "Stock pictures")),
        ({"ids": "demo:7 demo:2"}, ("/image/demo/7?", 202, "Stock pictures")),
        ({"ids": "demo:7", "media": "video"}, ("/video/demo/7?", 202, "Stock pictures")),
        ({"ids": "demo:7", "q": "cat"}, ("/image/demo/7?q=cat&#038;", 202, "Stock pictures: cat")),
        ({"collection": "demo:a/b"}, ("/collections/demo/a%2Fb?", 202, "Stock pictures")),
        ({"category": "Animals"}, ("/search?category=Animals&#038;", 202, "Stock pictures")),
        ({"color": "ff8800", "kind": "search"}, ("/search?color=ff8800", 548, "Search stock")),
        ({"kind": "search"}, ("/?", 86, "Search stock pictures")),
    ],
)
def test_the_link_inside_shows_the_same(
    blog: Blog, site: SiteServer, given: dict[str, str], wanted: tuple[str, int, str]
) -> None:
    """Picked pictures, collections and filters have a page, a height and a name of their own."""
    path, height, label = wanted
    html = blog.php("return affiliate_search_html( $values['given'], 'Red fox' );", given=given)
    assert f'<a href="{site.url}{path}' in html
    assert "lang=en-US&#038;site=127.0.0.1" in html
    assert f"min-height:{height}px" in html
    assert f">{label}" in html
    assert f">{label}: <" not in html


def test_every_filter_of_a_search_is_taken(blog: Blog, page: Page) -> None:
    """By the shortcode, the block, the frame of feeds, and the link inside, none is odd."""
    filters = {name: SAMPLES[name] for name in SAMPLES if name not in {"q", "agency"}}
    typed = " ".join(f'{name}="{value}"' for name, value in filters.items())
    given = {"q": "cat", "agency": "demo", **filters}
    address = blog.post(f"[affiliate_search q=cat agency=demo {typed}]{block(json.dumps(given))}")
    page.goto(address)
    expect(element(page)).to_have_count(2)
    pages = [urlsplit(str(one.get_attribute("href"))) for one in link(page).all()]
    frames = re.findall(r'<iframe src="([^"]+)"', read_feed(blog))
    for parts in [*pages, *(urlsplit(html.unescape(frame)) for frame in frames)]:
        told = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert told.items() >= given.items()
        assert parts.path in {"/search", "/embed"}
    assert len(frames) == 2
    for one in element(page).all():
        assert {name: one.get_attribute(name) for name in given} == given
    code = """wp_set_current_user( 1 ); return do_shortcode( $values['typed'] );"""
    assert "not understood" not in blog.php(code, typed=f"[affiliate_search q=cat {typed}]")


def test_what_is_not_understood_is_told_to_writers(blog: Blog) -> None:
    """Readers get the search without what is odd; writers see what that was."""
    code = """wp_set_current_user( $values['user'] );
    return do_shortcode( '[affiliate_search q=cat rows="two" colours=red kind=wall]' );"""
    told, read = blog.php(code, user=1), blog.php(code, user=0)
    assert "This is not understood: colours, rows, kind" in told
    assert "not understood" not in read
    assert "<affiliate-search" in read
    assert " rows=" not in read


@pytest.mark.parametrize("usual", ["", "3"])
def test_rows_that_are_no_number_are_as_usual(blog: Blog, usual: str) -> None:
    """They are what the settings say, and else the kind's own; numbers are bounded."""
    code = """$usual = array( 'rows' => $values['usual'] );
    update_option( 'affiliate_search', $usual + affiliate_search_settings() );
    return array_map( function ( $rows ) {
        $look = affiliate_search_resolve_attributes( array( 'q' => 'cat', 'rows' => $rows ), '' );
        return isset( $look['rows'] ) ? $look['rows'] : '';
    }, $values['typed'] );"""
    typed = {"two": usual, "": usual, "x3": usual, "٣": usual, " 2 ": "2", "3px": "3", "+4": "4"}
    typed |= {"9": "6", "0": "1", "-2": "1", "2.9": "2"}
    assert blog.php(code, typed=list(typed), usual=usual) == list(typed.values())


def test_the_blogs_language_is_searched_in(blog: Blog) -> None:
    """Element, frame and links carry the language of the page, without WordPress' variants."""
    code = """add_filter( 'locale', function () { return 'de_DE_formal'; } );
    $look = affiliate_search_resolve_attributes( array( 'q' => 'Fahrrad' ), '' );
    return affiliate_search_element( $look ) . affiliate_search_frame( $look );"""
    html = blog.php(code)
    assert ' lang="de-DE"' in html
    assert html.count("lang=de-DE") == 2


# -- where no script runs


def test_feed_has_a_frame(blog: Blog, site: SiteServer) -> None:
    """Readers of the feed get a frame of the height that the site says, and a link."""
    blog.post("[affiliate_search q=cat rows=1 site=paper.example agency='demo, other']")
    found = read_feed(blog)
    query = "q=cat&kind=strip&rows=1&agency=demo&agency=other&lang=en-US&site=paper.example"
    assert f'<iframe src="{site.url}/embed?{query.replace("&", "&#038;")}" ' in found
    assert re.search(r' height="[1-9][0-9]{2}" ', found)
    assert f'<a href="{site.url}/search?q=cat' in found
    assert "<affiliate-search" not in found


def test_amp_has_a_frame(blog: Blog, site: SiteServer) -> None:
    """AMP pages, which take no scripts, get a frame."""
    html = blog.php(
        """function amp_is_request() { return true; }
        return do_shortcode( '[affiliate_search q=cat]' );"""
    )
    assert html.startswith(f'<iframe src="{site.url}/embed?q=cat')
    assert "<script" not in html


@pytest.mark.parametrize("given", ["[affiliate_search q=cat]", block('{"q":"cat"}')])
def test_what_ajax_loads_has_a_frame(blog: Blog, site: SiteServer, given: str) -> None:
    """Posts that a theme loads while a reader scrolls come without scripts of their own."""
    code = (
        """define( 'DOING_AJAX', true ); return apply_filters( 'the_content', $values['given'] );"""
    )
    html = blog.php(code, given=given)
    assert f'<iframe src="{site.url}/embed?q=cat' in html
    assert "<affiliate-search" not in html


def test_heights_are_those_of_the_site(blog: Blog) -> None:
    """Heights are computed as the site computes them, whatever writers write."""
    looks = [{"kind": kind, "rows": str(rows)} for kind in DEFAULT_ROWS for rows in (1, 2, 6)]
    looks += [{"kind": kind} for kind in DEFAULT_ROWS]
    wanted = [
        Embed.from_parameters({"q": ["cat"], **{n: [v] for n, v in look.items()}}).height
        for look in looks
    ]
    odd = {"7": 966, "99999": 966, "9e9": 966, "-1": 186, "x": 342}
    looks += [{"kind": "grid", "rows": rows} for rows in odd]
    code = """return array_map( function ( $given ) {
        $look = affiliate_search_resolve_attributes( $given + array( 'q' => 'cat' ), '' );
        return affiliate_search_height( $look );
    }, $values['looks'] );"""
    assert blog.php(code, looks=looks) == wanted + list(odd.values())


def test_a_silent_site_costs_readers_nothing(new_blog: Blog) -> None:
    """A page with many searches of a site that accepts and never answers asks it for nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0)
        new_blog.save_settings(site=f"http://127.0.0.1:{silent.getsockname()[1]}")
        kinds = "".join(
            f"[affiliate_search q=cat kind={k} rows={r}]" for k in DEFAULT_ROWS for r in (1, 2)
        )
        with urlopen(new_blog.post(kinds)) as answer:
            assert answer.read().count(b"display:block;min-height:") == 8
        assert "<iframe" in read_feed(new_blog)
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_link_stays_while_the_site_is_down(new_blog: Blog, page: Page) -> None:
    """While the site is down a plain link stands in the post."""
    new_blog.save_settings(site=NOWHERE)
    page.goto(new_blog.post("[affiliate_search q=cat]"))
    expect(link(page)).to_be_visible()
    expect(link(page)).to_have_text("Stock pictures: cat")


def test_without_a_site_visitors_see_nothing(new_blog: Blog, page: Page, desk: Page) -> None:
    """Before the site's address is told, visitors see nothing, and writers what to do."""
    address = new_blog.post("[affiliate_search q=cat]")
    page.goto(address)
    expect(page.locator(".entry-content")).to_have_text("")
    desk.goto(address)
    expect(desk.locator(".entry-content")).to_contain_text("address of your search site")


# -- pasted links


def test_pasted_search_shows_pictures(blog: Blog, page: Page, site: SiteServer) -> None:
    """The address of a search on a line of its own becomes the site's frame."""
    page.goto(blog.post(f"{site.url}/search?q=flower&kind=strip&rows=1"))
    frame = page.locator(f'iframe[src^="{site.url}/embed"]')
    expect(frame).to_be_visible()
    wait_for_pictures(frame.content_frame)


def test_pasted_picture_is_shown(blog: Blog, page: Page, site: SiteServer) -> None:
    """The address of a picture's page becomes that picture, linked to its page."""
    page.goto(f"{site.url}/search?q=flower&lang=en&wait=1")
    address = page.locator("main .tile a.title").first.evaluate("one => one.href.split('?')[0]")
    page.goto(blog.post(address))
    linked = page.locator(f'a[href="{address}?lang=en-US&site=127.0.0.1"] img')
    expect(linked).to_be_visible()
    assert linked.evaluate("image => image.naturalWidth") > 0
    assert linked.evaluate("image => image.getBoundingClientRect().width") > 300


MADE = """return apply_filters( 'oembed_dataparse', $values['html'], (object) $values['data'],
    $values['url'] );"""


@pytest.mark.parametrize("scheme", ["http:", "https:", "HTTP:"])
def test_pasted_pictures_and_clips_name_the_blog(blog: Blog, site: SiteServer, scheme: str) -> None:
    """By either scheme; what the address says itself stays, and all texts are texts."""
    photo = {"type": "photo", "url": "https://a.example/1.jpg", "width": 9, "height": 8}
    photo |= {"title": HOSTILE, "credit": HOSTILE, "disclosure": HOSTILE}
    url = site.url.replace("http:", scheme)
    html = blog.php(MADE, html="<a></a>", data=photo, url=f"{url}/image/demo/1?lang=de")
    assert re.search(r'<a href="(?i:https?)://[^"]*/image/demo/1\?lang=de&#038;site=127', html)
    assert 'rel="sponsored nofollow noopener"' in html
    assert "<script" not in html
    assert html.count("<img") == 1
    clip = {"type": "link", "title": HOSTILE}
    html = blog.php(MADE, html="<a></a>", data=clip, url=f"{url}/video/demo/1")
    assert "?lang=en-US&#038;site=127.0.0.1" in html
    assert 'rel="sponsored nofollow noopener">' in html
    assert "<script" not in html
    assert not blog.php(MADE, html=False, data={"type": "photo"}, url=f"{url}/image/demo/1")
    other = blog.php(MADE, html="kept", data=photo, url=f"{NOWHERE}/image/demo/1?{site.url}/")
    assert other == "kept"


def test_only_the_site_is_asked_about(blog: Blog, site: SiteServer) -> None:
    """Pasted addresses are the site's when they begin with its own, whatever else they hold."""
    search = f"{site.url}/search?q=flower"
    others = [f"{NOWHERE}/?{search}", search.replace("127.0.0.1", "127x0.0.1"), f"{site.url}x"]
    code = """return array_map( function ( $url ) {
        return _wp_oembed_get_object()->get_provider( $url, array( 'discover' => false ) );
    }, $values['urls'] );"""
    own = [search, search.replace("http:", "https:"), site.url, f"{site.url}/"]
    found = blog.php(code, urls=[*own, *others])
    assert found == [f"{site.url}/oembed"] * len(own) + [False] * len(others)


# -- hostile values


def record_alerts(page: Page) -> list[str]:
    """Return a list that collects the alerts on the page."""
    found: list[str] = []

    def dismiss(alert: Dialog) -> None:
        found.append(alert.message)
        alert.dismiss()

    page.on("dialog", dismiss)
    return found


@pytest.mark.parametrize("name", ["q", "kind", "site", "title"])
def test_hostile_values_are_text(blog: Blog, page: Page, name: str) -> None:
    """Whatever an attribute or a title holds, it is an attribute's value and nothing else."""
    html = blog.php(
        """return affiliate_search_html( $values['given'], $values['given']['title'] )
        . do_blocks( get_comment_delimited_block_content(
            'affiliate-search/pictures', $values['given'], '' ) );""",
        given={"title": "Cat", name: HOSTILE},
    )
    seen = record_alerts(page)
    page.set_content(html)
    attribute = "q" if name == "title" else name
    values = element(page).evaluate_all(f"all => all.map(one => one.getAttribute('{attribute}'))")
    said = "onload alert b" if name == "title" else '"\'> "onload=alert(1) {b}'
    assert values == [said, said]
    assert page.locator("script, img, [onerror], [onload]").count() == 0
    assert seen == []
