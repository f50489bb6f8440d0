"""The conversions of Partnerize's API, fetched for a partner.

https://api-docs.partnerize.com/partner/#operation/partner-conversions (version 1): Basic
authentication by the application key and the API key of a user, at most 300 conversions a page,
the address of the next page in ``hypermedia.pagination``, 429 with ``X-RateLimit-Reset`` in
seconds. A conversion has items with states and commissions of their own, and the reference that
its link has carried.
"""

from datetime import UTC, datetime
from functools import partial, reduce
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from affiliate.domain.actions import Action
from affiliate.domain.affiliate_links import read_pubref
from affiliate.domain.times import format_utc
from affiliate.earnings import partnerize, reports
from affiliate.earnings.api_values import clean_values, read_value
from affiliate.earnings.patient_calls import PatientCalls, Wait, sleep
from affiliate.earnings.values import read_amount, read_time
from affiliate.errors import BadAnswer, Forbidden
from affiliate.transport.client import Transport
from affiliate.transport.messages import Params, Request, decode_answer

API: Final = "https://api.partnerize.com"
PAGE_SIZE: Final = 300
"""The API's largest page: some 600 kB."""
MAX_PAGES: Final = 2000
"""Pages after which paging is given up: more conversions than a report may have."""


class _WireClick(msgspec.Struct):
    """The click that led to a conversion."""

    set_time: str | None = None
    publisher_reference: str | None = None


class _WireItem(msgspec.Struct):
    """An item of a conversion."""

    item_status: str
    item_publisher_commission: str | float | None
    item_value: str | float | None = None


class _WireValue(msgspec.Struct):
    """The amounts and the state of a conversion as a whole."""

    conversion_status: str
    publisher_commission: str | float | None
    value: str | float | None = None


class _WireConversion(msgspec.Struct):
    """A conversion; an empty object is an empty list there."""

    conversion_id: str
    conversion_time: str
    currency: str
    campaign_id: str | None = None
    publisher_reference: str | None = None
    click: _WireClick | list[Any] | None = None
    conversion_value: _WireValue | list[Any] | None = None
    conversion_items: list[_WireItem] | None = None


class _WireRow(msgspec.Struct):
    """The wrapper of a conversion."""

    conversion_data: _WireConversion


class _WirePage(msgspec.Struct):
    """A page of conversions; ``hypermedia`` leads to the next page."""

    conversions: list[_WireRow]
    hypermedia: dict[str, Any] | list[Any] | None = None


class PartnerizeApi:
    """The conversions of a partner, by the keys of a user; ``wait`` waits for seconds."""

    def __init__(
        self,
        transport: Transport,
        keys: tuple[str, str],
        publisher_id: str,
        url: str = API,
        wait: Wait = sleep,
    ) -> None:
        self._open_calls = partial(PatientCalls, transport, wait)
        self._calls = self._open_calls()
        self._keys = keys
        partner = quote(publisher_id, safe="")
        self._url = f"{url}/reporting/report_publisher/publisher/{partner}/conversion.json"

    def fetch_actions(self, since: datetime, until: datetime) -> list[Action]:
        """Return the conversions of a period; times are in UTC.

        Raises:
            AgencyError: a call failed, so that nothing is returned; `Forbidden` for a user without
                access to the partner's reports, `TooManyCalls` where the network limits calls for
                long.
        """
        self._calls = self._open_calls()
        params: Params | None = (
            ("start_date", format_utc(since)),
            ("end_date", format_utc(until)),
            ("timezone", "UTC"),
            ("limit", str(PAGE_SIZE)),
        )
        actions: dict[str, Action] = {}
        pages: set[Params] = set()
        while params:
            if params in pages or len(pages) >= MAX_PAGES:
                raise BadAnswer(partnerize.NETWORK, "The pages of conversions have no end.")
            pages.add(params)
            page = self._fetch_page(params)
            for row in page.conversions:
                action = _to_action(row.conversion_data)
                actions[action.action_id] = action
            params = _find_next_page(page) if page.conversions else None
        return list(actions.values())

    def _fetch_page(self, params: Params) -> _WirePage:
        request = Request(
            agency=partnerize.NETWORK,
            url=self._url,
            params=params,
            headers={"Accept": "application/json"},
            auth=self._keys,
            secrets=self._keys,
        )
        try:
            body = self._calls.send(request)
        except Forbidden as error:
            raise Forbidden(
                partnerize.NETWORK,
                f"The user needs access to the partner's reports. {error.message}",
            ) from None
        return decode_answer(partnerize.NETWORK, body, _WirePage)


def _find_next_page(page: _WirePage) -> Params | None:
    """Return the parameters of the next page; None on the last page.

    The parameters alone are followed, never the address.

    Raises:
        BadAnswer: the next page has no readable address.
    """
    hypermedia = page.hypermedia if isinstance(page.hypermedia, dict) else {}
    pagination = hypermedia.get("pagination")
    address = pagination.get("next_page") if isinstance(pagination, dict) else None
    try:
        return tuple(parse_qsl(urlsplit(address).query)) if isinstance(address, str) else None
    except ValueError:
        raise BadAnswer(partnerize.NETWORK, "The next page has no readable address.") from None


def _to_action(wire: _WireConversion) -> Action:
    """Convert a conversion.

    Raises:
        BadAnswer: a field can't be read, or the amounts are missing.
    """
    read = partial(read_value, partnerize.NETWORK)
    to_time = partial(read_time, zone=UTC)
    to_amount = partial(read_amount, decimal_sign=".")
    to_state = partial(reports.read_state, states=partnerize.STATES)
    click = wire.click if isinstance(wire.click, _WireClick) else _WireClick()
    reference = wire.publisher_reference or click.publisher_reference or ""
    values, click_id = read_pubref(unquote(reference))
    texts: dict[str, Any] = clean_values(
        {
            "program": wire.campaign_id,
            "site": values["site"],
            "words": values["query"],
            "media_id": values["id"],
            "click_id": click_id,
        }
    )
    occurred_at = read("conversion_time", to_time, wire.conversion_time)
    amounts = [
        (item.item_status, item.item_publisher_commission, item.item_value)
        for item in wire.conversion_items or ()
    ]
    if not amounts and isinstance(whole := wire.conversion_value, _WireValue):
        amounts = [(whole.conversion_status, whole.publisher_commission, whole.value)]
    parts = []
    for status, commission, sale in amounts:
        payout = read("publisher_commission", to_amount, commission)
        if payout is None or occurred_at is None:
            raise BadAnswer(partnerize.NETWORK, "A sale has no payout or no date.")
        parts.append(
            Action(
                action_id=read("conversion_id", reports.read_id, wire.conversion_id),
                state=read("status", to_state, status),
                payout=payout,
                sale=read("value", to_amount, sale),
                currency=read("currency", reports.read_currency, wire.currency),
                occurred_at=occurred_at,
                clicked_at=read("set_time", to_time, click.set_time),
                **texts,
            )
        )
    if not parts:
        raise BadAnswer(partnerize.NETWORK, "A sale has no payout or no date.")
    return reduce(lambda whole, item: partnerize.join_items(whole, item) or whole, parts)
