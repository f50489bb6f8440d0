"""The owner behind a request: the session that is open, and the digest of key and password."""

import hashlib
import hmac

from flask import current_app, session

from affiliate.database.owner_sessions import Sessions
from affiliate.services import current_services


def is_owner() -> bool:
    """Return whether the request belongs to an open session of the owner.

    Raises:
        LedgerError: the sessions can't be read.
    """
    name = session.get("name")
    if not isinstance(name, str) or not is_same_secret(session.get("proof"), digest_password()):
        return False
    return owner_sessions().is_open(name)


def owner_sessions() -> Sessions:
    """Return the sessions that were begun with the current password."""
    return Sessions(current_services().ledger, digest_password())


def digest_password() -> str:
    """Return the digest in sessions that were begun with the current password."""
    key = (current_app.secret_key or "").encode()  # type: ignore[union-attr] # it is a text here
    return hmac.new(key, b"owner:" + reveal_password().encode(), hashlib.sha256).hexdigest()


def reveal_password() -> str:
    """Return the owner's password; empty without a password."""
    password = current_services().config.owner_password
    return password.reveal() if password else ""


def is_same_secret(given: object, known: object) -> bool:
    """Return whether two texts are equal, compared in constant time."""
    if not isinstance(given, str) or not isinstance(known, str) or not known:
        return False
    digests = (hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given, known))
    return hmac.compare_digest(*digests)
