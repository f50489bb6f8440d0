"""Footage can be watched where it is shown, is marked as footage, and counted as clips."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.dialects import DIALECTS, serve_dialect
from tests.dialects.adobe_stock import AdobeStockDialect
from tests.support.apps import ClientMaker
from tests.support.federation import Agencies

SEARCH = "/ajax/search?q=waves&media=video&lang=en&wait=1"


class Untimed(AdobeStockDialect):
    """Clips of which nobody says how long they last."""

    def _clip(self) -> dict[str, object]:
        return {name: value for name, value in super()._clip().items() if name != "duration"}


@pytest.fixture(params=[AdobeStockDialect, Untimed])
def client(request: pytest.FixtureRequest, make_client: ClientMaker) -> Iterator[FlaskClient]:
    """Yield a client of a site with an agency that sells footage and another without."""
    openverse = next(one for one in DIALECTS if one.name == "openverse")
    with serve_dialect(request.param()) as adobe, serve_dialect(openverse()) as free:
        yield make_client(**Agencies({"adobe-stock": adobe, "openverse": free}).settings())


def test_every_clip_has_a_mark(client: FlaskClient) -> None:
    """Of those of unknown length as well; pictures have none."""
    tiles = client.get(SEARCH).text.split('<li class="tile')[1:]
    assert tiles
    assert all("▶" in tile for tile in tiles)
    pictures = client.get("/ajax/search?q=waves&lang=en&wait=1").text
    assert "▶" not in pictures


def test_clips_are_counted_as_clips(client: FlaskClient) -> None:
    page = client.get(SEARCH).text
    assert re.search(r'class="count">[0-9,]+ clips for “waves”</h1>', page)
    assert "more clips, page 1 of" in page
    assert "pictures for" not in page


def test_an_agency_without_footage_says_so(client: FlaskClient) -> None:
    """In place of names of filters."""
    page = client.get(SEARCH).text
    assert "<b>Openverse</b> has no footage." in page
    assert "can't search by" not in page


@pytest.mark.parametrize("view", ["/ajax/video", "/video"])
def test_a_clip_has_a_player(client: FlaskClient, view: str) -> None:
    """Muted, with controls and its still; nothing is loaded before somebody wants to watch."""
    item = client.get(SEARCH.replace("/ajax/", "/api/")).get_json()["items"][0]
    page = client.get(f"{view}/adobe-stock/{item['id']}?q=waves&lang=en")
    player = re.search(r"<video ([^>]*)>", page.text)
    assert player
    assert 'src="https://as1.ftcdn.net/v2/clip.mp4"' in player[1]
    assert f'poster="{item["preview"]["url"]}"' in player[1]
    assert set(player[1].split()) > {'preload="none"', "controls", "muted", "playsinline"}
    policy = client.get(f"/video/adobe-stock/{item['id']}?lang=en").headers
    assert "media-src 'self' https://*.ftcdn.net" in policy["Content-Security-Policy"]
