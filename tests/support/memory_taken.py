"""Fills a page cache in a process of its own, and prints the bytes of memory that pages take."""

import gc
import random
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from affiliate.memory_allocation import share_heaps
from affiliate.web.page_cache import REPLAY_ENVIRON, PageCacheMiddleware

SIZES = {"small": [10], "page": [60_000], "mixed": [300, 900, 5_000, 20_000, 60_000, 200_000]}
WORDS = ["".join(random.Random(n).choices("abcdefghij", k=n % 8 + 3)) for n in range(5000)]


def count_resident_bytes() -> int:
    """Return the bytes of memory that belong to this process alone."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) * 1024


def fill(kind: str, threads: int, rounds: int) -> int:
    """Return the bytes of memory that so many requests for pages of a kind have added."""

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        environ[REPLAY_ENVIRON].seconds = 100.0
        chance = random.Random(environ["QUERY_STRING"])
        size = chance.choice(SIZES[kind])
        body = " ".join(chance.choices(WORDS, k=size // 5 + 2)).encode()[:size]
        headers = [("Content-Type", "text/html"), ("ETag", f'W/"{chance.getrandbits(96):x}"')]
        start("200 OK", headers)
        return [body]

    def ask(number: int) -> None:
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/s", "QUERY_STRING": f"q={number}"}
        tier(environ | {"HTTP_ACCEPT_ENCODING": "gzip"}, lambda *_: lambda _: None)

    tier = PageCacheMiddleware(application, {"/s": bytes.decode})
    share_heaps()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(ask, range(threads)))
        gc.collect()
        before = count_resident_bytes()
        for number in range(rounds):
            list(pool.map(ask, range(number * 200, number * 200 + 200)))
        gc.collect()
        return count_resident_bytes() - before


if __name__ == "__main__":
    sys.stdout.write(f"{fill(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))}\n")
