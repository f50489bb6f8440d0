"""Liveness and readiness of the site, for platforms, load balancers and monitors."""

from typing import Final, Literal

import msgspec
from flask import Blueprint, Response

from affiliate.services import current_services

PAGES_STATE: Final = "ok"
"""The state of pages: a process that answers can also serve pages."""

blueprint = Blueprint("readiness", __name__)


class Alive(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """What works; ``status`` is degraded while clicks are not recorded at once.

    ``clicks`` are ``kept`` while they wait in the journal, ``down`` while they are refused;
    ``cache`` is degraded while the process goes on without its store.
    """

    status: Literal["ok", "degraded"]
    pages: Literal["ok"]
    clicks: Literal["ok", "kept", "down"]
    cache: Literal["ok", "degraded"]


@blueprint.get("/healthz")
def answer_healthz() -> Response:
    """Answer that the process is alive."""
    return _json_response(Alive())


@blueprint.get("/readyz")
def answer_readyz() -> Response:
    """Return the state of each part: 200 while pages can be served, even if other parts fail."""
    services = current_services()
    services.store.get("ready")  # refresh the store's state
    clicks = services.ledger.describe_click_state()
    state = Readiness(
        status="ok" if clicks == "ok" else "degraded",
        pages=PAGES_STATE,
        clicks=clicks,
        cache="degraded" if services.store.is_degraded else "ok",
    )
    return _json_response(state)


def _json_response(state: Alive | Readiness) -> Response:
    return Response(msgspec.json.encode(state) + b"\n", mimetype="application/json")
