"""The embed builder: a page where bloggers choose an embed, preview the embed and copy its code."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import quote

import msgspec
from flask import Blueprint, Response, render_template
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from markupsafe import Markup

from affiliate.domain.media import Collection, Media, SearchPage
from affiliate.domain.query import Parameters, make_choice_parser, read_single
from affiliate.errors import BadQuery, NotFound
from affiliate.search.patience import Patience
from affiliate.services import current_services
from affiliate.web import i18n, messages, previews
from affiliate.web.caching import request_parameters
from affiliate.web.embeds.options import (
    DISCLOSURE_HEIGHT,
    MAX_ROWS,
    ROW_HEIGHT,
    SEARCH_BOX_HEIGHT,
    SUBJECTS,
    Embed,
)
from affiliate.web.embeds.platforms import (
    DEFAULT_PLATFORM,
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

KIND_LABELS: Final = {
    "grid": _("Grid"),
    "strip": _("Strip"),
    "image": _("One picture"),
    "search": _("Search box"),
}
"""Labels of the kinds of embeds, by kind."""
THEME_LABELS: Final = {"light": _("Light"), "dark": _("Dark")}
VIEW_LABELS: Final = {**THEME_LABELS, "narrow": _("Narrow"), "choose": _("Choose pictures")}
"""Labels of the preview's views: on a light or dark ground, in a column as on a phone, and all
pictures of the search to choose from."""
SIDE_LABELS: Final = {"left": _("Left"), "center": _("Center"), "right": _("Right")}
DEFAULT_MAIL_PICTURES: Final = 6
"""Pictures in a newsletter unless the embed has a limit."""
BUILDER_PARAMETERS: Final = {"platform": tuple(PLATFORMS), "view": tuple(VIEW_LABELS)}
"""The builder's own parameters, with their values."""

blueprint = Blueprint("builder", __name__)


class Snippet(NamedTuple):
    """A form of code in which an embed is pasted, with the name of that form for people."""

    name: str
    text: str


class BuilderChoices(NamedTuple):
    """The choices of the form: an embed, the builder's own parameters, and unreadable fields.

    ``faults`` are reasons by the name of the field; the embed lacks these fields.
    """

    embed: Embed
    builder_values: Mapping[str, str]
    faults: Mapping[str, str]


@blueprint.get("/embed/builder")
def show_builder() -> Response:
    """Show the form with a preview and its code, or with the fault of each unreadable field."""
    site = current_services()
    parameters = _add_default_topic(request_parameters())
    embed, builder_values, faults = _read_choices(parameters)
    platform = builder_values["platform"]
    preview = preview_embed(embed, builder_values["view"])
    html = render_template(
        "builder.html",
        embed=embed,
        preview_height=preview.height,
        source=build_frame_path(preview),
        featured=site.lookups.list_featured(0).values,
        field_value=lambda name, value: (
            _read_typed_text(parameters, name) if name in faults else value
        ),
        field_attributes=lambda name, *ids: _build_field_attributes(name, faults, ids),
        faults=faults,
        kinds=KIND_LABELS.items(),
        themes=list(THEME_LABELS.items()),
        sides=SIDE_LABELS.items(),
        views=VIEW_LABELS.items(),
        view=builder_values["view"],
        platforms=[(name, choice.title) for name, choice in PLATFORMS.items()],
        platform=platform,
        hints=PLATFORMS[platform].hints,
        max_rows=MAX_ROWS,
        label=describe_embed(embed),
        snippets=[] if faults else build_snippets(embed, platform),
        lack=describe_lack(embed),
        lacks_poster=may_have_poster(embed) and not read_cached_media(embed),
    )
    response = Response(html, HTTPStatus.BAD_REQUEST if faults else HTTPStatus.OK)
    response.headers["Cache-Control"] = "private, no-cache"
    policy = content_security_policy(site.registry, frames="'self'")
    response.headers["Content-Security-Policy"] = policy
    return response


def _add_default_topic(parameters: Parameters) -> Parameters:
    """Return the parameters, on a first visit with the first of the site's topics added."""
    if any(name in parameters for name in ("kind", *SUBJECTS)):
        return parameters
    return {**parameters, "q": [*current_services().config.site_topics, "flower"][:1]}


def _read_choices(parameters: Parameters) -> BuilderChoices:
    """Read the readable parameters, and collect a fault for every unreadable field.

    Raises:
        BadQuery: names a parameter whose fault remains without its value.
    """
    chosen, faults = {"platform": DEFAULT_PLATFORM, "view": "light"}, {}
    for name, values in BUILDER_PARAMETERS.items():
        try:
            chosen[name] = make_choice_parser(values)(
                name, read_single(parameters, name) or chosen[name]
            )
        except BadQuery as error:
            faults[name] = _translate_reason(error)
    while True:
        try:
            return BuilderChoices(Embed.from_parameters(parameters), chosen, faults)
        except BadQuery as error:
            if error.field in faults:
                raise
            faults[error.field] = _translate_reason(error)
            rest = {name: values for name, values in parameters.items() if name != error.field}
            parameters = {**rest, "q": ["-"]} if error.field == "q" else rest


def _build_field_attributes(
    name: str, faults: Mapping[str, str], ids: Sequence[str]
) -> dict[str, str]:
    """Return the attributes of a form's field; ``ids`` belong to texts about the field.

    An unreadable field is marked as invalid.
    """
    attributes = {"id": f"f-{name}", "name": name}
    attributes["aria-describedby"] = " ".join((f"wrong-{name}", *ids))
    return attributes | ({"aria-invalid": "true"} if name in faults else {})


def _translate_reason(error: BadQuery) -> str:
    return gettext(error.template, **error.values)


def _read_typed_text(parameters: Parameters, name: str) -> str:
    """Return the text of an unreadable field as typed."""
    return next(iter(parameters.get(name, ())), "")


def describe_embed(embed: Embed) -> str:
    """Return a description of an embed in words: the text of the link inside the element."""
    words = embed.query.q
    if words:
        return gettext("Pictures for “%(words)s”", words=words)
    return gettext("Pictures") if embed.shows_something() else gettext("Search pictures")


def build_snippets(embed: Embed, platform: str = DEFAULT_PLATFORM) -> list[Snippet]:
    """Build the code of an embed in the forms that a platform takes."""
    builders = {
        ELEMENT: lambda: Snippet(gettext("Code"), build_element(embed)),
        FRAME: lambda: Snippet(gettext("Code without a script"), build_frame(embed)),
        SOURCE: lambda: Snippet(gettext("Address"), absolute_url(build_frame_path(embed))),
        LINK: lambda: Snippet(gettext("Address"), build_page_url(embed)),
        MAIL: lambda: Snippet(gettext("Code"), build_newsletter(embed)),
    }
    snippets = [builders[form]() for form in PLATFORMS[platform].forms]
    return [snippet for snippet in snippets if snippet.text]


def build_element(embed: Embed) -> str:
    """Build script and element, with the height reserved against layout shifts.

    The element contains a link and a picture for feeds and for readers without scripts.
    """
    attributes = Markup("").join(
        Markup(' {}="{}"').format(name, value) for name, value in embed.to_attributes().items()
    )
    markup = Markup(
        '<script type="module" async src="{}"></script>\n'
        '<affiliate-search{} style="display: block; min-height: {}px">'
        '<a href="{}">{}{}</a>{}</affiliate-search>'
    )
    height = embed.height if embed.shows_something() else SEARCH_BOX_HEIGHT
    script = absolute_url("/embed.js")
    picture, credit = build_poster(embed)
    content = (build_page_url(embed), picture, describe_embed(embed), credit)
    return str(markup.format(script, attributes, height, *content))


def may_have_poster(embed: Embed) -> bool:
    """Return whether an element may contain a picture: not where pictures need a click."""
    return embed.shows_something() and not embed.consent


def build_poster(embed: Embed) -> tuple[Markup, Markup]:
    """Build the picture inside an element until the script's pictures arrive, and its credit.

    Both are empty while the cache has no picture whose agency allows hotlinking. The text inside
    is the name of a search box, and must not contain a credit.
    """
    preview = choose_picture(embed) if may_have_poster(embed) else None
    if preview is None or (preview.credit and embed.kind == "search"):
        return Markup(), Markup()
    picture = preview.picture
    height = embed.height - 2 * DISCLOSURE_HEIGHT if embed.kind == "image" else ROW_HEIGHT
    markup = Markup(
        '<img src="{}" alt="{}" width="{}" height="{}" loading="lazy"'
        ' style="max-width: 100%; object-fit: cover; object-position: top"><br>'
    )
    width = round(picture.width / picture.height * height)
    credit = Markup("<br><small>{}</small>").format(preview.credit) if preview.credit else Markup()
    return markup.format(absolute_url(picture.url), preview.alt, width, height), credit


def choose_picture(embed: Embed) -> previews.Preview | None:
    """Return a cached picture of an embed, without calling an agency."""
    terms = {
        enabled.agency.name: enabled.agency.terms
        for enabled in current_services().registry.configured
    }
    return previews.choose_preview(read_cached_media(embed), terms)


def build_frame(embed: Embed) -> str:
    """Build the iframe for pages without scripts.

    ``frameborder`` removes the border under policies that refuse styles. The referrer tells the
    frame the host of the embedding page, under any referrer policy of that page.
    """
    markup = Markup(
        '<iframe src="{}" title="{}" width="100%" height="{}" frameborder="0" loading="lazy"'
        ' referrerpolicy="strict-origin-when-cross-origin" style="border: 0; max-width: 100%">'
        "</iframe>"
    )
    return str(
        markup.format(absolute_url(build_frame_path(embed)), describe_embed(embed), embed.height)
    )


def build_newsletter(embed: Embed) -> str:
    """Build pictures with links for mail; empty while no cached picture may be hotlinked.

    Each picture links to its page on this site, which lists its agencies. Mail contains no
    affiliate links: agencies' programs forbid such mail, and a wrong link could not be corrected.
    """
    configured = current_services().registry.configured
    hotlinkable = {entry.agency.name for entry in configured if entry.agency.terms.hotlink}
    items = [item for item in read_cached_media(embed) if item.agency in hotlinkable]
    items = items[: embed.limit or len(embed.picks) or DEFAULT_MAIL_PICTURES]
    if not items:
        return ""
    return render_template(
        "_newsletter.html",
        items=items,
        found_in=embed.query,
        site=embed.site,
        row=ROW_HEIGHT,
        link=build_page_url(embed),
        label=describe_embed(embed),
    )


def describe_lack(embed: Embed) -> str:
    """Return the reason why an embed shows no pictures, as cached answers tell; else no text."""
    page = _read_cached_page(embed) if embed.shows_something() else None
    statuses = {status.status for status in page.agencies} if page else set()
    if page is None or page.items or "late" in statuses:
        return ""
    if statuses == {"unsupported"}:
        return gettext("None of the agencies can search this way.")
    return messages.summarize_results(page)


def read_cached_media(embed: Embed) -> Sequence[Media]:
    """Return the cached pictures of an embed, without calling an agency."""
    page = _read_cached_page(embed)
    return page.items if page else ()


def _read_cached_page(embed: Embed) -> SearchPage | None:
    """Return the cached results of an embed; None without a search, or for an agency that is off.

    An agency may also have no collections.
    """
    search, query = current_services().search, embed.query
    query = query.replace(lang=query.lang or i18n.request_language())
    if embed.picks:
        return search.get_picks_page(embed.picks, query, Patience.NONE).page
    if embed.collection:
        agency, collection_id = embed.collection
        collection = Collection(agency=agency, id=collection_id, name="", media=query.media)
        try:
            return search.get_collection_page(
                collection, page=1, lang=str(query.lang), patience=Patience.NONE
            ).page
        except NotFound:
            return None
    try:
        return search.get_page(query, Patience.NONE).page if query.has_criteria() else None
    except BadQuery:
        return None


def preview_embed(embed: Embed, view: str) -> Embed:
    """Return the embed of the preview: with the view's theme unless the embed names a theme.

    The view ``choose`` shows the pictures of the search in as many rows as an embed may have.
    """
    if view == "choose" and embed.query.has_criteria():
        return Embed(query=embed.query, rows=MAX_ROWS, accent=embed.accent)
    theme = embed.theme or (view if view in THEME_LABELS else None)
    return msgspec.structs.replace(embed, theme=theme)


def build_frame_path(embed: Embed) -> str:
    """Return the path and query of the frame that shows an embed."""
    return f"/embed?{embed.to_query_string()}"


def build_page_url(embed: Embed) -> str:
    """Return the absolute address of this site's page with the pictures of an embed."""
    return absolute_url(build_page_path(embed))


def build_page_path(embed: Embed) -> str:
    """Return the path of this site's page with an embed's pictures; its query names the blog."""
    query = embed.query
    if embed.picks:
        agency, media_id = embed.picks[0]
        page = search_url(
            f"/{query.media}/{agency}/{quote(media_id, safe='')}", q=query.q, lang=query.lang
        )
    elif embed.collection:
        agency, collection_id = embed.collection
        path = f"/collections/{agency}/{quote(collection_id, safe='')}"
        page = search_url(path, media=query.media, lang=query.lang)
    else:
        page = search_url("/search" if query.has_criteria() else "/", query)
    return page + (f"&site={embed.site}" if embed.site else "")
