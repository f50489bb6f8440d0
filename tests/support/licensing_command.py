"""Runs an owner's licensing commands against the simulator."""

from pathlib import Path

from click.testing import Result
from flask import Flask

from app import create_app
from tests.simulator import TOKEN, Simulator
from tests.support.ledgers import place_ledger


def make_site(agency: Simulator, folder: Path, **settings: str) -> Flask:
    place_ledger(folder)
    return create_app(
        {
            "DATA_DIR": str(folder),
            "SHUTTERSTOCK_API_TOKEN": TOKEN,
            "SHUTTERSTOCK_URL": agency.url,
            "SHUTTERSTOCK_LICENSE_URL": agency.url,
            **settings,
        }
    )


def run(app: Flask, *arguments: str, says: str = "") -> Result:
    return app.test_cli_runner().invoke(args=arguments, input=says)
