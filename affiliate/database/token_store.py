"""The tokens of connected accounts, encrypted in the ledger's database.

The key is made of ``SECRET_KEY`` by HKDF (RFC 5869); a stored token is a Fernet token
(https://github.com/fernet/spec), so that a copy of the database alone gives nothing away.
"""

import base64
import secrets
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec
import sqlalchemy as sa

from affiliate.database.inserts import replace_row
from affiliate.database.ledger import Ledger
from affiliate.database.schema import tokens
from affiliate.domain import decoding
from affiliate.errors import NotConnected

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

PURPOSE: Final = b"affiliate-search: tokens of connected accounts, 1"
"""Info that separates this key from other keys made of the same secret (RFC 5869, 3.2)."""

MAX_FIRST_VERSION: Final = 2**30
"""Bound of a connection's first version; refreshings count on from there, in 32 bits."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A user's token with its scopes and times; times are Unix times, None is for ever.

    From ``refresh_at`` on the token should be refreshed, from ``expires_at`` on it is useless.
    """

    access_token: str
    refresh_token: str | None = None
    refresh_at: float | None = None
    expires_at: float | None = None
    scopes: tuple[str, ...] = ()
    connected_at: float

    def __repr__(self) -> str:
        return f"Token(scopes={' '.join(self.scopes)})"


class TokenStore:
    """The tokens of accounts, each under its agency's name; every method may raise `LedgerError`.

    ``version`` belongs to one connection and one refreshing; a token refreshed from an older
    version never replaces a newer one.
    """

    def __init__(self, ledger: Ledger, secret: str, now: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._now = now
        self._secret = secret.encode()

    def read(self, account: str) -> tuple[Token, int] | None:
        """Return the token and its version; None when no account is connected.

        Raises:
            NotConnected: the token was encrypted under another ``SECRET_KEY``.
        """
        query = sa.select(tokens.c.sealed, tokens.c.version).where(tokens.c.account == account)
        with self._ledger.read_connection() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - see `_fernet`

        try:
            return decoding.decode_json(self._fernet.decrypt(row.sealed), Token), row.version
        except (InvalidToken, ValueError):
            reason = "SECRET_KEY is not that of the connected account; connect it again."
        raise NotConnected(account, reason)

    def store_connected(self, account: str, token: Token) -> None:
        """Store the token of an account that was just connected, in place of any earlier token.

        Its version is new even after earlier connections were removed: a refresh still under way
        would otherwise put its token in this place, and another account would pay.
        """
        new = {
            "account": account,
            "sealed": self._encrypt(token),
            "version": secrets.randbelow(MAX_FIRST_VERSION),
            "leased_until": None,
        }
        with self._ledger.write_transaction() as connection:
            replace_row(connection, tokens, new)

    def replace_refreshed(self, account: str, token: Token, version: int) -> bool:
        """Store a refreshed token; return False if the account has been reconnected or removed."""
        change = (
            sa.update(tokens)
            .where(tokens.c.account == account, tokens.c.version == version)
            .values(sealed=self._encrypt(token), version=version + 1, leased_until=None)
        )
        with self._ledger.write_transaction() as connection:
            return connection.execute(change).rowcount == 1

    def remove(self, account: str) -> bool:
        """Delete an account's token; return False when there was none."""
        with self._ledger.write_transaction() as connection:
            result = connection.execute(sa.delete(tokens).where(tokens.c.account == account))
        return result.rowcount == 1

    def lease(self, account: str, seconds: float) -> float | None:
        """Take the lease to refresh a token for some seconds; return its end, None if taken.

        One process has the lease at a time; the lease of a dead process runs out by itself.
        """
        now = self._now()
        free = tokens.c.leased_until.is_(None) | (tokens.c.leased_until <= now)
        take = sa.update(tokens).where(tokens.c.account == account, free)
        with self._ledger.write_transaction() as connection:
            taken = connection.execute(take.values(leased_until=now + seconds)).rowcount == 1
        return now + seconds if taken else None

    def release(self, account: str, lease: float) -> None:
        """Give a lease back; a lease that another process has taken meanwhile stays with it."""
        own = (tokens.c.account == account) & (tokens.c.leased_until == lease)
        with self._ledger.write_transaction() as connection:
            connection.execute(sa.update(tokens).where(own).values(leased_until=None))

    @cached_property
    def _fernet(self) -> "Fernet":
        """Return the cipher; its package takes 6 MB, which servers without an account save."""
        from cryptography.fernet import Fernet  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

        key = HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(self._secret)
        return Fernet(base64.urlsafe_b64encode(key))

    def _encrypt(self, token: Token) -> bytes:
        return self._fernet.encrypt(msgspec.json.encode(token))
