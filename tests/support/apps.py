"""Makes apps in the test's process, many of them in little time.

Apps of a process share what is the same for all of them: compiled templates, compiled rules of the
router, the digest of the files that pages are made of.
"""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import jinja2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from affiliate import page
from affiliate.stores import SQLiteStore
from app import create_app
from tests.support.api_description import DescribedClient
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


def share_builders() -> None:
    """Compile what builds the addresses of a rule once a process: half of what an app takes.

    A builder depends on its arguments alone; the rule to build for is the first of them.
    """
    compile_builder = Rule._compile_builder
    known: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}

    def shared(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002
        defaults = tuple(sorted((rule.defaults or {}).items()))
        key = (rule.rule, tuple(rule._trace), defaults, append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    Rule._compile_builder = shared  # type: ignore[method-assign, assignment] # it has no hook


Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}
page.digest = functools.cache(page.digest)
share_builders()


def close(app: Flask) -> None:
    """Close the files of an app: a run may have no more than 1,024 open."""
    app.extensions["ledger"].close()
    store = app.extensions["site"].store.store
    if isinstance(store, SQLiteStore):
        store.close()


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[ClientMaker]:
    """Makes clients of apps with the given settings, whose answers are as the API is described."""
    apps: list[Flask] = []

    def make(**settings: str) -> FlaskClient:
        place_ledger(tmp_path)
        apps.append(create_app({"DATA_DIR": str(tmp_path), **settings}))
        apps[-1].test_client_class = DescribedClient
        return apps[-1].test_client()

    yield make
    for app in apps:
        close(app)


@pytest.fixture
def client(make_client: ClientMaker) -> FlaskClient:
    """A client of the site on the demo catalogue."""
    return make_client()
