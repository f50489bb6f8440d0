"""A blog with the plugin, the search site that it shows, and a writer in a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.blog import PASSWORD, Blog, running_blog
from tests.support.ports import new_port
from tests.support.site_server import SiteServer, running_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    """Yield the search site on the demo catalogue, at its public address."""
    port = new_port()
    settings = {"SITE_URL": f"http://127.0.0.1:{port}"}
    with running_site(tmp_path_factory.mktemp("site"), settings, port) as server:
        yield server


@pytest.fixture(scope="session")
def wordpress() -> Iterator[Blog]:
    """One WordPress for all tests of a worker."""
    with running_blog() as blog:
        yield blog


@pytest.fixture
def new_blog(wordpress: Blog) -> Iterator[Blog]:
    """Yield the blog after the plugin's activation; PHP may not complain of the plugin."""
    wordpress.forget()
    yield wordpress
    assert wordpress.complaints() == []


@pytest.fixture
def blog(new_blog: Blog, site: SiteServer) -> Blog:
    """Return the blog after the search site's address is set."""
    new_blog.save_settings(site=site.url)
    return new_blog


@pytest.fixture(scope="session")
def writer(browser: Browser, wordpress: Blog) -> Iterator[BrowserContext]:
    """Yield a browser in which the blog's administrator has logged in."""
    context = browser.new_context(
        base_url=wordpress.url, viewport={"width": 1440, "height": 1000}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto("/wp-login.php")
    page.get_by_label("Username or Email Address").fill("admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log In").click()
    page.wait_for_url("**/wp-admin/")
    page.close()
    yield context
    context.close()


@pytest.fixture
def desk(writer: BrowserContext) -> Iterator[Page]:
    """Yield a tab of the administrator."""
    page = writer.new_page()
    yield page
    page.close()


@pytest.fixture
def page(browser: Browser, wordpress: Blog) -> Iterator[Page]:
    """Yield a visitor's tab."""
    context = browser.new_context(
        base_url=wordpress.url, viewport={"width": 1440, "height": 1000}, reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()
