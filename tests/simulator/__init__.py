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
    drip,
    first,
    hang_up,
    hold,
    html,
    late,
    says,
    wrong_length,
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
from tests.simulator.wire import Answer, Seen

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
    "Seen",
    "Simulator",
    "Subscription",
    "comp",
    "drip",
    "first",
    "footage",
    "hang_up",
    "hold",
    "html",
    "image",
    "late",
    "platform",
    "premier",
    "report_clips",
    "reports",
    "revenue_share",
    "says",
    "simulator",
    "standard",
    "video",
    "wrong_length",
]
