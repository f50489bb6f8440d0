"""The site with no room in its memory tier, so that every hit is one of the store."""

from flask import Flask

import app as site
from affiliate.web.page_cache import PageCacheMiddleware


def create_app() -> Flask:
    """Return the site's application; what its memory tier takes in falls out at once."""
    app = site.create_app()
    tier: PageCacheMiddleware = app.extensions["memory"]
    tier.limit = 0
    # Fifty clients on one page would wait for each other's, in vain as nothing is kept.
    tier._made_meanwhile = lambda _place: None  # type: ignore[method-assign] # noqa: SLF001
    return app
