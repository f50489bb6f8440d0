"""What pages say of what was found and what was not, in the language of the request."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from babel.dates import format_timedelta
from flask_babel import LazyString, format_decimal, gettext, ngettext
from flask_babel import lazy_gettext as _
from markupsafe import Markup

from affiliate.agencies import Agency
from affiliate.domain.media import AgencyStatus, SearchPage, SearchQuery
from affiliate.web.filter_form import FILTER_LABELS, TYPE_LABELS
from affiliate.web.i18n import ui_language

UNREACHABLE: Final = _("it is out of reach just now.")
OVERLOADED: Final = _("too many ask just now.")
FAILURE_REASONS: Final[Mapping[str, LazyString]] = {
    "busy": OVERLOADED,
    "credentials": UNREACHABLE,
    "quota": OVERLOADED,
    "timeout": _("it took too long to answer."),
    "down": UNREACHABLE,
    "suspended": UNREACHABLE,
    "off": _("it is switched off."),
    "refused": _("it does not understand this search."),
    "unreadable": UNREACHABLE,
    "blocked": UNREACHABLE,
}
"""What the kinds of `errors.AgencyError` mean to a visitor.

Keys, quotas and formats are the owner's concern: `flask doctor` and the log tell of them.
"""
KIND_LABELS: Final[Mapping[str, LazyString]] = {
    "photo": _("Photo"),
    "illustration": _("Illustration"),
    "vector": _("Vector"),
}


def summarize_results(page: SearchPage) -> str:
    """Return how much was found, in a line: the heading of the results."""
    words = page.query.q
    if not page.items:
        return _summarize_nothing(page, words)
    if page.total is not None:
        return _summarize_count(page, page.total, words)
    if page.query.media == "video":
        return gettext("Clips for “%(words)s”", words=words) if words else gettext("Clips")
    return gettext("Pictures for “%(words)s”", words=words) if words else gettext("Pictures")


def _summarize_nothing(page: SearchPage, words: str) -> str:
    statuses = {status.status for status in page.agencies}
    if "late" in statuses:
        return gettext("Still looking")
    if statuses and statuses <= {"failed", "suspended", "unsupported"}:
        return gettext("No answer")
    if page.page > 1 and page.pages:
        return gettext("No page %(page)s", page=format_decimal(page.page))
    if words:
        return gettext("Nothing found for “%(words)s”", words=words)
    return gettext("Nothing found")


def _summarize_count(page: SearchPage, total: int, words: str) -> str:
    """Return how many pictures or clips there are, or that an agency counts no further."""
    count = format_decimal(total)
    if any(status.capped for status in page.agencies):
        count = gettext("more than %(count)s", count=count)
    if page.query.media == "video":
        text = _count_clips(total, count, words)
    elif words:
        text = ngettext(
            "%(count)s picture for “%(words)s”",
            "%(count)s pictures for “%(words)s”",
            total,
            count=count,
            words=words,
        )
    else:
        text = ngettext("%(count)s picture", "%(count)s pictures", total, count=count)
    return text[:1].upper() + text[1:]


def _count_clips(total: int, count: str, words: str) -> str:
    if not words:
        return ngettext("%(count)s clip", "%(count)s clips", total, count=count)
    return ngettext(
        "%(count)s clip for “%(words)s”",
        "%(count)s clips for “%(words)s”",
        total,
        count=count,
        words=words,
    )


def announce_page(page: SearchPage) -> str:
    """Return what a screen reader says when a page has been added to those on the screen."""
    number = len(page.items)
    if not number:
        return summarize_results(page)
    told = {"page": format_decimal(page.page), "pages": format_decimal(page.pages)}
    told["count"] = format_decimal(number)
    if page.query.media == "video":
        return ngettext(
            "%(count)s more clip, page %(page)s of %(pages)s",
            "%(count)s more clips, page %(page)s of %(pages)s",
            number,
            **told,
        )
    return ngettext(
        "%(count)s more picture, page %(page)s of %(pages)s",
        "%(count)s more pictures, page %(page)s of %(pages)s",
        number,
        **told,
    )


def describe_late_agency(agency: str) -> Markup:
    """That an agency is still looking; its name stands out."""
    return _format_with_agency(gettext("%(agency)s is still looking."), agency)


def describe_failure(
    status: AgencyStatus, query: SearchQuery, agencies: Sequence[Agency]
) -> Markup:
    """Why an agency has no pictures on a page; its name stands out."""
    agency = next(one for one in agencies if one.name == status.agency)
    if status.status == "unsupported":
        if query.media == "video" and not agency.video_filters:
            return _format_with_agency(gettext("%(agency)s has no footage."), agency.title)
        names = ", ".join(str(FILTER_LABELS.get(name, name)) for name in agency.unsupported(query))
        text = gettext("%(agency)s is left out, as it can't search by: %(filters)s.")
        return _format_with_agency(text, agency.title, filters=names)
    error = status.error
    why = FAILURE_REASONS.get(error.why or error.kind) if error else None
    if why is None:
        return _format_with_agency(gettext("%(agency)s gave no answer."), agency.title)
    return _format_with_agency(
        gettext("%(agency)s gave no answer: %(reason)s"), agency.title, reason=why
    )


def describe_retry_time(statuses: Sequence[AgencyStatus]) -> str:
    """Return when the first of some agencies may be asked again, such as "in 5 minutes"."""
    waits = [status.error.retry_after for status in statuses if status.error]
    left = timedelta(seconds=max(min(waits, default=1), 1))
    return format_timedelta(left, add_direction=True, locale=ui_language())


def _format_with_agency(text: str, agency: str, **values: object) -> Markup:
    """A translated text around an agency's name; the values are escaped, the text is ours."""
    return Markup(text) % {"agency": Markup("<b>{}</b>").format(agency), **values}  # noqa: S704


def label_kind(name: str) -> str:
    """A type of picture, in the singular."""
    return str(KIND_LABELS.get(name, TYPE_LABELS.get(name, name)))


def format_duration(seconds: float) -> str:
    """Minutes and seconds, such as 1:05."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
