"""Measures the site beside its peers; ``python -m bench`` runs it.

Each table is a module of its own with a function ``run``; `TABLES` names them in order. What they
share: `servers` starts processes, `client` and `wrk` load them, `report` writes what came out.
"""

TABLES = (
    *("answers", "stampede", "calls", "growth", "siege", "day", "federation", "lighthouse"),
    *("embeds", "slow", "floods", "endurance"),
)
