"""A text for the privacy page of a site, made from what its settings really do."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from babel.dates import format_timedelta
from babel.lists import format_list
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from affiliate.domain.affiliate_links import SUB_IDS, LinkStyle
from affiliate.search.federation import EnabledAgency
from affiliate.services import Services

CARRIED: Final = {
    "site": _("the site that shows the picture"),
    "query": _("the words of the search (masked)"),
    "id": _("the picture's number"),
    "click": _("a random number of the click"),
}
"""Names of the values that links carry in sub ids, and of the id that a click sets."""
SPACELESS: Final = {"ja", "zh"}
"""Languages without spaces between sentences."""


def list_privacy_paragraphs(services: Services, lang: str) -> list[str]:
    """Return the paragraphs of the text, plain; ``lang`` is the language of the request's page."""
    space = "" if lang in SPACELESS else " "
    return [space.join(filter(None, sentences)) for sentences in _iter_paragraphs(services, lang)]


def _iter_paragraphs(services: Services, lang: str) -> Iterator[Iterable[str]]:
    config, agencies = services.config, services.registry.enabled
    yield (
        gettext("This site sets no cookies and has no advertising or statistics of others."),
        gettext(
            "Your own choices, such as light or dark and recent searches, stay in your browser."
        ),
        gettext(
            "So does the list of your board, which the server sees only to show, share or download"
            " the board."
        ),
        gettext(
            "“%(clear)s” on the board deletes the list, as does deleting this site's data in your"
            " browser.",
            clear=gettext("Clear all"),
        ),
    )
    yield (
        gettext(
            "To answer a search, the server sends your words, without your address, to: %(names)s.",
            names=_join_names([enabled.agency.title for enabled in agencies], lang),
        ),
        gettext(
            "The pictures come from the agencies' servers straight to your browser; these learn"
            " your IP address."
        ),
        gettext("Answers are kept with the words, so that no search is sent twice."),
        gettext(
            "Kept at most: %(time)s.",
            time=_format_days(config.cache_days, lang),
        ),
    )
    yield (
        gettext(
            "Searches are counted by words, language and filters, once a day for each visitor, with"
            " nothing about you."
        ),
        gettext("E-mail addresses and long numbers in the words are replaced before that."),
        gettext("Kept: %(time)s.", time=_format_days(config.searches_keep_days, lang)),
    )
    yield (
        gettext(
            "When you follow a link to a picture, the site records the picture, the agency, the"
            " words, the place on the page, the site that showed the page, and the time; no"
            " address and no browser."
        ),
        gettext("Kept: %(time)s.", time=_format_days(config.clicks_keep_days, lang)),
    )
    yield from _iter_link_paragraphs(agencies, lang)
    yield (
        gettext(
            "A digest of your network address is kept for a day at most, so that nobody uses up all"
            " searches and each visitor counts once."
        ),
        gettext(
            "It is made with a secret key and changes every day, so that nobody can tell an address"
            " from it."
        ),
    )
    yield (
        gettext(
            "The server's log has the time, the page without your words, and the duration of each"
            " request."
        )
        if config.access_log
        else gettext("The server's log has faults only."),
        gettext("The log has no words that you type and no addresses of visitors."),
        gettext("The company that runs the server may keep a log of its own."),
    )


def _iter_link_paragraphs(
    agencies: tuple[EnabledAgency, ...], lang: str
) -> Iterator[Iterable[str]]:
    """Yield what affiliate links do, where any agency's links earn."""
    earning = [enabled for enabled in agencies if enabled.link.is_affiliated("image")]
    if not earning:
        return
    hosts = {
        urlsplit(enabled.link.template).hostname or enabled.agency.title for enabled in earning
    }
    names = {name for enabled in earning for name in _iter_carried(enabled.link)}
    carried = [str(text) for name, text in CARRIED.items() if name in names]
    yield (
        gettext(
            "Some links lead through an affiliate network (%(network)s), which credits a sale to"
            " this site: %(names)s.",
            network=_join_names(sorted(hosts), lang),
            names=_join_names([enabled.agency.title for enabled in earning], lang),
        ),
        gettext(
            "The network learns your IP address and may set cookies once you follow such a link."
        ),
        gettext("These links carry: %(values)s.", values=_join_names(carried, lang))
        if carried
        else "",
    )


def _iter_carried(link: LinkStyle) -> Iterator[str]:
    """Yield the keys of `CARRIED` that links of a style carry."""
    yield from link.sub_ids
    yield from (name for name in SUB_IDS if f"{{{name}}}" in link.template)
    if "/c/" in link.template or (link.network == "partnerize" and link.sub_ids):
        yield "click"


def _format_days(days: int, lang: str) -> str:
    """Return a time in days in words; 0 is without an end."""
    if not days:
        return gettext("until deleted")
    return format_timedelta(timedelta(days), granularity="day", threshold=1e9, locale=lang)


def _join_names(names: list[str], lang: str) -> str:
    """Return names as a list in words."""
    return format_list(names, locale=lang)
