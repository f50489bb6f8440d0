"""The owner's area: log-in, sessions, and the account at the agency."""
