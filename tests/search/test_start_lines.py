"""The first lines of the log name the version and the agencies, and no secret."""

import logging

import pytest

from affiliate import __version__
from affiliate.search.start_lines import iter_start_lines
from app import load

TOKEN = {"SHUTTERSTOCK_API_TOKEN": "token"}
STARTS: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["demo: on, links lead to", "no agency has credentials: the demo catalogue is shown."]),
    ({"AGENCIES": "demo"}, ["demo: on, links lead to its own pages"]),
    (
        TOKEN | {"SHUTTERSTOCK_AFFILIATE_ID": "12345"},
        ["shutterstock: on, links carry 12345"],
    ),
    (
        TOKEN | {"SHUTTERSTOCK_AFILIATE_ID": "12345"},
        [
            "shutterstock: links earn nothing: SHUTTERSTOCK_AFFILIATE_ID is not set",
            "SHUTTERSTOCK_AFILIATE_ID is no setting; SHUTTERSTOCK_AFFILIATE_ID is.",
        ],
    ),
    (
        {"AGENCIES": "demo", "ADOBE_STOCK_AFFILIATE_ID": "1101l", "YAY_URL": "http://a.example"},
        [
            "demo: on",
            "adobe-stock is off, as AGENCIES does not name it; these do nothing: ADOBE_STOCK_AFF",
            "yay is off, as AGENCIES does not name it; these do nothing: YAY_URL.",
        ],
    ),
    (
        {"PANTHERMEDIA_AFFILIATE_ID": "1"},
        [
            "demo: on",
            "no agency has credentials",
            "panthermedia is off, as its credentials are not set; these do nothing: PANTHERMEDIA_A",
        ],
    ),
]


@pytest.mark.parametrize(("settings", "starts"), STARTS)
def test_the_start_tells_what_runs_and_what_earns(
    settings: dict[str, str], starts: list[str]
) -> None:
    """The first line names version and agencies; then each agency has a line, and each slip."""
    (_, first), *others = iter_start_lines(load(settings))
    names = ", ".join(load(settings).agencies)
    assert first == f"Affiliate Search {__version__}, with {names}"
    lines = [line for _, line in others]
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts
    assert all(("on, " in line) is (level == logging.INFO) for level, line in others)


def test_no_value_of_a_variable_is_told() -> None:
    """A key under a wrong name is as secret as under the right one."""
    settings = load({"SHUTTERSTOK_API_TOKEN": "hunter2", "SHUTTERSTOCK_TOKEN": "hunter2"})
    assert "hunter2" not in str([*iter_start_lines(settings)])
