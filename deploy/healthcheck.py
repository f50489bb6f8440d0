"""Check that the site answers, for ``HEALTHCHECK`` of the image; the status is 1 otherwise."""

import os
import sys
from http.client import HTTPConnection, HTTPException

EVERY_ADDRESS = {"", "0.0.0.0", "::"}  # noqa: S104 - addresses to compare with
TIMEOUT_SECONDS = 4
"""Below the time-out of the Dockerfile, so that the reason is printed."""

host = os.environ.get("HOST", "")
site = HTTPConnection(
    "127.0.0.1" if host in EVERY_ADDRESS else host,
    int(os.environ.get("PORT") or 8000),
    timeout=TIMEOUT_SECONDS,
)
try:
    site.request("GET", "/healthz")
    status = site.getresponse().status
except (OSError, HTTPException) as error:
    sys.exit(f"/healthz does not answer: {error}")
if status != 200:  # noqa: PLR2004 - HTTP's word for success
    sys.exit(f"/healthz answers {status}")
