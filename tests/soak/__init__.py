"""The site under load for a while, with everything failing that can fail, and what must still hold.

    SOAK_SEED=7 .venv/bin/python -m tests.soak --seconds 600

Four workers answer visitors, an attacker and the owner, while agencies fail, Redis, PostgreSQL and
workers are killed and stopped, the disk fills up, and licensing commands are killed amid their
work. Read it in this order: `plan` (how long, how much), `world` (what runs), `agencies` (how they
fail), `visitors`, `attackers` and `owner` (who asks), `troubles` (what is killed), `records` (what
is noted), `promises` (what must hold in the end), `run`.
"""
