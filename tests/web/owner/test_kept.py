"""The desk has a page of what is kept."""

from flask.testing import FlaskClient

from tests.support.apps import ClientMaker


def test_what_is_kept_is_listed_for_the_owner_alone(
    owner: FlaskClient, make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """The page has each kind of data, its time and setting, and a text for the privacy page."""
    page = owner.get("/owner/kept")
    assert page.status_code == 200
    for text in ("Clicks", "for ever (CLICKS_KEEP_DAYS)", "90 days", "This site sets no cookies"):
        assert text in page.text
    assert make_client(**settings).get("/owner/kept").status_code == 303
