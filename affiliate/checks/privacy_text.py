"""A text for the privacy page of a site, made from what its settings really do."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from affiliate.checks.kept import format_days
from affiliate.domain.affiliate_links import SUB_IDS, LinkStyle
from affiliate.search.federation import EnabledAgency
from affiliate.services import Services

CARRIED: Final = {
    "site": "the name of the site that shows the picture",
    "query": "the words that found the picture (masked)",
    "id": "the picture's number",
    "click": "a random number of the click",
}
"""Names of the values that links carry in sub ids, and of the id that a click sets."""


def list_privacy_paragraphs(services: Services) -> list[str]:
    """Return the paragraphs of the text, in English and plain."""
    return list(_iter_paragraphs(services))


def _iter_paragraphs(services: Services) -> Iterator[str]:
    config, agencies = services.config, services.registry.enabled
    yield (
        "This site sets no cookies. Your browser keeps your choice of light or dark, if you make"
        " one, and sends it to nobody. The site has no advertising and no statistics of other"
        " companies."
    )
    names = _join_names([enabled.agency.title for enabled in agencies])
    yield (
        f"To answer a search, the server sends your words to {names}, without your address. The"
        " pictures come from these agencies' servers straight to your browser, which thereby"
        " learn your IP address. Answers are kept with the words for"
        f" {_format_seconds(config.cache_fresh_seconds + config.cache_stale_seconds)} at most, so"
        " that the same search need not be sent again."
    )
    yield (
        "Searches are counted by words, language and filters, once a day for each visitor. E-mail"
        " addresses and long numbers in the words are replaced before that. The counts hold"
        f" nothing about you and are kept {_format_keeping(config.searches_keep_days)}."
    )
    yield (
        "When you follow a link to a picture, the site records the picture, the agency, the words,"
        " the place on the page, the site that showed the page, and the time; no address, no"
        " browser and no cookie. These records are kept"
        f" {_format_keeping(config.clicks_keep_days)}."
    )
    yield from _iter_link_paragraphs(agencies)
    yield (
        "So that nobody can spend all searches, and each visitor counts once, a digest of your"
        " network address is kept for a day at most. It is made with a secret key and changes"
        " every day, so that nobody can tell an address from it."
    )
    log = "contains the time, the page without your words, and the duration of each request"
    yield (
        f"The server's log {log if config.access_log else 'notes faults'}; it holds no words that"
        " you type and no addresses of visitors. The company that runs the server may keep a log"
        " of its own."
    )


def _iter_link_paragraphs(agencies: tuple[EnabledAgency, ...]) -> Iterator[str]:
    """Yield what affiliate links do, where any agency's links earn."""
    earning = [enabled for enabled in agencies if enabled.link.is_affiliated("image")]
    if not earning:
        return
    hosts = {
        urlsplit(enabled.link.template).hostname or enabled.agency.title for enabled in earning
    }
    names = {name for enabled in earning for name in _iter_carried(enabled.link)}
    carried = [text for name, text in CARRIED.items() if name in names]
    what = f" They carry {_join_names(carried)}." if carried else ""
    yield (
        f"Links to {_join_names([enabled.agency.title for enabled in earning])} lead by way of an"
        f" affiliate network ({_join_names(sorted(hosts))}), which credits a sale to this site. The"
        f" network learns your IP address and may set cookies once you follow a link.{what}"
    )


def _iter_carried(link: LinkStyle) -> Iterator[str]:
    """Yield the keys of `CARRIED` that links of a style carry."""
    yield from link.sub_ids
    yield from (name for name in SUB_IDS if f"{{{name}}}" in link.template)
    if "/c/" in link.template or (link.network == "partnerize" and link.sub_ids):
        yield "click"


def _format_keeping(days: int) -> str:
    return f"for {format_days(days)}" if days else "until the operator deletes them"


def _format_seconds(seconds: int) -> str:
    days = -(-seconds // 86400)
    return format_days(days)


def _join_names(names: list[str]) -> str:
    """Return names as a list in words."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
