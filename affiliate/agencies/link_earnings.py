"""The earning status of an agency's links: a line for the owner, at the start and in doctor."""

import re
from typing import NamedTuple

from affiliate.agencies import Agency
from affiliate.config.readers import list_fields
from affiliate.config.setting_table import get_setting_prefix
from affiliate.domain.affiliate_links import LinkStyle


class Earning(NamedTuple):
    """The earning status of an agency's links: ``state`` is ``ok`` or ``warn``, ``words`` why."""

    state: str
    words: str


def assess_links(kind: type[Agency], style: LinkStyle) -> Earning:
    """Return whether links of a style lead to an agency through the owner's affiliate program.

    An id that no link carries and an id that is missing are warnings; an agency without a program
    is fine. The words hold the id, which every link shows, and names of settings.
    """
    before = get_setting_prefix(kind.account or kind.name)
    own_id, own_link = f"{before}AFFILIATE_ID", f"{before}AFFILIATE_LINK"
    affiliate_id = style.affiliate_id
    if "affiliate_id" in list_fields(style.template):
        if affiliate_id:
            return Earning("ok", f"links carry {affiliate_id}")
        return _warn_unpaid(f"{own_id} is not set")
    is_unused = affiliate_id is not None and not _holds_id(affiliate_id, style.template)
    if style.is_owner_template:
        return _assess_template(style.template, own_link, own_id if is_unused else "")
    if kind.link_source:
        hint = f" ({own_id} alone is not used)" if is_unused else ""
        return _warn_unpaid(f"{own_link} is not set{hint}: {kind.link_source}")
    if is_unused:
        return _warn_unpaid(f"{own_id} is not used, for no affiliate program is known")
    return Earning("ok", "links lead to its own pages, for no affiliate program is known")


def _holds_id(affiliate_id: str, template: str) -> bool:
    """Return whether a template holds an id as a whole word."""
    return re.search(rf"(?<!\w){re.escape(affiliate_id)}(?!\w)", template) is not None


def _assess_template(template: str, link: str, unused_id: str) -> Earning:
    """Return the earning status of links from a template of the owner, without an affiliate id."""
    if template == Agency.link_template:
        return _warn_unpaid(f"{link} leads to the plain pages")
    if unused_id:
        return Earning("warn", f"links don't carry {unused_id}, for {link} has no {{affiliate_id}}")
    return Earning("ok", f"links are those of {link}")


def _warn_unpaid(why: str) -> Earning:
    return Earning("warn", f"links earn nothing: {why}")
