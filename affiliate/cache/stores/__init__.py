"""Where the cache keeps its bytes: SQLite in a file, or Redis; Flask-Caching backends both.

Beside get and set each store has ``lease``, so that of all processes one fetches, and ``incr``
for counters. Values are bytes that `cache` has packed; nothing is ever unpickled. `Guarded` makes
a store optional: while it is out of reach, the process keeps a little by itself.
"""

from affiliate.cache.stores.fallback import Guarded
from affiliate.cache.stores.redis import RedisStore
from affiliate.cache.stores.sqlite import SQLiteStore

__all__ = ["Guarded", "RedisStore", "SQLiteStore"]
