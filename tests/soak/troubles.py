"""Troubles of all kinds, each at random moments: what is killed, stopped, full, or in a mood."""

import os
import random
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.soak.agencies import Mood
from tests.soak.plan import Plan
from tests.soak.records import Records
from tests.soak.world import World, send

LEFT: Final = (0, 0, 4096, 65536)
"""Bytes that a full disk has left."""
FULL_SECONDS: Final = 10.0
Trouble = Callable[[random.Random, threading.Event], None]
"""Makes one trouble by a chance of its own, and ends it in time, or as soon as all shall end."""


class Troubles:
    """Makes troubles in threads of their own, until told to stop; then all is well again."""

    def __init__(self, world: World, records: Records) -> None:
        self._world = world
        self._plan: Plan = world.plan
        self._records = records

    def all(self) -> dict[str, Callable[[threading.Event], None]]:
        """Return what makes each kind of trouble."""
        moods = self._world.agencies.moods
        return {
            "redis": self._repeat("redis", self._hurt_redis),
            "postgres": self._repeat("postgres", self._hurt_postgres),
            "kill": self._repeat("kill", self._kill_worker),
            "stop": self._repeat("stop", self._stop_worker),
            **({"disk": self._repeat("disk", self._fill_disk)} if self._world.small else {}),
            **{name: self._repeat(name, self._change(name, mood)) for name, mood in moods.items()},
        }

    def _repeat(self, name: str, trouble: Trouble) -> Callable[[threading.Event], None]:
        chance = self._plan.chance("trouble", name)

        def run(stop: threading.Event) -> None:
            while not stop.wait(chance.uniform(0.2, 1.8) * self._plan.every):
                trouble(chance, stop)

        return run

    def _hurt_redis(self, chance: random.Random, stop: threading.Event) -> None:
        redis, seconds = self._world.redis, chance.uniform(0.3, self._plan.down)
        process = redis.process
        assert process
        if chance.random() < 0.3:
            self._records.happened(f"redis hangs: {seconds:.1f} s")
            send(process.pid, signal.SIGSTOP)
            stop.wait(seconds)
            send(process.pid, signal.SIGCONT)
            return
        self._records.happened(f"redis killed: {seconds:.1f} s")
        redis.stop()
        stop.wait(seconds)
        redis.start()

    def _hurt_postgres(self, chance: random.Random, stop: threading.Event) -> None:
        postgres, seconds = self._world.postgres, chance.uniform(0.3, self._plan.down)
        if chance.random() < 0.3:
            self._records.happened(f"postgres hangs: {seconds:.1f} s")
            stopped = postgres.processes()
            for pid in stopped:
                send(pid, signal.SIGSTOP)
            stop.wait(seconds)
            for pid in stopped:
                send(pid, signal.SIGCONT)
            return
        self._records.happened(f"postgres killed: {seconds:.1f} s")
        postgres.crash()
        stop.wait(seconds)
        postgres.start()

    def _victim(self, chance: random.Random) -> int | None:
        others = [pid for pid in self._world.workers() if pid != self._world.veteran]
        return chance.choice(others) if others else None

    def _kill_worker(self, chance: random.Random, _: threading.Event) -> None:
        if (pid := self._victim(chance)) is not None:
            self._records.happened(f"worker killed: {pid}")
            send(pid, signal.SIGKILL)

    def _stop_worker(self, chance: random.Random, stop: threading.Event) -> None:
        if (pid := self._victim(chance)) is None:
            return
        seconds = chance.uniform(1, self._plan.stopped)
        self._records.happened(f"worker stopped: {pid} for {seconds:.1f} s")
        send(pid, signal.SIGSTOP)
        stop.wait(seconds)
        send(pid, signal.SIGCONT)

    def _fill_disk(self, chance: random.Random, stop: threading.Event) -> None:
        left, filler = chance.choice(LEFT), self._world.disk / "filler"
        self._records.happened(f"disk filled: {left} bytes left")
        _fill(filler, left)
        stop.wait(min(FULL_SECONDS, self._plan.every / 2))
        filler.unlink(missing_ok=True)

    def _change(self, name: str, mood: Mood) -> Trouble:
        def change(_: random.Random, __: threading.Event) -> None:
            kind = mood.change()
            self._records.happened(f"mood: {name} {kind or 'well'}")

        return change


def _fill(file: Path, left: int) -> None:
    """Write a file until its disk has ``left`` bytes."""
    with suppress(OSError), file.open("wb", buffering=0) as out:
        while (room := _room(file) - left) > 0:
            out.write(bytes(min(room, 1 << 20)))


def _room(file: Path) -> int:
    found = os.statvfs(file)
    return found.f_bavail * found.f_frsize
