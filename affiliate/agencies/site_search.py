"""Addresses of searches on an agency's own site, where a visitor can continue a search."""

from typing import Final

import msgspec

from affiliate.domain.affiliate_links import percent_encode

DOTS: Final = ". "
"""Characters of which words alone would be a dot segment of a path (RFC 3986, 5.2.4)."""


class SiteSearch(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of an agency's own site, each with ``{words}``, which are percent-encoded once.

    ``pictures`` and ``footage`` search pictures and footage; empty where the site sells none or the
    form is not known. ``home`` is the page for a search without words. ``space`` stands between
    words. A slash in the words becomes a space, since many servers take an encoded slash for the
    end of a folder's name.
    """

    pictures: str
    footage: str = ""
    home: str
    space: str = " "

    def search_url(self, words: str, media: str = "image") -> str:
        """Return the address of a search on the site; empty where the form is not known."""
        form = self.footage if media == "video" else self.pictures
        phrase = self.space.join(words.replace("/", " ").split())
        if not form or not phrase.strip(DOTS):
            return form and self.home
        return form.replace("{words}", percent_encode(phrase))
