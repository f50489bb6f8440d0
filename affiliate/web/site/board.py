"""The board: the pictures that a visitor keeps, side by side, to share, and as a CSV file.

The list stays in the visitor's browser; a request carries the list in its address.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Final, NamedTuple

from flask import Blueprint, Response, render_template

from affiliate.agencies.base import Agency
from affiliate.domain.boards import encode_board, read_board
from affiliate.domain.media import Media, MediaPick
from affiliate.domain.spreadsheets import BYTE_ORDER_MARK, escape_formula
from affiliate.search.links import build_media_from_id
from affiliate.services import current_services
from affiliate.web.caching import request_parameters
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.template_helpers import absolute_url, displaying_site, media_url

COLUMNS: Final = (
    *("agency", "id", "media", "type", "title", "width", "height", "editorial", "license"),
    *("contributor", "link", "page"),
)
"""The columns of the CSV file, named as in the JSON API; ``page`` is the picture's page here."""

blueprint = Blueprint("board", __name__)


class BoardEntry(NamedTuple):
    """A picture of a board: as its agency describes it, else the link that its id alone gives.

    ``is_silent`` says that the agency has no call for single pictures.
    """

    kept: MediaPick
    media: Media | None
    bare: Media | None
    is_gone: bool
    is_silent: bool

    @property
    def linked(self) -> Media | None:
        """Return the picture whose link is known; None without a link."""
        return self.media or self.bare


class Board(NamedTuple):
    """The pictures of an address, and the seconds until its missing ones may be asked for."""

    entries: tuple[BoardEntry, ...]
    withheld: float

    @property
    def address(self) -> str:
        """Return the pictures as the value of ``p``, encoded for an address."""
        return encode_board(entry.kept for entry in self.entries)

    @property
    def items(self) -> tuple[Media, ...]:
        """Return the pictures that agencies describe."""
        return tuple(entry.media for entry in self.entries if entry.media)

    @property
    def linked(self) -> tuple[Media, ...]:
        """Return the pictures with links."""
        return tuple(entry.linked for entry in self.entries if entry.linked)

    @property
    def is_late(self) -> bool:
        """Return whether any agency is still asked."""
        missing = any(not entry.media and not entry.is_gone for entry in self.entries)
        return missing and not self.withheld


def page_cache_routes() -> dict[str, Canonicalizer]:
    """Return the path that the page cache must leave alone, as one visitor's list is no page."""
    return {"/ajax/board": lambda _: None}


@blueprint.get("/board")
def show_board() -> Response:
    """Return the pictures of an address; without pictures the page of the visitor's own board."""
    board = _look_up_board()
    return _finish(Response(render_template("board.html", board=board, is_own=False)), board)


@blueprint.get("/ajax/board")
def ajax_board() -> Response:
    """Return the visitor's own pictures as an HTML fragment."""
    board = _look_up_board()
    return _finish(Response(render_template("_board.html", board=board, is_own=True)), board)


@blueprint.get("/board.csv")
def download_board() -> Response:
    """Return the pictures of an address as a CSV file with affiliate links."""
    board = _look_up_board()
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([escape_formula(cell) for cell in _iter_cells(e)] for e in board.entries)
    response = Response(BYTE_ORDER_MARK + file.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = 'attachment; filename="board.csv"'
    return _finish(response, board)


def _look_up_board() -> Board:
    """Look up the pictures in the address of the current request.

    Raises:
        BadQuery: names ``p`` where the pictures can't be read.
    """
    kept, services, site = read_board(request_parameters()), current_services(), displaying_site()
    lookup = services.lookups.look_up_picks(kept, site=site)
    entries = []
    for one, (media, is_gone) in zip(kept, lookup.found, strict=True):
        bare = None if media else build_media_from_id(services.registry, *one, site=site)
        entries.append(BoardEntry(one, media, bare, is_gone, _is_silent(one.agency)))
    return Board(tuple(entries), lookup.withheld)


def _is_silent(name: str) -> bool:
    """Return whether an agency describes pictures in answers to searches alone."""
    enabled = current_services().registry.find_enabled(name)
    return enabled is not None and type(enabled.agency).fetch_details is Agency.fetch_details


def _finish(response: Response, board: Board) -> Response:
    """Add the headers: no cache keeps one visitor's list, and no search engine lists it."""
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    if board.withheld:
        response.headers["Retry-After"] = str(math.ceil(board.withheld))
        if not board.items:
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
    return response


def _iter_cells(entry: BoardEntry) -> Iterator[str | int]:
    """Yield the cells of a picture; what is not known is empty."""
    media, kept = entry.media, entry.kept
    page = media_url(media, lang="", site="").partition("?")[0] if media else ""
    sides = media.largest if media else None
    yield from kept
    yield from (media.type or "", media.title) if media else ("", "")
    yield from (sides.width, sides.height) if sides else ("", "")
    yield from _describe_license(media) if media else ("", "")
    yield media.contributor_name if media else ""
    yield absolute_url(entry.linked.link) if entry.linked else ""
    yield absolute_url(page) if page else ""


def _describe_license(media: Media) -> Iterable[str]:
    return "yes" if media.editorial else "", media.license.name if media.license else ""
