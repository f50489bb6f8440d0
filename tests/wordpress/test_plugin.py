"""The WordPress plugin puts searches of the site into posts: by a block, a shortcode or a link."""

import re
from urllib.request import urlopen

import pytest
from defusedxml import ElementTree
from playwright.sync_api import Browser, Dialog, FrameLocator, Locator, Page, expect

from tests.site_server import SiteServer, free_port, running_site
from tests.wordpress.blog import PASSWORD, Blog

BUSY = 15_000
"""Milliseconds that a busy machine may take."""
NOWHERE = "http://127.0.0.1:9"
"""A site that is down: nothing answers on the port of "discard"."""
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> &quot;onload=alert(1) {b}"


def shown(where: Page | FrameLocator | Locator) -> None:
    """Wait until the site's pictures are there."""
    expect(where.locator(".tile img").first).to_be_visible(timeout=BUSY)


def element(page: Page) -> Locator:
    return page.locator("affiliate-search")


def link(page: Page) -> Locator:
    return element(page).locator("> a")


def block(attributes: str = "") -> str:
    """The block as a post has it."""
    return f"<!-- wp:affiliate-search/pictures {attributes} /-->"


def in_feed(blog: Blog) -> str:
    """What readers of the feed get as the newest post."""
    with urlopen(f"{blog.url}/?feed=rss2") as answer:
        found = ElementTree.fromstring(answer.read()).findtext(f".//{CONTENT}")
    return str(found)


# -- shortcode


def test_shortcode_shows_pictures(blog: Blog, page: Page, site: SiteServer) -> None:
    """A shortcode becomes the element with its attributes, a link inside, and pictures."""
    page.goto(blog.post('[affiliate_search q="red flower" kind="grid" rows="2"]'))
    attributes = {name: element(page).get_attribute(name) for name in ("q", "kind", "rows")}
    assert attributes == {"q": "red flower", "kind": "grid", "rows": "2"}
    shown(element(page))
    assert link(page).get_attribute("href") == f"{site.url}/search?q=red%20flower&site=127.0.0.1"
    assert link(page).get_attribute("rel") == "sponsored nofollow noopener"


def test_many_searches_load_one_script(blog: Blog, page: Page, site: SiteServer) -> None:
    """However many searches a page has, it loads the site's script once, and not without any."""
    scripts: list[str] = []
    page.on("request", lambda request: scripts.append(request.url))
    page.goto(blog.post("[affiliate_search q=cat] [affiliate_search q=flower]" + block()))
    expect(element(page)).to_have_count(3)
    assert scripts.count(f"{site.url}/embed.js") == 1
    scripts.clear()
    page.goto(blog.post("Words alone."))
    assert [url for url in scripts if url.startswith(site.url)] == []


def test_settings_are_the_default_look(blog: Blog, page: Page, site: SiteServer) -> None:
    """What a shortcode leaves out is as in the settings."""
    look = {"kind": "grid", "rows": "3", "theme": "dark", "accent": "#123456", "consent": "click"}
    blog.settings(site=site.url, **look)
    page.goto(blog.post("[affiliate_search q=cat rows=1]"))
    names = {"data-consent" if name == "consent" else name: name for name in look}
    found = {name: element(page).get_attribute(known) for known, name in names.items()}
    assert found == look | {"rows": "1"}


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Red fox", "Red fox"),
        ("10 tips for your red bicycle", "red bicycle"),
        ("The <em>best</em> flowers &amp; trees of spring", "flowers trees spring"),
        ("Ten thousand small white boats", "Ten thousand small white"),
        ("Über Äpfel", "Über Äpfel"),
        ("रंगीन फूल", "रंगीन फूल"),
        ("赤い花", "赤い花"),
        ("Mother’s day", "Mother’s day"),
    ],
)
def test_title_proposes_words(blog: Blog, title: str, words: str) -> None:
    """Without words the first ones of the post's title that say something are searched for."""
    assert blog.php("return affiliate_search_words( $values['title'] );", title=title) == words
    html = blog.php("return get_post( url_to_postid( $values['at'] ) );", at=blog.post("", title))
    assert html["post_title"]


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
    source = f"{site.url}/embed?q=cat&#038;rows=1&#038;agency=demo&#038;agency=other"
    assert f'<iframe src="{source}&#038;site=paper.example&#038;kind=strip"' in found
    assert re.search(r' height="[1-9][0-9]{2}" ', found)
    assert f'<a href="{site.url}/search?q=cat' in found
    assert "<affiliate-search" not in found


def test_height_is_asked_once(new_blog: Blog, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The site's answer is kept: the feed has the frame even while the site is down."""
    new_blog.settings(site=NOWHERE)
    new_blog.post("[affiliate_search q=cat]")
    with running_site(tmp_path_factory.mktemp("down"), port=free_port()) as site:
        new_blog.settings(site=site.url)
        assert "<iframe" in in_feed(new_blog)
    new_blog.post("[affiliate_search q=flower]")
    assert f"{site.url}/embed?q=flower" in in_feed(new_blog)


def test_feed_has_a_link_while_the_site_is_down(new_blog: Blog) -> None:
    """While the site is down the feed has the link alone, and the site is left alone for a while."""
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
    """Before the owner has told the site's address, visitors see nothing, and writers what to do."""
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


def test_addresses_of_others_stay_links(blog: Blog, page: Page, site: SiteServer) -> None:
    """An address that only holds the site's is not asked about."""
    page.goto(blog.post(f"http://127.0.0.1:9/?{site.url}/search?q=flower"))
    expect(page.locator(".entry-content a")).to_have_count(1)
    expect(page.locator("iframe")).to_have_count(0)


# -- hostile values


def alerts(page: Page) -> list[str]:
    """The alerts that anything on the page shows from now on."""
    found: list[str] = []

    def dismiss(alert: Dialog) -> None:
        found.append(alert.message)
        alert.dismiss()

    page.on("dialog", dismiss)
    return found


@pytest.mark.parametrize("name", ["q", "kind", "rows", "agency", "lang", "accent", "site"])
def test_hostile_attributes_are_text(blog: Blog, page: Page, name: str) -> None:
    """Whatever an attribute holds, it is an attribute of the element and nothing else."""
    code = """return str_replace( '<p>', '', affiliate_search_shortcode( $values['given'] ) )
        . apply_filters( 'the_content', get_comment_delimited_block_content(
            'affiliate-search/pictures', $values['given'], '' ) );"""
    html = blog.php(code, given={"q": "cat", name: HOSTILE})
    seen = alerts(page)
    page.set_content(html)
    expect(element(page)).to_have_count(2)
    assert page.locator("script, img, affiliate-search [onerror], [onload]").count() == 0
    values = element(page).evaluate_all("(all, name) => all.map(one => one.getAttribute(name))", name)
    assert set(values) == {"\"'> &quot;onload=alert(1) {b}"}
    assert seen == []


def test_hostile_title_is_text(blog: Blog, page: Page) -> None:
    """A title's markup is left out of the words."""
    seen = alerts(page)
    page.goto(blog.post("[affiliate_search]", HOSTILE))
    expect(element(page)).to_have_count(1)
    assert "<" not in str(element(page).get_attribute("q"))
    assert seen == []


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "ftp://a.example", "a.example", "//a.example", "https://"),
        *('https://a.example/"><script>', "https://a.example/?q=1", "https://a.example/#a"),
        *("https://a:b@a.example", "https://a b.example", "https://a.example:x"),
    ],
)
def test_wrong_address_leaves_the_one_before(blog: Blog, site: SiteServer, address: str) -> None:
    """What is no site's address is not kept, however it comes."""
    code = """return affiliate_search_sanitize( $values['given'] );"""
    kept = blog.php(code, given={"site": address, "rows": "99", "kind": ["x"], "theme": "<b>"})
    assert kept == {
        **{"site": site.url, "kind": "strip", "rows": "", "theme": "", "accent": "", "consent": ""}
    }


# -- settings


SETTINGS = "/wp-admin/options-general.php?page=affiliate-search"


def test_settings_are_saved(new_blog: Blog, desk: Page, site: SiteServer) -> None:
    """The page of settings keeps what is typed, and says whether the site answers."""
    desk.goto("/wp-admin/plugins.php")
    desk.locator("[data-slug=affiliate-search]").get_by_role("link", name="Settings").click()
    desk.get_by_label("Address of your search site").fill(f"{site.url}/")
    desk.get_by_label("Shown as").select_option(label="Grid of pictures")
    desk.get_by_label("Rows").fill("3")
    desk.get_by_label("Colors").select_option(label="Dark")
    desk.get_by_label("Accent color").fill("#aa5500")
    desk.get_by_label("Load pictures only after a click").check()
    desk.get_by_role("button", name="Save Changes").click()
    expect(desk.get_by_text("Settings saved.")).to_be_visible()
    expect(desk.get_by_text("The site answers.")).to_be_visible()
    expect(desk.get_by_label("Address of your search site")).to_have_value(site.url)
    expect(desk.get_by_label("Load pictures only after a click")).to_be_checked()
    desk.get_by_label("Load pictures only after a click").uncheck()
    desk.get_by_role("button", name="Save Changes").click()
    expect(desk.get_by_label("Load pictures only after a click")).not_to_be_checked()
    assert new_blog.php("return get_option( 'affiliate_search' );") == {
        **{"site": site.url, "kind": "grid", "rows": "3", "theme": "dark"},
        **{"accent": "#aa5500", "consent": ""},
    }


def test_wrong_settings_are_refused(blog: Blog, desk: Page, site: SiteServer) -> None:
    """A wrong address is refused with a reason, and the one before stays."""
    desk.goto(SETTINGS)
    desk.get_by_label("Address of your search site").fill(f"{site.url}/search?q=cat")
    desk.get_by_role("button", name="Save Changes").click()
    expect(desk.get_by_text("has no question mark")).to_have_count(1)
    expect(desk.get_by_label("Address of your search site")).to_have_value(site.url)


def test_silent_site_is_told(new_blog: Blog, desk: Page) -> None:
    """The page of settings says that the site doesn't answer."""
    new_blog.settings(site=NOWHERE)
    desk.goto(SETTINGS)
    expect(desk.get_by_text("The site does not answer at the moment")).to_be_visible()


def test_settings_are_the_administrators(blog: Blog, browser: Browser, site: SiteServer) -> None:
    """Neither other users nor forms of other sites get at the settings."""
    blog.php("return wp_create_user( 'reader', 'secret', 'reader@example.org' );")
    for user, status in [("reader", 403), ("admin", 403)]:
        context = browser.new_context(base_url=blog.url)
        form = {"log": user, "pwd": PASSWORD, "testcookie": "1"}
        context.request.post("/wp-login.php", form=form)
        if user == "reader":
            assert context.request.get(SETTINGS).status == status
        sent = {"option_page": "affiliate_search", "action": "update"}
        forged = context.request.post(
            "/wp-admin/options.php", form=sent | {"affiliate_search[site]": "https://evil.example"}
        )
        assert forged.status == status
        context.close()
    assert blog.php("return affiliate_search_settings()['site'];") == site.url
