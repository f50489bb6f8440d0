"""The filters of the search form: their labels, and the values that agencies support."""

import functools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from flask_babel import LazyString, format_timedelta, gettext
from flask_babel import lazy_gettext as _

from affiliate.agencies import Agency
from affiliate.agencies.filter_values import is_among
from affiliate.domain.media import SearchQuery
from affiliate.domain.query import ADDED, FOOTAGE_FILTERS, MIN_WIDTHS
from affiliate.web.i18n import ui_language

Labels = Mapping[str, LazyString] | Mapping[str, str]

TYPE_LABELS: Final[Labels] = {
    "photo": _("Photos"),
    "illustration": _("Illustrations"),
    "vector": _("Vectors"),
}
ORIENTATION_LABELS: Final[Labels] = {
    "horizontal": _("Horizontal"),
    "vertical": _("Vertical"),
    "square": _("Square"),
    "panorama": _("Panorama"),
}
COLOR_LABELS: Final[Labels] = {
    "d62828": _("Red"),
    "f77f00": _("Orange"),
    "fcbf49": _("Yellow"),
    "2a9d3f": _("Green"),
    "1d70b8": _("Blue"),
    "7b2cbf": _("Purple"),
    "e27396": _("Pink"),
    "8d5524": _("Brown"),
    "111111": _("Black"),
    "ffffff": _("White"),
    "grayscale": _("Grayscale"),
}
PEOPLE_LABELS: Final[Labels] = {
    "0": _("No people"),
    "1": _("1 person"),
    "2": _("2 people"),
    "3": _("3 people"),
    "4": _("4 people or more"),
}
AGE_LABELS: Final[Labels] = {
    "infants": _("Infants"),
    "children": _("Children"),
    "teenagers": _("Teenagers"),
    "20s": _("20s"),
    "30s": _("30s"),
    "40s": _("40s"),
    "50s": _("50s"),
    "60s": _("60s"),
    "older": _("Older"),
}
GENDER_LABELS: Final[Labels] = {"male": _("Men"), "female": _("Women"), "both": _("Both")}
LICENSE_LABELS: Final[Labels] = {
    "commercial": _("Commercial"),
    "editorial": _("Editorial"),
    "enhanced": _("Enhanced license"),
}
SORT_LABELS: Final[Labels] = {
    "popular": _("Popularity"),
    "relevance": _("Relevance"),
    "newest": _("Newest"),
    "oldest": _("Oldest"),
    "random": _("Random"),
}
MIN_WIDTH_LABELS: Final = {width: f"≥ {width} px" for width in MIN_WIDTHS}
ADDED_LABELS: Final[Mapping[str, LazyString]] = {
    name: LazyString(lambda span: f"≤ {format_timedelta(span)}", timedelta(days=days))
    for name, days in ADDED.items()
}
NO_AI_LABEL: Final = _("Without AI")
RELEASED_LABELS: Final[Labels] = {"1": _("Model released")}
MEDIA_LABELS: Final[Labels] = {"image": _("Images"), "video": _("Footage")}
RESOLUTION_LABELS: Final = {"4k": "4K", "high_definition": "HD", "standard_definition": "SD"}
ASPECT_LABELS: Final = {"16:9": "16:9", "4:3": "4:3", "nonstandard": "≠ 16:9, 4:3"}

CHOICE_FILTERS: Final[Mapping[str, tuple[LazyString, Labels]]] = {
    "media": (_("Media"), MEDIA_LABELS),
    "type": (_("Type"), TYPE_LABELS),
    "orientation": (_("Orientation"), ORIENTATION_LABELS),
    "min_width": (_("Width"), MIN_WIDTH_LABELS),
    "added": (_("Date added"), ADDED_LABELS),
    "people": (_("People"), PEOPLE_LABELS),
    "age": (_("Age"), AGE_LABELS),
    "gender": (_("Gender"), GENDER_LABELS),
    "license": (_("Use"), LICENSE_LABELS),
    "released": (_("Release"), RELEASED_LABELS),
    "no_ai": (NO_AI_LABEL, {"1": NO_AI_LABEL}),
    "resolution": (_("Resolution"), RESOLUTION_LABELS),
    "aspect": (_("Aspect ratio"), ASPECT_LABELS),
    "sort": (_("Sort by"), SORT_LABELS),
}
"""Filters with a choice of values, in the order of the page."""
TEXT_FILTERS: Final[Mapping[str, LazyString]] = {
    "category": _("Category"),
    "contributor": _("Contributor"),
    "duration": _("Duration"),
    "fps": _("Frames a second"),
    "exclude": _("Without the words"),
}
"""Filters with a text field."""
FILTER_LABELS: Final[Mapping[str, LazyString]] = {
    **{name: label for name, (label, _texts) in CHOICE_FILTERS.items()},
    **TEXT_FILTERS,
    "color": _("Color"),
    "ethnicity": _("Ethnicity"),
}
MEDIA_TABS: Final[tuple[tuple[LazyString | str, str, str], ...]] = (
    (_("All"), "media", "image"),
    (TYPE_LABELS["photo"], "type", "photo"),
    (TYPE_LABELS["vector"], "type", "vector"),
    (MEDIA_LABELS["video"], "media", "video"),
    (LICENSE_LABELS["editorial"], "license", "editorial"),
)
"""The tabs above results, in their order: a label, and the field and value that a tab sets."""
MAX_LISTS: Final = 64
"""Lists of choices in memory, in each language and of each set of filters; 10 kB each."""
NO_CHOICE_VALUES: Final = {"media": "image", "sort": "popular"}
"""The values that stand for no choice; other filters are empty without a choice."""


class FilterChoice(NamedTuple):
    """A filter in the search form.

    ``options`` are values with their labels: the values that some chosen agency supports, and the
    ``chosen`` value. ``default`` is the value that stands for no choice. A filter without a field,
    or without support by a chosen agency, is not ``offered``: the form must carry its value along,
    as the search has the filter.
    """

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str
    default: str
    offered: bool

    @property
    def is_chosen(self) -> bool:
        """Return whether the search has a value of the filter that is not its default."""
        return self.chosen not in {"", self.default}


class MediaTab(NamedTuple):
    """A kind of media above the results: its label, its search, and whether the page shows it."""

    label: str
    query: SearchQuery
    current: bool


def list_media_tabs(query: SearchQuery, agencies: Sequence[Agency]) -> tuple[MediaTab, ...]:
    """List the kinds of media that some chosen agency has; none where there is no choice.

    Each search keeps the filters of ``query``, but those of footage and those that tabs set.
    """
    chosen = _list_chosen_agencies(query, agencies)
    base = query.replace(page=1, media="image", type=None, **dict.fromkeys(FOOTAGE_FILTERS))
    base = base.replace(license=None if query.license == "editorial" else query.license)
    current = (query.media, query.type, query.license == "editorial")
    tabs = []
    for label, name, value in MEDIA_TABS:
        if any(_can_express(agency, "image", name, value) for agency in chosen):
            search = base.replace(**{name: value})
            if search.media == "video":
                search = search.replace(min_width=None)
            shown = (search.media, search.type, search.license == "editorial")
            tabs.append(MediaTab(str(label), search, shown == current))
    return tuple(tabs) if len(tabs) > 1 else ()


def list_choices(query: SearchQuery, agencies: Sequence[Agency]) -> tuple[FilterChoice, ...]:
    """List the filters that some chosen agency supports, then the other filters of the search.

    Searches with the same filters share a list, in each language of pages.
    """
    filters = query.replace(q="", lang=None, page=1)
    return _list_choices(filters, tuple(agencies), ui_language())


@functools.lru_cache(maxsize=MAX_LISTS)
def _list_choices(
    query: SearchQuery, agencies: tuple[Agency, ...], _lang: str
) -> tuple[FilterChoice, ...]:
    chosen = _list_chosen_agencies(query, agencies)
    fields = (*CHOICE_FILTERS, "color", *TEXT_FILTERS)
    able = {
        name: [agency for agency in chosen if _supported_values(agency, name, query.media) != ()]
        for name in FILTER_LABELS
    }
    able["media"] = chosen if able["media"] else []  # all agencies have pictures
    offered = [name for name in fields if able[name]]
    hidden = [
        name for name in FILTER_LABELS if name in query.list_filters() and name not in offered
    ]
    return tuple(
        FilterChoice(
            name=name,
            label=str(FILTER_LABELS[name]),
            options=_list_options(able[name], query, name),
            chosen=_chosen_value(query, name),
            default=NO_CHOICE_VALUES.get(name, ""),
            offered=name in offered,
        )
        for name in (*offered, *hidden)
    )


def _list_chosen_agencies(query: SearchQuery, agencies: Sequence[Agency]) -> list[Agency]:
    return [agency for agency in agencies if not query.agency or agency.name in query.agency]


def _value_labels(name: str) -> Labels:
    """Return the labels of a filter's known values, by value."""
    return COLOR_LABELS if name == "color" else CHOICE_FILTERS.get(name, ("", {}))[1]


def _list_options(
    able: Sequence[Agency], query: SearchQuery, name: str
) -> tuple[tuple[str, str], ...]:
    """List the values that some agency supports, and the chosen value, with their labels."""
    return tuple(
        (value, str(label))
        for value, label in _value_labels(name).items()
        if value == _chosen_value(query, name)
        or any(_can_express(agency, query.media, name, value) for agency in able)
    )


def list_gaps(query: SearchQuery, agencies: Sequence[Agency]) -> tuple[tuple[str, str], ...]:
    """List the chosen agencies that lack offered filters or values, with the names of these.

    Filters and values that mean only nearly the same at some agencies follow.
    """
    return _list_gaps(query.replace(q="", lang=None, page=1), tuple(agencies), ui_language())


@functools.lru_cache(maxsize=MAX_LISTS)
def _list_gaps(
    query: SearchQuery, agencies: tuple[Agency, ...], lang: str
) -> tuple[tuple[str, str], ...]:
    chosen = _list_chosen_agencies(query, agencies)
    offered = [choice for choice in _list_choices(query, agencies, lang) if choice.offered]
    lacking = [(each.title, _name_gaps(each, query.media, offered)) for each in chosen]
    rough = [
        (
            gettext("Roughly at %(agencies)s", agencies=each.title),
            _name_approximations(each, query.media, offered),
        )
        for each in chosen
    ]
    return tuple((name, ", ".join(labels)) for name, labels in lacking + rough if labels)


def _name_gaps(agency: Agency, media: str, offered: Sequence[FilterChoice]) -> list[str]:
    """Name the filters that an agency lacks, those with most values lacking, and lacking values."""
    names = []
    for choice in offered:
        lacking = [
            label
            for value, label in choice.options
            if not _can_express(agency, media, choice.name, value)
        ]
        if 0 < 2 * len(lacking) <= len(choice.options):
            names.append(f"{choice.label} ({', '.join(lacking)})")
        elif lacking or _supported_values(agency, choice.name, media) == ():
            names.append(choice.label)
    return names


def _name_approximations(agency: Agency, media: str, offered: Sequence[FilterChoice]) -> list[str]:
    """Name the filters and values that mean only nearly the same at an agency."""
    names = []
    for choice in offered:
        is_lacking = _supported_values(agency, choice.name, media) == ()
        if is_lacking and choice.name not in NO_CHOICE_VALUES:
            continue
        if _is_approximate(agency, choice.name):
            names.append(choice.label)
            continue
        names += [
            label
            for value, label in choice.options
            if _can_express(agency, media, choice.name, value)
            and agency.is_approximate(choice.name, value, media)
        ]
    return names


def _is_approximate(agency: Agency, name: str) -> bool:
    """Return whether all values of a filter are approximate at an agency."""
    return agency.approximate_filters.get(name, ()) is None


def _can_express(agency: Agency, media: str, name: str, value: str) -> bool:
    """Return whether an agency with the filter supports the value, as all do with a default."""
    return NO_CHOICE_VALUES.get(name) == value or is_among(
        value, _supported_values(agency, name, media)
    )


def _supported_values(agency: Agency, name: str, media: str) -> tuple[str, ...] | None:
    """Return an agency's supported values of a filter, for pictures or for footage."""
    is_video = media == "video" or name == "media"
    return (agency.video_filters if is_video else agency.image_filters).get(name, ())


def _chosen_value(query: SearchQuery, name: str) -> str:
    value: Any = getattr(query, name)
    if isinstance(value, bool):
        return "1" if value else ""
    return "" if value is None else str(value)


def describe_filter(name: str, value: str) -> str:
    """Describe a chosen filter in words, for its chip."""
    if name == "safe":
        return gettext("Safe search off")
    if name == "contributor" and value.isdecimal():
        return str(FILTER_LABELS[name])  # an agency's number means nothing to a visitor
    labels = _value_labels(name)
    if name in {"added", "age", "gender", "sort"} or value not in labels:
        text = str(labels.get(value, value))
        text = text.replace("_", " ") if name in {"ethnicity", "resolution"} else text
        text = f"#{text}" if name == "color" else text
        return f"{FILTER_LABELS.get(name, name)}: {text}"
    return str(labels[value])
