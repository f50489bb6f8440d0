"""The WordPress plugin puts searches of the site into posts: by a block, a shortcode or a link."""

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.support.blog import Blog
from tests.support.site_server import SiteServer, running_site
from tests.support.wordpress_pages import block, element, in_feed, link, shown

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
    shown(element(page))
    assert link(page).get_attribute("href") == f"{site.url}/search?q=red%20flower&site=127.0.0.1"
    assert link(page).get_attribute("rel") == "sponsored nofollow noopener"


def test_nothing_moves(blog: Blog, page: Page) -> None:
    """The height of the pictures is kept free until they come."""
    page.add_init_script(SHIFTS)
    page.goto(blog.post("Before [affiliate_search q=flower rows=2 kind=grid] after"))
    shown(element(page))
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
    blog.settings(site=site.url, **look)
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
        return affiliate_search_look( array(), $title )['q'];
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


# -- where no script runs


def test_feed_has_a_frame(blog: Blog, site: SiteServer) -> None:
    """Readers of the feed get a frame of the height that the site says, and a link."""
    blog.post("[affiliate_search q=cat rows=1 site=paper.example agency='demo, other']")
    found = in_feed(blog)
    query = "q=cat&kind=strip&rows=1&agency=demo&agency=other&site=paper.example"
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


def test_height_is_asked_once(new_blog: Blog, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The site's answer is kept: the feed has the frame even while the site is down."""
    new_blog.settings(site=NOWHERE)
    new_blog.post("[affiliate_search q=cat]")
    with running_site(tmp_path_factory.mktemp("down")) as site:
        new_blog.settings(site=site.url)
        assert "<iframe" in in_feed(new_blog)
    new_blog.post("[affiliate_search q=flower]")
    assert f"{site.url}/embed?q=flower" in in_feed(new_blog)


def test_few_sizes_are_asked_for(blog: Blog) -> None:
    """Whatever writers write, the blog keeps no more answers than there are kinds and rows."""
    looks = [{"rows": rows} for rows in ("6", "7", "99999", "9e9")]
    looks += [{"rows": "1"}, {"rows": "-1"}, {"rows": "x"}, {"kind": "wall"}, {"kind": "Grid"}]
    code = """return array_map( function ( $given ) {
        $look = affiliate_search_look( $given + array( 'q' => 'cat', 'kind' => 'grid' ), '' );
        return affiliate_search_height( $look );
    }, $values['looks'] );"""
    assert blog.php(code, looks=looks) == [966, 966, 966, 966, 186, 186, 186, 342, 342]
    names = "SELECT COUNT(*) FROM wp_options WHERE option_name LIKE '_transient_affiliate%'"
    assert blog.sql(names) == ["3"]


def test_feed_has_a_link_while_the_site_is_down(new_blog: Blog) -> None:
    """While the site is down the feed has the link alone, and asks no more for a while."""
    new_blog.settings(site=NOWHERE)
    new_blog.post("[affiliate_search q=cat]")
    found = in_feed(new_blog)
    assert "<iframe" not in found
    assert f'<a href="{NOWHERE}/search?q=cat&#038;site=127.0.0.1"' in found
    kept = "SELECT option_value FROM wp_options WHERE option_name LIKE '_transient_affiliate%'"
    assert set(new_blog.sql(kept)) == {"0"}


def test_link_stays_while_the_site_is_down(new_blog: Blog, page: Page) -> None:
    """While the site is down a plain link stands in the post."""
    new_blog.settings(site=NOWHERE)
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
    shown(frame.content_frame)


def test_pasted_picture_is_shown(blog: Blog, page: Page, site: SiteServer) -> None:
    """The address of a picture's page becomes that picture, linked to its page."""
    page.goto(f"{site.url}/search?q=flower&lang=en&wait=1")
    address = page.locator("main .tile a.title").first.evaluate("one => one.href.split('?')[0]")
    page.goto(blog.post(address))
    linked = page.locator(f'a[href="{address}"] img')
    expect(linked).to_be_visible()
    assert linked.evaluate("image => image.naturalWidth") > 0


def test_only_the_site_is_asked_about(blog: Blog, site: SiteServer) -> None:
    """Pasted addresses are the site's when they begin with its own, whatever else they hold."""
    search = f"{site.url}/search?q=flower"
    others = [f"{NOWHERE}/?{search}", search.replace("127.0.0.1", "127x0.0.1"), site.url]
    code = """return array_map( function ( $url ) {
        return _wp_oembed_get_object()->get_provider( $url, array( 'discover' => false ) );
    }, $values['urls'] );"""
    found = blog.php(code, urls=[search, search.replace("http:", "https:"), *others])
    assert found == [f"{site.url}/oembed", f"{site.url}/oembed", False, False, False]


# -- hostile values


def alerts(page: Page) -> list[str]:
    """The alerts that anything on the page shows from now on."""
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
    seen = alerts(page)
    page.set_content(html)
    attribute = "q" if name == "title" else name
    values = element(page).evaluate_all(f"all => all.map(one => one.getAttribute('{attribute}'))")
    said = "onload alert b" if name == "title" else '"\'> "onload=alert(1) {b}'
    assert values == [said, said]
    assert page.locator("script, img, [onerror], [onload]").count() == 0
    assert seen == []
