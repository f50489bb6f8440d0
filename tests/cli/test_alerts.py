"""``flask alerts`` checks, lists, silences and tests."""

import json
from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask

from tests.support.alert_channels import SECRET, WebhookReceiver, run_webhook_receiver
from tests.support.apps import ClientMaker


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with run_webhook_receiver() as one:
        yield one


@pytest.fixture
def app(make_client: ClientMaker, receiver: WebhookReceiver) -> Flask:
    """Return a site with links that earn nothing."""
    return make_client(
        AGENCIES="shutterstock",
        SHUTTERSTOCK_API_TOKEN="v2/abcdefghijklmnop",
        ALERT_WEBHOOK_URL=receiver.url,
        ALERT_WEBHOOK_SECRET=SECRET,
    ).application


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["alerts", *arguments])


def test_a_check_tells_once(app: Flask, receiver: WebhookReceiver) -> None:
    assert run(app, "check").output == "1 alert is active: flask alerts list.\n"
    assert run(app, "check").exit_code == 0
    (event,) = receiver.events
    assert event["type"] == "alert.started"
    assert event["data"]["name"] == "links:shutterstock"


def test_a_check_that_can_t_tell_fails(app: Flask, receiver: WebhookReceiver) -> None:
    receiver.status = 500
    result = run(app, "check")
    assert result.exit_code == 1
    assert "Not told by webhook: " in result.output
    assert receiver.url not in result.output
    receiver.status = 200
    assert run(app, "check").exit_code == 0
    assert len(receiver.events) == 1


def test_alerts_are_listed(app: Flask) -> None:
    assert run(app, "list").output == "There is no alert.\n"
    run(app, "check")
    assert "links:shutterstock  active" in run(app, "list").output
    (row,) = json.loads(run(app, "list", "--json").output)
    assert (row["name"], row["state"], row["told_to"]) == (
        "links:shutterstock",
        "active",
        ["webhook"],
    )
    assert row["since"].endswith("+00:00")


def test_an_alert_is_silenced(app: Flask, receiver: WebhookReceiver) -> None:
    result = run(app, "silence", "links:shutterstock")
    assert result.exit_code == 2
    assert "There is no such alert; none is active." in result.output
    receiver.status = 500
    run(app, "check")
    receiver.status = 200
    said = run(app, "silence", "links:shutterstock", "--days", "3").output
    assert said == "links:shutterstock is silent for 3 days.\n"
    assert run(app, "check").exit_code == 0
    assert receiver.events == []
    assert " silent " in run(app, "list").output
    assert run(app, "silence", "links:shutterstock", "--days", "0").exit_code == 0
    run(app, "check")
    assert len(receiver.events) == 1
    assert "known are links:shutterstock" in run(app, "silence", "disk").output


def test_a_test_is_sent(app: Flask, receiver: WebhookReceiver) -> None:
    assert run(app, "test").output == "webhook: sent\n"
    receiver.status = 401
    result = run(app, "test")
    assert result.exit_code == 1
    assert result.output.startswith("webhook: ")


@pytest.mark.parametrize("command", ["check", "test"])
def test_without_a_way_to_tell_the_settings_are_named(
    make_client: ClientMaker, command: str
) -> None:
    result = run(make_client().application, command)
    assert result.exit_code == 1
    assert "set SMTP_URL and ALERT_TO, or ALERT_WEBHOOK_URL" in result.output


def test_the_digest_is_printed_or_sent(app: Flask, receiver: WebhookReceiver) -> None:
    assert run(app, "digest").output.startswith("Your week from ")
    assert receiver.events == []
    assert run(app, "digest", "--send").output == "webhook: sent\n"
    assert receiver.events[0]["type"] == "digest.weekly"
    receiver.status = 500
    assert run(app, "digest", "--send").exit_code == 1
