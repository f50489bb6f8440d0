"""Sends many requests at once: ``python -m tests.support.burst COUNT ADDRESS...``.

Every client has sent its request before ``sent`` is printed; then each answer is a line of JSON:
status, X-Cache, number of pictures.
"""

import http.client
import json
import sys
import threading
from urllib.parse import urlsplit


def say_sent() -> None:
    """Tell the parent process that all requests are sent; no answer is read before."""
    sys.stdout.write("sent\n")
    sys.stdout.flush()


def main() -> None:
    """Send the requests, one thread each, spread over the addresses."""
    count, addresses = int(sys.argv[1]), sys.argv[2:]
    sent = threading.Barrier(count, action=say_sent)
    lock = threading.Lock()

    def visit(number: int) -> None:
        parts = urlsplit(addresses[number % len(addresses)])
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        connection.request("GET", f"{parts.path}?{parts.query}")
        sent.wait(20)
        try:
            answer = connection.getresponse()
            body = answer.read().decode()
            result = [answer.status, answer.headers["X-Cache"], body.count('"thumbnail"')]
        except OSError as error:
            result = [0, type(error).__name__, 0]
        with lock:
            sys.stdout.write(json.dumps(result) + "\n")

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
