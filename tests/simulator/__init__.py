"""A simulator of Shutterstock's API v2, as a real HTTP server on loopback.

    with simulator() as agency:
        agency.subscribe(revenue_share())
        order = agency.misbehave(hang_up("acted"), on="/v2/images/licenses", method="POST")
        ...
        assert len(agency.purchases) == 1

It knows nothing of the code under test. Read it in this order: `library` and `subscriptions`
(what there is), `accounts` (who may), `licensing`, `purchases` and `files` (what is bought),
`reading`, `editorial`, `collections` (what can be read), `faults` (what can go wrong), `server`.
Its answers have the shape of the official OpenAPI description (`described` holds them to it);
what rests on a guess is said where it stands.
"""

from tests.simulator.accounts import CLIENT, SCOPES, TOKEN
from tests.simulator.faults import (
    Fault,
    Order,
    answer_html,
    answer_late,
    answer_with,
    declare_wrong_length,
    drip,
    hang_up,
    hold,
    run_first,
)
from tests.simulator.library import FIRST_EDITORIAL, FIRST_ID, FIRST_VIDEO, image, video
from tests.simulator.purchases import Purchase
from tests.simulator.server import Simulator, simulator
from tests.simulator.subscriptions import (
    Subscription,
    comp,
    footage,
    platform,
    premier,
    report_clips,
    reports,
    revenue_share,
    standard,
)
from tests.simulator.wire import Answer, SimulatorRequest

__all__ = [
    "CLIENT",
    "FIRST_EDITORIAL",
    "FIRST_ID",
    "FIRST_VIDEO",
    "SCOPES",
    "TOKEN",
    "Answer",
    "Fault",
    "Order",
    "Purchase",
    "Simulator",
    "SimulatorRequest",
    "Subscription",
    "answer_html",
    "answer_late",
    "answer_with",
    "comp",
    "declare_wrong_length",
    "drip",
    "footage",
    "hang_up",
    "hold",
    "image",
    "platform",
    "premier",
    "report_clips",
    "reports",
    "revenue_share",
    "run_first",
    "simulator",
    "standard",
    "video",
]
