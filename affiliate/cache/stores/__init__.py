"""The stores of the cache's bytes: a SQLite file or Redis, both Flask-Caching backends.

Beside get and set each store has ``lease``, so that one of all processes fetches, and ``incr`` for
counters. Values are bytes that `cache.answers` has packed; nothing is ever unpickled.
`StoreWithFallback` makes a store optional: while the store is out of reach, each process keeps a
few values in its own memory. `RedisStore` is in the module ``redis``, as its client takes memory
that sites without Redis need not spend.
"""

from affiliate.cache.stores.fallback import StoreWithFallback
from affiliate.cache.stores.sqlite import SQLiteStore

__all__ = ["SQLiteStore", "StoreWithFallback"]
