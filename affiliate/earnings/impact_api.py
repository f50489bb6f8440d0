"""The actions of impact.com's API, fetched for a partner's account.

https://integrations.impact.com/impact-publisher/reference/list-actions-1 and its action object. A
change from pending to approved is no update there, so that actions are fetched by the day of the
sale, all of them again each time.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec

from affiliate.domain.actions import Action
from affiliate.domain.times import format_utc
from affiliate.earnings import impact, reports
from affiliate.earnings.api_values import clean_values, read_value
from affiliate.earnings.patient_calls import PatientCalls, Wait, sleep
from affiliate.earnings.values import read_amount, read_time
from affiliate.errors import AnswerTooLarge, BadAnswer, Forbidden, RequestRefused
from affiliate.transport.client import Transport
from affiliate.transport.messages import Request, decode_answer

API: Final = "https://api.impact.com"
PAGE_SIZE: Final = 2000
"""The API's smallest page: some 2 MB, of the 4 MB that are read of an answer."""
MAX_PAGES: Final = 10
"""The most pages of an answer; the API refuses a longer window."""
WINDOW: Final = timedelta(days=44)
"""Less than the 45 days that a window may have."""
MIN_WINDOW: Final = timedelta(hours=1)
"""A window that is not halved."""


class _WireAction(msgspec.Struct, rename="pascal"):
    """An action as the API has it; figures are texts, an empty text is an unknown value."""

    id: str
    state: str
    payout: str | float
    currency: str
    event_date: str
    amount: str | float | None = None
    campaign_id: str | int | None = None
    referring_date: str | None = None
    locking_date: str | None = None
    cleared_date: str | None = None
    sub_id1: str | None = msgspec.field(default=None, name="SubId1")
    sub_id2: str | None = msgspec.field(default=None, name="SubId2")
    sub_id3: str | None = msgspec.field(default=None, name="SubId3")
    shared_id: str | None = None


class _WirePage(msgspec.Struct):
    """A page of actions; ``next_page`` is empty on the last page."""

    actions: list[_WireAction] = msgspec.field(name="Actions")
    next_page: str | None = msgspec.field(default="", name="@nextpageuri")


class ImpactApi:
    """The actions of an account, by its SID and its token; ``wait`` waits for seconds."""

    def __init__(
        self,
        transport: Transport,
        account_sid: str,
        auth_token: str,
        url: str = API,
        wait: Wait = sleep,
    ) -> None:
        self._open_calls = partial(PatientCalls, transport, wait)
        self._calls = self._open_calls()
        self._auth = (account_sid, auth_token)
        self._url = f"{url}/Mediapartners/{account_sid}/Actions"

    def fetch_actions(self, since: datetime, until: datetime) -> list[Action]:
        """Return the actions of sales in a period; times are in UTC.

        Raises:
            AgencyError: a call failed, so that nothing is returned; `Forbidden` for a token without
                the scope of actions, `TooManyCalls` where the network limits calls for long.
        """
        self._calls = self._open_calls()
        actions: dict[str, Action] = {}
        first = since
        while first < until:
            last = min(first + WINDOW, until)
            for action in self._iter_window(first, last):
                actions[action.action_id] = action
            first = last
        return list(actions.values())

    def _iter_window(self, first: datetime, last: datetime) -> Iterator[Action]:
        """Yield the actions of a window; a window with too many is fetched in halves."""
        try:
            pages = [self._fetch_page(first, last, 1)]
            while pages[-1].next_page and len(pages) < MAX_PAGES:
                pages.append(self._fetch_page(first, last, len(pages) + 1))
            is_whole = not pages[-1].next_page
        except (RequestRefused, AnswerTooLarge):
            if last - first <= MIN_WINDOW:
                raise
            is_whole = False
        if not is_whole and last - first <= MIN_WINDOW:
            raise BadAnswer(impact.NETWORK, "An hour has more sales than ten pages hold.")
        if is_whole:
            for page in pages:
                yield from map(_to_action, page.actions)
        else:
            middle = first + (last - first) / 2
            yield from self._iter_window(first, middle)
            yield from self._iter_window(middle, last)

    def _fetch_page(self, first: datetime, last: datetime, page: int) -> _WirePage:
        request = Request(
            agency=impact.NETWORK,
            url=self._url,
            params=(
                ("ActionDateStart", format_utc(first)),
                ("ActionDateEnd", format_utc(last)),
                ("PageSize", str(PAGE_SIZE)),
                ("Page", str(page)),
            ),
            headers={"Accept": "application/json"},
            auth=self._auth,
            secrets=self._auth,
        )
        try:
            return decode_answer(impact.NETWORK, self._calls.send(request), _WirePage)
        except Forbidden as error:
            raise Forbidden(
                impact.NETWORK, f"The token needs the scope of actions. {error.message}"
            ) from None


def _to_action(wire: _WireAction) -> Action:
    """Convert an action.

    Raises:
        BadAnswer: a field can't be read.
    """
    read = partial(read_value, impact.NETWORK)
    to_amount = partial(read_amount, decimal_sign=".")
    to_time = partial(read_time, zone=UTC)
    payout = read("Payout", to_amount, wire.payout)
    occurred_at = read("EventDate", to_time, wire.event_date)
    state = read("State", reports.read_state, wire.state)
    if payout is None or occurred_at is None:
        raise BadAnswer(impact.NETWORK, "A sale has no payout or no date.")
    texts: dict[str, Any] = clean_values(
        {
            "program": wire.campaign_id,
            "site": wire.sub_id1,
            "words": wire.sub_id2,
            "media_id": wire.sub_id3,
            "click_id": wire.shared_id,
        }
    )
    return Action(
        action_id=read("Id", reports.read_id, wire.id),
        state=state,
        payout=payout,
        sale=read("Amount", to_amount, wire.amount),
        currency=read("Currency", reports.read_currency, wire.currency),
        occurred_at=occurred_at,
        clicked_at=read("ReferringDate", to_time, wire.referring_date),
        locks_at=read("LockingDate", to_time, wire.locking_date),
        cleared_at=read("ClearedDate", to_time, wire.cleared_date),
        **texts,
    )
