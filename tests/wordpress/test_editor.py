"""Writers see in WordPress' editor what readers will see."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.blog import Blog
from tests.support.site_server import SiteServer
from tests.support.wordpress_pages import BUSY, element, link, wait_for_pictures

QUIET = """() => {
    wp.data.dispatch("core/preferences").set("core/edit-post", "welcomeGuide", false);
    wp.data.dispatch("core/editor").disablePublishSidebar();
}"""


@pytest.fixture
def editor(blog: Blog, desk: Page) -> Page:
    """Return an open new post, on a blog that knows its site."""
    assert blog.php("return affiliate_search_settings()['site'];")
    desk.goto("/wp-admin/post-new.php")
    desk.wait_for_function("window.wp?.data?.select('core/editor').__unstableIsEditorReady()")
    desk.evaluate(QUIET)
    return desk


def title(editor: Page) -> Locator:
    return editor.get_by_role("textbox", name="Add title")


def preview(editor: Page, site: SiteServer) -> Locator:
    """Locate the site's frame inside the block."""
    return editor.locator(f'.wp-block-affiliate-search-pictures iframe[src^="{site.url}/embed?"]')


def published(editor: Page) -> str:
    """Publish the post; its address."""
    editor.get_by_role("button", name="Publish", exact=True).click()
    view = editor.get_by_role("link", name="View Post", exact=True).first
    expect(view).to_be_visible(timeout=BUSY)
    return str(view.get_attribute("href"))


def test_block_is_inserted_saved_and_shown(editor: Page, page: Page, site: SiteServer) -> None:
    """A block shows pictures of the title's words, then of its own, in the editor and the post."""
    title(editor).fill("10 tips for your red flower")
    editor.get_by_role("button", name=re.compile("block inserter", re.IGNORECASE)).first.click()
    editor.get_by_placeholder("Search").first.fill("stock pictures")
    editor.get_by_role("option", name="Stock pictures").click()
    proposed = re.compile(r"\?q=red%20flower&kind=strip&")
    expect(preview(editor, site)).to_have_attribute("src", proposed, timeout=BUSY)
    wait_for_pictures(preview(editor, site).content_frame)
    editor.get_by_label("Words").fill("cats & dogs")
    editor.get_by_label("Shown as").select_option(label="Grid of pictures")
    editor.get_by_label("Rows").select_option(label="1")
    chosen = re.compile(r"\?q=cats%20%26%20dogs&kind=grid&rows=1&")
    expect(preview(editor, site)).to_have_attribute("src", chosen, timeout=BUSY)
    page.goto(published(editor))
    names = ("q", "kind", "rows", "type")
    found = [element(page).get_attribute(name) for name in names]
    assert found == ["cats & dogs", "grid", "1", None]
    expect(link(page)).to_have_text("Stock pictures: cats & dogs")


def test_filters_are_chosen_in_the_editor(editor: Page, site: SiteServer) -> None:
    """Kinds of media, sizes, dates and the absence of AI are fields of the block."""
    editor.evaluate(
        """() => wp.data.dispatch("core/block-editor").insertBlocks(
            wp.blocks.createBlock("affiliate-search/pictures", { q: "flower" }))"""
    )
    editor.get_by_label("Orientation").select_option(label="Panorama")
    editor.get_by_label("Width").select_option(label="≥ 2000 px")
    editor.get_by_label("Date added").select_option(label="≤ 1 week")
    editor.get_by_label("Without AI").check()
    query = re.compile(r"orientation=panorama&min_width=2000&added=week&.*no_ai=1")
    expect(preview(editor, site)).to_have_attribute("src", query, timeout=BUSY)
    editor.get_by_label("Without AI").uncheck()
    expect(preview(editor, site)).not_to_have_attribute("src", re.compile("no_ai"), timeout=BUSY)


def test_attributes_of_other_plugins_cost_no_preview(editor: Page, site: SiteServer) -> None:
    """Attributes that plugins add in the browser alone are not sent, as the server refuses them."""
    editor.evaluate(
        """name => {
            const { attributes, ...type } = wp.blocks.unregisterBlockType(name);
            const added = { ...attributes, responsiveBlockControl: { type: "object" } };
            wp.blocks.registerBlockType(name, { ...type, attributes: added });
            wp.data.dispatch("core/block-editor").insertBlocks(wp.blocks.createBlock(
                name, { q: "flower", responsiveBlockControl: { mobile: true } }));
        }""",
        "affiliate-search/pictures",
    )
    expect(preview(editor, site)).to_have_attribute("src", re.compile("q=flower"), timeout=BUSY)
    expect(editor.get_by_text("Invalid parameter")).to_have_count(0)


def test_no_change_is_lost_while_the_block_is_drawn_anew(editor: Page, site: SiteServer) -> None:
    """A choice is in the preview, also where the block loses the focus directly after it."""
    editor.evaluate(
        """() => {
            const { dispatch } = wp.data;
            window.block = wp.blocks.createBlock("affiliate-search/pictures", { q: "flower" });
            dispatch("core/block-editor").insertBlocks(window.block);
        }"""
    )
    expect(preview(editor, site)).to_have_attribute("src", re.compile("q=flower"), timeout=BUSY)
    editor.evaluate(
        """async () => {
            const editor = wp.data.dispatch("core/block-editor");
            await editor.updateBlockAttributes(window.block.clientId, { orientation: "square" });
            await new Promise(done => setTimeout(done, 100));
            await editor.clearSelectedBlock();
        }"""
    )
    expect(preview(editor, site)).to_have_attribute("src", re.compile("square"), timeout=BUSY)


def test_saved_block_opens_again(editor: Page, blog: Blog) -> None:
    """The editor takes a saved block as valid, and a pasted shortcode becomes the block."""
    editor.evaluate(
        """() => wp.data.dispatch("core/block-editor").insertBlocks(wp.blocks.pasteHandler({
            plainText: '[affiliate_search q="cat" rows="2" no_ai="1" consent="click"]',
            mode: "BLOCKS",
        }))"""
    )
    written = editor.evaluate("wp.data.select('core/editor').getEditedPostContent()")
    said = '{"q":"cat","rows":"2","no_ai":"1","consent":"click"}'
    assert written == f"<!-- wp:affiliate-search/pictures {said} /-->"
    assert editor.evaluate("html => wp.blocks.parse(html)[0].isValid", written) is True
    assert 'data-consent="click"' in blog.php("return do_blocks( $values['html'] );", html=written)


def test_pasted_link_shows_pictures(editor: Page, page: Page, site: SiteServer) -> None:
    """The address of a search in an embed block shows pictures, in the editor and in the post.

    WordPress makes that block of a pasted line by itself, but of https addresses alone.
    """
    title(editor).fill("Flowers")
    title(editor).press("Enter")
    editor.keyboard.type("/embed")
    editor.get_by_role("option", name="Embed", exact=True).click()
    editor.get_by_label("Embed URL").fill(f"{site.url}/search?q=flower&kind=strip")
    editor.get_by_label("Embed URL").press("Enter")
    frames = editor.locator(".wp-block-embed iframe").content_frame
    inner = frames.locator(f'iframe[src^="{site.url}/embed?"]')
    expect(inner).to_be_visible(timeout=BUSY)
    height = editor.locator(".wp-block-embed iframe").evaluate("e => e.offsetHeight")
    assert 202 <= height <= 210  # the frame, and what a line has below its letters
    expect(editor.locator("[class*=wp-embed-aspect]")).to_have_count(0)
    page.goto(published(editor))
    frame = page.locator(f'figure iframe[src^="{site.url}/embed?"]')
    expect(frame).to_have_attribute("src", re.compile("site=127.0.0.1"))
    wait_for_pictures(frame.content_frame)
