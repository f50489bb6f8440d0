"""What is Adobe Stock's own: columns, footage, and a product beside the key."""

from collections.abc import Iterator

import pytest

from affiliate.agencies.adobe_stock.client import AdobeStock
from affiliate.domain.affiliate_links import LinkStyle, build_affiliate_link
from affiliate.domain.media import SearchQuery, Thumbnail
from affiliate.errors import BadCredentials
from tests.dialects import FIRST, Server, serve_dialect
from tests.dialects.adobe_stock import FILTERS, PARAMETERS, AdobeStockDialect
from tests.support.calling import open_transport

FLOWER = SearchQuery(q="flower")
CLIPS = FLOWER.replace(media="video")


@pytest.fixture
def server() -> Iterator[Server]:
    with serve_dialect(AdobeStockDialect()) as one:
        yield one


@pytest.fixture
def agency(server: Server) -> Iterator[AdobeStock]:
    with open_transport() as transport:
        yield AdobeStock(transport, url=server.url, credentials=AdobeStockDialect.keys)


def test_a_picture_has_the_smallest_and_the_largest_thumbnail_with_their_true_sizes(
    agency: AdobeStock,
) -> None:
    media = agency.search(FLOWER, 0).items[0]
    small = f"https://as1.ftcdn.net/v2/jpg/00/90/240_F_{FIRST}_x.jpg"
    large = f"https://as2.ftcdn.net/v2/jpg/00/90/1000_F_{FIRST}_x.jpg"
    assert media.thumbnail == Thumbnail(small, 360, 240)
    assert media.preview == Thumbnail(large, 1000, 667)
    assert media.page_url == f"https://stock.adobe.com/{FIRST}"


def test_it_asks_for_every_column_that_it_reads_and_for_premium_works_always(
    agency: AdobeStock,
) -> None:
    params = agency.build_request(FLOWER, 1).params
    columns = {value for name, value in params if name == "result_columns[]"}
    assert {"nb_results", "id", "title", "thumbnail_240_url", "thumbnail_url"} <= columns
    assert (f"{FILTERS}[premium]", "all") in params
    assert (f"{PARAMETERS}[offset]", "96") in params


def test_only_a_search_that_is_not_safe_may_find_what_offends(agency: AdobeStock) -> None:
    for safe, sent in ((True, "0"), (False, "1")):
        params = agency.build_request(FLOWER.replace(safe=safe), 0).params
        assert (f"{FILTERS}[offensive:2]", sent) in params


def test_pictures_without_a_type_are_photos_illustrations_and_vectors(agency: AdobeStock) -> None:
    names = {name for name, _ in agency.build_request(FLOWER, 0).params if "content_type" in name}
    kinds = ("photo", "illustration", "vector")
    assert names == {f"{FILTERS}[content_type:{kind}]" for kind in kinds}


@pytest.mark.parametrize(
    ("lang", "locale"), [("de", "de_DE"), ("zh", "zh_CN"), ("zh-Hant", "zh_CN"), ("ta", None)]
)
def test_a_language_is_sent_as_a_locale_where_there_is_one(
    agency: AdobeStock, lang: str, locale: str | None
) -> None:
    params = dict(agency.build_request(FLOWER.replace(lang=lang), 0).params)
    assert params.get("locale") == locale


def test_footage_has_seconds_and_a_small_video(agency: AdobeStock) -> None:
    clip = agency.search(CLIPS, 0).items[0]
    assert (clip.media, clip.type, clip.duration) == ("video", None, 12.5)
    assert clip.clip == "https://as1.ftcdn.net/v2/clip.mp4"


def test_footage_by_other_lengths_and_gray_pictures_are_unsupported(agency: AdobeStock) -> None:
    assert agency.list_unsupported_filters(CLIPS.replace(duration="10-30")) == ("duration",)
    assert agency.list_unsupported_filters(CLIPS.replace(color="grayscale")) == ("color",)
    assert agency.list_unsupported_filters(FLOWER.replace(color="grayscale")) == ("color",)
    assert agency.list_unsupported_filters(FLOWER.replace(color="808080")) == ()


def test_details_have_keywords_and_releases(agency: AdobeStock) -> None:
    media = agency.fetch_details(str(FIRST))
    assert (media.keywords, media.released) == (("rose", "garden"), True)


def test_a_missing_product_is_the_owners_to_mend(agency: AdobeStock) -> None:
    agency.keys = {**agency.keys, "PRODUCT": ""}
    with pytest.raises(BadCredentials, match="X-Product"):
        agency.check_key()


def test_a_link_goes_through_the_partner_network_to_the_page(agency: AdobeStock) -> None:
    media = agency.search(FLOWER, 0).items[0]
    style = LinkStyle(
        template=agency.link_template,
        affiliate_id="1101l",
        network=agency.network,
        sub_ids=frozenset({"site"}),
    )
    link = build_affiliate_link(style, media, agency.build_landing_url(media), site="blog.example")
    assert link == (
        "https://adobe.prf.hn/click/camref:1101l/pubref:blog.example"
        f"/destination:https%3A%2F%2Fstock.adobe.com%2F{FIRST}"
    )
