"""First labels of host names that ad blockers block, whatever the site is."""

from typing import Final
from urllib.parse import urlsplit

BLOCKED_LABELS: Final = frozenset(
    "a-ads ad-server ad1 adimage adimages adserv adserver adserver3 adserving adsserver adsrv"
    " adsbb ads ads1 ads2 adtrack adv advert adverts aff-ads affiliate affiliates affiliates2"
    " analytics-beacon analytics-cdn api-analytics banner banner-ad banners events-collector"
    " fathom hit-counter insights-collector internal-matomo matomo metrics-collector oascentral"
    " partnerbanner piwik pixel-tracking posthog promo publicidade pubstats"
    " segment-api segment-cdn smartpixel sponsor-ad top-ad track-pixel uads videoad".split()
)
"""Labels that a generic rule of EasyList or EasyPrivacy matches (https://easylist.to, 2026), such
as ``://affiliate.$third-party``; a test compares the labels with both lists."""


def find_blocked_label(address: str | None) -> str:
    """Return the first label of an address's host if blockers block the label; else "".

    Elements, frames and pictures of such a site stay empty for the blockers' users on other sites'
    pages, and with some labels on the site's own pages.
    """
    label = (urlsplit(address or "").hostname or "").partition(".")[0]
    return label if label in BLOCKED_LABELS else ""


def describe_blocking(label: str) -> str:
    """Return the advice to an owner whose host name begins with a blocked label."""
    return (
        f"ad blockers block every host whose name begins with {label}. (EasyList, EasyPrivacy),"
        " so that their users see no embed of this site; take another name, such as pictures."
    )
