"""What can go wrong, sorted by what the caller can do next."""

from typing import Final


class AffiliateError(Exception):
    """The root of every error that this package raises on purpose."""


class BadQuery(AffiliateError):
    """What the visitor sent can't be read: answer 400 and name the field.

    ``field`` is the parameter's name as the visitor sent it, ``reason`` a sentence for them, made
    of ``template`` and ``values``, so that pages can say it in another language.
    """

    def __init__(self, field: str, template: str, **values: object) -> None:
        self.field = field
        self.template = template
        self.values = values
        self.reason = template % values if values else template
        super().__init__(f"{field}: {self.reason}")


MAX_FAULTS: Final = 40
"""More faults than an owner makes by hand; further ones are counted."""


class ConfigError(AffiliateError):
    """Settings are wrong or missing; ``faults`` has one sentence for each, all at once."""

    def __init__(self, faults: list[str]) -> None:
        if more := len(faults) - MAX_FAULTS:
            faults = [*faults[:MAX_FAULTS], f"And {more} more."] if more > 0 else faults
        super().__init__("The settings need attention:\n" + "\n".join(f"- {f}" for f in faults))
        self.faults = faults


class CannotListen(AffiliateError):
    """HOST and PORT can't be listened on, for a reason that the message says in a sentence."""


class AgencyError(AffiliateError):
    """An agency did not give what was asked of it.

    ``kind`` is the word that pages, JSON and logs show; ``retry_after`` the seconds for which
    asking again is pointless, as the agency said or as the kind of failure suggests.
    The message never holds an address, a header or a key.
    """

    kind = "failed"
    retry_after = 5.0
    was_asked = True
    """Whether the agency was asked; what this site withholds by itself is not remembered."""
    sent = False
    """Whether the request may have reached the agency before things went wrong."""

    def __init__(self, agency: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{agency}: {message}")
        self.agency = agency
        self.message = message
        if retry_after is not None:
            self.retry_after = retry_after


class AgencyDown(AgencyError):
    """No connection, or a 5xx: ask again in a few seconds."""

    kind = "down"


class AgencyTimeout(AgencyError):
    """No whole answer within the deadline: ask again in a few seconds."""

    kind = "timeout"


class Stopped(AgencyError):
    """A call was given up because the process ends; its agency may answer others."""

    kind = "timeout"
    was_asked = False
    retry_after = 1.0


class BadCredentials(AgencyError):
    """401 or 403: asking again is pointless until the owner mends the key or its scopes."""

    kind = "credentials"
    retry_after = 300.0


class Forbidden(BadCredentials):
    """403: the key is good, but not for this; a token may lack a scope."""


class Blocked(Forbidden):
    """403 of a gateway in front of the API: it refuses this server's address, whatever the key."""

    kind = "blocked"


class NotConnected(BadCredentials):
    """No account is connected, or its token is no longer taken: the owner must connect it."""


class TooManyCalls(AgencyError):
    """429: wait as long as ``retry_after`` says; a second where the agency doesn't say."""

    kind = "quota"
    retry_after = 1.0

    @property
    def has_retry_after(self) -> bool:
        """Return whether the agency itself has said how long to wait."""
        return "retry_after" in self.__dict__


class BudgetSpent(AffiliateError):
    """Who asks has cost too many calls lately: answer 429; ``retry_after`` are seconds."""

    kind = "busy"

    def __init__(
        self, retry_after: float, message: str = "Too many new questions from this address."
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CallsSpent(AgencyError):
    """The calls of a window that this site counts are spent; nothing was sent."""

    kind = TooManyCalls.kind
    was_asked = False


class PaceExceeded(CallsSpent):
    """More calls want to be made in a second than the agency's limit allows; nothing was sent."""

    retry_after = 1.0


class RequestRefused(AgencyError):
    """Another 4xx: this question is not understood and will not be when repeated."""

    kind = "refused"
    retry_after = 60.0


class NotFound(AgencyError):
    """404: what was asked for is not there."""

    kind = "not found"
    retry_after = 60.0


class BadAnswer(AgencyError):
    """An answer that can't be read: not the agreed format, too large, or a required field gone."""

    kind = "unreadable"
    retry_after = 60.0


DEFAULT_SUSPENSION_REASON: Final = "It failed too often."
SUSPENSION_REASONS: Final = {
    BadCredentials.kind: "It does not take this site's key.",
    TooManyCalls.kind: "It had too many calls.",
}
"""Why an agency is left alone, by the kind of the failure; all others are failures of its own."""


class Suspended(AgencyError):
    """An agency is left alone for ``retry_after`` seconds; nothing was sent.

    ``why`` is the kind of the failure that this is for, such as ``credentials``.
    """

    kind = "suspended"
    was_asked = False

    def __init__(self, agency: str, why: str, *, retry_after: float) -> None:
        super().__init__(
            agency, SUSPENSION_REASONS.get(why, DEFAULT_SUSPENSION_REASON), retry_after=retry_after
        )
        self.why = why


class UnclearOutcome(AgencyError):
    """Something went wrong after a purchase was sent: it may or may not have been made.

    Only the license history can tell; sending it again could buy it twice.
    """

    kind = "unclear"


class PurchaseRefused(AffiliateError):
    """This program won't buy it, for a reason that its owner can mend; nothing was sent."""


class LedgerError(AffiliateError):
    """The database of the ledger did not do what was asked: try again, or tell the owner.

    The message never holds its address or password.
    """


class LedgerLost(LedgerError):
    """The connection to the ledger's database was lost or thrown away: another may do."""


class LedgerRefused(LedgerError):
    """The ledger's database does not take these values, however often they are sent."""


class DownloadFailed(AffiliateError):
    """A licensed file could not be fetched, for a reason that the message says.

    The message never holds a link, which is signed.
    """


class DiskFailed(DownloadFailed):
    """The disk is full or can't be written: nothing else will work until the owner mends that."""


class StoreDown(AffiliateError):
    """The cache's store is out of reach: go on without it, and look again in a moment."""


class StoreRefused(AffiliateError):
    """The cache's store is there but takes no writing: full, read-only or busy."""


class JournalFailed(AffiliateError):
    """The journal of clicks that wait for the database is full, or its disk fails."""
