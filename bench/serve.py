"""The server of ``app.py``, for another application.

``python -m bench.serve module:factory``, with ``PORT`` and ``WEB_CONCURRENCY`` in the environment.
"""

import sys

import app

if __name__ == "__main__":
    app.serve(sys.argv.pop(1))
