"""One line says whether an agency's links earn, from the settings that its links are made of."""

import pytest

from affiliate.agencies import AGENCIES
from affiliate.agencies.link_earnings import assess_links
from affiliate.domain.affiliate_links import LinkStyle

PLAIN = "{landing_url}"
OTHER = "https://net.example/{affiliate_id}?u={landing}"
FIXED = "https://net.example/c/777/1/2?u={landing}"

TOLD: list[tuple[str, str | None, str | None, str]] = [
    ("shutterstock", "12345", None, "ok: links carry 12345"),
    ("shutterstock", None, None, "warn: links earn nothing: SHUTTERSTOCK_AFFILIATE_ID is not set"),
    ("shutterstock-editorial", "12345", None, "ok: links carry 12345"),
    ("shutterstock-editorial", None, None, "warn: links earn nothing: SHUTTERSTOCK_AFFILIATE_ID "),
    ("shutterstock", "12345", OTHER, "ok: links carry 12345"),
    ("shutterstock", None, FIXED, "ok: links are those of SHUTTERSTOCK_AFFILIATE_LINK"),
    ("shutterstock", "777", FIXED, "ok: links are those of SHUTTERSTOCK_AFFILIATE_LINK"),
    ("shutterstock", "12345", FIXED, "warn: links don't carry SHUTTERSTOCK_AFFILIATE_ID, for "),
    ("shutterstock", "77", FIXED, "warn: links don't carry SHUTTERSTOCK_AFFILIATE_ID, for "),
    ("shutterstock", "1", PLAIN, "warn: links earn nothing: SHUTTERSTOCK_AFFILIATE_LINK leads "),
    ("adobe-stock", "1101abc", None, "ok: links carry 1101abc"),
    ("depositphotos", None, None, "warn: links earn nothing: DEPOSITPHOTOS_AFFILIATE_ID is not"),
    ("panthermedia", None, None, "warn: links earn nothing: PANTHERMEDIA_AFFILIATE_LINK is not "),
    ("panthermedia", "9", None, "warn: links earn nothing: PANTHERMEDIA_AFFILIATE_LINK is not"),
    ("123rf", "me", None, "warn: links earn nothing: _123RF_AFFILIATE_LINK is not set (_123RF_"),
    ("123rf", "me", OTHER, "ok: links carry me"),
    ("pixabay", None, None, "ok: links lead to its own pages"),
    ("pixabay", "9", None, "warn: links earn nothing: PIXABAY_AFFILIATE_ID is not used"),
    ("pixabay", "9", "https://go.example/{id}", "warn: links don't carry PIXABAY_AFFILIATE_ID"),
    ("demo", None, None, "ok: links lead to its own pages"),
]  # fmt: skip


@pytest.mark.parametrize(("agency", "affiliate_id", "link", "words"), TOLD)
def test_what_links_are_worth_is_told(
    agency: str, affiliate_id: str | None, link: str | None, words: str
) -> None:
    """An id that is missing or that no link carries is a warning, which names the setting."""
    kind = AGENCIES[agency]
    style = LinkStyle(
        template=link or kind.link_template,
        footage="" if link else kind.footage_template,
        affiliate_id=affiliate_id,
        is_owner_template=link is not None,
    )
    state, told = assess_links(kind, style)
    assert f"{state}: {told}".startswith(words)
