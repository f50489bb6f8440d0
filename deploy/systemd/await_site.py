"""Wait until the site answers on a port of this machine: ``python await_site.py PORT``."""

import sys
import time
import urllib.request

SECONDS = 45.0
"""The time for a start, which upgrades tables."""

end = time.monotonic() + SECONDS
while True:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{int(sys.argv[1])}/healthz", timeout=5).close()
        break
    except OSError as error:
        if time.monotonic() > end:
            sys.exit(f"The site does not answer: {error}")
        time.sleep(0.1)
