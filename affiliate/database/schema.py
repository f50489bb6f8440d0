"""The tables of the ledger's database; `migrations` makes and changes them."""

from typing import Final

import sqlalchemy as sa

metadata = sa.MetaData()

clicks = sa.Table(
    "clicks",
    metadata,
    sa.Column("click_id", sa.String(64), primary_key=True),
    sa.Column("at", sa.DateTime, nullable=False),  # UTC; SQLite knows no time zones
    sa.Column("agency", sa.String(100), nullable=False),
    sa.Column("id", sa.String(100), nullable=False),
    sa.Column("media", sa.String(5), nullable=False),
    sa.Column("words", sa.String(500), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("site", sa.String(253), nullable=False),
    sa.Column("place", sa.String(10), nullable=False, server_default=""),
    sa.Column("sender", sa.String(10), nullable=False, server_default=""),
    # No words in it: PostgreSQL refuses a row whose entry in an index passes 2704 bytes.
    sa.Index("clicks_at_agency", "at", "agency"),
    sa.Index("clicks_id_at", "id", "at"),
)

searches = sa.Table(
    "searches",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("digest", sa.String(32), primary_key=True),
    sa.Column("query", sa.String(1000), nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("clients", sa.Integer, nullable=False, server_default="0"),
    sa.Column("missed", sa.Integer, nullable=False, server_default="0"),
)

revisions = sa.Table(  # filled by the migrations
    "revisions",
    metadata,
    sa.Column("revision", sa.String(32), primary_key=True),
    sa.Column("readable_from", sa.String(32), nullable=False),
)

purchases = sa.Table(
    "purchases",
    metadata,
    sa.Column("purchase_id", sa.String(32), primary_key=True),
    sa.Column("intent", sa.String(32), unique=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("agency", sa.String(100), nullable=False, server_default="shutterstock"),
    sa.Column("api", sa.String(200), nullable=False),
    sa.Column("media", sa.String(20), nullable=False),
    sa.Column("media_id", sa.String(100), nullable=False),
    sa.Column("size", sa.String(20), nullable=False),
    sa.Column("license", sa.String(100), nullable=False),
    sa.Column("subscription_id", sa.String(100), nullable=False),
    sa.Column("made_at", sa.DateTime, nullable=False),  # UTC; SQLite knows no time zones
    sa.Column("closed_at", sa.DateTime),
    sa.Column("before", sa.String(100), nullable=False),
    sa.Column("license_id", sa.String(100)),
    sa.Column("charge", sa.Integer),
    sa.Column("asked", sa.String(30)),
    sa.Column("price", sa.String(30)),
    sa.Column("currency", sa.String(10)),
    sa.Column("error", sa.String(300)),
    sa.Index("purchases_state", "state"),
    sa.Index("purchases_media", "media_id"),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("secret", sa.LargeBinary, nullable=False),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("account", sa.String(100), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("leased_until", sa.Float),  # Unix time
)

sessions = sa.Table(
    "owner_sessions",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("ends_at", sa.DateTime, nullable=False),  # UTC; SQLite knows no time zones
    sa.Column("begun_at", sa.DateTime),
    sa.Column("seen_at", sa.DateTime),
    sa.Column("network", sa.String(50)),
    sa.Column("browser", sa.String(200)),
    sa.Column("password_mark", sa.String(16)),
)

switches = sa.Table(
    "switches",
    metadata,
    sa.Column("agency", sa.String(100), primary_key=True),
    sa.Column("off_at", sa.DateTime, nullable=False),  # UTC; SQLite knows no time zones
)


def _describe_carried(name: str, click_name: str, length: int) -> sa.Column[str]:
    """Return the column of what a sale's link has carried, whole where its click has more.

    Links carry the beginning of long words alone, of words in Chinese or Japanese some 25 signs.
    The database fills it. PostgreSQL stores it with the row; SQLite can't add a stored column to a
    table, and stores it in indexes alone (migration 0025). PostgreSQL orders its texts by their
    bytes, as SQLite does.
    """
    clicked = f"clicked_{click_name}"
    is_cut = f"substr({clicked}, 1, length({name})) = {name}"
    kind = sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
    filled = sa.Computed(f"CASE WHEN {is_cut} THEN {clicked} ELSE {name} END", persisted=True)
    return sa.Column(f"carried_{click_name}", kind, filled)


actions = sa.Table(
    "actions",
    metadata,
    sa.Column("network", sa.String(20), primary_key=True),
    sa.Column("action_id", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("payout", sa.BigInteger, nullable=False),  # ten-thousandths, as are all amounts
    sa.Column("sale", sa.BigInteger),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("occurred_at", sa.DateTime, nullable=False),  # UTC; SQLite knows no time zones
    sa.Column("clicked_at", sa.DateTime),
    sa.Column("locks_at", sa.DateTime),
    sa.Column("cleared_at", sa.DateTime),
    sa.Column("program", sa.String(64), nullable=False),
    sa.Column("site", sa.String(253), nullable=False),
    sa.Column("words", sa.String(500), nullable=False),
    sa.Column("media_id", sa.String(100), nullable=False),
    sa.Column("click_id", sa.String(64), nullable=False),
    sa.Column("as_of", sa.DateTime, nullable=False),  # of the report that has these values
    sa.Column("estimated_click", sa.String(64), nullable=False, server_default=""),
    # Of the click that led to the sale, None where unknown: the click may be deleted long before.
    sa.Column("joined_by", sa.String(10), nullable=False, server_default="unknown"),
    sa.Column("clicked_agency", sa.String(100)),
    sa.Column("clicked_id", sa.String(100)),
    sa.Column("clicked_words", sa.String(500)),
    sa.Column("clicked_site", sa.String(253)),
    sa.Column("clicked_place", sa.String(10)),
    sa.Column("clicked_position", sa.Integer),
    sa.Column("origins", sa.Text, nullable=False, server_default=""),  # JSON of `action_merges`
    _describe_carried("site", "site", 253),
    _describe_carried("words", "words", 500),
    _describe_carried("media_id", "id", 100),
    # Sums without filters read indexes alone, of a long period in the order of their group.
    sa.Index("actions_occurred_at", "occurred_at", "currency", "state", "payout"),
    sa.Index("actions_state", "currency", "state", "occurred_at", "payout"),
    *(
        sa.Index(f"actions_{name}", "currency", f"clicked_{name}", "state", "occurred_at", "payout")
        for name in ("agency", "place")
    ),
    *(
        sa.Index(f"actions_{name}", *columns, "currency", "state", "occurred_at", "payout")
        for name, columns in {
            "site": ["carried_site"],
            "words": ["carried_words"],
            "picture": ["clicked_agency", "carried_id"],
        }.items()
    ),
)

action_states = sa.Table(
    "action_states",
    metadata,
    sa.Column("network", sa.String(20), primary_key=True),
    sa.Column("action_id", sa.String(64), primary_key=True),
    sa.Column("as_of", sa.DateTime, primary_key=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("payout", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("import_id", sa.String(32), primary_key=True),
    sa.Column("network", sa.String(20), nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("as_of", sa.DateTime, nullable=False),
    sa.Column("actions", sa.Integer, nullable=False),
)

failed_fetches = sa.Table(  # the last of each network
    "failed_fetches",
    metadata,
    sa.Column("network", sa.String(20), primary_key=True),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("reason", sa.String(300), nullable=False),
)

report_mappings = sa.Table(
    "report_mappings",
    metadata,
    sa.Column("network", sa.String(20), primary_key=True),
    sa.Column("mapping", sa.Text, nullable=False),  # JSON of earnings.column_mapping
)

roll_ups = sa.Table(  # one row: the clicks before ``until`` are counted in the tables below
    "roll_ups",
    metadata,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("until", sa.DateTime, nullable=False),
    sa.Column("zone", sa.String(64), nullable=False),
)

click_hours = sa.Table(
    "click_hours",
    metadata,
    sa.Column("hour", sa.DateTime, primary_key=True),  # UTC, the beginning of an hour of the zone
    sa.Column("agency", sa.String(100), primary_key=True),
    sa.Column("site", sa.String(253), primary_key=True),
    sa.Column("place", sa.String(10), primary_key=True),
    sa.Column("clicks", sa.Integer, nullable=False),
    sa.Column("marked", sa.Integer, nullable=False),
)

click_days = sa.Table(
    "click_days",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),  # of the zone
    sa.Column("agency", sa.String(100), primary_key=True),
    sa.Column("site", sa.String(253), primary_key=True),
    sa.Column("place", sa.String(10), primary_key=True),
    sa.Column("clicks", sa.Integer, nullable=False),
    sa.Column("marked", sa.Integer, nullable=False),
    *(
        sa.Index(f"click_days_{n}", n, "day", "clicks", "marked")
        for n in ("agency", "site", "place")
    ),
    sa.Index("click_days_day", "day", "clicks", "marked"),
)

position_days = sa.Table(
    "position_days",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("place", sa.String(10), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("clicks", sa.Integer, nullable=False),
    sa.Index("position_days_position", "place", "position", "day", "clicks"),
)

# Numbers instead of texts: see `ranked_counts`. The index of the key has the counts, too: in SQLite
# it is the table, and in PostgreSQL migration 0026 includes them.
ranked_counts = sa.Table(
    "ranked_counts",
    metadata,
    sa.Column("list", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("scope", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("bucket", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Index("ranked_counts_count", "list", "scope", "bucket", "count", "key"),
    sqlite_with_rowid=False,
)
IS_MONTH: Final = ranked_counts.c.bucket % sa.literal_column("100") == sa.literal_column("0")
"""The condition of the index of months, as a database must find it in a query."""
sa.Index(
    "ranked_counts_month",
    *(ranked_counts.c[name] for name in ("list", "scope", "key", "bucket", "count")),
    sqlite_where=IS_MONTH,
    postgresql_where=IS_MONTH,
)

ranked_texts = sa.Table(
    "ranked_texts",
    metadata,
    sa.Column("list", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("text", sa.String(500), nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sqlite_with_rowid=False,
)

search_hours = sa.Table(
    "search_hours",
    metadata,
    sa.Column("hour", sa.DateTime, primary_key=True),
    sa.Column("digest", sa.String(32), primary_key=True),  # of words and language
    sa.Column("words", sa.String(500), nullable=False),
    sa.Column("language", sa.String(10), nullable=False),
    sa.Column("asked", sa.Integer, nullable=False),
    sa.Column("missed", sa.Integer, nullable=False),
    sa.Column("hits", sa.Integer, nullable=False),
    sa.Column("milliseconds", sa.BigInteger, nullable=False),
)

search_days = sa.Table(
    "search_days",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("language", sa.String(10), primary_key=True),
    sa.Column("asked", sa.Integer, nullable=False),
    sa.Column("missed", sa.Integer, nullable=False),
    sa.Column("hits", sa.Integer, nullable=False),
    sa.Column("milliseconds", sa.BigInteger, nullable=False),
)

call_hours = sa.Table(
    "call_hours",
    metadata,
    sa.Column("hour", sa.DateTime, primary_key=True),
    sa.Column("agency", sa.String(100), primary_key=True),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("milliseconds", sa.BigInteger, nullable=False),
)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("title", sa.String(300), nullable=False),
    sa.Column("advice", sa.String(500), nullable=False),
    sa.Column("since", sa.DateTime, nullable=False),  # UTC, as are all times
    sa.Column("due_at", sa.DateTime, nullable=False),
    sa.Column("lasts_until", sa.DateTime, nullable=False),
    sa.Column("told_at", sa.DateTime),
    sa.Column("told_to", sa.String(100), nullable=False),
    sa.Column("silenced_until", sa.DateTime),
    sa.Column("ended_at", sa.DateTime),
)
