"""The WordPress plugin puts searches of the site into posts: by a block, a shortcode or a link."""

import re
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from defusedxml import ElementTree
from playwright.sync_api import Browser, Dialog, FrameLocator, Locator, Page, expect

from tests.site_server import SiteServer, free_port, running_site
from tests.wordpress.blog import PASSWORD, Blog, install_plugin

BUSY = 15_000
"""Milliseconds that a busy machine may take."""
NOWHERE = "http://127.0.0.1:9"
"""A site that is down: nothing answers on the port of "discard"."""
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((all) => shifts.push(...all.getEntries().map((one) => one.value)))
        .observe({ type: "layout-shift", buffered: true });
"""
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
    with running_site(tmp_path_factory.mktemp("down"), port=free_port()) as site:
        new_blog.settings(site=site.url)
        assert "<iframe" in in_feed(new_blog)
    new_blog.post("[affiliate_search q=flower]")
    assert f"{site.url}/embed?q=flower" in in_feed(new_blog)


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


def test_wrong_settings_are_not_kept(blog: Blog, site: SiteServer) -> None:
    """What is no site's address leaves the one before, and no look that isn't one is kept."""
    addresses = [
        *("javascript:alert(1)", "ftp://a.example", "a.example", "//a.example", "https://"),
        *('https://a.example/"><script>', "https://a.example/?q=1", "https://a.example/#a"),
        *("https://a:b@a.example", "https://a b.example", "https://a.example:x", ["a"]),
    ]
    look = {"rows": "99", "kind": ["x"], "theme": "<b>", "accent": "red", "consent": "1", "x": "y"}
    code = "return array_map( 'affiliate_search_sanitize', $values['given'] );"
    kept = blog.php(code, given=[{"site": one, **look} for one in addresses])
    usual = {"kind": "strip", "rows": "", "theme": "", "accent": "", "consent": ""}
    assert kept == [{"site": site.url, **usual}] * len(addresses)


def test_good_addresses_are_kept(blog: Blog) -> None:
    """An address is kept without what says nothing."""
    addresses = {
        "https://Pictures.Example/": "https://pictures.example",
        " http://localhost:8000 ": "http://localhost:8000",
        "https://a.example/pictures/": "https://a.example/pictures",
        "": "",
    }
    code = "return array_map( 'affiliate_search_site_address', $values['given'] );"
    assert blog.php(code, given=list(addresses)) == list(addresses.values())


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
    chosen = {"kind": "grid", "rows": "3", "theme": "dark", "accent": "#aa5500", "consent": ""}
    assert new_blog.php("return get_option( 'affiliate_search' );") == {"site": site.url, **chosen}


@pytest.mark.usefixtures("blog")
def test_wrong_settings_are_refused(desk: Page, site: SiteServer) -> None:
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


@pytest.mark.parametrize(("user", "sees"), [("reader", 403), ("admin", 200)])
def test_settings_are_the_administrators(
    blog: Blog, browser: Browser, site: SiteServer, user: str, sees: int
) -> None:
    """Others don't see the settings, and forms of other sites change them for nobody."""
    blog.php(
        "return username_exists( 'reader' ) || wp_create_user( 'reader', $values['password'] );",
        password=PASSWORD,
    )
    context = browser.new_context(base_url=blog.url)
    context.request.post("/wp-login.php", form={"log": user, "pwd": PASSWORD})
    assert context.request.get(SETTINGS).status == sees
    forged = context.request.post(
        "/wp-admin/options.php",
        form={
            "option_page": "affiliate_search",
            "action": "update",
            "affiliate_search[site]": "https://evil.example",
        },
    )
    assert forged.status == 403
    assert blog.php("return affiliate_search_settings()['site'];") == site.url
    context.close()


# -- leaving


@pytest.fixture
def left(blog: Blog) -> Iterator[Blog]:
    """A blog whose plugin may be deleted."""
    yield blog
    install_plugin(blog)


def test_uninstall_leaves_nothing(left: Blog, desk: Page, page: Page, site: SiteServer) -> None:
    """Deleting the plugin leaves nothing of it in the database, and posts that can be read."""
    pasted = f"{site.url}/search?q=flower"
    address = left.post(f"Words\n\n[affiliate_search q=cat]\n\n{pasted}\n\n{block()}")
    page.goto(address)
    in_feed(left)
    assert left.php(EDITOR_ASKS, url=pasted) == 200
    assert {name for name, _ in kept(left, site)} >= {"wp_options", "wp_postmeta"}
    desk.goto("/wp-admin/plugins.php")
    row = desk.locator("[data-slug=affiliate-search]")
    row.get_by_role("link", name="Deactivate").click()
    expect(desk.get_by_text("Plugin deactivated.")).to_be_visible()
    desk.wait_for_load_state()  # the page's scripts take over the link
    desk.on("dialog", lambda dialog: dialog.accept())
    row.get_by_role("link", name="Delete").click()
    expect(desk.get_by_text("was successfully deleted")).to_be_visible(timeout=BUSY)
    assert not (left.root / "wp-content/plugins/affiliate-search").exists()
    assert kept(left, site) == []
    page.goto(address)
    expect(page.locator(".entry-content")).to_contain_text(pasted)


EDITOR_ASKS = """
    $asked = new WP_REST_Request( 'GET', '/oembed/1.0/proxy' );
    $asked->set_query_params( array( 'url' => $values['url'] ) );
    return rest_do_request( $asked )->get_status();
"""


def kept(blog: Blog, site: SiteServer) -> list[tuple[str, str]]:
    """Tables and values that name the plugin or the site, but for the posts that people wrote.

    WordPress itself notes for a week which plugins were deactivated.
    """
    blog.sql("DELETE FROM wp_options WHERE option_name = 'recently_activated'")
    columns = blog.sql(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'blog'"
        " AND data_type IN ('varchar', 'text', 'mediumtext', 'longtext', 'tinytext')"
        " AND table_name <> 'wp_posts'"
    )
    found = []
    for table, column in (one.split("\t") for one in columns):
        named = " OR ".join(f"{column} LIKE '%{name}%'" for name in ("affiliate_search", site.url))
        found += [(table, row) for row in blog.sql(f"SELECT {column} FROM {table} WHERE {named}")]
    return found
