"""Makes words that no test has searched for before."""

import secrets
import string


def new_words() -> str:
    """Return twelve random letters; long runs of digits would be masked like phone numbers."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(12))
