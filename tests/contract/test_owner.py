"""What is asked in the owner's name, against the official OpenAPI description."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.database.ledger import Ledger
from affiliate.database.token_store import TokenStore
from affiliate.errors import RequestRefused
from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.accounts.shutterstock_collections import MEDIA, Collections
from affiliate.licensing.oauth.flow import ShutterstockOAuth
from affiliate.licensing.oauth.scopes import SCOPES, get_required_scopes
from affiliate.transport.client import Transport

OUT_OF_SCOPE = re.compile(r"/v2/(audio|sfx|cv|catalog|ai|bulk)[/_a-z]*")


@pytest.fixture(scope="module")
def document(description: Path) -> Any:
    return json.loads(description.read_bytes())


@pytest.fixture
def now() -> list[float]:
    """Return the time in a list, which tests may change."""
    return [1_000_000.0]


@pytest.fixture
def tokens(
    mock: str, transport: Transport, tmp_path: Path, now: list[float]
) -> Iterator[ShutterstockOAuth]:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    ledger.upgrade()
    vault = TokenStore(ledger, "x" * 40, lambda: now[0])
    yield ShutterstockOAuth(transport, vault, url=mock, client=("id", "secret"), now=lambda: now[0])
    ledger.close()


def test_the_flow_is_accepted(tokens: ShutterstockOAuth, document: Any) -> None:
    """The address to agree at and the exchange of the code are as described, field by field."""
    address = tokens.build_authorize_url(
        "https://a.example/owner/shutterstock/callback", SCOPES, "s"
    )
    assert requests.get(address, allow_redirects=False, timeout=20).status_code == 302
    described = document["paths"]["/v2/oauth/authorize"]["get"]["parameters"]
    assert set(parse_qs(urlsplit(address).query)) == {one["name"] for one in described}
    token = tokens.connect("code", SCOPES)
    assert token.access_token == tokens.get_access_token()
    assert token.access_token.startswith("v2/")


def test_the_fields_of_the_exchange_are_described(
    tokens: ShutterstockOAuth, document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No field of the form is unknown to the API, which the mock would take in silence."""
    content = document["paths"]["/v2/oauth/access_token"]["post"]["requestBody"]["content"]
    known = content["application/x-www-form-urlencoded"]["schema"]["properties"]
    sent: list[bytes] = []
    send = Transport.send

    def noted(self: Transport, request: Any, seconds: float | None = None) -> Any:
        sent.append(request.body or b"")
        return send(self, request, seconds)

    monkeypatch.setattr(Transport, "send", noted)
    tokens.connect("code", SCOPES)
    fields = {name: values[0] for name, values in parse_qs(sent[0].decode()).items()}
    assert set(fields) == set(known) - {"refresh_token"}
    for name, value in fields.items():
        assert value in known[name].get("enum", [value])


def test_collections_are_accepted(mock: str, transport: Transport) -> None:
    """Every call about collections is valid, and its answer is understood."""
    account = ShutterstockAccount(transport, url=mock, token=lambda: "token")
    for media in MEDIA:
        collections = Collections(account, media)
        (one,) = collections.list_own()
        assert collections.fetch_collection(one.id) == one
        assert collections.create("Name")
        collections.rename(one.id, "Name")
        collections.add_items(one.id, ["1", "2"])
        collections.remove_items(one.id, ["1", "2"])
        assert list(collections.list_items(one.id))
        collections.delete(one.id)
        chosen = collections.list_featured()[0]
        assert collections.fetch_collection(chosen.id, featured=True).name == chosen.name
        assert list(collections.list_items(chosen.id, featured=True))
        with pytest.raises(RequestRefused):
            account.call("POST", f"/v2/{media}s/collections", body={"title": "Name"})


def test_a_curated_page_is_accepted(mock: str, transport: Transport) -> None:
    """What a visitor's page asks is valid with the application's own credentials."""
    keys = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}
    agency = Shutterstock(transport, url=mock, credentials=keys)
    assert agency.fetch_collection("19853").name == "Exercise & Fitness"
    assert agency.fetch_collection_chunk("19853", 0).total == 82


def test_scopes_are_those_of_the_description(document: Any) -> None:
    """Every operation's scopes, and every scope there is."""
    scheme = document["components"]["securitySchemes"]["customer_accessCode"]
    assert set(scheme["flows"]["authorizationCode"]["scopes"]) == set(SCOPES)
    looked = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if OUT_OF_SCOPE.match(path):
                continue
            asked = [
                one["customer_accessCode"]
                for one in operation.get("security", ())
                if "customer_accessCode" in one
            ]
            wanted = asked[0] if asked else []
            concrete = re.sub(r"\{\w+\}", "1", path)
            assert sorted(get_required_scopes(method.upper(), concrete)) == sorted(wanted), (
                method,
                path,
            )
            looked += 1
    assert looked > 60
