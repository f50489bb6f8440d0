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

import jinja2
from flask import Flask
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from affiliate.cache.stores import SQLiteStore
from affiliate.web import template_helpers

FOLDER = "PYTEST_COMPILED_TEMPLATES"
"""Names the variable with the folder of compiled templates, for what a run starts."""


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
    """Close the files of an app: a run may have no more than 1,024 files open.

    Its counter of searches ends, which would open the ledger again a minute later.
    """
    app.extensions["services"].usage._stopping.set()
    app.extensions["services"].ledger.close()
    store = app.extensions["services"].store.store
    if isinstance(store, SQLiteStore):
        store.close()


def share_parts() -> None:
    """Let the apps of this process share their parts, and all processes the templates."""
    Flask.jinja_options = {"bytecode_cache": CompiledTemplates(compiled_templates())}
    template_helpers.digest_assets = functools.cache(template_helpers.digest_assets)
    _share_builders()


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
