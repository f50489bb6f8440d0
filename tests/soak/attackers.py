"""Attackers: floods of keys and ids, bodies that don't end, bad clicks, words of thousand marks."""

import random
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from urllib.parse import quote, urlsplit

from tests.soak.plan import Plan
from tests.soak.records import Records
from tests.soak.visitors import MARK, Client

ALLOWED_STATUSES: Final = frozenset(
    {200, 204, 301, 302, 303, 304, 400, 401, 403, 404, 405, 413, 414, 429}
)
ALLOWED_HERE: Final = ALLOWED_STATUSES | {408, 415, 431, 502}
"""What attackers may be told: anything but that the site has failed."""
LONG: Final = 20_000
FLOODS: Final = 5
"""So many times as often as other attacks are those that would cost calls."""
AGENCIES: Final = ("shutterstock", "adobe-stock", "nobody", "pixabay")


HEADS: Final = (
    b"POST /clicks HTTP/1.1\r\nHost: site\r\nContent-Length: 900\r\n\r\n{",
    b"GET /search?q=x HTTP/1.1\r\nHost: site\r\nX-Slow: ",
    b"",
)


class Attacker:
    """One address from which nothing good comes."""

    def __init__(self, url: str, plan: Plan, records: Records) -> None:
        self._client = Client(url, "192.0.2.66", records, "attacker")
        self._chance = plan.chance("attacker")
        self._pause = plan.attack
        self._attacks: tuple[Callable[[], None], ...] = (
            *[self.flood_keys] * FLOODS,
            self.flood_versions,
            self.guess_ids,
            self.pile_marks,
            self.click_badly,
            self.click_long,
            self.embed_anything,
            self.guess_password,
            self.send_garbage,
        )

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(self._chance.uniform(0, 2 * self._pause)):
            self._chance.choice(self._attacks)()
        self._client.close()

    def _get(self, path: str) -> None:
        self._client.get("attack", path, ALLOWED_HERE)

    def _post(self, path: str, body: bytes, **headers: str) -> None:
        self._client.ask("attack", "POST", path, ALLOWED_HERE, body=body, headers=headers)

    def flood_keys(self) -> None:
        """Ask for what nobody has asked for."""
        way = self._chance.choice(("/search", "/ajax/search", "/api/search", "/suggest"))
        self._get(f"{way}?q={MARK}{secrets.token_hex(6)}&lang=en&wait=1&page=1")

    def flood_versions(self) -> None:
        noise = secrets.token_hex(4)
        self._get(
            self._chance.choice(
                (
                    f"/static/site.css?v={noise}",
                    f"/search?q={MARK}flood&lang=en&{noise}=1",
                    f"/?lang=en&v={noise}",
                    f"/api/search?q={MARK}flood&lang=en&site={noise}.example",
                )
            )
        )

    def guess_ids(self) -> None:
        agency = self._chance.choice(AGENCIES)
        way = self._chance.choice(("", "/ajax", "/api"))
        self._get(f"{way}/image/{agency}/{self._chance.randrange(10**9)}?lang=en&wait=1")

    def pile_marks(self) -> None:
        """Send a letter with thousands of combining marks."""
        signs = self._chance.choice(("\u0301", "\u0315\u0301", "\ufdfa", "\u1d15e"))
        piled = quote("a" + signs * (LONG // len(quote(signs))))
        self._get(f"/search?q={piled}&lang=en")

    def click_badly(self) -> None:
        """Tell of clicks that no page has offered, or of nothing at all."""
        body = self._chance.choice(
            (
                b'{"agency": "shutterstock", "id": "1", "position": 1, "words": "' + b"x" * 40,
                b"[" * 3000,
                b'{"click_id": null}',
                secrets.token_bytes(60),
                _forged(self._chance),
            )
        )
        self._post("/clicks", body)

    def click_long(self) -> None:
        self._post("/clicks", b"{" + b" " * self._chance.choice((5_000, 15_000, 100_000)))

    def embed_anything(self) -> None:
        self._get(
            self._chance.choice(
                (
                    f"/oembed?url={quote('http://127.0.0.1/search?q=' + secrets.token_hex(5))}",
                    f"/embed?q={MARK}{secrets.token_hex(4)}&rows=99999&width=-1",
                    f"/embed/search?ids=nobody:{secrets.token_hex(4)}&site={'x' * 300}",
                    f"/collections/shutterstock/{secrets.token_hex(4)}?lang=en",
                    "/owner/../../etc/passwd",
                )
            )
        )

    def guess_password(self) -> None:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        self._post("/owner/log-in", b"csrf=x&password=" + secrets.token_hex(6).encode(), **kind)

    def send_garbage(self) -> None:
        """Send what is no request, or half of one."""
        garbage = self._chance.choice(
            (
                secrets.token_bytes(200),
                b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ",
                b"POST /clicks HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
                b"GET /search?q=%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
            )
        )
        with suppress(OSError), self._client.connected() as raw:
            raw.sendall(garbage)


def _forged(chance: random.Random) -> bytes:
    number = f"forged-{secrets.token_hex(6)}"
    seal = chance.choice(("AAAAAAAA", "", "é"))
    text = f'{{"click_id": "{number}", "agency": "shutterstock", "id": "1", "position": 1'
    return f'{text}, "seal": "{seal}"}}'.encode()


class SlowSenders:
    """Many connections that send a head, or the body of a click, a byte now and then."""

    def __init__(self, url: str, plan: Plan) -> None:
        parts = urlsplit(url)
        self._place = (parts.hostname or "", parts.port or 80)
        self._most = plan.slow
        self._number = 0

    def run(self, stop: threading.Event) -> None:
        held: list[socket.socket] = []
        try:
            while not stop.wait(1):
                held = [one for one in held if _send_byte(one)]
                while len(held) < self._most and (more := self._begun()):
                    held.append(more)
        finally:
            for one in held:
                one.close()

    def _begun(self) -> socket.socket | None:
        self._number += 1
        head = HEADS[self._number % len(HEADS)]
        try:
            one = socket.create_connection(self._place, 5)
        except OSError:
            return None
        try:
            one.sendall(head)
        except OSError:
            one.close()
            return None
        return one


def _send_byte(one: socket.socket) -> bool:
    """Send one byte more; false where the site has closed the connection."""
    try:
        one.setblocking(False)
        with suppress(BlockingIOError):
            if not one.recv(4096):
                raise ConnectionError
        one.send(b" ")
    except OSError:
        one.close()
        return False
    return True
