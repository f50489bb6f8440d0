"""PhotoDune keeps to its own photos, and shows them in boxes even where sizes aren't said."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from affiliate.agencies.photodune import PhotoDune
from affiliate.domain.media import SearchQuery
from affiliate.errors import NotFound
from tests.dialects import FIRST, Server, answer_json, serve_dialect
from tests.dialects.photodune import PhotoDuneDialect
from tests.support.calling import open_transport

ITEM = PhotoDuneDialect().item(FIRST)
FLOWER = SearchQuery(q="flower")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_dialect(PhotoDuneDialect()) as server:
        yield server


@pytest.fixture
def photodune(server: Server) -> Iterator[PhotoDune]:
    with open_transport() as transport:
        yield PhotoDune(transport, url=server.url, credentials=PhotoDuneDialect.keys)


def test_an_item_of_another_market_is_no_picture(photodune: PhotoDune, server: Server) -> None:
    server.fixed = answer_json(ITEM | {"site": "themeforest.net"})
    with pytest.raises(NotFound):
        photodune.fetch_details(str(FIRST))
    other = ITEM | {"id": FIRST + 1, "site": "graphicriver.net"}
    server.fixed = answer_json({"matches": [ITEM, other], "total_hits": 2})
    assert [one.id for one in photodune.search(FLOWER, 0).items] == [str(FIRST)]


@pytest.mark.parametrize(
    ("previews", "box", "url"),
    [
        ({}, (320, 269), "large"),
        ({"thumbnail_preview": None}, (590, 496), "thumbnail"),
        ({"thumbnail_preview": {"large_url": "https://a.example/l.jpg"}}, (300, 200), "l"),
        (
            {
                "thumbnail_preview": {
                    "large_url": "https://a.example/l.jpg",
                    "large_width": "200",
                    "large_height": "300",
                }
            },
            (200, 300),
            "l",
        ),
    ],
)
def test_a_photo_stands_in_a_box_of_its_own_size_or_of_3_to_2(
    photodune: PhotoDune,
    server: Server,
    previews: Mapping[str, Any],
    box: tuple[int, int],
    url: str,
) -> None:
    server.fixed = answer_json(ITEM | {"previews": ITEM["previews"] | previews})
    thumbnail = photodune.fetch_details(str(FIRST)).thumbnail
    assert (thumbnail.width, thumbnail.height) == box
    assert thumbnail.url.endswith(f"/{url}.jpg")


def test_its_preview_is_the_wider_one(photodune: PhotoDune) -> None:
    preview = photodune.fetch_details(str(FIRST)).preview
    assert preview
    assert (preview.width, preview.height) == (590, 496)


def test_no_call_passes_the_last_page(photodune: PhotoDune, server: Server) -> None:
    last = photodune.depth // photodune.chunk_size - 1
    assert photodune.search(FLOWER, last).items == ()
    assert photodune.fetch_similar(str(FIRST), FLOWER, 60).items == ()
    assert [asked.params["page"] for asked in server.requests] == ["60"]


def test_similar_pictures_go_on_where_the_first_end(photodune: PhotoDune, server: Server) -> None:
    server.dialect.total = 200  # type: ignore[attr-defined]  # the dialect's own
    pages = [photodune.fetch_similar(str(FIRST), FLOWER, n).items for n in range(2)]
    ids = [one.id for items in pages for one in items]
    assert ids == [str(FIRST + n) for n in range(1, 96)]
