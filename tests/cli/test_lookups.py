"""``flask show`` and ``flask contributor`` say what an agency knows, several at once."""

import json
from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask

from tests.simulator import (
    FIRST_EDITORIAL,
    FIRST_ID,
    FIRST_VIDEO,
    TOKEN,
    Simulator,
    answer_with,
    simulator,
)
from tests.support.apps import ClientMaker


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=20) as server:
        yield server


@pytest.fixture
def settings(agency: Simulator) -> dict[str, str]:
    return {
        "SHUTTERSTOCK_URL": agency.url,
        "SHUTTERSTOCK_API_TOKEN": TOKEN,
        "SHUTTERSTOCK_AFFILIATE_ID": "4711",
        "SITE_URL": "https://pictures.example",
    }


@pytest.fixture
def app(make_client: ClientMaker, settings: dict[str, str]) -> Flask:
    return make_client(**settings).application


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=arguments)


def test_images_in_full_at_one_call(app: Flask, agency: Simulator) -> None:
    """Title, sizes, formats, releases, categories, keywords, use, contributor and link of each."""
    answer = run(app, "show", str(FIRST_ID + 2), str(FIRST_ID))
    assert answer.exit_code == 0
    second, first = answer.output.split(f"{FIRST_ID}  ")
    assert second.startswith(f"{FIRST_ID + 2}  Made-up picture 2\n")
    assert first.startswith("Made-up picture 0\n")
    for fact in (
        "  contributor 7\n",
        "  type        photo\n",
        "  use         editorial only\n",
        "  releases    model and property\n",
        "  sizes       small 500x334 jpg 0.2 MB; medium 1000x667 jpg 0.7 MB;",
        "  categories  Animals/Wildlife\n",
        "  keywords    made-up, number 0\n",
        "  link        https://shutterstock.7eer.net/c/4711/43068/1305?",
    ):
        assert fact in first
    assert "editorial" not in second
    assert [seen.path for seen in agency.requests] == ["/v2/images"]
    assert agency.requests[0].first("view") == "full"


def test_videos(app: Flask, agency: Simulator) -> None:
    """With --video the ids are those of clips, which have a duration and other sizes."""
    answer = run(app, "show", "--video", str(FIRST_VIDEO + 1))
    assert answer.output.startswith(f"{FIRST_VIDEO + 1}  Made-up clip 1\n")
    assert "  duration    6 s\n" in answer.output
    assert "hd 1920x1080 mov" in answer.output
    assert [seen.path for seen in agency.requests] == ["/v2/videos"]


def test_the_whole_as_json(app: Flask) -> None:
    """With --json nothing but a list of all that is known, in the order asked for."""
    shown = json.loads(run(app, "show", "--json", str(FIRST_ID + 1), str(FIRST_ID)).output)
    assert [one["id"] for one in shown] == [str(FIRST_ID + 1), str(FIRST_ID)]
    assert (shown[1]["editorial"], shown[1]["sizes"][0]["format"]) == (True, "jpg")
    people = json.loads(run(app, "contributor", "--json", "7").output)
    assert [(one["id"], one["name"]) for one in people] == [("7", "Contributor 7")]


def test_contributors_and_where_their_works_are(app: Flask, agency: Simulator) -> None:
    """Name, words about them, portfolio and the search for their works, for one call."""
    answer = run(app, "contributor", "7", "8")
    assert answer.output.splitlines() == [
        line
        for one in ("7", "8")
        for line in (
            f"{one}  Contributor {one}",
            "  about       Made up",
            f"  portfolio   https://www.shutterstock.com/g/{one}",
            f"  works       https://pictures.example/search?contributor={one}&agency=shutterstock",
        )
    ]
    assert [seen.path for seen in agency.requests] == ["/v2/contributors"]


def test_what_is_gone_is_named(app: Flask) -> None:
    """The others are shown all the same, and the exit status says that some are missing."""
    answer = run(app, "show", str(FIRST_ID), "42", "../licenses")
    assert answer.exit_code == 1
    assert answer.stdout.startswith(f"{FIRST_ID}  ")
    assert answer.stderr == "Error: Not found: 42, ../licenses.\n"


def test_another_agency_is_asked_by_its_name(
    make_client: ClientMaker, settings: dict[str, str]
) -> None:
    """The editorial library is asked once for each id; an agency that is not on is refused."""
    app = make_client(**settings, SHUTTERSTOCK_EDITORIAL_COUNTRY="USA").application
    editorial = ("--agency", "shutterstock-editorial")
    answer = run(app, "show", f"{FIRST_EDITORIAL}b", *editorial)
    assert "  use         editorial only\n" in answer.output
    assert run(app, "show", "1", "--agency", "nobody").exit_code == 2


@pytest.mark.parametrize("command", ["show", "contributor"])
def test_calls_count_on_the_quota(
    make_client: ClientMaker, settings: dict[str, str], agency: Simulator, command: str
) -> None:
    """When the hour's calls are spent, a sentence says so and none is made."""
    app = make_client(**settings, SHUTTERSTOCK_CALLS_PER_HOUR="1").application
    assert run(app, command, str(FIRST_ID)).exit_code == 0
    answer = run(app, command, str(FIRST_ID))
    assert (answer.exit_code, answer.output) == (1, "Error: Its calls are spent for now.\n")
    assert len(agency.requests) == 1


@pytest.mark.parametrize("command", ["show", "contributor"])
def test_failures_are_sentences(app: Flask, agency: Simulator, command: str) -> None:
    """An agency that is down ends a command with a sentence."""
    agency.misbehave(answer_with(503), times=None)
    answer = run(app, command, "1")
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: ")
    assert "Traceback" not in answer.output
