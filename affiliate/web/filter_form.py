"""What the filters are called, and which of them some agency can express."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _

from affiliate.agencies import Agency
from affiliate.agencies.filter_values import is_among
from affiliate.domain.media import SearchQuery

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
RELEASED_LABELS: Final[Labels] = {"1": _("Model released")}
MEDIA_LABELS: Final[Labels] = {"image": _("Images"), "video": _("Footage")}
RESOLUTION_LABELS: Final = {"4k": "4K", "high_definition": "HD", "standard_definition": "SD"}
ASPECT_LABELS: Final = {"16:9": "16:9", "4:3": "4:3", "nonstandard": "≠ 16:9, 4:3"}

CHOICE_FILTERS: Final[Mapping[str, tuple[LazyString, Labels]]] = {
    "media": (_("Media"), MEDIA_LABELS),
    "type": (_("Type"), TYPE_LABELS),
    "orientation": (_("Orientation"), ORIENTATION_LABELS),
    "people": (_("People"), PEOPLE_LABELS),
    "age": (_("Age"), AGE_LABELS),
    "gender": (_("Gender"), GENDER_LABELS),
    "license": (_("Use"), LICENSE_LABELS),
    "released": (_("Release"), RELEASED_LABELS),
    "resolution": (_("Resolution"), RESOLUTION_LABELS),
    "aspect": (_("Aspect ratio"), ASPECT_LABELS),
    "sort": (_("Sort by"), SORT_LABELS),
}
"""Filters of which one value is chosen, in the order of the page."""
TEXT_FILTERS: Final[Mapping[str, LazyString]] = {
    "category": _("Category"),
    "contributor": _("Contributor"),
    "duration": _("Duration"),
    "fps": _("Frames a second"),
    "exclude": _("Without the words"),
}
"""Filters that are typed."""
FILTER_LABELS: Final[Mapping[str, LazyString]] = {
    **{name: label for name, (label, _texts) in CHOICE_FILTERS.items()},
    **TEXT_FILTERS,
    "color": _("Color"),
    "ethnicity": _("Ethnicity"),
}
MAX_NAMED_AGENCIES: Final = 3
"""So many agencies are named beside a filter; of more there is a number."""
NO_CHOICE_VALUES: Final = {"media": "image", "sort": "popular"}
"""The values that stand for no choice, where a filter has one; the others may have none."""


class FilterChoice(NamedTuple):
    """A filter as the page offers it.

    ``options`` are values with their texts: those that some chosen agency can express, and the
    chosen one. ``default`` is the value that says no more than none. ``notes`` say which of the
    chosen agencies can't express the filter at all, and at which all of its values mean only nearly
    the same. One that isn't ``offered``, for no chosen agency can express it or the page has no
    field for it, is there because the search has it: the form must not drop it.
    """

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str
    default: str
    notes: tuple[str, ...]
    offered: bool


def list_choices(query: SearchQuery, agencies: Sequence[Agency]) -> list[FilterChoice]:
    """The filters that some chosen agency can express, then what else the search is set to."""
    named = [one for one in agencies if not query.agency or one.name in query.agency]
    fields = (*CHOICE_FILTERS, "color", *TEXT_FILTERS)
    able = {
        name: [one for one in named if _supported_values(one, name, query.media) != ()]
        for name in FILTER_LABELS
    }
    able["media"] = named if able["media"] else []  # all have pictures
    offered = [name for name in fields if able[name]]
    others = [name for name in FILTER_LABELS if name in query.filters() and name not in offered]
    return [
        FilterChoice(
            name=name,
            label=str(FILTER_LABELS[name]),
            options=_list_options(able[name], query, name),
            chosen=_chosen_value(query, name),
            default=NO_CHOICE_VALUES.get(name, ""),
            notes=_support_notes(
                named, able[name], [one for one in able[name] if _is_approximate(one, name)]
            ),
            offered=name in offered,
        )
        for name in (*offered, *others)
    ]


def _value_labels(name: str) -> Labels:
    """Return what the known values of a filter are called."""
    return COLOR_LABELS if name == "color" else CHOICE_FILTERS.get(name, ("", {}))[1]


def _list_options(
    able: Sequence[Agency], query: SearchQuery, name: str
) -> tuple[tuple[str, str], ...]:
    """The values that some agency can express, and the chosen one; who can't is said."""
    found = []
    for value, label in _value_labels(name).items():
        can = [one for one in able if _can_express(one, query.media, name, value)]
        if can or value == _chosen_value(query, name):
            loose = [
                one
                for one in can
                if not _is_approximate(one, name) and one.is_loose(name, value, query.media)
            ]
            found.append((value, " · ".join((str(label), *_support_notes(able, can, loose)))))
    return tuple(found)


def _is_approximate(agency: Agency, name: str) -> bool:
    """Return whether all values of a filter mean only nearly the same at an agency."""
    return agency.approximate_filters.get(name, ()) is None


def _support_notes(
    named: Sequence[Agency], able: Sequence[Agency], loose: Sequence[Agency]
) -> tuple[str, ...]:
    """Return which of the agencies can't express something, in few names, and which only nearly."""
    unable = [one for one in named if one not in able]
    notes = []
    if 0 < len(unable) <= MAX_NAMED_AGENCIES:
        notes.append(gettext("Not at %(agencies)s", agencies=_join_titles(unable)))
    elif unable and 0 < len(able) <= MAX_NAMED_AGENCIES:
        notes.append(gettext("Only at %(agencies)s", agencies=_join_titles(able)))
    elif unable:
        counts = {"count": len(able), "all": len(named)}
        notes.append(gettext("At %(count)s of %(all)s agencies", **counts))
    if loose:
        notes.append(gettext("Roughly at %(agencies)s", agencies=_join_titles(loose)))
    return tuple(notes)


def _join_titles(agencies: Sequence[Agency]) -> str:
    return ", ".join(one.title for one in agencies)


def _can_express(agency: Agency, media: str, name: str, value: str) -> bool:
    """Return whether an agency that has the filter takes the value; all take a default."""
    return NO_CHOICE_VALUES.get(name) == value or is_among(
        value, _supported_values(agency, name, media)
    )


def _supported_values(agency: Agency, name: str, media: str) -> tuple[str, ...] | None:
    """The values of a filter that an agency takes, for pictures or for footage."""
    footage = media == "video" or name == "media"
    return (agency.video_filters if footage else agency.image_filters).get(name, ())


def _chosen_value(query: SearchQuery, name: str) -> str:
    value: Any = getattr(query, name)
    if name == "released":
        return "1" if value else ""
    return "" if value is None else str(value)


def describe_filter(name: str, value: str) -> str:
    """A chosen filter in words, for its chip."""
    if name == "safe":
        return gettext("Safe search off")
    if name == "contributor" and value.isdecimal():
        return str(FILTER_LABELS[name])  # an agency's number, which says nothing to a visitor
    known = _value_labels(name)
    if name in {"age", "gender", "sort"} or value not in known:
        shown = str(known.get(value, value))
        shown = shown.replace("_", " ") if name in {"ethnicity", "resolution"} else shown
        shown = f"#{shown}" if name == "color" else shown
        return f"{FILTER_LABELS.get(name, name)}: {shown}"
    return str(known[value])
