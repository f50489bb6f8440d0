"""The site with no room in its page cache: every hit is a hit of the store."""

from flask import Flask

import app as site
from affiliate.web.page_cache import PageCacheMiddleware


def create_app() -> Flask:
    """Return the site's application; its page cache drops every page at once."""
    app = site.create_app()
    tier: PageCacheMiddleware = app.extensions["page_cache"]
    tier.limit = 0
    # Fifty clients on one page would wait for the leader in vain, since no response is kept.
    tier._wait_for_leader = lambda _place: None  # type: ignore[method-assign] # noqa: SLF001
    return app
