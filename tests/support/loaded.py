"""Builds an app before forks, which then have the site and its commands loaded."""

import gc
import tempfile
from pathlib import Path

import flask.cli

import app
from tests.support.ledgers import place_ledger
from tests.support.shared_parts import close, share_parts

PROGRAMS = {"app.py": app.serve, "flask": flask.cli.main}
"""What forks run, by the name that the program would have been started with."""


def build_once() -> None:
    """Build an app, so that forks have all that apps load and compile before they answer."""
    with tempfile.TemporaryDirectory() as folder:
        place_ledger(Path(folder))
        close(app.create_app({"DATA_DIR": folder}))


share_parts()
build_once()
gc.collect()
gc.freeze()  # so that a fork copies nothing for looking through what is loaded
