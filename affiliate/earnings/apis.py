"""The networks whose APIs report sales, opened with the owner's accounts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

from affiliate.config.settings import Config
from affiliate.domain.actions import Action
from affiliate.earnings import impact, partnerize
from affiliate.earnings.impact_api import ImpactApi
from affiliate.earnings.partnerize_api import PartnerizeApi
from affiliate.earnings.patient_calls import Wait, sleep
from affiliate.transport.client import Transport

SETTINGS: Final[Mapping[str, str]] = {
    impact.NETWORK: "IMPACT_ACCOUNT_SID and IMPACT_AUTH_TOKEN",
    partnerize.NETWORK: "PARTNERIZE_APPLICATION_KEY, PARTNERIZE_USER_API_KEY and"
    " PARTNERIZE_PUBLISHER_ID",
}
"""The settings of an account at each network that has an API."""


class NetworkApi(Protocol):
    """The actions of an account at a network."""

    def fetch_actions(self, since: datetime, until: datetime) -> list[Action]:
        """Return the actions of sales in a period; times are in UTC.

        Raises:
            AgencyError: a call failed, so that nothing is returned.
        """


def open_apis(config: Config, transport: Transport, wait: Wait = sleep) -> dict[str, NetworkApi]:
    """Return the APIs of the networks at which the owner's settings have an account.

    ``wait`` waits where a network limits calls.
    """
    apis: dict[str, NetworkApi] = {}
    sid, token = config.impact_account_sid, config.impact_auth_token
    if sid and token:
        apis[impact.NETWORK] = ImpactApi(
            transport, sid.reveal(), token.reveal(), config.impact_url, wait
        )
    key, user_key = config.partnerize_application_key, config.partnerize_user_api_key
    if key and user_key and config.partnerize_publisher_id:
        apis[partnerize.NETWORK] = PartnerizeApi(
            transport,
            (key.reveal(), user_key.reveal()),
            config.partnerize_publisher_id,
            config.partnerize_url,
            wait,
        )
    return apis
