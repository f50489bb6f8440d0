"""What must hold in the end, whatever has happened."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qs, urlsplit

import psycopg

from affiliate.licensing.purchasing.journal import FILE_PATTERN
from tests.soak.agencies import hours
from tests.soak.gauges import Gauges, Size
from tests.soak.owner import Buyer
from tests.soak.records import Records
from tests.soak.visitors import MARK
from tests.soak.world import World

MOST: Final = Size(memory=260.0, threads=260, files=1200)
"""More than a worker may ever have: its bounded stores, threads and connections together."""
GROWTH: Final = Size(memory=48.0, threads=60, files=80)
"""How much larger the oldest worker may be in the end than once it was warm."""
SHOWN: Final = 20


def find_broken_promises(world: World, records: Records, gauges: Gauges, buyer: Buyer) -> list[str]:
    """Return what did not hold, in sentences; nothing where all did."""
    return [
        *records.wrong[:SHOWN],
        *_clicks(world, records),
        *_purchases(world, buyer),
        *_calls(world),
        *_log(world),
        *_sizes(world, gauges),
    ]


def kept_clicks(world: World) -> dict[str, dict[str, str]]:
    """Return the clicks that the ledger has, by their numbers.

    Raises:
        AssertionError: one is there twice.
    """
    address = world.database.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address) as connection:
        rows = connection.execute(
            "SELECT click_id, agency, id, words, site, sender FROM clicks"
        ).fetchall()
    names = ("agency", "id", "words", "site", "sender")
    kept = {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}
    assert len(kept) == len(rows), "a click is kept twice"
    return kept


def _clicks(world: World, records: Records) -> Iterator[str]:
    kept = kept_clicks(world)
    acknowledged = records.acknowledged()
    if lost := acknowledged.keys() - kept.keys():
        yield f"{len(lost)} of {len(acknowledged)} acknowledged clicks are lost: {sorted(lost)[:5]}"
    for number, row in kept.items():
        click = records.clicks.get(number)
        if click is None:
            if row["sender"] != "unsigned":
                yield f"click {number}, which no page has offered, is not marked: {row}"
            continue
        if row["sender"] == "unsigned":
            yield f"click {number} of a visitor counts as unsigned: {row}"
        sent = parse_qs(urlsplit(click.address).query)
        if [row["agency"], row["id"]] != [sent["agency"][0], sent["id"][0]]:
            yield f"click {number} is kept as another: {row}"
    for path in world.disk.glob("clicks.journal*"):
        if path.stat().st_size:
            yield f"clicks still wait in {path.name}"


def _purchases(world: World, buyer: Buyer) -> Iterator[str]:
    bought = buyer.bought()
    twice = {one: times for one, times in bought.items() if times > 1}
    if twice:
        yield f"bought more than once: {twice}"
    rows = buyer.records_of()
    told = {row.license_id or "" for row in rows if row.state == "licensed"}
    real = {one.id for one in world.shop.purchases}
    if told != real:
        yield f"licenses that only one side knows: {sorted(told ^ real)[:5]}"
    if unclear := [row.media_id for row in rows if row.state in {"pending", "unknown"}]:
        yield f"purchases whose outcome is unknown in the end: {unclear}"
    if left := list(world.disk.glob(FILE_PATTERN)):
        yield f"journals of purchases are left: {len(left)}"


def _calls(world: World) -> Iterator[str]:
    windows = hours(world.began)
    made = world.agencies.calls()
    for name, most in world.plan.calls:
        if made[name] > most * windows:
            yield f"{name} had {made[name]} calls, and may have {most} an hour"


def _log(world: World) -> Iterator[str]:
    log = world.log()
    if found := re.search(r"Traceback.*(?:\n .*)*\n?.*", log):
        yield f"{log.count('Traceback')} tracebacks in the log, the first:\n{found[0][:4000]}"
    for secret in world.secrets():
        if secret in log:
            yield f"a secret is in the log: {secret[:4]}..."
    if words := re.findall(rf".*\b{MARK}[a-z].*", log):
        yield f"words of visitors are in the log, in {len(words)} lines: {words[0][:300]}"


def _sizes(world: World, gauges: Gauges) -> Iterator[str]:
    largest = gauges.largest()
    if any(figure > most for figure, most in zip(largest, MOST, strict=True)):
        yield f"a process grew to {largest}, and may grow to {MOST}"
    for name, warm, end in growth(world, gauges):
        more = (later - before for before, later in zip(warm, end, strict=True))
        if any(figure > most for figure, most in zip(more, GROWTH, strict=True)):
            yield f"{name} grew from {warm} to {end}"


def growth(world: World, gauges: Gauges) -> Iterator[tuple[str, Size, Size]]:
    """Yield each process that has lived all the time: its name, its size once warm, and now."""
    alive = {world.site.process.pid, *world.workers()}
    for pid in gauges.looks:
        warm = gauges.size(pid, world.plan.grown)
        end = gauges.size(pid, float("inf"))
        if pid in alive and warm and end and gauges.looks[pid][-1].seconds > world.plan.calm:
            name = "the main process" if pid == world.site.process.pid else f"worker {pid}"
            yield name, warm, end


def figures(world: World, records: Records, gauges: Gauges, buyer: Buyer) -> list[str]:
    """Return what a soak has come to, in lines."""
    statuses = Counter[tuple[str, int]]()
    for (who, _, status), times in records.answers.items():
        statuses[who, status] += times
    made, kept = world.agencies.calls(), kept_clicks(world)
    ours = sum(number in records.clicks for number in kept)
    calls = (f"{name} {made[name]} of {most}" for name, most in world.plan.calls)
    return [
        f"seed {world.plan.seed}, {records.elapsed():.0f} s, {records.requests()} requests",
        *(f"  {who} {status}: {times}" for (who, status), times in sorted(statuses.items())),
        f"clicks: {len(records.clicks)} sent, {len(records.acknowledged())} acknowledged",
        f"clicks in the ledger: {ours} of visitors, {len(kept) - ours} of strangers",
        f"calls: {', '.join(calls)}",
        f"licenses: {buyer.bought().total()} bought",
        *(f"{what}: {times}" for what, times in sorted(records.counts.items())),
        *(
            f"{name}: {warm} once warm, {end} in the end"
            for name, warm, end in growth(world, gauges)
        ),
        f"largest of any process: {gauges.largest()}",
        f"seconds of a processor: {gauges.worked():.0f} of the site, {_worked():.0f} beside it",
    ]


def _worked() -> float:
    """Return the seconds of a processor of this process and of those that it has seen end."""
    return sum(os.times()[:4])
