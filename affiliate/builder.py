"""The page on which bloggers choose what they embed, see it, and copy the code."""

from typing import Final, NamedTuple

from flask import Blueprint, Response, render_template
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from markupsafe import Markup

from affiliate.answers import parameters
from affiliate.embedding import BOX, MOST_ROWS, Embed
from affiliate.oembed import frame
from affiliate.page import absolute, address, site_of_app
from affiliate.problems import content_security_policy
from affiliate.query import Parameters

KINDS: Final = {
    "grid": _("Grid"),
    "strip": _("Strip"),
    "image": _("One picture"),
    "search": _("Search box"),
}
"""What the kinds are called."""
THEMES: Final = {"light": _("Light"), "dark": _("Dark")}

blueprint = Blueprint("builder", __name__)


class Code(NamedTuple):
    """One of the forms in which an embed is pasted."""

    name: str
    text: str


@blueprint.get("/embed/builder")
def builder() -> Response:
    """The choices, what they make, and its code in three forms."""
    site = site_of_app()
    embed = Embed.from_parameters(_asked(parameters()))
    html = render_template(
        "builder.html",
        embed=embed,
        kinds=KINDS.items(),
        themes=THEMES.items(),
        most_rows=MOST_ROWS,
        label=label(embed),
        codes=codes(embed),
    )
    response = Response(html)
    response.headers["Cache-Control"] = "private, no-cache"
    policy = content_security_policy(site.search, frames="'self'")
    response.headers["Content-Security-Policy"] = policy
    return response


def _asked(asked: Parameters) -> Parameters:
    """What is asked, or on a first visit the first of the site's topics."""
    if any(name in asked for name in ("q", "kind", "category", "contributor", "color")):
        return asked
    return {**asked, "q": [*site_of_app().config.site_topics, "flower"][:1]}


def label(embed: Embed) -> str:
    """What an embed shows, in words: the text of the link inside it."""
    words = embed.query.q
    if words:
        return gettext("Pictures for “%(words)s”", words=words)
    return gettext("Pictures") if embed.query.says_something() else gettext("Search pictures")


def codes(embed: Embed) -> list[Code]:
    """The code of an embed: as an element, as an iframe, and as an address for oEmbed."""
    return [
        Code(gettext("As an element"), element(embed)),
        Code(
            gettext("As a frame, where scripts are not allowed"),
            frame(embed, label(embed), "100%", embed.height),
        ),
        Code(gettext("As an address, where addresses become previews"), link(embed)),
    ]


def element(embed: Embed) -> str:
    """The script and the element, with a link inside, and its height so that nothing shifts."""
    typed = not embed.query.says_something()
    attributes = Markup("").join(
        Markup(' {}="{}"').format(name, value) for name, value in embed.attributes().items()
    )
    markup = Markup(
        '<script type="module" async src="{}"></script>\n'
        '<affiliate-search{} style="display: block; min-height: {}px">'
        '<a href="{}">{}</a></affiliate-search>'
    )
    height = BOX if typed else embed.height
    script = absolute("/embed.js")
    return str(markup.format(script, attributes, height, link(embed), label(embed)))


def link(embed: Embed) -> str:
    """The whole address of the page that shows the same."""
    return absolute(path(embed))


def path(embed: Embed) -> str:
    """The page of this site that shows the same; the blog's name goes with it."""
    page = address("/search" if embed.query.says_something() else "/", embed.query)
    return page + (f"&site={embed.site}" if embed.site else "")
