"""Serves an application exactly as ``app.py`` serves the site.

``python -m bench.serve module:factory``, with ``PORT`` and ``WEB_CONCURRENCY`` in the environment.
"""

import sys

import app

if __name__ == "__main__":
    app.serve(sys.argv.pop(1))
