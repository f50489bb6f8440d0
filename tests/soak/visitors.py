"""Visitors: they search, look at pictures, click, and read blogs that show the site's pictures."""

import html
import http.client
import json
import random
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final
from urllib.parse import quote_plus, urlsplit

from tests.soak.plan import Plan
from tests.soak.records import Answer, Records

PATIENCE: Final = 90.0
"""Seconds after which a request counts as unanswered: more than any busy machine takes."""
TRIES: Final = 4
"""So often a request is sent whose connection is lost, as with a worker that was killed."""
MARK: Final = "zq"
"""What all words of visitors begin with, so that they are found wherever they should not be."""
REFUSED_SECONDS: Final = 0.2
"""How long a client waits that found nobody on the port."""
SYLLABLES: Final = "ba ce di fo gu la me ni po ru sa te vi wo za".split()
ADDRESSES: Final = 600
"""So many clients there are; each has searches of its own."""
LAST: Final = 8
"""Pictures and clicks of a page that a visitor may follow."""
OK: Final = frozenset({200, 304})
SPENT: Final = 429
UNAVAILABLE: Final = 503
AWAY: Final = frozenset({502, UNAVAILABLE})
"""Statuses of what passes by itself; the answer says when to try again."""
BUSY: Final = ""
"""The reason of a refusal by the server itself, whose threads or processes are at an end."""
CAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "could not be recorded": ("postgres", "disk", "worker stopped"),
    BUSY: ("redis", "postgres", "worker", "disk", "mood", "site"),
}
"""Troubles that may be the cause of a refusal, by what it says."""
BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PICTURE: Final = re.compile(r'href="(/(?:image|video)/[^"#]+)"')
PING: Final = re.compile(r'ping="(/clicks\?[^"]+)"')


class Client:
    """A client with one connection, which is made anew where it was lost.

    Args:
        url: The site.
        address: What a proxy tells of the client.
        records: Where answers are noted.
        who: How they are noted.
    """

    def __init__(self, url: str, address: str, records: Records, who: str) -> None:
        self._host = urlsplit(url).netloc
        self._headers = {"X-Forwarded-For": address, "User-Agent": BROWSER}
        self._records = records
        self._who = who
        self._connection: http.client.HTTPConnection | None = None

    def get(
        self, kind: str, path: str, may: frozenset[int] = OK, headers: Mapping[str, str] = {}
    ) -> Answer:
        """Ask for a path; ``may`` are the statuses that are right beside 429."""
        return self.ask(kind, "GET", path, may, headers=headers)

    def ask(  # noqa: PLR0913 - all that a request has
        self,
        kind: str,
        method: str,
        path: str,
        may: frozenset[int],
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] = {},
    ) -> Answer:
        """Send a request; status 0 where no answer came."""
        tries, ends = TRIES, time.monotonic() + PATIENCE
        while tries and time.monotonic() < ends:
            try:
                answer = self._asked(method, path, body, headers)
            except TimeoutError:
                break
            except ConnectionRefusedError:  # the site is started anew
                self.close()
                time.sleep(REFUSED_SECONDS)
            except (OSError, http.client.HTTPException):
                self.close()
                tries -= 1
                self._records.count("connections lost")
                if body is not None:
                    return Answer(0, {}, b"")  # it may have been read; who sent it sends it again
            else:
                self._records.answered(self._who, kind, answer.status)
                if fault := find_fault(answer, may) or self._uncaused(answer):
                    self._records.blame(f"{self._who}: {method} {path[:200]}: {fault}")
                return answer
        self.close()
        self._records.answered(self._who, kind, 0)
        self._records.blame(f"{self._who}: {method} {path[:200]}: no answer")
        return Answer(0, {}, b"")

    def _asked(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, timeout=PATIENCE)
        self._connection.request(method, path, body, {**self._headers, **headers})
        response = self._connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, found, response.read())
        if response.will_close:
            self.close()
        return answer

    def _uncaused(self, answer: Answer) -> str:
        """Count a refusal by its reason; return a fault where no trouble can be its cause."""
        if answer.status != UNAVAILABLE:
            return ""
        reason = next((words for words in CAUSES if words in answer.text), BUSY)
        self._records.count(f"refused, {reason or 'the server is busy'}")
        caused = self._records.is_caused(CAUSES[reason])
        return "" if caused else f"{answer.status} without a cause: {answer.text[:200]!r}"

    def connected(self) -> socket.socket:
        """Return a connection of its own, for what is no request."""
        host, _, port = self._host.partition(":")
        return socket.create_connection((host, int(port)), 5)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def find_fault(answer: Answer, may: frozenset[int]) -> str:
    """Return what is wrong with an answer; empty where nothing is."""
    if answer.status in may | {SPENT} | AWAY - {502}:
        waits = answer.status in AWAY | {SPENT}
        return f"{answer.status} without Retry-After" if waits and not _waits(answer) else ""
    return f"{answer.status}: {answer.text[:200]!r}"


def _waits(answer: Answer) -> bool:
    return answer.headers.get("retry-after", "").isdigit()


class Words:
    """Searches of made-up words, of which the first are asked most, by Zipf's law."""

    def __init__(self, plan: Plan) -> None:
        chance = plan.chance("words")
        self._words = [
            " ".join(_word(chance) for _ in range(chance.choice((1, 1, 2))))
            for _ in range(plan.words)
        ]
        self._weights = list(accumulate(1 / (rank + 1) for rank in range(plan.words)))

    def pick(self, chance: random.Random) -> str:
        return chance.choices(self._words, cum_weights=self._weights)[0]

    @property
    def first(self) -> str:
        """Return the search that is asked most."""
        return self._words[0]


def _word(chance: random.Random) -> str:
    return MARK + "".join(chance.choices(SYLLABLES, k=3))


class Visitor:
    """One visitor after the other, each with an address of its own, until all shall stop."""

    def __init__(self, url: str, plan: Plan, records: Records, number: int, words: Words) -> None:
        self._url = url
        self._plan = plan
        self._records = records
        self._chance = plan.chance("visitor", number)
        self._words = words
        self._unsent: list[tuple[str, str]] = []

    def run(self, stop: threading.Event) -> None:
        """Visit until told to stop; then send once more the clicks that were not taken."""
        while not stop.is_set():
            client = Client(self._url, self._address(), self._records, "visitor")
            for step in self._visit(client):
                if stop.wait(self._chance.uniform(0, 2 * self._plan.pause)):
                    break
                step()
            self._send_again(client)
            client.close()

    def _address(self) -> str:
        number = self._chance.randrange(ADDRESSES)
        return f"203.0.{number // 250}.{number % 250 + 1}"

    def _visit(self, client: Client) -> Iterator[Callable[[], object]]:
        words = self._words.pick(self._chance)
        ways: Sequence[Callable[[Client, str], Iterator[Callable[[], object]]]] = (
            self._search,
            self._read_blog,
            self._type,
            self._call_api,
        )
        yield from self._chance.choices(ways, weights=(6, 2, 2, 1))[0](client, words)

    def _search(self, client: Client, words: str) -> Iterator[Callable[[], object]]:
        """Search, follow the page's own request, look at a picture, click, go on."""
        page = self._chance.choice(("", "", "", "&page=2", "&page=3"))
        more = self._chance.choice(("", "", "&orientation=horizontal", "&sort=newest"))
        asked = f"q={quote_plus(words)}&lang=en{more}{page}"
        yield lambda: client.get("page", f"/search?{asked}", headers={"Sec-Fetch-User": "?1"})
        found: list[Answer] = []
        yield lambda: found.append(client.get("results", f"/ajax/search?{asked}"))
        yield from self._follow(client, found)
        if self._chance.random() < 0.5 and found and (tag := found[0].headers.get("etag")):
            again = {"If-None-Match": tag}
            yield lambda: client.get("results again", f"/ajax/search?{asked}", headers=again)

    def _follow(self, client: Client, found: list[Answer]) -> Iterator[Callable[[], object]]:
        text = found[0].text if found else ""
        pictures = [html.unescape(one) for one in PICTURE.findall(text)[:LAST]]
        if pictures and self._chance.random() < 0.5:
            path = self._chance.choice(pictures)
            way = self._chance.choice(("", "/ajax", "/api"))
            path = path if way != "/api" else f"/api{path}"
            path = f"/ajax{path}" if way == "/ajax" else path
            may = OK | {404, 502}
            yield lambda: client.get("picture", path, may)
        pings = [html.unescape(one) for one in PING.findall(text)[:LAST]]
        if pings:
            for ping in self._chance.sample(pings, min(len(pings), 2)):
                yield lambda ping=ping: self._click(client, ping)  # type: ignore[misc]

    def _click(self, client: Client, ping: str, number: str = "") -> None:
        """Tell of a click, now and then twice; what is not taken is sent later."""
        number = number or f"soak-{secrets.token_hex(8)}"
        for _ in range(self._chance.choice((1, 1, 1, 2))):
            body = json.dumps({"click_id": number}).encode()
            answer = client.ask("click", "POST", ping, frozenset({204}), body=body)
            taken = answer.status == 204
            self._records.clicked(number, ping, acknowledged=taken)
            if not taken and answer.status != SPENT:
                self._unsent.append((number, ping))

    def _send_again(self, client: Client) -> None:
        unsent, self._unsent = self._unsent[:20], []
        for number, ping in unsent:
            self._click(client, ping, number)

    def _read_blog(self, client: Client, words: str) -> Iterator[Callable[[], object]]:
        """Read a post that shows the site's pictures."""
        asked = f"q={quote_plus(words)}&lang=en"
        yield lambda: client.get("script", "/embed.js")
        yield lambda: client.get("frame", f"/embed?{asked}&rows=1")
        found: list[Answer] = []
        blog = f"blog{self._chance.randrange(3)}.example"
        path = f"/embed/search?{asked}&site={blog}"
        yield lambda: found.append(client.get("embed", path, OK | {404}))
        yield from self._follow(client, found)

    def _type(self, client: Client, words: str) -> Iterator[Callable[[], object]]:
        """Begin on the start page, and type."""
        yield lambda: client.get("start", "/?lang=en")
        for end in range(3, len(words), 4):
            path = f"/suggest?q={quote_plus(words[:end])}&lang=en"
            yield lambda path=path: client.get("suggestions", path)  # type: ignore[misc]

    def _call_api(self, client: Client, words: str) -> Iterator[Callable[[], object]]:
        yield lambda: client.get("api", f"/api/search?q={quote_plus(words)}&lang=en&wait=1")
        yield lambda: client.get("topic", "/topics/flower?lang=en")
        yield lambda: client.get("small", "/opensearch.xml")


class Regular:
    """A visitor who looks at the same pages all the time, whatever happens."""

    def __init__(self, url: str, plan: Plan, records: Records, words: Words) -> None:
        self._client = Client(url, "198.51.100.7", records, "regular")
        self._paths = [
            f"/search?q={quote_plus(words.first)}&lang=en",
            f"/ajax/search?q={quote_plus(words.first)}&lang=en",
            "/healthz",
            "/readyz",
            "/static/site.css",
        ]
        self._pause = plan.pause

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(self._pause):
            for path in self._paths:
                self._client.get("hit", path)
        self._client.close()
