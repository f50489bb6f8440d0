"""The sentences of pages about results and failures, in the language of the request."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from babel.dates import format_timedelta
from babel.lists import format_list
from babel.numbers import format_compact_decimal
from flask_babel import LazyString, format_decimal, gettext, ngettext
from flask_babel import lazy_gettext as _
from markupsafe import Markup

from affiliate.agencies import Agency
from affiliate.domain.media import AgencyStatus, Failure, SearchPage, SearchQuery
from affiliate.search.cached_searches import KnownTotal
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
"""Reasons for visitors, by the kinds of `errors.AgencyError`.

Keys, quotas and formats are the owner's concern: `flask doctor` and the log report details.
"""
KIND_LABELS: Final[Mapping[str, LazyString]] = {
    "photo": _("Photo"),
    "illustration": _("Illustration"),
    "vector": _("Vector"),
}


def format_credits(count: int) -> str:
    """Return a price in credits of an agency."""
    return ngettext("%(count)s credit", "%(count)s credits", count, count=format_decimal(count))


def summarize_results(page: SearchPage) -> str:
    """Return the heading of the results: their number, or the reason for having none."""
    words = page.query.q
    if not page.items:
        return _summarize_nothing(page, words)
    if page.total is not None:
        return _summarize_count(page, _count_shown(page) or page.total, words)
    if page.query.media == "video":
        return gettext("Clips for “%(words)s”", words=words) if words else gettext("Clips")
    return gettext("Pictures for “%(words)s”", words=words) if words else gettext("Pictures")


def _is_sum(page: SearchPage) -> bool:
    """Return whether the total adds up agencies, without knowing which pictures they share."""
    totals = [status.total for status in page.agencies if status.total]
    return len(totals) > 1 and page.total == sum(totals)


def _count_shown(page: SearchPage) -> int | None:
    """Return the number of tiles where one page has all that was found; else None.

    Totals of several agencies count a picture for each of its sellers.
    """
    is_whole = page.pages == 1 and not any(s.status == "late" for s in page.agencies)
    return len(page.items) if is_whole else None


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
    """Return the number of pictures or clips.

    "More than" if an agency caps its count, "about" for a sum of several agencies.
    """
    count = format_decimal(total)
    if any(status.capped for status in page.agencies):
        count = gettext("more than %(count)s", count=count)
    elif page.pages > 1 and _is_sum(page):
        count = gettext("about %(count)s", count=count)
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


def format_known_total(known: KnownTotal | None) -> tuple[str, str] | None:
    """Return a total in a few characters, such as 1.2M, and in words, such as "about 1,234,567".

    Sums of several agencies are "about", as they count a picture for each of its sellers.
    """
    if known is None:
        return None
    short = format_compact_decimal(known.total, fraction_digits=1, locale=ui_language())
    count = format_decimal(known.total)
    if known.capped:
        return f"{short}+", gettext("more than %(count)s", count=count)
    return short, gettext("about %(count)s", count=count) if known.is_sum else count


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
    """Return the sentence that a screen reader says after a page was added to the screen."""
    number = len(page.items)
    if not number:
        return summarize_results(page)
    values = {"page": format_decimal(page.page), "pages": format_decimal(page.pages)}
    values["count"] = format_decimal(number)
    if page.query.media == "video":
        return ngettext(
            "%(count)s more clip, page %(page)s of %(pages)s",
            "%(count)s more clips, page %(page)s of %(pages)s",
            number,
            **values,
        )
    return ngettext(
        "%(count)s more picture, page %(page)s of %(pages)s",
        "%(count)s more pictures, page %(page)s of %(pages)s",
        number,
        **values,
    )


def describe_late_agency(agency: str) -> Markup:
    """Say that an agency is still searching; the agency's name is bold."""
    return _format_with_agency(gettext("%(agency)s is still looking."), agency)


def describe_troubles(
    statuses: Iterable[AgencyStatus], query: SearchQuery, agencies: Sequence[Agency]
) -> list[tuple[str, Markup]]:
    """Say why agencies have no pictures on a page; return each sentence with its status.

    Agencies that lack the same filters share a sentence.
    """
    named = {agency.name: agency for agency in agencies}
    lacking: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    texts = []
    for status in statuses:
        agency = named[status.agency]
        if status.status != "unsupported":
            texts.append((status.status, _describe_failure(agency.title, status.error)))
        elif query.media == "video" and not agency.video_filters:
            text = _format_with_agency(gettext("%(agency)s has no footage."), agency.title)
            texts.append((status.status, text))
        else:
            lacking[agency.list_unsupported_filters(query)].append(agency.title)
    for names, titles in lacking.items():
        texts.append(("unsupported", _describe_left_out(names, titles)))
    return texts


def _describe_left_out(names: tuple[str, ...], titles: Iterable[str]) -> Markup:
    """Say that agencies are left out of a search, as they lack its filters of some names."""
    bold = [str(Markup("<b>{}</b>").format(title)) for title in titles]
    values: dict[str, object] = {
        "agencies": Markup(format_list(bold, locale=ui_language())),  # noqa: S704 - escaped above
    }
    text = gettext("Left out, unable to tell what AI has made: %(agencies)s.")
    if names != ("no_ai",):
        text = gettext("Left out, for lack of filters (%(filters)s): %(agencies)s.")
        values["filters"] = ", ".join(str(FILTER_LABELS.get(name, name)) for name in names)
    return Markup(text) % values  # noqa: S704 - a text of the site


def _describe_failure(agency: str, error: Failure | None) -> Markup:
    """Say that an agency gave no answer, and why where known; the agency's name is bold."""
    reason = FAILURE_REASONS.get(error.why or error.kind) if error else None
    if reason is None:
        return _format_with_agency(gettext("%(agency)s gave no answer."), agency)
    return _format_with_agency(
        gettext("%(agency)s gave no answer: %(reason)s"), agency, reason=reason
    )


def describe_retry_time(statuses: Sequence[AgencyStatus]) -> str:
    """Return the time until any of the agencies may be called again, such as "in 5 minutes"."""
    waits = [status.error.retry_after for status in statuses if status.error]
    wait = timedelta(seconds=max(min(waits, default=1), 1))
    return format_timedelta(wait, add_direction=True, locale=ui_language())


def _format_with_agency(text: str, agency: str, **values: object) -> Markup:
    """Insert an agency's name in bold and escaped ``values`` into a translated text of the site."""
    return Markup(text) % {"agency": Markup("<b>{}</b>").format(agency), **values}  # noqa: S704


def label_kind(name: str) -> str:
    """Return the label of a type of picture, in the singular."""
    return str(KIND_LABELS.get(name, TYPE_LABELS.get(name, name)))


def format_duration(seconds: float) -> str:
    """Return minutes and seconds, such as 1:05."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
