"""Makes apps in the test's process, many of them in little time."""

from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from affiliate.ledger import Ledger
from app import create_app

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


@pytest.fixture(scope="session")
def new_ledger(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a ledger that was upgraded and never used; the upgrade itself is slow."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    ledger = Ledger(f"sqlite:///{path}")
    ledger.upgrade()
    ledger.close()
    return path.read_bytes()


@pytest.fixture
def make_client(tmp_path: Path, new_ledger: bytes) -> ClientMaker:
    """Makes a client of an app with the given settings, in a folder of its own."""
    file = tmp_path / "ledger.db"

    def make(**settings: str) -> FlaskClient:
        if not file.exists():
            file.write_bytes(new_ledger)
        return create_app({"DATA_DIR": str(tmp_path), **settings}).test_client()

    return make


@pytest.fixture
def client(make_client: ClientMaker) -> FlaskClient:
    """A client of the site on the demo catalogue."""
    return make_client()
