"""What every template may use: addresses, assets, chips, and the site's own settings."""

import functools
import hashlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
from flask import Flask, current_app, request

from affiliate import memory
from affiliate.config import Config
from affiliate.ledger import Ledger
from affiliate.model import Media, SearchQuery
from affiliate.query import read_parameters, read_site
from affiliate.search import Search
from affiliate.stores import Guarded
from affiliate.tally import Tally


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """What the views need; kept as ``app.extensions["site"]``.

    ``edition`` is a digest of all that a page is made of beside agencies' answers.
    """

    config: Config
    edition: str
    search: Search
    ledger: Ledger
    store: Guarded
    tally: Tally

    @property
    def host(self) -> str:
        """The host name that click reports show for this site's own pages."""
        return urlsplit(self.config.site_url or "").hostname or ""


def site_of_app() -> Site:
    """The parts that the current app was made with."""
    site: Site = current_app.extensions["site"]
    return site


def keep(seconds: float) -> None:
    """Let the memory tier, if there is one, replay the response under way for some seconds."""
    kept = request.environ.get(memory.ENVIRON)
    if kept is not None:
        kept.seconds = seconds


def register(app: Flask) -> None:
    """Give an app's templates their vocabulary."""
    app.context_processor(_vocabulary)


def _vocabulary() -> dict[str, Any]:
    """What every template may use."""
    site = site_of_app()
    agencies = [one.agency for one in site.search.listed]
    expressed = {name for agency in agencies for name in agency.expresses}
    return {
        "config": site.config,
        "agencies": agencies,
        "agency_titles": {agency.name: agency.title for agency in agencies},
        "expressed": expressed,
        "address": address,
        "asset": asset,
        "chips": chips,
        "ping": ping,
    }


def address(route: str, query: SearchQuery, **changes: Any) -> str:  # noqa: ANN401 - any field's type
    """The address of a search, with some of its fields changed."""
    site = site_of_app()
    query = query.replace(**changes)
    if query.lang == site.config.site_language:
        query = query.replace(lang=None)
    return f"{route}?{query.canonical()}"


def digest(root: str) -> str:
    """A digest of the templates and assets under an application's folder."""
    found = hashlib.blake2b(digest_size=6)
    for path in sorted([*Path(root).glob("templates/*"), *Path(root).glob("static/*.*")]):
        found.update(path.read_bytes())
    return found.hexdigest()


def shown_on() -> str:
    """The host name of the site that shows the current page's pictures; may be empty."""
    raw = request.environ.get("QUERY_STRING", "").encode("latin-1")
    return read_site(read_parameters(raw)) or site_of_app().host


def asset(name: str) -> str:
    """The address of a static file, with its content's hash, so that it may be kept for ever."""
    return f"/static/{name}?v={_digest(current_app.static_folder or '', name)}"


@functools.cache
def _digest(folder: str, name: str) -> str:
    return hashlib.blake2b(Path(folder, name).read_bytes(), digest_size=6).hexdigest()


def ping(media: Media, words: str, position: int) -> str:
    """The address that browsers tell of a click on a tile."""
    fields = {"agency": media.agency, "id": media.id, "words": words, "position": position}
    host = shown_on()
    return f"/clicks?{urlencode(fields | ({'site': host} if host else {}))}"


def chips(query: SearchQuery) -> list[tuple[str, SearchQuery | None]]:
    """The chosen filters: a text for each, and the search without it if there is one."""
    shown = query.filters() | ({"safe"} if not query.safe else set())
    texts = {name: _chip(name, value) for name, value in query.pairs() if name in shown}
    found = [(text, query.without(name)) for name, text in texts.items()]
    titles = {one.agency.name: one.agency.title for one in site_of_app().search.listed}
    for name in query.agency:
        rest = tuple(other for other in query.agency if other != name)
        found.append((titles.get(name, name), query.replace(agency=rest, page=1)))
    return [(text, rest if rest.says_something() else None) for text, rest in found]


CHIPS: Final = {
    "color": "Color #{}",
    "people": "People: {}",
    "exclude": "Without {}",
    "released": "Model released",
    "safe": "Safe search off",
    "sort": "Sorted by {}",
    "category": "Category: {}",
    "contributor": "Contributor: {}",
    "duration": "Duration: {} s",
    "fps": "Frames a second: {}",
}


def _chip(name: str, value: str) -> str:
    if value == "grayscale":
        return "Grayscale"
    return CHIPS[name].format(value) if name in CHIPS else value.replace("_", " ").capitalize()
