"""Makes apps in the test's process, many of them in little time."""

from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from tests.support.ledgers import place_ledger

ClientMaker = Callable[..., FlaskClient]


class CompiledTemplates(jinja2.BytecodeCache):
    """Keeps what templates compile to, for all apps of a process."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        if known := self.compiled.get(bucket.key):
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self.compiled[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}


@pytest.fixture
def make_client(tmp_path: Path) -> ClientMaker:
    """Makes a client of an app with the given settings, in a folder of its own."""

    def make(**settings: str) -> FlaskClient:
        place_ledger(tmp_path)
        return create_app({"DATA_DIR": str(tmp_path), **settings}).test_client()

    return make


@pytest.fixture
def client(make_client: ClientMaker) -> FlaskClient:
    """A client of the site on the demo catalogue."""
    return make_client()
