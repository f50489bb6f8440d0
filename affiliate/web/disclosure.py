"""Which links earn: a page with an affiliate link must say so, and any other page must not."""

from collections.abc import Iterable, Mapping, Sequence

from affiliate.domain.affiliate_links import is_impact
from affiliate.domain.media import AgencyStatus, Media, SearchQuery, Seller
from affiliate.search.federation import EnabledAgency


def has_affiliate_link(items: Iterable[Media], every: Sequence[EnabledAgency]) -> bool:
    """Return whether a link of the pictures, or of one of their sellers, is an affiliate link."""
    return find_first_affiliate_position(items, every) > 0


def find_first_affiliate_position(items: Iterable[Media], every: Sequence[EnabledAgency]) -> int:
    """Return the place of the first picture with an affiliate link, from 1 on; 0 without any."""
    by_name = {one.agency.name: one for one in every}
    earning = (
        place
        for place, item in enumerate(items, 1)
        if any(_is_affiliate_link(item, seller, by_name[seller.agency]) for seller in item.sellers)
    )
    return next(earning, 0)


def has_affiliate_search_link(
    links: Mapping[str, str], query: SearchQuery, every: Iterable[EnabledAgency]
) -> bool:
    """Return whether a link to a search is an affiliate link; ``links`` are by agencies' names."""
    landings = {one.agency.name: one.agency.search_landing(query) for one in every}
    return any(link != landings[name] for name, link in links.items())


def may_earn(
    query: SearchQuery, listed: Iterable[EnabledAgency], late: Iterable[AgencyStatus] | None = None
) -> bool:
    """Return whether the pictures that a search may find would have affiliate links.

    ``late`` are the agencies whose pictures are still to come; all that are asked by default.
    """
    names = query.agency if late is None else [status.agency for status in late]
    chosen = [one for one in listed if one.agency.name in names or (late is None and not names)]
    able = [one for one in chosen if not one.agency.unsupported(query)]
    return any(one.link.is_affiliated(query.media) for one in able)


def _is_affiliate_link(item: Media, seller: Seller, listed: EnabledAgency) -> bool:
    """Return whether a seller's link is an affiliate link.

    An agency's own referral is one too: known by Impact's form, or as it is not the picture's page.
    """
    if listed.link.is_affiliated(item.media) or is_impact(seller.link):
        return True
    pages = (item.page_url, listed.agency.landing_url(item))
    return seller.agency == item.agency and seller.link not in pages
