"""A soak from its beginning to its end."""

import itertools
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

from tests.soak.attackers import Attacker, SlowSenders
from tests.soak.gauges import Gauges
from tests.soak.owner import Buyer, Owner
from tests.soak.plan import Plan
from tests.soak.promises import figures, find_broken_promises
from tests.soak.records import Records
from tests.soak.troubles import Troubles
from tests.soak.visitors import MARK, OK, Client, Regular, Visitor, Words
from tests.soak.world import World, world
from tests.support.killing import runner
from tests.support.waiting import wait_until

RECOVERED: Final = 180.0
"""Seconds in which agencies are asked again that were left alone, a minute at most, and more."""
Work = Callable[[threading.Event], None]


class Report(NamedTuple):
    """What a soak has come to: ``broken`` is what did not hold, ``figures`` are for people."""

    broken: list[str]
    figures: list[str]
    troubles: list[tuple[float, str]]


class Group:
    """Threads that work until the group is stopped; an error of one is told at the end."""

    def __init__(self, records: Records, works: Iterable[Work]) -> None:
        self._stop = threading.Event()
        self._records = records
        self._threads = [threading.Thread(target=self._run, args=(one,)) for one in works]
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def _run(self, work: Work) -> None:
        try:
            work(self._stop)
        except Exception as error:
            self._records.blame(f"the soak itself failed: {error!r}")
            raise

    def stop(self) -> None:
        """Tell all to stop, and wait for them."""
        self._stop.set()
        for thread in self._threads:
            thread.join()


def soak(plan: Plan, folder: Path) -> Report:
    """Run a soak, with what it keeps in a folder."""
    with ExitStack() as stack:
        ground = stack.enter_context(world(plan, folder))
        command = stack.enter_context(runner(log=folder / "commands.log"))
        records = Records()
        gauges = Gauges(ground, records)
        buyer = Buyer(ground, command, records)
        _load(ground, records, gauges, buyer)
        _settle(ground, records, buyer)
        wrong = find_broken_promises(ground, records, gauges, buyer)
        return Report(wrong, figures(ground, records, gauges, buyer), records.troubles)


def _load(ground: World, records: Records, gauges: Gauges, buyer: Buyer) -> None:
    """Have everybody come; make troubles for the middle part of the time."""
    plan, url = ground.plan, ground.site.url
    words, ended = Words(plan), threading.Event()
    visitors = [Visitor(url, plan, records, n, words).run for n in range(plan.visitors)]
    regular = Regular(url, plan, records, words).run
    senders = [Attacker(url, plan, records).run, SlowSenders(url, plan).run]
    owner = Owner(url, plan, records).run
    load = Group(records, [*visitors, regular, *senders, owner, gauges.run])
    ended.wait(plan.warm - records.elapsed())
    troubles = Group(records, [*Troubles(ground, records).all().values(), buyer.run])
    ended.wait(plan.restart - records.elapsed())
    _restart(ground, records)
    ended.wait(plan.calm - records.elapsed())
    troubles.stop()
    ground.agencies.recover()
    ended.wait(plan.seconds - records.elapsed())
    load.stop()


def _restart(ground: World, records: Records) -> None:
    """Start the site anew, in the middle of everything."""
    kill = ground.plan.chance("restart").random() < 0.5
    records.happened(f"site {'killed' if kill else 'ended'}: and started again")
    ground.stop(kill=kill)
    ground.start()


def _settle(ground: World, records: Records, buyer: Buyer) -> None:
    """Wait until what was interrupted is done: clicks are written, agencies are asked again.

    In the end purchases are looked up.
    """
    client = Client(ground.site.url, "198.51.100.8", records, "afterwards")
    journals = ("clicks.journal", "clicks.journal.old")
    wait_until(lambda: not any(_has_bytes(ground.disk / name) for name in journals))
    wait_until(lambda: '"status":"ok"' in client.get("ready", "/readyz", OK).text)
    wait_until(lambda: len(ground.workers()) == ground.plan.workers)
    client.close()
    numbers = itertools.count(10)
    wait_until(lambda: _finds_pictures(ground, records, next(numbers)), RECOVERED)
    buyer.settle()


def _finds_pictures(ground: World, records: Records, number: int) -> bool:
    """Tell whether somebody who comes now finds pictures that nobody has looked for."""
    client = Client(ground.site.url, f"198.51.{number // 250}.{number % 250}", records, "newcomer")
    answer = client.get("new", f"/api/search?q={MARK}afterwards&lang=en&wait=1")
    client.close()
    return b'"items":[{' in answer.body


def _has_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
