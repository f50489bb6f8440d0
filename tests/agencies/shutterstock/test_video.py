"""Shutterstock's footage against a stand-in that speaks HTTP."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.agencies.shutterstock.video import clip_url, make_still_thumbnail, read_duration
from affiliate.domain.affiliate_links import LinkStyle, build_affiliate_link
from affiliate.domain.media import Media, SearchQuery, Size, Thumbnail
from affiliate.domain.query import AGES, ETHNICITIES, GENDERS
from affiliate.errors import NotFound
from affiliate.transport.client import Transport
from tests.simulator import FIRST_ID, FIRST_VIDEO
from tests.simulator.reading import SEARCH_ID
from tests.support import shutterstock as simulator
from tests.support.apps import ClientMaker
from tests.support.shutterstock import TOKEN

BEARER = {"API_TOKEN": TOKEN}
WAVES = SearchQuery(q="waves", media="video")


@pytest.fixture
def server() -> Iterator[simulator.Shutterstock]:
    with simulator.shutterstock(size=300) as one:
        yield one


@pytest.fixture
def agency(server: simulator.Shutterstock, transport: Transport) -> Shutterstock:
    return Shutterstock(transport, url=server.url, credentials=BEARER)


def read_parameters(query: SearchQuery) -> dict[str, str]:
    """Return the parameters of the call for the first chunk."""
    request = Shutterstock(Transport(), credentials=BEARER).build_request(query, 0)
    assert request.url == "https://api.shutterstock.com/v2/videos/search"
    assert len(dict(request.params)) == len(request.params)
    return dict(request.params)


FILTERS: list[tuple[dict[str, Any], dict[str, str]]] = [
    *(({"people": n}, {"people_number": str(n)}) for n in range(5)),
    *(({"age": a}, {"people_age": a}) for a in AGES),
    *(({"gender": g}, {"people_gender": g}) for g in GENDERS),
    *(({"ethnicity": e}, {"people_ethnicity": e}) for e in ETHNICITIES),
    ({"category": "Nature"}, {"category": "Nature"}),
    ({"contributor": "7"}, {"contributor": "7"}),
    *(({"license": name}, {"license": name}) for name in ("commercial", "editorial")),
    ({"released": True}, {"people_model_released": "true"}),
    ({"safe": False}, {"safe": "false", "keyword_safe_search": "false"}),
    *(({"sort": s}, {"sort": s}) for s in ("popular", "relevance", "newest", "random")),
    ({"lang": "de"}, {"language": "de"}),
    ({"exclude": "beach"}, {"query": "waves NOT beach"}),
    ({"duration": "10"}, {"duration_from": "10", "duration_to": "10"}),
    ({"duration": "10-30"}, {"duration_from": "10", "duration_to": "30"}),
    ({"duration": "10-"}, {"duration_from": "10"}),
    ({"duration": "-30"}, {"duration_to": "30"}),
    ({"fps": "24-25"}, {"fps_from": "24", "fps_to": "25"}),
    *(({"resolution": r}, {"resolution": r}) for r in ("4k", "high_definition")),
    ({"aspect": "16:9"}, {"aspect_ratio": "169"}),
    ({"aspect": "4:3"}, {"aspect_ratio": "43"}),
    ({"aspect": "nonstandard"}, {"aspect_ratio": "nonstandard"}),
]


def test_each_filter_has_its_parameter() -> None:
    """Every filter of footage arrives under the API's name for it, and changes no other."""
    agency = Shutterstock(Transport())
    wrong = [
        (fields, sent)
        for fields, expected in FILTERS
        if (sent := read_parameters(WAVES.replace(**fields))) != read_parameters(WAVES) | expected
        or agency.list_unsupported_filters(WAVES.replace(**fields))
    ]
    assert wrong == []


def test_a_clip_has_everything_that_a_page_shows(agency: Shutterstock) -> None:
    """Id, title, duration, still, small clip, sizes and the page where it is sold are read."""
    result = agency.search(WAVES, 0)
    assert (result.total, len(result.items), result.search_id) == (300, 240, SEARCH_ID)
    one = result.items[0]
    host = one.thumbnail.url.removesuffix("/thumb.jpg")
    assert one == Media(
        agency="shutterstock",
        id=str(FIRST_VIDEO),
        media="video",
        title="Made-up clip 0",
        keywords=("made-up", "number 0"),
        page_url=f"https://www.shutterstock.com/video/clip-{FIRST_VIDEO}",
        contributor="7",
        editorial=True,
        duration=5.0,
        clip=f"{host}/thumb.mp4",
        thumbnail=Thumbnail(f"{host}/thumb.jpg", 640, 360),
        preview=Thumbnail(f"{host}/preview.jpg", 640, 360),
        sizes=one.sizes,
        released=True,
        categories=("Nature",),
        search_id=SEARCH_ID,
    )
    assert Size("hd", 1920, 1080, "mov", 1920 * 1080 * 50) in one.sizes


def test_details_and_similar_are_of_clips(
    server: simulator.Shutterstock, agency: Shutterstock
) -> None:
    """A clip and what is like it come from the calls for footage; a picture's id is unknown."""
    first = agency.search(WAVES, 0).items[0]
    assert agency.fetch_details(first.id, "video") == msgspec.structs.replace(first, search_id=None)
    assert [one.id for one in agency.fetch_media([first.id], "video")] == [first.id]
    like = agency.fetch_similar(first.id, WAVES, 0).items
    assert {one.media for one in like} == {"video"}
    assert first.id not in {one.id for one in like}
    assert all(seen.path.startswith("/v2/videos") for seen in server.requests)
    with pytest.raises(NotFound):
        agency.fetch_details(str(FIRST_ID), "video")


RATIOS: list[tuple[object, int]] = [
    *((1.0, 360), (0.5625, 202), (1.778, 640), (None, 640), ("16:9", 640)),
    *((0, 640), (-1, 640), (969, 640), (float("nan"), 640), ([], 640)),
]


def test_a_still_stands_in_a_box_of_the_clip_s_ratio() -> None:
    """What can't be the ratio of a clip counts as 16:9."""
    url = "https://a.example/1.jpg"
    boxes = [make_still_thumbnail({"url": url}, aspect) for aspect, _ in RATIOS]
    assert boxes == [Thumbnail(url, width, 360) for _, width in RATIOS]


def test_what_cant_be_shown_is_passed_over() -> None:
    """No address but an absolute one of http reaches a page; the next asset stands in."""
    good = {"url": "https://a.example/1.webm"}
    for url in ("javascript:alert(1)", "data:video/mp4;base64,AA", "/1.mp4", "", None, 7):
        assert make_still_thumbnail({"url": url}, 1.5) is None, url
        assert clip_url({"thumb_mp4": {"url": url}}) is None, url
        assert clip_url({"thumb_mp4": {"url": url}, "preview_webm": good}) == good["url"], url


def test_what_is_no_duration_is_none() -> None:
    """A duration is a number of seconds above 0."""
    odd = [None, "5", 0, -1, float("inf"), float("nan"), [5]]
    assert [value for value in odd if read_duration(value) is not None] == []
    assert read_duration(14.081) == 14.081


def test_links_to_clips_carry_the_footage_ad() -> None:
    """Clips have the ad 43977 and their own page, pictures 43068; an owner's template has both."""
    agency = Shutterstock(Transport())
    style = LinkStyle(
        template=agency.link_template, footage=agency.footage_template, affiliate_id="12345"
    )
    picture = Media(agency="shutterstock", id="7", thumbnail=Thumbnail("https://a.example", 3, 2))
    clip_ = msgspec.structs.replace(picture, media="video")
    page = "https%3A%2F%2Fwww.shutterstock.com%2Fvideo%2Fclip-7"
    assert (
        build_affiliate_link(style, clip_, agency.build_landing_url(clip_))
        == f"https://shutterstock.7eer.net/c/12345/43977/1305?u={page}"
    )
    assert "/43068/" in build_affiliate_link(style, picture, agency.build_landing_url(picture))
    own = LinkStyle(template="https://x.example/{media}/{id}")
    assert build_affiliate_link(own, clip_, "") == "https://x.example/video/7"


def test_the_site_shows_footage(server: simulator.Shutterstock, make_client: ClientMaker) -> None:
    """Tiles play a clip, details are of the clip, and its picture's namesake is another."""
    client = make_client(
        SHUTTERSTOCK_URL=server.url,
        SHUTTERSTOCK_API_TOKEN=TOKEN,
        SHUTTERSTOCK_AFFILIATE_ID="12345",
        SITE_LANGUAGE="en",
    )
    raw = "q=waves&media=video&duration=5-10&resolution=4k&fps=24-60&lang=en"
    page = client.get(f"/ajax/search?{raw}&wait=1").text
    found = client.get(f"/api/search?{raw}").get_json()
    first = found["items"][0]
    assert f'data-clip="{first["clip"]}"' in page
    assert "/43977/1305?u=" in page
    assert all(5 <= one["duration"] <= 10 for one in found["items"])
    calls = len(server.requests)
    details = client.get(f"/api/video/shutterstock/{first['id']}?q=waves&lang=en").get_json()
    assert (details["id"], details["media"]) == (first["id"], "video")
    assert len(server.requests) == calls + 1
    shown = client.get(f"/video/shutterstock/{first['id']}?q=waves&lang=en").text
    assert '"@type": "VideoObject"' in shown
    assert f'"contentUrl": "{first["clip"]}"' in shown
    similar = client.get(f"/api/video/shutterstock/{first['id']}/similar?wait=1").get_json()
    assert {one["media"] for one in similar["items"]} == {"video"}
    assert client.get(f"/api/image/shutterstock/{first['id']}").status_code == 404
    assert client.get(f"/api/video/shutterstock/{FIRST_ID}").status_code == 404
