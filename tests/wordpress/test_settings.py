"""The owner of a blog sets the plugin up, and finds nothing of it when it is deleted."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.blog import PASSWORD, Blog, install_plugin
from tests.support.ports import new_port
from tests.support.site_server import SiteServer, running_site
from tests.support.wordpress_pages import BUSY, block, read_feed

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
    desk.get_by_label("Address of your search site").fill("ftp://pictures.example")
    desk.get_by_role("button", name="Save Changes").click()
    expect(desk.get_by_text("This is no address of a site.")).to_have_count(1)
    expect(desk.get_by_label("Address of your search site")).to_have_value(site.url)


def test_silent_site_is_told(
    new_blog: Blog, desk: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The page of settings says that the site doesn't answer, and as soon as it does, so."""
    address = f"http://127.0.0.1:{new_port()}"
    new_blog.save_settings(site=address)
    desk.goto(SETTINGS)
    expect(desk.get_by_text("The site does not answer at the moment")).to_be_visible()
    with running_site(tmp_path_factory.mktemp("back"), port=urlsplit(address).port):
        desk.reload()
        expect(desk.get_by_text("The site answers.")).to_be_visible()


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


def test_wrong_settings_are_not_kept(blog: Blog, site: SiteServer) -> None:
    """What is no site's address leaves the one before, and no look that isn't one is kept."""
    addresses = [
        *("javascript:alert(1)", "ftp://a.example", "https://", "/pictures"),
        *('https://a.example/"><script>', "mailto:a@a.example", "data:text/html,x"),
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
        "https://a.example/pictures/": "https://a.example",
        "https://a.example/search?q=cat": "https://a.example",
        "a.example:8443/embed/builder": "https://a.example:8443",
        "pictures.example": "https://pictures.example",
        "Pictures.example:8443/": "https://pictures.example:8443",
        "https://a.example/?q=1": "https://a.example",
        "https://a.example/#a": "https://a.example",
        "https://bücher.example": "https://xn--bcher-kva.example",
        "bilder.straße-köln.example": "https://bilder.xn--strae-kln-j1a0x.example",
        "картинки.рф": "https://xn--80aqafcrtq.xn--p1ai",
        "写真.日本": "https://xn--g7qs82g.xn--wgv71a",
        "http://127.0.0.2:8000": "http://127.0.0.2:8000",
        "http://[::1]:8000": "http://[::1]:8000",
        "//pictures.example/": "https://pictures.example",
        "https://pictures.example:443/": "https://pictures.example",
        "http://pictures.example:80": "http://pictures.example",
        "http://pictures.example:443": "http://pictures.example:443",
        "https://pictures.example.": "https://pictures.example",
        "写真。日本": "https://xn--g7qs82g.xn--wgv71a",
        "http://affiliate_search:8000": "http://affiliate_search:8000",
        "": "",
    }
    code = "return array_map( 'affiliate_search_normalize_site', $values['given'] );"
    assert blog.php(code, given=list(addresses)) == list(addresses.values())


def test_a_private_address_is_asked_that_the_administrator_set(new_blog: Blog) -> None:
    """WordPress asks the site in a private network, and no other private address."""
    new_blog.save_settings(site="http://127.0.0.2:8000")
    code = """return array_map( function ( $url ) {
        return wp_http_validate_url( $url ) !== false;
    }, $values['urls'] );"""
    urls = ["http://127.0.0.2:8000/oembed", "http://127.0.0.3:8000/", "http://10.0.0.1/"]
    assert new_blog.php(code, urls=urls) == [True, False, False]


# -- leaving


@pytest.fixture
def left(blog: Blog) -> Iterator[Blog]:
    """Yield a blog whose plugin may be deleted."""
    yield blog
    install_plugin(blog)


def test_uninstall_leaves_nothing(left: Blog, desk: Page, page: Page, site: SiteServer) -> None:
    """Deleting the plugin leaves nothing of it in the database, and posts that can be read."""
    pasted = f"{site.url}/search?q=flower"
    address = left.post(f"Words\n\n[affiliate_search q=cat]\n\n{pasted}\n\n{block()}")
    page.goto(address)
    read_feed(left)
    assert left.php(EDITOR_ASKS, url=pasted) == 200
    assert "<iframe" in left.php(WIDGET_ASKS, url=pasted)
    assert left.sql(OUTSIDE) == ["1"]
    assert {name for name, _ in find_remains(left, site)} >= {"wp_options", "wp_postmeta"}
    desk.goto("/wp-admin/plugins.php")
    row = desk.locator("[data-slug=affiliate-search]")
    row.get_by_role("link", name="Deactivate").click()
    expect(desk.get_by_text("Plugin deactivated.")).to_be_visible()
    desk.wait_for_load_state()  # the page's scripts take over the link
    desk.on("dialog", lambda dialog: dialog.accept())
    row.get_by_role("link", name="Delete").click()
    expect(desk.get_by_text("was successfully deleted")).to_be_visible(timeout=BUSY)
    assert not (left.root / "wp-content/plugins/affiliate-search").exists()
    assert find_remains(left, site) == []
    assert left.sql(OUTSIDE) == ["0"]
    page.goto(address)
    expect(page.locator(".entry-content")).to_contain_text(pasted)


EDITOR_ASKS = """
    $asked = new WP_REST_Request( 'GET', '/oembed/1.0/proxy' );
    $asked->set_query_params( array( 'url' => $values['url'] ) );
    return rest_do_request( $asked )->get_status();
"""


WIDGET_ASKS = "return ( new WP_Embed() )->shortcode( array(), $values['url'] );"
OUTSIDE = "SELECT COUNT(*) FROM wp_posts WHERE post_type = 'oembed_cache'"


def find_remains(blog: Blog, site: SiteServer) -> list[tuple[str, str]]:
    """Return the tables and values that name the plugin or the site, except for people's posts.

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
