"""The site in its owner's words: the sentence that describes the site, and the owner's links."""

from collections.abc import Callable

from babel.lists import format_list
from flask_babel import gettext

from affiliate.services import current_services
from affiliate.web.i18n import ui_language


def describe_site() -> str:
    """Return SITE_TAGLINE, else a sentence with the names of the agencies that are searched."""
    services = current_services()
    if services.config.site_tagline:
        return services.config.site_tagline
    titles = [enabled.agency.title for enabled in services.registry.enabled]
    if not titles:
        return gettext("Search stock pictures of many agencies at once.")
    names = format_list(titles, locale=ui_language())
    return gettext("Search pictures from %(agencies)s.", agencies=names)


def list_owner_links(localize: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return SITE_LINKS; ``localize`` adds the language to paths of this site without a query."""
    links = []
    for name, url in current_services().config.site_links:
        path, mark, fragment = url.partition("#")
        is_own = path.startswith("/") and "?" not in path
        links.append((name, localize(path) + mark + fragment if is_own else url))
    return links
