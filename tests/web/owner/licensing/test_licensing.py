"""Licensing at the desk begins at a picture, in the browser of the owner alone."""

from flask import Flask
from flask.testing import FlaskClient


def test_unknown_addresses_are_not_found(client: FlaskClient) -> None:
    for path in (
        "license/demo/1",
        "license/nobody/1",
        "license/shutterstock/1?media=x",
        "licenses/" + "a" * 32,
        "licenses/" + "a" * 32 + "/file",
    ):
        assert client.get(f"/owner/{path}").status_code == 404


def test_a_picture_is_found_by_its_address_or_number(client: FlaskClient) -> None:
    """An address here or at an agency, or a number with its agency, leads to the form."""
    for item, path in {
        "http://localhost/image/shutterstock/77?lang=en": "/owner/license/shutterstock/77",
        "/video/shutterstock/78": "",
        "https://www.shutterstock.com/video/clip-78": "/owner/license/shutterstock/78?media=video",
        "https://stock.adobe.com/de/images/a-cat/79": "/owner/license/adobe-stock/79",
        "80": "/owner/license/shutterstock/80",
        "https://example.com/80": "",
    }.items():
        answer = client.get("/owner/license", query_string={"item": item, "agency": "shutterstock"})
        assert answer.headers.get("Location", "") == path, item
        assert answer.status_code == (303 if path else 404)
    assert "Address of a picture" in client.get("/owner/license").text


def test_the_desk_marks_the_browser_and_the_log_in_does_not(
    client: FlaskClient, app: Flask
) -> None:
    """The mark names the agencies of this site that sell; pages of visitors have none of it."""
    mark = '<meta name="sellers" content="shutterstock">'
    assert mark in client.get("/owner/").text
    assert mark in client.get("/owner/license").text
    visitor = app.test_client()
    assert 'name="sellers"' not in visitor.get("/owner/log-in").text
    page = visitor.get("/?lang=en").text
    assert "sellers" not in page
    assert "/owner/" not in page
