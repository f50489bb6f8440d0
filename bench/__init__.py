"""Measurements of the site beside its peers; ``python -m bench`` runs them.

Each table is a module with a function ``run``; `TABLES` names the modules in order. Shared parts:
`servers` starts processes, `client` and `wrk` load them, `report` writes the results.
"""

TABLES = (
    *("answers", "stampede", "calls", "growth", "siege", "day", "federation", "lighthouse"),
    *("embeds", "slow", "floods", "endurance", "first", "interaction", "desk", "scaling", "hosts"),
)
