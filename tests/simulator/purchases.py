"""The agency's own list of purchases, which outlives a kill of the simulator.

In the file each purchase is a line of JSON, written before the client hears of it.
"""

import secrets
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from io import SEEK_END, FileIO
from pathlib import Path
from typing import Any

import msgspec

from tests.simulator.clock import format_moment
from tests.simulator.library import Media

KEYS = {"image": "image", "video": "video", "editorial": "image", "editorial_video": "video"}


@dataclass(frozen=True)
class Purchase:
    """One license: item, plan, price and time.

    ``charge`` is in downloads of the plan, ``price`` in ``currency`` (None without revenue
    share), ``dimensions`` what a custom size came to.
    """

    id: str
    media: Media
    media_id: str
    license: str
    subscription_id: str
    size: str
    time: datetime
    charge: int = 1
    price: float | None = None
    currency: str = "USD"
    metadata: dict[str, str] = field(default_factory=dict)
    username: str = "jdoe"
    downloadable: bool = True
    sandbox: bool = False
    dimensions: tuple[int, int] | None = None

    def describe(self) -> dict[str, Any]:
        """Return the description of the license history."""
        form = "eps" if self.size == "vector" else "jpg"
        kind = KEYS[self.media]
        details = {"size": self.size, "format": "mov" if kind == "video" else form}
        body: dict[str, Any] = {
            "id": self.id,
            kind: {"id": self.media_id, "format": details},
            "download_time": format_moment(self.time),
            "is_downloadable": self.downloadable,
            "license": self.license,
            "metadata": self.metadata,
            "subscription_id": self.subscription_id,
            "user": {"username": self.username},
        }
        if self.price is not None:
            paid = {"purchase_amount": f"{self.price:.2f}", "purchase_currency": self.currency}
            body["revshare"] = paid
        return body


class Purchases:
    """All purchases, oldest first, in memory and, with ``path``, in a file too."""

    def __init__(self, now: Callable[[], datetime], path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._now = now
        self._rows: list[Purchase] = []
        self._by_id: dict[str, Purchase] = {}
        self._used: Counter[str] = Counter()
        self._file = None
        if path is not None:
            for one in read_purchases(path):
                self._keep(one)
            self._file = _open(path)

    def add(self, **terms: Any) -> Purchase:
        """Record a purchase that was made now, unless ``terms`` say when."""
        with self.lock:
            made = {"id": f"e{secrets.token_hex(16)}", "time": self._now()}
            one = Purchase(**{**made, **terms})
            if self._file is not None:
                self._file.write(msgspec.json.encode(asdict(one)) + b"\n")
            self._keep(one)
        return one

    def _keep(self, one: Purchase) -> None:
        self._rows.append(one)
        self._by_id[one.id] = one
        self._used[one.subscription_id] += one.charge

    def list_all(self, *media: Media) -> list[Purchase]:
        """Return the purchases of these kinds, or of any."""
        with self.lock:
            return [one for one in self._rows if not media or one.media in media]

    def drop_newest(self) -> None:
        """Remove the newest purchase from the history."""
        with self.lock:
            one = self._rows.pop()
            del self._by_id[one.id]

    def find(self, license_id: str, media: Media) -> Purchase | None:
        one = self._by_id.get(license_id)
        return one if one is not None and one.media == media else None

    def count_used(self, subscription_id: str) -> int:
        """Count the downloads of a plan that purchases have taken."""
        return self._used[subscription_id]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def read_purchases(path: Path) -> list[Purchase]:
    """Return the purchases in a file, without a line that a kill cut short."""
    return [msgspec.json.decode(line, type=Purchase) for line in _read_whole_lines(path)]


def _open(path: Path) -> FileIO:
    """Open the file for appending, and cut off a line that a kill cut short."""
    path.touch()
    file = FileIO(path, "r+b")
    file.truncate(sum(len(line) for line in _read_whole_lines(path)))
    file.seek(0, SEEK_END)
    return file


def _read_whole_lines(path: Path) -> list[bytes]:
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [line for line in lines if line.endswith(b"\n")]
