"""Affiliate Search: a self-hosted stock-image search site that earns commission.

Read in this order: `model` (the words everything speaks), `query` (the one parser of what
visitors send), `agencies.base` and one agency, `cache`, `calls`, `lookups`, `search`, `site`,
then `app.py` at the top of the repository, which wires it all.
"""

__version__ = "0.1.0"
