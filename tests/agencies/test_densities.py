"""Tiles are sharp on dense screens where an answer holds a larger file, and their bar outside."""

from collections.abc import Iterator

import pytest

from affiliate.agencies import AGENCIES
from affiliate.agencies.parsing import select_densities
from affiliate.domain.media import Media, SearchQuery, Thumbnail
from affiliate.transport.client import Transport
from affiliate.web.template_helpers import (
    MAX_RATIO_DIFFERENCE,
    ROW_HEIGHT_PIXELS,
    srcset_attributes,
)
from tests.dialects import DIALECTS, serve_dialect
from tests.support.calling import open_transport
from tests.support.renditions import RENDITIONS

LARGEST_IS_SMALL = {"shutterstock-editorial"}
"""Agencies whose answers hold no file that is large enough."""


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    with open_transport() as one:
        yield one


@pytest.mark.parametrize("name", RENDITIONS)
def test_a_tile_may_show_the_larger_file(transport: Transport, name: str) -> None:
    """The first is the thumbnail; all have its ratio, so that the page leaves none out."""
    dialect = next(one for one in DIALECTS if one.name == name)()
    with serve_dialect(dialect) as server:
        agency = AGENCIES[name](transport, url=server.url, credentials=dialect.keys)
        media = agency.search(SearchQuery(q="flower"), 0).items[0]
    assert tuple((one.width, one.height) for one in media.renditions) == RENDITIONS[name]
    assert media.renditions[0] == media.thumbnail
    ratio = media.thumbnail.width / media.thumbnail.height
    assert all(
        abs(one.width / one.height / ratio - 1) < MAX_RATIO_DIFFERENCE for one in media.renditions
    )
    shown = srcset_attributes(media)
    assert all(f"{one.url} {one.width}w" in shown for one in media.renditions)
    needed = 2 * ratio * ROW_HEIGHT_PIXELS
    assert (media.renditions[-1].width >= needed) is (name not in LARGEST_IS_SMALL)


def test_wide_screens_have_higher_rows_and_so_a_larger_file() -> None:
    """Rows grow by half on screens from 1900 pixels, but not those of embeds."""
    small, large = (
        Thumbnail("https://a.example/1", 300, 200),
        Thumbnail("https://a.example/2", 900, 600),
    )
    media = Media(agency="a", id="1", thumbnail=small, renditions=(small, large))
    usual = 'sizes="(max-width: 600px) 165px, 330px"'
    wide = 'sizes="(max-width: 600px) 165px, (min-width: 1900px) 495px, 330px"'
    assert wide in srcset_attributes(media)
    assert usual in srcset_attributes(media, is_embedded=True)


def test_a_file_of_another_shape_is_no_choice() -> None:
    """Its bar would be inside of the tile's box."""
    small, other = (
        Thumbnail("https://a.example/1", 390, 260),
        Thumbnail("https://a.example/2", 1000, 734),
    )
    media = Media(agency="a", id="1", thumbnail=small, renditions=select_densities(small, other))
    assert srcset_attributes(media) == ""


def test_one_file_is_no_choice() -> None:
    """Of files that are equally wide the last counts; the smallest comes first."""
    small, large = (
        Thumbnail("https://a.example/1", 390, 260),
        Thumbnail("https://a.example/2", 1000, 667),
    )
    assert (
        select_densities(small, None)
        == select_densities(None)
        == select_densities(small, small)
        == ()
    )
    assert select_densities(large, None, small) == (small, large)
