"""The stand-ins of agencies that sell say nothing that the official examples don't."""

import json

import pytest

from tests.dialects.depositphotos_shop import DepositphotosShop
from tests.dialects.selling import FIRST
from tests.dialects.serving import DialectRequest
from tests.support.official import upstream

FORM = {
    "dp_apikey": DepositphotosShop.keys["API_KEY"],
    "dp_session_id": DepositphotosShop.session,
}
COMMANDS = {
    "regular.user.login.json": {
        "dp_command": "login",
        "dp_login_user": DepositphotosShop.keys["USERNAME"],
        "dp_login_password": DepositphotosShop.keys["PASSWORD"],
    },
    "regular.purchase.getMedia.json": {
        "dp_command": "getMedia",
        "dp_media_id": str(FIRST),
        "dp_media_option": "m",
        "dp_media_license": "standard",
        "dp_subscription_id": "7928098",
    },
    "common.search.getMediaData.json": {
        "dp_command": "getMediaData",
        "dp_media_id": str(FIRST),
    },
}


@pytest.mark.parametrize("name", COMMANDS)
def test_depositphotos_is_asked_and_answers_as_in_its_example(name: str) -> None:
    """Each parameter and each field stands in the SDK's own test."""
    example = json.loads(upstream("depositphotos", name).read_bytes())
    asked = DialectRequest("POST", "/", {**FORM, **COMMANDS[name]}, {}, b"")
    said = json.loads(DepositphotosShop().serve(asked).body)
    assert said["type"] == "success"
    assert set(said) - set(example["response"]) == set()
    assert set(COMMANDS[name]) - set(example["request"]) == set()
