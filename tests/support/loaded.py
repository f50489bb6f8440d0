"""What forks of a run find loaded: the site and its commands."""

import gc

import flask.cli

import app
from tests.support.shared_parts import share_parts

PROGRAMS = {"app.py": app.serve, "flask": flask.cli.main}
"""What forks run, by the name that the program would have been started with."""

share_parts()
gc.freeze()  # so that a fork copies nothing for looking through what is loaded
