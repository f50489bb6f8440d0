"""The tree of errors, sorted by what the caller can do next."""

from typing import Final


class AffiliateError(Exception):
    """The root of every error that this package raises on purpose."""


class BadQuery(AffiliateError):
    """An unreadable parameter of a request: answer 400 and name the field.

    ``field`` is the parameter's name as the visitor sent it, ``reason`` a sentence for the visitor,
    made of ``template`` and ``values``, so that pages can translate the template.
    """

    def __init__(self, field: str, template: str, **values: object) -> None:
        self.field = field
        self.template = template
        self.values = values
        self.reason = template % values if values else template
        super().__init__(f"{field}: {self.reason}")


MAX_FAULTS: Final = 40
"""Faults that a message lists, more than an owner makes by hand; the rest is counted."""


class ConfigError(AffiliateError):
    """Wrong or missing settings; ``faults`` has one sentence for each, all at once."""

    def __init__(self, faults: list[str]) -> None:
        if more := len(faults) - MAX_FAULTS:
            faults = [*faults[:MAX_FAULTS], f"And {more} more."] if more > 0 else faults
        super().__init__("The settings need attention:\n" + "\n".join(f"- {f}" for f in faults))
        self.faults = faults


class CannotListen(AffiliateError):
    """A failure to listen on HOST and PORT; the message gives the reason in a sentence."""


class AgencyError(AffiliateError):
    """A failed call to an agency.

    ``kind`` is the word that pages, JSON and logs show; ``retry_after`` the seconds for which
    another call is pointless, as the agency said or as the kind of failure suggests.
    The message never holds an address, a header or a key.
    """

    kind = "failed"
    retry_after = 5.0
    was_asked = True
    """False for a call that this site itself withheld; such failures are not remembered."""
    sent = False
    """True where the request may have reached the agency before the failure."""

    def __init__(self, agency: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{agency}: {message}")
        self.agency = agency
        self.message = message
        if retry_after is not None:
            self.retry_after = retry_after


def describe_error(error: AffiliateError) -> str:
    """Return the message of an error, without the agency's name at the beginning."""
    return error.message if isinstance(error, AgencyError) else str(error)


class AgencyDown(AgencyError):
    """No connection, or a 5xx: ask again in a few seconds."""

    kind = "down"


class AgencyTimeout(AgencyError):
    """No whole answer within the deadline: ask again in a few seconds."""

    kind = "timeout"


class Stopped(AgencyError):
    """A call given up because the process ends, which says nothing about the agency."""

    kind = "timeout"
    was_asked = False
    retry_after = 1.0


class BadCredentials(AgencyError):
    """A 401 or 403: another call is pointless until the owner corrects the key or its scopes."""

    kind = "credentials"
    retry_after = 300.0


class Forbidden(BadCredentials):
    """A 403: the key is valid, but not for this call; a token may lack a scope."""


class Blocked(Forbidden):
    """A 403 of a gateway in front of the API, which refuses this server's address for any key."""

    kind = "blocked"


class NotConnected(BadCredentials):
    """No connected account, or a token no longer accepted: the owner must connect the account."""


class TooManyCalls(AgencyError):
    """A 429: wait for ``retry_after`` seconds, one second where the agency names no time."""

    kind = "quota"
    retry_after = 1.0

    @property
    def has_retry_after(self) -> bool:
        """Return whether ``retry_after`` is the agency's own."""
        return "retry_after" in self.__dict__


class BudgetSpent(AffiliateError):
    """A client whose requests have cost too many calls lately: answer 429 with ``retry_after``."""

    kind = "busy"

    def __init__(
        self, retry_after: float, message: str = "Too many new questions from this address."
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CallsSpent(AgencyError):
    """A window of calls, counted by this site, that is spent; nothing was sent."""

    kind = TooManyCalls.kind
    was_asked = False


class PaceExceeded(CallsSpent):
    """More calls in a second than the agency's limit allows; nothing was sent."""

    retry_after = 1.0


class RequestRefused(AgencyError):
    """Another 4xx: the agency does not accept this request and will not when it is repeated."""

    kind = "refused"
    retry_after = 60.0


class NotFound(AgencyError):
    """A 404: the agency has nothing under the requested address."""

    kind = "not found"
    retry_after = 60.0


class BadAnswer(AgencyError):
    """An unreadable answer: not the agreed format, too large, or without a required field."""

    kind = "unreadable"
    retry_after = 60.0


class AnswerTooLarge(BadAnswer):
    """An answer of more bytes than are read: ask for less."""


SUSPENSION_REASONS: Final = {
    BadCredentials.kind: "it does not take this site's key",
    TooManyCalls.kind: "it had too many calls",
}
"""Reasons for a suspension, by kind of failure; other kinds are the agency's own failures."""


def describe_suspension(kind: str) -> str:
    """Return the reason for a suspension as a part of a sentence."""
    return SUSPENSION_REASONS.get(kind, "it failed too often")


class Suspended(AgencyError):
    """A suspended agency, to which nothing is sent for ``retry_after`` seconds.

    ``why`` is the kind of the failure that led to the suspension, such as ``credentials``.
    """

    kind = "suspended"
    was_asked = False

    def __init__(self, agency: str, why: str, *, retry_after: float) -> None:
        reason = describe_suspension(why)
        message = f"{reason[0].upper()}{reason[1:]}."
        super().__init__(agency, message, retry_after=retry_after)
        self.why = why


class UnclearOutcome(AgencyError):
    """A failure after a purchase was sent: the license may or may not have been bought.

    Only the license history can tell; sending the purchase again could buy the license twice.
    """

    kind = "unclear"


class PurchaseRefused(AffiliateError):
    """A purchase that this program refuses for a reason the owner can remove; nothing was sent."""


class LedgerError(AffiliateError):
    """A failure of the ledger's database: try again, or tell the owner.

    The message never holds the database's address or password.
    """


class LedgerLost(LedgerError):
    """A lost or discarded connection to the ledger's database: another connection may work."""


class LedgerRefused(LedgerError):
    """Values that the ledger's database rejects, however often they are sent."""


class DownloadFailed(AffiliateError):
    """A licensed file that could not be fetched; the message gives the reason.

    The message never holds a link, which is signed.
    """


class FileBusy(DownloadFailed):
    """A licensed file that another thread or process fetches, or has fetched: look for the file."""


class DiskFailed(DownloadFailed):
    """A full or unwritable disk: no other download works until the owner has repaired the disk."""


class StoreDown(AffiliateError):
    """A cache store out of reach: go on without the store, and try the store again in a moment."""


class StoreRefused(AffiliateError):
    """A cache store that answers but takes no writes: full, read-only or busy."""


class JournalFailed(AffiliateError):
    """A journal of clicks waiting for the database that is full, or whose disk fails."""


class ReportError(AffiliateError):
    """A report of a network of which nothing is read; ``faults`` has lines and columns."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class MailFailed(AffiliateError):
    """A mail that its server has not taken; the message says why, without a secret."""
