"""Shares parts among all apps of a run, which take most of an app's start.

These are compiled templates, compiled rules of the router, and the digest of the files that pages
are made of.
"""

import functools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
from flask import Flask
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

import app as application
from affiliate.cache.stores import SQLiteStore
from affiliate.config import loading
from affiliate.web import assets

DEMO_WEIGHTS = dict(loading.DEMO_WEIGHTS)
"""The agencies of a site without settings, as the site itself has them."""
FOLDER = "PYTEST_COMPILED_TEMPLATES"
"""Names the variable with the folder of compiled templates, for what a run starts."""


_apps: list[Flask] = []
"""The apps that the current module has created."""


class CompiledTemplates(jinja2.FileSystemBytecodeCache):
    """A cache of compiled templates in a folder, and in memory after the first read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self._read: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a template's code if any app has compiled the template."""
        bucket.code = self._read.get((bucket.key, bucket.checksum))
        if bucket.code is None:
            super().load_bytecode(bucket)
        if bucket.code is not None:
            self._read[bucket.key, bucket.checksum] = bucket.code


def compiled_templates() -> Path:
    """Return the folder of the run's compiled templates, which the first process creates."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="templates-")
    return Path(os.environ[FOLDER])


def close(app: Flask) -> None:
    """Close the files and connections of an app: a run may have no more than 1,024 open.

    Its counter of searches ends, which would open the ledger again a minute later.
    """
    services = app.extensions["services"]
    services.usage._stopping.set()
    if alerts := app.extensions.get("alerts"):
        alerts.close()
    services.transport.close()
    services.ledger.close()
    if isinstance(services.store.store, SQLiteStore):
        services.store.store.close()


def share_parts() -> None:
    """Let the apps of this process share their parts, and all processes the templates.

    An app without settings has the demo catalogue alone, whose answers are known and never late.
    """
    vars(loading)["DEMO_WEIGHTS"] = {"demo": 1}
    Flask.jinja_options = {"bytecode_cache": CompiledTemplates(compiled_templates())}
    assets.digest_assets = functools.cache(assets.digest_assets)
    _share_builders()
    _note_apps()


def _note_apps() -> None:
    """Have `close_apps` know the apps that are created from here on."""
    create_app = application.create_app

    @functools.wraps(create_app)
    def create(*arguments: Any, **parts: Any) -> Flask:
        _apps.append(create_app(*arguments, **parts))
        return _apps[-1]

    application.create_app = create


def close_apps() -> None:
    """Close the apps that the tests of a module have created."""
    while _apps:
        close(_apps.pop())


def _share_builders() -> None:
    """Compile the builders of a rule's addresses once a process.

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
