"""Lets all apps of a run share what is the same for each: it takes most of what an app takes.

These are compiled templates, compiled rules of the router, and the digest of the files that pages
are made of.
"""

import functools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import jinja2
from flask import Flask
from werkzeug.routing import Rule

from affiliate import page

FOLDER = "PYTEST_COMPILED_TEMPLATES"
"""Names the variable with the folder of compiled templates, for what a run starts."""


def compiled_templates() -> Path:
    """Return the folder of the run's compiled templates, which its first process makes."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="templates-")
    return Path(os.environ[FOLDER])


def share_parts() -> None:
    """Have the apps of this process share their parts, the templates with those of others."""
    Flask.jinja_options = {
        "bytecode_cache": jinja2.FileSystemBytecodeCache(str(compiled_templates()))
    }
    page.digest = functools.cache(page.digest)
    _share_builders()


def _share_builders() -> None:
    """Compile what builds the addresses of a rule once a process.

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
