"""Affiliate links of pictures and of searches, by the agencies of a registry."""

import msgspec

from affiliate.domain.affiliate_links import build_affiliate_link, build_search_link
from affiliate.domain.media import Media, SearchQuery, Seller, Sides, Thumbnail
from affiliate.domain.query import MAX_NAME
from affiliate.search.registry import AgencyRegistry


def add_link(registry: AgencyRegistry, media: Media, words: str = "", site: str = "") -> Media:
    """Return a picture with its link, for ``words`` on ``site``; its agency may be off by now."""
    enabled = registry.get(media.agency)
    landing = enabled.agency.build_landing_url(media)
    link = build_affiliate_link(enabled.link, media, landing, site=site, query=words)
    sides = media.largest or Sides(0, 0)
    seller = Seller(media.agency, media.id, link, sides.width, sides.height)
    return msgspec.structs.replace(media, link=link, sellers=(seller,), referral=None)


def build_media_from_id(  # noqa: PLR0913 - which picture, and what its link carries
    registry: AgencyRegistry,
    agency: str,
    media_id: str,
    media: str = "image",
    *,
    words: str = "",
    site: str = "",
) -> Media | None:
    """Return a picture that an agency does not describe, with the link that its id alone gives.

    Return None where no such agency is on, sells such media, or builds pages from ids like this.
    """
    enabled = registry.find_enabled(agency)
    sells = enabled is not None and (media == "image" or bool(enabled.agency.video_filters))
    may_exist = sells and media_id.isascii() and len(media_id) <= MAX_NAME
    page = enabled.agency.build_page_url(media_id, media) if enabled and may_exist else ""
    no_thumbnail = Thumbnail("", 1, 1)
    bare = Media(agency=agency, id=media_id, media=media, page_url=page, thumbnail=no_thumbnail)
    return add_link(registry, bare, words, site) if page else None


def list_search_links(
    registry: AgencyRegistry, query: SearchQuery, site: str = ""
) -> dict[str, str]:
    """Return links to a search on the agencies' own sites, by the agencies' names.

    Agencies that are off, and agencies whose site's search has no known address, have no link.
    """
    words, links = query.to_counted().q, {}
    for enabled in registry.select_enabled(query.agency):
        if landing := enabled.agency.build_search_url(query):
            links[enabled.agency.name] = build_search_link(
                enabled.link, query.media, landing, site=site, query=words
            )
    return links
