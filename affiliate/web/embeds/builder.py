"""The page on which bloggers choose what they embed, see it, and copy the code."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec
from flask import Blueprint, Response, render_template
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from markupsafe import Markup

from affiliate.domain.media import Collection, Media, SearchQuery
from affiliate.domain.query import Parameters, choice_parser, read_single
from affiliate.errors import BadQuery, NotFound
from affiliate.search.service import Patience
from affiliate.services import current_services
from affiliate.web import i18n, previews
from affiliate.web.caching import request_parameters
from affiliate.web.embeds.options import BOX, MOST_ROWS, NOTE, ROW, Embed
from affiliate.web.embeds.platforms import (
    DEFAULT,
    ELEMENT,
    FRAME,
    LINK,
    MAIL,
    PLATFORMS,
    SOURCE,
)
from affiliate.web.errors import content_security_policy
from affiliate.web.template_helpers import (
    absolute_url,
    search_url,
)

KINDS: Final = {
    "grid": _("Grid"),
    "strip": _("Strip"),
    "image": _("One picture"),
    "search": _("Search box"),
}
"""What the kinds are called."""
THEMES: Final = {"light": _("Light"), "dark": _("Dark")}
VIEWS: Final = {**THEMES, "narrow": _("Narrow"), "choose": _("Choose pictures")}
"""The grounds on which the preview can stand, a column as on a phone, and all that is found."""
SIDES: Final = {"left": _("Left"), "center": _("Center"), "right": _("Right")}
MAIL_PICTURES: Final = 6
"""So many pictures stand in a newsletter unless the embed has a limit."""
SAYS: Final = ("q", "kind", "category", "contributor", "color", "ids", "collection")
"""Parameters of which any says what is embedded."""
OWN: Final = {"platform": tuple(PLATFORMS), "view": tuple(VIEWS)}
"""The builder's own parameters, with their values."""

blueprint = Blueprint("builder", __name__)


class Code(NamedTuple):
    """One of the forms in which an embed is pasted."""

    name: str
    text: str


class Choices(NamedTuple):
    """Holds what the form says: an embed, the builder's own choices, and what can't be read.

    ``faults`` are reasons by the name of the field; an embed beside them lacks those fields.
    """

    embed: Embed
    own: Mapping[str, str]
    faults: Mapping[str, str]


@blueprint.get("/embed/builder")
def builder() -> Response:
    """Show the choices with a preview and its code, or with what is wrong in which field."""
    site = current_services()
    asked = _asked(request_parameters())
    embed, own, faults = _choices(asked)
    shown = preview(embed, own["view"])
    html = render_template(
        "builder.html",
        embed=embed,
        shown=shown,
        source=source(shown),
        featured=site.search.featured(0).values,
        typed=lambda name, value: _typed(asked, name) if name in faults else value,
        told=lambda name, *about: _attributes(name, faults, about),
        faults=faults,
        kinds=KINDS.items(),
        themes=list(THEMES.items()),
        sides=SIDES.items(),
        views=VIEWS.items(),
        view=own["view"],
        platforms=[(name, one.title) for name, one in PLATFORMS.items()],
        platform=own["platform"],
        where=PLATFORMS[own["platform"]].where,
        most_rows=MOST_ROWS,
        label=label(embed),
        codes=[] if faults else codes(embed, own["platform"]),
        lacks_poster=may_have_poster(embed) and not cached(embed),
    )
    response = Response(html, HTTPStatus.BAD_REQUEST if faults else HTTPStatus.OK)
    response.headers["Cache-Control"] = "private, no-cache"
    policy = content_security_policy(site.search, frames="'self'")
    response.headers["Content-Security-Policy"] = policy
    return response


def _asked(asked: Parameters) -> Parameters:
    """Return what is asked, or on a first visit the first of the site's topics."""
    if any(name in asked for name in SAYS):
        return asked
    return {**asked, "q": [*current_services().config.site_topics, "flower"][:1]}


def _choices(asked: Parameters) -> Choices:
    """Read all that can be read of the parameters, and name every field that can't.

    Raises:
        BadQuery: names a parameter of which no other value would do.
    """
    own, faults = {"platform": DEFAULT, "view": "light"}, {}
    for name, values in OWN.items():
        try:
            own[name] = choice_parser(values)(name, read_single(asked, name) or own[name])
        except BadQuery as error:
            faults[name] = _reason(error)
    while True:
        try:
            return Choices(Embed.from_parameters(asked), own, faults)
        except BadQuery as error:
            if error.field in faults:
                raise
            faults[error.field] = _reason(error)
            rest = {name: values for name, values in asked.items() if name != error.field}
            asked = {**rest, "q": ["-"]} if error.field == "q" else rest


def _attributes(name: str, faults: Mapping[str, str], about: Sequence[str]) -> dict[str, str]:
    """Return the attributes of a form's field, with the ids of the texts ``about`` the field."""
    known = {"id": f"f-{name}", "name": name}
    known["aria-describedby"] = " ".join((f"wrong-{name}", *about))
    return known | ({"aria-invalid": "true"} if name in faults else {})


def _reason(error: BadQuery) -> str:
    return gettext(error.template, **error.values)


def _typed(asked: Parameters, name: str) -> str:
    """Return the text of a field that can't be read."""
    return next(iter(asked.get(name, ())), "")


def label(embed: Embed) -> str:
    """Return what an embed shows, in words: the text of the link inside the element."""
    words = embed.query.q
    if words:
        return gettext("Pictures for “%(words)s”", words=words)
    return gettext("Pictures") if embed.shows_something() else gettext("Search pictures")


def codes(embed: Embed, platform: str = DEFAULT) -> list[Code]:
    """Return the forms of an embed that a platform takes."""
    forms = {
        ELEMENT: lambda: Code(gettext("Code"), element(embed)),
        FRAME: lambda: Code(gettext("Code without a script"), frame(embed)),
        SOURCE: lambda: Code(gettext("Address"), absolute_url(source(embed))),
        LINK: lambda: Code(gettext("Address"), link(embed)),
        MAIL: lambda: Code(gettext("Code"), newsletter(embed)),
    }
    made = [forms[form]() for form in PLATFORMS[platform].forms]
    return [code for code in made if code.text]


def element(embed: Embed) -> str:
    """Return script and element, with the height so that nothing shifts.

    Inside stand a link and a picture, which feeds and readers without scripts see.
    """
    typed = not embed.shows_something()
    attributes = Markup("").join(
        Markup(' {}="{}"').format(name, value) for name, value in embed.attributes().items()
    )
    markup = Markup(
        '<script type="module" async src="{}"></script>\n'
        '<affiliate-search{} style="display: block; min-height: {}px">'
        '<a href="{}">{}{}</a>{}</affiliate-search>'
    )
    height = BOX if typed else embed.height
    script = absolute_url("/embed.js")
    picture, credit = poster(embed)
    inside = (link(embed), picture, label(embed), credit)
    return str(markup.format(script, attributes, height, *inside))


def may_have_poster(embed: Embed) -> bool:
    """Tell whether an element may hold a picture: not where only a click may load any."""
    return embed.shows_something() and not embed.consent


def poster(embed: Embed) -> tuple[Markup, Markup]:
    """Return a picture that stands inside an element until others come, and its credit.

    Both are empty while the cache has no picture whose agency lets the address last. A search box
    is called by the text inside, where no credit may stand.
    """
    found = picture_of(embed) if may_have_poster(embed) else None
    if found is None or (found.credit and embed.kind == "search"):
        return Markup(), Markup()
    file = found.picture
    height = embed.height - 2 * NOTE if embed.kind == "image" else ROW
    markup = Markup(
        '<img src="{}" alt="{}" width="{}" height="{}" loading="lazy"'
        ' style="max-width: 100%; object-fit: cover; object-position: top"><br>'
    )
    wide = round(file.width / file.height * height)
    credit = Markup("<br><small>{}</small>").format(found.credit) if found.credit else Markup()
    return markup.format(absolute_url(file.url), found.alt, wide, height), credit


def picture_of(embed: Embed) -> previews.Preview | None:
    """Return a picture of those that an embed shows and the cache knows; no agency is asked."""
    terms = {one.agency.name: one.agency.terms for one in current_services().search.configured}
    return previews.choose_preview(cached(embed), terms)


def frame(embed: Embed) -> str:
    """Return the iframe for pages without scripts.

    ``frameborder`` takes the border away under policies that refuse styles. By the referrer the
    frame learns whose page it stands on, whatever policy that page has.
    """
    markup = Markup(
        '<iframe src="{}" title="{}" width="100%" height="{}" frameborder="0" loading="lazy"'
        ' referrerpolicy="strict-origin-when-cross-origin" style="border: 0; max-width: 100%">'
        "</iframe>"
    )
    return str(markup.format(absolute_url(source(embed)), label(embed), embed.height))


def newsletter(embed: Embed) -> str:
    """Return pictures with links for mail; empty while the cache has none whose address may last.

    Each picture leads to its page here, where its agencies are: no affiliate link stands in mail,
    which programs of agencies forbid and where a wrong link could not be corrected.
    """
    every = current_services().search.configured
    lasting = {one.agency.name for one in every if one.agency.terms.hotlink}
    items = [item for item in cached(embed) if item.agency in lasting]
    items = items[: embed.limit or len(embed.picks) or MAIL_PICTURES]
    if not items:
        return ""
    return render_template(
        "_newsletter.html",
        items=items,
        found_in=embed.query,
        site=embed.site,
        row=ROW,
        link=link(embed),
        label=label(embed),
    )


def cached(embed: Embed) -> Sequence[Media]:
    """Return what the cache has of an embed; no agency is asked."""
    search, query = current_services().search, embed.query
    query = query.replace(lang=query.lang or i18n.request_language())
    if embed.picks:
        return search.picked(embed.picks, query, Patience.NONE).page.items
    if embed.collection:
        return _in_collection(*embed.collection, query)
    if not query.has_criteria():
        return ()
    try:
        return search.page(query, Patience.NONE).page.items
    except BadQuery:  # an agency that is not on
        return ()


def _in_collection(agency: str, collection_id: str, query: SearchQuery) -> Sequence[Media]:
    """Return what the cache has of a collection."""
    about = Collection(agency=agency, id=collection_id, name="", media=query.media)
    lang = query.lang or i18n.request_language()
    try:
        found = current_services().search.collection(
            about, page=1, lang=lang, patience=Patience.NONE
        )
    except NotFound:  # an agency that is not on, or features none
        return ()
    return found.page.items


def preview(embed: Embed, view: str) -> Embed:
    """Return what the preview shows: the embed, on the view's ground unless the theme is said.

    The view ``choose`` shows as many pictures of the search as rows can have.
    """
    if view == "choose" and embed.query.has_criteria():
        return Embed(query=embed.query, rows=MOST_ROWS, accent=embed.accent)
    theme = embed.theme or (view if view in THEMES else None)
    return msgspec.structs.replace(embed, theme=theme)


def source(embed: Embed) -> str:
    """Return the path of the frame that shows an embed."""
    return f"/embed?{embed.canonical()}"


def link(embed: Embed) -> str:
    """Return the whole address of the page that shows the same."""
    return absolute_url(path(embed))


def path(embed: Embed) -> str:
    """Return the path of the page that shows the same, with the blog's name in the query."""
    query = embed.query
    if embed.picks:
        agency, media_id = embed.picks[0]
        page = search_url(
            f"/{query.media}/{agency}/{quote(media_id, safe='')}", q=query.q, lang=query.lang
        )
    elif embed.collection:
        agency, media_id = embed.collection
        path_of = f"/collections/{agency}/{quote(media_id, safe='')}"
        page = search_url(path_of, media=query.media, lang=query.lang)
    else:
        page = search_url("/search" if query.has_criteria() else "/", query)
    return page + (f"&site={embed.site}" if embed.site else "")
