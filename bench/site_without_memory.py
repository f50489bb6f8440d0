"""The site with no room in its memory tier, so that every hit is one of the store."""

from flask import Flask

import app as site


def create_app() -> Flask:
    """The site's application; what its memory tier takes in falls out at once."""
    app = site.create_app()
    app.wsgi_app.limit = 0  # type: ignore[attr-defined] # a MemoryTier
    return app
