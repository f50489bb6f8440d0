"""Where the public searches an agency's own site: the pages that a visitor can go on to."""

from typing import Final

import msgspec

from affiliate.domain.affiliate_links import percent_encode

DOTS: Final = ". "
"""Characters of words that would be no more than a step in a path (RFC 3986, 5.2.4)."""


class SiteSearch(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of an agency's own site, each with ``{words}``, which are percent-encoded once.

    ``pictures`` and ``footage`` find what their names say; empty where the site has none or the
    form is not known. ``home`` is where a search without words leads. ``space`` stands between
    words. A slash never stays in the words, since many servers take an encoded one for a folder.
    """

    pictures: str
    footage: str = ""
    home: str
    space: str = " "

    def search_url(self, words: str, media: str = "image") -> str:
        """Return the page that a search of the site shows; empty where the form is not known."""
        form = self.footage if media == "video" else self.pictures
        said = self.space.join(words.replace("/", " ").split())
        if not form or not said.strip(DOTS):
            return form and self.home
        return form.replace("{words}", percent_encode(said))
