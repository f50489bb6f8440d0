"""Affiliate Search: a self-hosted stock-image search site that earns commission.

`docs/architecture.md` leads through the folders. To read the code, begin with `domain.query` (the
parser of queries) and `domain.media`, then `agencies.base` and one agency, `cache.answers`,
`search.gateway`, `search.service` and `web.site.pages`; `app.py` at the top of the repository
builds the application.
"""

__version__ = "0.1.0"
