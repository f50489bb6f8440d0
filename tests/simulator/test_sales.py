"""The simulator sells, charges, remembers and refuses as the agency is documented to."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from PIL import Image

from tests.simulator import (
    FIRST_EDITORIAL,
    FIRST_ID,
    FIRST_VIDEO,
    SCOPES,
    Simulator,
    comp,
    footage,
    platform,
    premier,
    reports,
    revenue_share,
    simulator,
    standard,
)
from tests.simulator.asking import Reply, ask

LICENSES = "/v2/images/licenses"
ONE, TWO, EDITORIAL = (str(FIRST_ID + number) for number in (1, 2, 10))


@pytest.fixture
def agency() -> Iterator[Simulator]:
    """Yield a simulator with every kind of plan."""
    with simulator(size=40) as server:
        server.subscribe(premier(), comp(), revenue_share(), platform(), reports())
        yield server


def buy(agency: Simulator, *items: dict[str, Any], plan: str = "s10000001") -> Reply:
    """Request licenses of pictures, in small size unless stated otherwise."""
    images = [{"size": "small", "subscription_id": plan, **item} for item in items]
    return ask(agency.url + LICENSES, "POST", {"images": images})


def get_only_row(said: Reply) -> dict[str, Any]:
    """Return the single row of a list."""
    (row,) = said.rows
    return dict(row)


def count_left(agency: Simulator, plan: str) -> int:
    """Return the downloads left in a plan, as the customer reads."""
    rows = ask(f"{agency.url}/v2/user/subscriptions").rows
    return int(next(r["allotment"]["downloads_left"] for r in rows if r["id"] == plan))


def test_each_license_is_charged_even_the_same_again(agency: Simulator) -> None:
    """Two requests for one picture make two purchases and take two downloads."""
    first, second = (
        get_only_row(buy(agency, {"image_id": ONE})),
        get_only_row(buy(agency, {"image_id": ONE})),
    )
    assert first["license_id"] != second["license_id"]
    assert count_left(agency, "s10000001") == 8
    assert [one.media_id for one in agency.purchases] == [ONE, ONE]


def test_an_allotment_is_used_up(agency: Simulator) -> None:
    """The last download is sold, the next is refused, within one request too."""
    agency.subscribe(standard("s1", limit=2))
    rows = buy(agency, *({"image_id": ONE} for _ in range(3)), plan="s1").rows
    assert ["error" in row for row in rows] == [False, False, True]
    assert "No downloads left" in rows[2]["error"]
    assert len(agency.purchases) == 2


@pytest.mark.parametrize(
    ("item", "plan", "why"),
    [
        ({"image_id": ONE, "size": "vector"}, "s10000001", "unavailable"),
        ({"image_id": ONE, "size": "vector"}, "s10000004", "not included"),
        ({"image_id": "1"}, "s10000001", "Media unavailable"),
        ({"image_id": ONE}, "s404", "No active subscription"),
        ({"image_id": ONE}, "s10000002", "No active subscription"),
        ({"image_id": EDITORIAL}, "s10000001", "acknowledgement"),
        ({"image_id": ONE}, "s10000003", "metadata: client"),
        ({"image_id": ONE, "price": 9}, "s10000005", "metadata: customer_id"),
        ({"image_id": ONE, "metadata": {"customer_id": "1"}}, "s10000005", "Price"),
        ({"image_id": ONE, "size": "custom"}, "s10000001", "width or a height"),
    ],
)
def test_an_item_is_refused_in_a_200(
    agency: Simulator, item: dict[str, Any], plan: str, why: str
) -> None:
    """What one item lacks fails that item alone, and the good one beside it is sold."""
    refused = get_only_row(buy(agency, item, plan=plan))
    assert why in refused["error"]
    assert agency.purchases == []
    if plan == "s10000001":
        rows = buy(agency, item, {"image_id": TWO}, plan=plan).rows
        assert ["error" in row for row in rows] == [True, False]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"images": []},
        {"images": [{"image_id": ONE}] * 51},
        {"images": [{"size": "small"}]},
        {"images": [{"image_id": ONE, "size": "giant"}]},
        {"images": [{"image_id": ONE, "metadata": dict.fromkeys("abcde", "x")}]},
        {"images": [{"image_id": n, "subscription_id": "s10000005"} for n in (ONE, TWO)]},
    ],
)
def test_a_request_as_a_whole_is_refused(agency: Simulator, body: dict[str, Any]) -> None:
    """A body that breaks the rules is a 400, and nothing is sold."""
    said = ask(agency.url + LICENSES, "POST", body)
    assert (said.status, agency.purchases) == (400, [])
    assert said.json["message"]


def test_an_expired_plan_sells_nothing(agency: Simulator) -> None:
    """It is still listed, with the day on which it ended."""
    agency.subscribe(standard("s1", days=-1))
    assert "expired" in get_only_row(buy(agency, {"image_id": ONE}, plan="s1"))["error"]
    assert count_left(agency, "s1") == 10


def test_agreement_sells_editorial_pictures(agency: Simulator) -> None:
    """With ``editorial_acknowledgement`` an editorial picture is licensed."""
    row = get_only_row(buy(agency, {"image_id": EDITORIAL, "editorial_acknowledgement": True}))
    assert row["license_id"] == agency.purchases[0].id


@pytest.mark.parametrize(("offered", "charged"), [(1, "5.00"), (7.5, "7.50")])
def test_the_history_says_what_was_charged(agency: Simulator, offered: float, charged: str) -> None:
    """A price below the floor is raised to it without an error."""
    item = {"image_id": ONE, "price": offered, "metadata": {"customer_id": "7"}}
    bought = get_only_row(buy(agency, item, plan="s10000005"))
    assert bought["price"]["local_amount"] == 2.5  # wholesale
    told = get_only_row(ask(agency.url + LICENSES))
    assert told["revshare"] == {"purchase_amount": charged, "purchase_currency": "USD"}
    assert told["metadata"] == {"customer_id": "7"}


def test_a_comp_costs_nothing(agency: Simulator) -> None:
    """Its charge is 0, and the allotment stays."""
    assert get_only_row(buy(agency, {"image_id": ONE}, plan="s10000004"))["allotment_charge"] == 0
    assert count_left(agency, "s10000004") == 10


def test_platform_licenses_are_fetched_once(agency: Simulator) -> None:
    """The link of the purchase works; a new one is refused."""
    item = {"image_id": ONE, "price": 9, "metadata": {"customer_id": "7"}}
    bought = get_only_row(buy(agency, item, plan="s10000006"))
    assert ask(bought["download"]["url"]).status == 200
    assert get_only_row(ask(agency.url + LICENSES))["is_downloadable"] is False
    again = f"{agency.url}{LICENSES}/{bought['license_id']}/downloads"
    assert ask(again, "POST", {"size": "small"}).status == 403


def test_the_sandbox_is_free_and_marked() -> None:
    """It charges nothing, its files are watermarked, and it refuses what is editorial."""
    with simulator(size=40) as live, simulator(size=40, sandbox=True) as sandbox:
        sandbox.subscribe(reports())
        plain, marked = (get_only_row(buy(one, {"image_id": ONE})) for one in (live, sandbox))
        assert count_left(sandbox, "s10000001") == 10
        files = [ask(one["download"]["url"]).body for one in (plain, marked)]
        assert files[0] != files[1]
        agreed = {"image_id": EDITORIAL, "editorial_acknowledgement": True}
        assert "sandbox" in get_only_row(buy(sandbox, agreed))["error"]
        item = {"editorial_id": f"{FIRST_EDITORIAL}b", "license": "premier_editorial_all_digital"}
        body = {"country": "USA", "editorial": [item]}
        assert ask(f"{sandbox.url}/v2/editorial/images/licenses", "POST", body).status == 403
        assert ask(f"{sandbox.url}/v2/editorial/licenses", "POST", body).status == 403


@pytest.mark.parametrize(
    ("wanted", "measures"),
    [
        ({"size": "small"}, (500, 334)),
        ({"size": "huge"}, (5616, 3744)),
        ({"size": "custom", "custom_dimensions": {"width": 300}}, (300, 200)),
        ({"size": "custom", "custom_dimensions": {"height": 100}}, (150, 100)),
    ],
)
def test_a_file_has_the_size_that_was_bought(
    agency: Simulator, wanted: dict[str, Any], measures: tuple[int, int]
) -> None:
    """It is a JPEG of that many pixels, whole, in parts, and at each download."""
    url = get_only_row(buy(agency, {"image_id": ONE, **wanted}))["download"]["url"]
    whole = ask(url)
    with Image.open(BytesIO(whole.body)) as picture:
        assert (picture.format, picture.size) == ("JPEG", measures)
    half = len(whole.body) // 2
    rest = ask(url, Range=f"bytes={half}-", If_Range=whole.headers["etag"])
    assert (rest.status, whole.body[:half] + rest.body) == (206, whole.body)
    assert rest.headers["content-range"] == f"bytes {half}-{len(whole.body) - 1}/{len(whole.body)}"
    assert ask(url, Range=f"bytes={half}-", If_Range='"other"').status == 200
    assert ask(url, Range=f"bytes={len(whole.body)}-").status == 416


def test_a_link_lives_eight_hours(agency: Simulator) -> None:
    """Afterwards it is refused, and a new one works; a changed one never does."""
    bought = get_only_row(buy(agency, {"image_id": ONE}))
    url = bought["download"]["url"]
    assert ask(url.replace("gatekeeper/W", "gatekeeper/V")).status == 404
    agency.clock.move(hours=7)
    assert ask(url).status == 200
    agency.clock.move(hours=1)
    assert ask(url).status == 403
    again = f"{agency.url}{LICENSES}/{bought['license_id']}/downloads"
    assert ask(ask(again, "POST", {"size": "small"}).json["url"]).status == 200
    assert ask(again, "POST", {"size": "huge"}).status == 400
    agency.library.withdrawn.add(ONE)
    assert ask(again, "POST", {"size": "small"}).status == 404


def test_the_history_is_filtered_and_sorted(agency: Simulator) -> None:
    """By picture, license, time, user and availability; newest first unless asked otherwise."""
    old = agency.buy(1, license="enhanced", downloadable=False)
    agency.clock.move(days=2)
    new = agency.buy(2)
    agency.buy(3, username="colleague")
    day = agency.clock.now().date().isoformat()

    def found(**filters: str) -> list[str]:
        return [row["id"] for row in ask(f"{agency.url}{LICENSES}?{urlencode(filters)}").rows]

    assert found() == [new.id, old.id]
    assert found(sort="oldest") == [old.id, new.id]
    assert found(image_id=ONE) == [old.id] == found(license="enhanced")
    assert found(license="-enhanced") == [new.id] == found(start_date=f"{day}T00:00:00Z")
    assert found(end_date=f"{day}T00:00:00Z") == [old.id]
    assert found(download_availability="downloadable") == [new.id]
    assert found(per_page="1", page="2") == [old.id]
    assert len(found(team_history="true")) == 3
    assert len(found(username="colleague")) == 1
    assert ask(f"{agency.url}{LICENSES}?per_page=201").status == 400


def test_footage_is_sold_beside_pictures(agency: Simulator) -> None:
    """A clip has its own plan, history and file."""
    item = {"video_id": str(FIRST_VIDEO + 1), "size": "hd", "subscription_id": footage().id}
    row = get_only_row(ask(f"{agency.url}/v2/videos/licenses", "POST", {"videos": [item]}))
    assert ask(row["download"]["url"]).body[4:12] == b"ftypqt  "
    assert get_only_row(ask(f"{agency.url}/v2/videos/licenses"))["video"]["id"] == item["video_id"]
    assert ask(agency.url + LICENSES).rows == []


def test_tokens_come_expire_and_are_refreshed(agency: Simulator) -> None:
    """The flow ends in a token with the scopes agreed to, which a refresh token renews."""
    back = "http://localhost/back"
    wanted = {
        "client_id": "client-id",
        "response_type": "code",
        "state": "s t",
        "realm": "customer",
    }
    wanted |= {"redirect_uri": back, "scope": "user.view licenses.view"}
    agency.accounts.agreed = set(SCOPES) - {"licenses.view"}
    moved = ask(f"{agency.url}/v2/oauth/authorize?{urlencode(wanted)}", Authorization="")
    target = parse_qs(urlsplit(moved.headers["location"]).query)
    assert (moved.status, target["state"]) == (302, ["s t"])
    form = {"client_id": "client-id", "client_secret": "client-secret", "expires": "true"}

    def exchange(**fields: str) -> Reply:
        typed = {"Content_Type": "application/x-www-form-urlencoded", "Authorization": ""}
        body = urlencode(form | fields).encode()
        return ask(f"{agency.url}/v2/oauth/access_token", "POST", body, **typed)

    code = {"grant_type": "authorization_code", "code": target["code"][0]}
    got = exchange(**code).json
    assert exchange(**code).status == 400
    details = ask(f"{agency.url}/v2/user/access_token", token=got["access_token"]).json
    assert (details["scopes"], details["username"]) == (["user.view"], "jdoe")
    agency.clock.move(seconds=got["expires_in"] + 1)
    assert ask(f"{agency.url}/v2/user", token=got["access_token"]).status == 401
    renewed = exchange(grant_type="refresh_token", refresh_token=got["refresh_token"]).json
    assert ask(f"{agency.url}/v2/user", token=renewed["access_token"]).status == 200
    assert exchange(grant_type="client_credentials", client_secret="wrong").status == 401
    agency.accounts.consent = False
    moved = ask(f"{agency.url}/v2/oauth/authorize?{urlencode(wanted)}", Authorization="")
    assert "error=access_denied" in moved.headers["location"]


def test_collections_are_kept(agency: Simulator) -> None:
    """They are made, filled, renamed, shared, emptied and deleted."""
    at = f"{agency.url}/v2/images/collections"
    made = f"{at}/{ask(at, 'POST', {'name': 'Mine'}).json['id']}"
    assert ask(f"{made}/items", "POST", {"items": [{"id": ONE}, {"id": TWO}]}).status == 204
    assert ask(f"{made}/items?item_id={ONE}", "DELETE").status == 204
    assert [row["id"] for row in ask(f"{made}/items").rows] == [TWO]
    assert ask(made, "POST", {"name": "Ours"}).status == 204
    shown = ask(f"{made}?embed=share_url").json
    assert (shown["name"], shown["total_item_count"]) == ("Ours", 1)
    assert shown["share_url"].startswith("https://")
    assert ask(made, "DELETE").status == 204
    assert (ask(made).status, ask(at).rows) == (404, [])
