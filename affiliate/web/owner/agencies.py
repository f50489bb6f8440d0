"""The page of agencies: state, earnings, quota, links and calls of each, and a switch."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from flask import Response, abort, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from affiliate.agencies import AGENCIES, Agency
from affiliate.agencies.limits import MINUTE
from affiliate.agencies.link_earnings import assess_links
from affiliate.agencies.requirements import describe_needed_settings
from affiliate.database.figures import Figures
from affiliate.errors import describe_suspension
from affiliate.search.federation import EnabledAgency
from affiliate.search.gateway import AgencyGateway
from affiliate.search.limits import SpentCalls
from affiliate.search.switching import SWITCH_DELAY_SECONDS, switch_off, switch_on
from affiliate.services import current_services
from affiliate.web.owner import earned
from affiliate.web.owner.filters import FilterField, Filters
from affiliate.web.owner.frame import blueprint, redirect_with_note, render_page
from affiliate.web.owner.links import link_to
from affiliate.web.owner.numbers import Money
from affiliate.web.owner.page_requests import PageRequest, read_page_request, require_period
from affiliate.web.owner.series import get_days
from affiliate.web.owner.tables import Cell, Column, Row, State, build_table

NONE_FITS: Final = "No agency fits the filters."
STATES: Final = {
    "on": "On",
    "spent": "Calls nearly spent",
    "alone": "Left alone",
    "off": "Switched off",
}
"""Titles of the states that the page can be limited to."""
STATES_BY_LEVEL: Final = {"ok": "on", "warn": "spent", "bad": "alone", "off": "off"}
"""The states by the level of their mark."""
FILTERS: Final = (
    FilterField("state", "State", STATES),
    FilterField("links", "Links", {"ok": "As they should be", "warn": "Earn nothing"}),
    FilterField("kind", "Kind", {"paid": "Sells licenses", "free": "Free pictures"}),
)


@blueprint.get("/agencies")
def show_agencies() -> Response:
    """Show the agencies that are set up, perhaps those of a state, and what the others need."""
    services = current_services()
    view = read_page_request(FILTERS, has_period=True, default_period="7")
    off = services.switches.read_off_agencies()
    sums = _sum_up(view)
    rows = [
        {**_build_row(enabled, services.gateway, off=off), **sums.describe(enabled.agency.name)}
        for enabled in services.registry.configured
        if view.filters.get("kind") in {"", "free" if enabled.agency.is_free else "paid"}
    ]
    rows = [row for row in rows if _fits_filters(row, view.filters)]
    unset = {
        kind.title: describe_needed_settings(kind)
        for name, kind in AGENCIES.items()
        if name not in services.registry.names
    }
    return render_page(
        "owner_agencies.html",
        "Agencies",
        view=view,
        table=build_table(
            view, "Agencies", _list_columns(view), rows, default_sort="state", empty=NONE_FITS
        ),
        unjoined=sums.earned.get(None, ()),
        unjoined_url=link_to(view, "owner.show_sales", clicked="unknown"),
        unset=unset,
        weights=",".join(f"{e.agency.name}:{e.weight}" for e in services.registry.configured),
        setting=next((s for s in services.config.shown if s.name == "AGENCIES"), None),
    )


def _fits_filters(row: Row, filters: Filters) -> bool:
    """Return whether the states of an agency and of its links are those of the filters."""
    state, links = row["state"], row["links"]
    if not isinstance(state, State) or not isinstance(links, State):
        raise TypeError("an agency has states")
    return filters.get("state") in {"", STATES_BY_LEVEL[state.level]} and (
        filters.get("links") in {"", links.level}
    )


@blueprint.post("/agencies/switch")
def switch_agency() -> AnyResponse:
    """Switch the agency named by the form on or off, as `flask agency` does."""
    services = current_services()
    name, state = request.form.get("agency", ""), request.form.get("state", "")
    if services.registry.find(name) is None or state not in {"on", "off"}:
        abort(HTTPStatus.BAD_REQUEST, "No such agency or state.")
    title = AGENCIES[name].title
    note = f"{title} is {state}; every page shows that within {SWITCH_DELAY_SECONDS:.0f} s."
    if state == "on":
        switch_on(name, services.switches, services.registry, services.gateway)
    elif not switch_off(name, services.switches, services.registry):
        note += " No agency is on now, so visitors find nothing."
    return redirect_with_note(note, "owner.show_agencies")


class _Sums(NamedTuple):
    """Calls, clicks and earnings of a period, by the name of the agency.

    Sales whose click is unknown have None in place of a name.
    """

    calls: Mapping[str, Mapping[str, Any]]
    clicks: Mapping[str, int]
    earned: Mapping[str | None, tuple[Money, ...]]

    def describe(self, name: str) -> Row:
        """Return the figures of an agency."""
        amounts, clicks = self.earned.get(name, ()), self.clicks.get(name, 0)
        row: dict[str, Cell] = {
            "name": name,
            "clicks": clicks,
            "earned": amounts,
            "per_click": earned.divide_by_clicks(amounts, clicks),
        }
        if (calls := self.calls.get(name)) and calls["calls"]:
            row |= {
                "calls": calls["calls"],
                "failures": calls["failures"],
                "milliseconds": round(calls["milliseconds"] / calls["calls"]),
            }
        return row


def _sum_up(view: PageRequest) -> _Sums:
    """Return the sums of the period, by agency."""
    figures = Figures(current_services().ledger, view.zone)
    days, by = get_days(require_period(view)), ("agency",)
    with current_services().ledger.read_snapshot():
        calls, clicks = figures.sum_calls(days, by), figures.sum_clicks(days, by)
        sales = figures.earned.sum_earned(days, by)
    return _Sums(
        calls={row["agency"]: row for row in calls},
        clicks={row["agency"]: row["clicks"] for row in clicks},
        earned=earned.group_earned(sales, lambda row: row["agency"]),
    )


def _list_columns(view: PageRequest) -> tuple[Column, ...]:
    """Return the columns of the table, with links to the clicks and sales of an agency."""

    def link(endpoint: str, row: Mapping[str, Any], name: str) -> str:
        return link_to(view, endpoint, agency=row["name"]) if row[name] else ""

    return (
        Column("agency", "Agency"),
        Column("state", "State", "state"),
        Column("switch", "Switch", "action"),
        Column("clicks", "Clicks", "count", link=lambda r: link("owner.show_clicks", r, "clicks")),
        Column("earned", "Earned", "money", link=lambda r: link("owner.show_sales", r, "earned")),
        Column("per_click", "Per click", "money", is_sortable=False),
        Column("left", "Calls left", "count"),
        Column("limit", "Of", "count"),
        Column("window", "Each"),
        Column("calls", "Calls", "count"),
        Column("failures", "Failed", "count"),
        Column("milliseconds", "Mean ms", "count"),
        Column("weight", "Weight", "count"),
        Column("links", "Links", "state"),
    )


def _build_row(enabled: EnabledAgency, gateway: AgencyGateway, *, off: frozenset[str]) -> Row:
    """Return the state, quota and links of an agency."""
    agency = enabled.agency
    is_off = agency.name in off
    state = _describe_state(enabled, gateway, is_off=is_off)
    earning = assess_links(type(agency), enabled.link)
    row: dict[str, Cell] = {
        "agency": agency.title,
        "state": state,
        "weight": enabled.weight,
        "links": State("ok" if earning.state == "ok" else "warn", _drop_subject(earning.words)),
        "switch": _render_switch(agency, is_off=is_off, is_suspended=state.level == "bad"),
    }
    if quota := find_tightest(gateway.list_spent_calls(enabled)):
        row |= {
            "limit": quota.limit.calls,
            "left": quota.left,
            "window": quota.limit.window,
        }
        if quota.is_nearly_spent and state.level == "ok":
            words = "calls nearly spent" if quota.left else "calls spent, cached answers go on"
            row["state"] = State("warn", f"on; {words}; more in {quota.rest / 60:.0f} min")
    return row


def _describe_state(enabled: EnabledAgency, gateway: AgencyGateway, *, is_off: bool) -> State:
    """Return the state of an agency, with the reason and the seconds of a suspension."""
    if is_off:
        return State("off", "switched off")
    if suspension := gateway.get_suspension(enabled):
        seconds, kind = suspension
        return State("bad", f"left alone for {seconds:.0f} s: {describe_suspension(kind)}")
    return State("ok", "on")


def find_tightest(quotas: list[SpentCalls]) -> SpentCalls | None:
    """Return the quota with the least share of calls left; None without one of a minute or more."""
    long = [quota for quota in quotas if quota.limit.seconds >= MINUTE]
    return min(long, key=lambda quota: quota.share_left, default=None)


def _drop_subject(words: str) -> str:
    """Return words about links for a column that is named so."""
    return words.removeprefix("links ")


def _render_switch(agency: Agency, *, is_off: bool, is_suspended: bool) -> Markup:
    html = render_template(
        "_owner_switch.html",
        name=agency.name,
        title=agency.title,
        is_off=is_off,
        is_suspended=is_suspended,
    )
    return Markup(html)  # noqa: S704 - the output of a template
