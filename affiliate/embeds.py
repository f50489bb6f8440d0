"""Bloggers: the script that shows pictures on their pages, and the page for an iframe."""

import functools
from http import HTTPStatus
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, current_app, render_template

from affiliate import oembed
from affiliate.answers import parameters
from affiliate.embedding import Embed
from affiliate.errors import BadQuery
from affiliate.memory import Canonical
from affiliate.page import keep, site_of_app
from affiliate.problems import content_security_policy
from affiliate.query import read_parameters

SCRIPT_SECONDS: Final = 3600
"""For how long browsers keep the script, whose address never changes."""
PAGE_SECONDS: Final = 300
SHARED: Final = ("/embed.js", "/ajax/search", "/oembed")
"""What scripts of other sites may read."""
OWN: Final = "// Below: the site's own pages."
"""Where in ``embed.js`` begins what other sites' pages do without."""

blueprint = Blueprint("embeds", __name__)


def routes() -> dict[str, Canonical]:
    """The paths whose answers the memory tier may keep, and what each of them reads."""
    return {
        "/embed": canonical,
        "/embed.js": lambda _: "",
        "/embed-frame.js": lambda _: "",
        **oembed.routes(),
    }


def canonical(raw: bytes) -> str:
    """All that an embed may vary by, in one order.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    return Embed.from_parameters(read_parameters(raw)).canonical()


def register(app: Flask) -> None:
    """Add the routes of embeds to an app."""
    app.register_blueprint(blueprint)
    app.register_blueprint(oembed.blueprint)


@blueprint.get("/embed")
def embed() -> Response:
    """An embed as a page of its own, for an iframe; it may stand on every site, or on some."""
    try:
        shown = Embed.from_parameters(parameters())
    except BadQuery as error:
        html = render_template("embed.html", embed=None, trouble=error)
        return _framed(Response(html, HTTPStatus.BAD_REQUEST))
    response = _framed(Response(render_template("embed.html", embed=shown)))
    return _kept(response, PAGE_SECONDS)


@blueprint.get("/embed.js")
def script() -> Response:
    """The element for other sites' pages, as one module under the address that bloggers paste."""
    accent = site_of_app().config.site_accent
    return _script(_module(current_app.static_folder or "", accent))


@blueprint.get("/embed-frame.js")
def frame_script() -> Response:
    """For pages with iframes of ours: gives each the height that its content asks for."""
    return _script(Path(current_app.static_folder or "", "embed-frame.js").read_text())


@functools.cache
def _module(folder: str, accent: str) -> str:
    """What every page needs of the element, its styles elsewhere, and what it does there."""
    shared, mark, _ = Path(folder, "embed.js").read_text().partition(OWN)
    styles, elsewhere = (Path(folder, name).read_text() for name in ("embed.css", "elsewhere.js"))
    if not mark:
        raise ValueError(f"embed.js lacks the line {OWN}")
    return f"{shared}const accent = '{accent}';\nconst styles = `{styles}`;\n{elsewhere}"


def _script(text: str) -> Response:
    return _kept(Response(text, mimetype="text/javascript"), SCRIPT_SECONDS)


def _kept(response: Response, seconds: int) -> Response:
    response.add_etag()
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    keep(seconds)
    return response


def _framed(response: Response) -> Response:
    site = site_of_app()
    ancestors = " ".join(("'self'", *site.config.embed_sites)) if site.config.embed_sites else "*"
    policy = content_security_policy(site.search, ancestors=ancestors)
    response.headers["Content-Security-Policy"] = policy
    return response
