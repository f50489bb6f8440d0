"""Tests for affiliate links: a page with one must carry the disclosure, any other page must not."""

from collections.abc import Iterable, Mapping

from affiliate.domain.affiliate_links import is_impact
from affiliate.domain.media import AgencyStatus, Media, SearchQuery, Seller
from affiliate.search.federation import EnabledAgency
from affiliate.search.registry import AgencyRegistry


def has_affiliate_link(items: Iterable[Media], registry: AgencyRegistry) -> bool:
    """Return whether any seller of the pictures has an affiliate link."""
    return find_first_affiliate_position(items, registry) > 0


def find_first_affiliate_position(items: Iterable[Media], registry: AgencyRegistry) -> int:
    """Return the position of the first picture with an affiliate link, from 1 on; 0 without any."""
    for position, item in enumerate(items, 1):
        for seller in item.sellers:
            if _is_affiliate_link(item, seller, registry.get(seller.agency)):
                return position
    return 0


def has_affiliate_search_link(
    links: Mapping[str, str], query: SearchQuery, agencies: Iterable[EnabledAgency]
) -> bool:
    """Return whether any link to a search is an affiliate link; ``links`` are by agency name."""
    plain = {enabled.agency.name: enabled.agency.build_search_url(query) for enabled in agencies}
    return any(link != plain[name] for name, link in links.items())


def may_earn(
    query: SearchQuery,
    agencies: Iterable[EnabledAgency],
    late: Iterable[AgencyStatus] | None = None,
) -> bool:
    """Return whether the pictures that a search may find would have affiliate links.

    ``late`` are the agencies whose pictures are still to come; by default all searched agencies.
    """
    names = query.agency if late is None else [status.agency for status in late]
    is_all = late is None and not names
    return any(
        enabled.link.is_affiliated(query.media)
        for enabled in agencies
        if (is_all or enabled.agency.name in names)
        and not enabled.agency.list_unsupported_filters(query)
    )


def _is_affiliate_link(item: Media, seller: Seller, enabled: EnabledAgency) -> bool:
    """Return whether a seller's link is an affiliate link.

    An agency's own referral link counts too: in Impact's form, or to another than the item's page.
    """
    if enabled.link.is_affiliated(item.media) or is_impact(seller.link):
        return True
    pages = (item.page_url, enabled.agency.build_landing_url(item))
    return seller.agency == item.agency and seller.link not in pages
