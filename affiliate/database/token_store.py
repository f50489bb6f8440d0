"""Where the tokens of connected accounts are kept: in the ledger's database, encrypted.

The key is made of ``SECRET_KEY`` by HKDF (RFC 5869); what is kept is a Fernet token
(https://github.com/fernet/spec), so that a copy of the database alone gives nothing away.
"""

import base64
import secrets
import time
from collections.abc import Callable
from typing import Final

import msgspec
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from affiliate.database.ledger import Ledger
from affiliate.database.schema import tokens
from affiliate.domain import decoding
from affiliate.errors import NotConnected

PURPOSE: Final = b"affiliate-search: tokens of connected accounts, 1"
"""What sets this key apart from others made of the same secret (RFC 5869, 3.2)."""

VERSIONS: Final = 2**30
"""Where versions begin; refreshings count on, in 32 bits."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A user's token with what is known about it; times are Unix times, None is for ever.

    From ``refresh_at`` on it should be refreshed, from ``expires_at`` on it is of no use.
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

    ``version`` is of one connection and one refreshing; what was read at an older one is not
    written over a newer.
    """

    def __init__(self, ledger: Ledger, secret: str, now: Callable[[], float] = time.time) -> None:
        self._ledger = ledger
        self._now = now
        key = HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(secret.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def read(self, account: str) -> tuple[Token, int] | None:
        """The token and its version; None when no account is connected.

        Raises:
            NotConnected: it was encrypted under another ``SECRET_KEY``.
        """
        wanted = sa.select(tokens.c.sealed, tokens.c.version).where(tokens.c.account == account)
        with self._ledger.reading() as connection:
            row = connection.execute(wanted).first()
        if row is None:
            return None
        try:
            return decoding.decode_json(self._fernet.decrypt(row.sealed), Token), row.version
        except (InvalidToken, ValueError):
            reason = "SECRET_KEY is not that of the connected account; connect it again."
        raise NotConnected(account, reason)

    def put(self, account: str, token: Token) -> None:
        """Keep the token of an account that was just connected, instead of any before it.

        Its version is no earlier connection's, not even one's that was forgotten meanwhile: what
        is refreshing still would put its token in this one's place, and another account would pay.
        """
        new = {
            "account": account,
            "sealed": self._sealed(token),
            "version": secrets.randbelow(VERSIONS),
            "leased_until": None,
        }
        with self._ledger.writing() as connection:
            connection.execute(sa.delete(tokens).where(tokens.c.account == account))
            connection.execute(sa.insert(tokens).values(new))

    def renew(self, account: str, token: Token, version: int) -> bool:
        """Keep a refreshed token; False when the account was connected anew or not at all since."""
        change = (
            sa.update(tokens)
            .where(tokens.c.account == account, tokens.c.version == version)
            .values(sealed=self._sealed(token), version=version + 1, leased_until=None)
        )
        with self._ledger.writing() as connection:
            return connection.execute(change).rowcount == 1

    def remove(self, account: str) -> bool:
        """Forget an account's token; False when there was none."""
        with self._ledger.writing() as connection:
            found = connection.execute(sa.delete(tokens).where(tokens.c.account == account))
        return found.rowcount == 1

    def lease(self, account: str, seconds: float) -> float | None:
        """The right to refresh a token, for some seconds, as a number to give back; None if taken.

        One process has it at a time; that of a process that died runs out by itself.
        """
        now = self._now()
        free = tokens.c.leased_until.is_(None) | (tokens.c.leased_until <= now)
        take = sa.update(tokens).where(tokens.c.account == account, free)
        with self._ledger.writing() as connection:
            taken = connection.execute(take.values(leased_until=now + seconds)).rowcount == 1
        return now + seconds if taken else None

    def release(self, account: str, lease: float) -> None:
        """Give a lease back; one that was taken by another meanwhile stays theirs."""
        mine = (tokens.c.account == account) & (tokens.c.leased_until == lease)
        with self._ledger.writing() as connection:
            connection.execute(sa.update(tokens).where(mine).values(leased_until=None))

    def _sealed(self, token: Token) -> bytes:
        return self._fernet.encrypt(msgspec.json.encode(token))
