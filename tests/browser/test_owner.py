"""In a real browser the owner logs in, connects the account and disconnects it; others can't."""

from collections.abc import Iterator
from contextlib import closing
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from affiliate.database.alert_states import AlertStates
from affiliate.database.ledger import Ledger
from affiliate.domain.troubles import Trouble
from tests.simulator import CLIENT, Simulator, simulator
from tests.support.axe import CHECK
from tests.support.site_server import SiteServer, running_site

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def shutterstock() -> Iterator[Simulator]:
    with simulator() as server:
        yield server


@pytest.fixture(scope="module")
def owned(
    tmp_path_factory: pytest.TempPathFactory, shutterstock: Simulator
) -> Iterator[SiteServer]:
    """Yield a site with a desk, and a Shutterstock on this machine."""
    settings = {
        "OWNER_PASSWORD": PASSWORD,
        "SECRET_KEY": "a secret of no less than thirty-two signs",
        "SHUTTERSTOCK_URL": shutterstock.url,
        "SHUTTERSTOCK_CLIENT_ID": CLIENT[0],
        "SHUTTERSTOCK_CLIENT_SECRET": CLIENT[1],
    }
    with running_site(tmp_path_factory.mktemp("owned"), settings) as server:
        yield server


@pytest.fixture
def visit(browser: Browser, owned: SiteServer) -> Iterator[BrowserContext]:
    opened = browser.new_context(base_url=owned.url)
    yield opened
    opened.close()


@pytest.fixture
def desk(visit: BrowserContext) -> Page:
    """Return the desk of an owner who has logged in."""
    page = visit.new_page()
    page.goto("/owner/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto("/owner/account")
    return page


def connect(desk: Page) -> None:
    desk.get_by_role("button", name="Connect").click()
    expect(desk.get_by_text("The account is connected.")).to_be_visible()


def test_a_wrong_password_is_told_and_opens_nothing(visit: BrowserContext) -> None:
    """The form stays, says it, and is ready for another try."""
    page = visit.new_page()
    page.goto("/owner/")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    expect(page.get_by_label("Password")).to_be_focused()


def test_connects_and_disconnects(desk: Page, shutterstock: Simulator) -> None:
    """One click leads over the agency's page back to a desk that says who, and with what.

    The code stands no longer in the address, and nothing goes wrong in the pages.
    """
    wrong: list[object] = []
    desk.on("pageerror", lambda error: wrong.append(error))  # noqa: PLW0108 - Playwright marks it
    desk.get_by_label("License images and videos, which costs money").uncheck()
    connect(desk)
    assert "code=" not in desk.url
    expect(desk.get_by_text("jdoe", exact=True)).to_be_visible()
    expect(desk.get_by_role("listitem").filter(has_text="See subscriptions")).to_be_visible()
    expect(desk.get_by_role("listitem").filter(has_text="costs money")).to_have_count(0)
    asked = [s for s in shutterstock.requests if s.path == "/v2/oauth/authorize"][-1]
    assert "licenses.create" not in asked.params["scope"][0]
    desk.get_by_role("button", name="Disconnect").click()
    expect(desk.get_by_text("The account is disconnected.")).to_be_visible()
    expect(desk.get_by_text("No account is connected.")).to_be_visible()
    assert wrong == []


def test_an_answer_with_another_state_is_refused(desk: Page) -> None:
    """A link that somebody else made up connects no account."""
    desk.goto("/owner/shutterstock/callback?code=theirs&state=theirs")
    expect(desk.get_by_text("not to a question of this session")).to_be_visible()
    expect(desk.get_by_text("No account is connected.")).to_be_visible()


def test_a_form_on_another_site_does_nothing(desk: Page, shutterstock: Simulator) -> None:
    """A page elsewhere that sends the desk's forms neither disconnects nor logs out."""
    connect(desk)
    for path in ("shutterstock/disconnect", "log-out"):
        target = desk.url.removesuffix("account") + path
        other = desk.context.new_page()
        other.goto(shutterstock.url)  # another site: its port differs
        other.set_content(f'<form method="post" action="{target}"><button>Go</button></form>')
        with other.expect_navigation():
            other.get_by_role("button").click()
        expect(other.get_by_role("heading", name="This form is too old")).to_be_visible()
    desk.reload()
    expect(desk.get_by_text("jdoe", exact=True)).to_be_visible()
    desk.get_by_role("button", name="Disconnect").click()


def test_the_cookies_stay_at_the_desk(desk: Page) -> None:
    """Two cookies, for /owner/ alone and for no script; pages for visitors set and get none."""
    cookies = {one["name"]: one for one in desk.context.cookies()}
    assert {name: (one["path"], one["sameSite"]) for name, one in cookies.items()} == {
        "owner": ("/owner/", "Lax"),
        "owner_known": ("/owner/log-in", "Strict"),
    }
    assert all(one["httpOnly"] for one in cookies.values())
    with desk.expect_request("**/search?q=cat*") as asked:
        desk.goto("/search?q=cat&lang=en")
    assert "cookie" not in asked.value.all_headers()
    assert len(desk.context.cookies()) == 2


def test_back_after_log_out_shows_nothing(desk: Page) -> None:
    """Nothing of the desk is kept: after the log-out Back leads to the log-in."""
    desk.goto("/search?q=cat&lang=en")
    desk.goto("/owner/")
    desk.get_by_role("button", name="Log out").click()
    expect(desk.get_by_label("Password")).to_be_visible()
    desk.go_back()
    expect(desk.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("path", ["alerts", "kept"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_alerts_and_what_is_kept_suit_everybody(
    owned: SiteServer, desk: Page, axe: str, path: str, scheme: Literal["light", "dark"]
) -> None:
    """Pages with an alert that lasts, in both schemes, on a phone too: axe-core finds nothing."""
    with closing(Ledger(f"sqlite:///{owned.data_dir}/ledger.db")) as ledger:
        trouble = Trouble(name="disk", title="The disk is full.", advice="Make room.")
        AlertStates(ledger).record([trouble])
    desk.emulate_media(color_scheme=scheme)
    desk.set_viewport_size({"width": 375, "height": 800})
    desk.goto(f"/owner/{path}")
    desk.evaluate(axe)
    assert desk.evaluate(CHECK) == []
    assert desk.evaluate("document.documentElement.scrollWidth") <= 375
