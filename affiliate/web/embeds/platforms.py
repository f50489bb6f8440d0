"""The platforms of blogs: the forms of code for each platform, and the place in its editor."""

from typing import Final, NamedTuple

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

ELEMENT: Final = "element"
FRAME: Final = "frame"
SOURCE: Final = "source"
LINK: Final = "link"
MAIL: Final = "mail"

CARD_HINT: Final = _("Paste the address on a line of its own: it becomes a card with a picture.")
NO_SCRIPTS_HINT: Final = _("Scripts are not allowed there.")


class Platform(NamedTuple):
    """A platform: its title, the forms of code that the platform takes, and hints for pasting.

    Forms are ``element`` (script and element), ``frame`` (an iframe), ``source`` (the address of
    the frame), ``link`` (the address of a page, which the platform turns into a preview) and
    ``mail`` (pictures and links alone).
    """

    title: str | LazyString
    forms: tuple[str, ...]
    hints: tuple[LazyString, ...]


def _describe_insertion(part: str) -> LazyString:
    return _("In the editor add “%(part)s” and paste the code there.", part=part)


PLATFORMS: Final = {
    # https://wordpress.org/documentation/article/roles-and-capabilities/#unfiltered_html
    "wordpress": Platform(
        "WordPress",
        (ELEMENT, LINK),
        (
            _describe_insertion("Custom HTML"),
            _(
                "WordPress keeps scripts of administrators and editors only, WordPress.com in some"
                " plans only; everybody else pastes the address on a line of its own."
            ),
        ),
    ),
    "blogger": Platform(
        "Blogger",
        (ELEMENT,),
        (_("Switch the post to “%(view)s” and paste the code there.", view="HTML view"),),
    ),
    # Ghost shows searches as bookmark cards: https://github.com/TryGhost/Ghost/pull/27564
    "ghost": Platform("Ghost", (ELEMENT, LINK), (_describe_insertion("HTML"), CARD_HINT)),
    "wix": Platform(
        "Wix",
        (FRAME,),
        (
            _describe_insertion("Embed HTML"),
            _(
                "Code stands in a frame of its own there: fill in the host name, so that clicks"
                " are credited to your blog."
            ),
        ),
    ),
    "squarespace": Platform(
        "Squarespace",
        (ELEMENT, FRAME),
        (_describe_insertion("Code"), _("Its smallest plan shows neither scripts nor frames.")),
    ),
    "notion": Platform(
        "Notion",
        (SOURCE,),
        (_("Type “%(command)s” and paste the address there.", command="/embed"), NO_SCRIPTS_HINT),
    ),
    # https://blog.medium.com/now-you-can-embed-mastodon-posts-in-medium-stories-99b11d0baa7f
    "medium": Platform("Medium", (LINK,), (CARD_HINT, NO_SCRIPTS_HINT)),
    "substack": Platform("Substack", (LINK,), (CARD_HINT, NO_SCRIPTS_HINT)),
    "newsletter": Platform(
        _("Newsletter"),
        (MAIL,),
        (
            _("Paste the code into the HTML of your mail: pictures with links, without scripts."),
            _("Pictures that agencies do not let stand there are left out."),
        ),
    ),
    "html": Platform(
        _("Plain HTML"),
        (ELEMENT, FRAME, LINK),
        (
            _("Paste the code where the pictures are to stand."),
            _("Where scripts are not allowed, take the code without one."),
        ),
    ),
}
"""The platforms by their names in the builder's address."""
DEFAULT_PLATFORM: Final = "html"
