"""The ledger's database: its tables, connections and migrations, and each kind of record."""
