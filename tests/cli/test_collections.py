"""``flask collection`` shows and changes collections, and says failures in a sentence."""

import json
from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask

from tests.simulator import FIRST_ID, TOKEN, Simulator, simulator
from tests.simulator.library import FIRST_VIDEO
from tests.support.apps import ClientMaker


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator() as server:
        yield server


@pytest.fixture
def app(make_client: ClientMaker, agency: Simulator) -> Flask:
    settings = {"SHUTTERSTOCK_URL": agency.url, "SHUTTERSTOCK_API_TOKEN": TOKEN}
    return make_client(**settings).application


def run(app: Flask, *arguments: str, typed: str = "") -> Result:
    return app.test_cli_runner().invoke(args=["collection", *arguments], input=typed)


@pytest.mark.parametrize("media", [[], ["--video"]])
def test_the_commands_do_it(app: Flask, media: list[str]) -> None:
    """Make, fill, show, rename, list and delete, which asks before."""
    made = run(app, "create", "Cats", *media).output.strip()
    first = FIRST_VIDEO if media else FIRST_ID
    one, other = str(first), str(first + 1)
    assert run(app, "add", made, one, other, *media).output == "Added 2.\n"
    assert run(app, "remove", made, one, *media).output == "Removed 1.\n"
    assert run(app, "rename", made, "Dogs", *media).output == "Renamed.\n"
    shown = run(app, "show", made, *media).output.splitlines()
    assert shown[0] == "Dogs (1)"
    assert shown[1].startswith("https://")
    assert shown[2].startswith(f"{other} ")
    assert "Dogs" in run(app, "list", *media).output
    kept = run(app, "delete", made, *media, typed="n\n")
    assert "'Dogs' with its 1 items" in kept.output
    assert "Dogs" in run(app, "list", *media).output
    assert run(app, "delete", made, "--yes", *media).output == "Deleted.\n"
    assert run(app, "list", *media).output == "There is no collection.\n"


def test_what_is_added_is_counted_and_what_is_unknown_is_named(app: Flask) -> None:
    """The agency itself takes everything, each time, without a word."""
    made = run(app, "create", "Cats").output.strip()
    two = (str(FIRST_ID), str(FIRST_ID + 1))
    assert run(app, "add", made, *two).output == "Added 2.\n"
    again = run(app, "add", made, *two, str(FIRST_ID + 2), str(FIRST_ID + 2))
    assert (again.exit_code, again.output) == (0, "Added 1. 2 were there before.\n")
    unknown = run(app, "add", made, two[0], "99")
    assert unknown.exit_code == 1
    assert unknown.output == "Added 1. 1 was there before.\nError: The agency does not know: 99.\n"


def test_collections_are_listed_below_heads_and_as_json(app: Flask) -> None:
    made = run(app, "create", "Cats").output.strip()
    heads, line = run(app, "list").output.splitlines()
    assert (heads.split(), line.split()[:3]) == (
        ["id", "items", "name", "address"],
        [made, "0", "Cats"],
    )
    [told] = json.loads(run(app, "list", "--json").output)
    assert (told["id"], told["name"], told["total_item_count"]) == (made, "Cats", 0)
    assert json.loads(run(app, "featured", "--json").output)[0]["name"] == "Exercise & Fitness"


def test_images_and_videos_are_kept_apart(app: Flask) -> None:
    """Without --video it is images."""
    run(app, "create", "Pictures")
    run(app, "create", "Clips", "--video")
    assert "Clips" not in run(app, "list").output
    assert "Pictures" not in run(app, "list", "--video").output


@pytest.mark.parametrize("media", [[], ["--video"]])
def test_featured_ones_can_be_shown(app: Flask, agency: Simulator, media: list[str]) -> None:
    """The agency's own are listed, and looked into with --featured."""
    assert "Exercise & Fitness" in run(app, "featured", *media).output
    shown = run(app, "show", "19853", "--featured", *media).output
    assert shown.startswith("Exercise & Fitness (")
    kind = "videos" if media else "images"
    assert all(seen.path.startswith(f"/v2/{kind}/") for seen in agency.requests)


def test_failures_are_sentences(app: Flask) -> None:
    """A collection that isn't there ends a command with what the agency says."""
    answer = run(app, "show", "4711")
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: ")
    assert "Traceback" not in answer.output


def test_featured_ones_need_no_connected_account(
    make_client: ClientMaker, agency: Simulator
) -> None:
    """The application's key is enough, as for the pages that show them."""
    keys = {"SHUTTERSTOCK_CLIENT_ID": "client-id", "SHUTTERSTOCK_CLIENT_SECRET": "client-secret"}
    app = make_client(SHUTTERSTOCK_URL=agency.url, **keys).application
    answer = run(app, "featured")
    assert (answer.exit_code, "Exercise & Fitness" in answer.output) == (0, True)
