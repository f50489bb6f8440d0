"""Both stores keep the same promises, on a real file and a real Redis."""

import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from flask import Flask
from flask_caching import Cache as FlaskCache

from affiliate.cache.stores import SQLiteStore, StoreWithFallback
from affiliate.cache.stores.redis import RedisStore
from affiliate.database.clicks import Click
from affiliate.errors import StoreDown, StoreRefused
from tests.support.ledgers import new_ledger
from tests.support.redis_server import RedisServer, redis_server
from tests.support.waiting import wait_until

AnyStore = SQLiteStore | RedisStore


@pytest.fixture(params=["sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> AnyStore:
    if request.param == "sqlite":
        return SQLiteStore(tmp_path / "cache.db", 10**7)
    server: RedisServer = request.getfixturevalue("shared_redis")
    server.client().flushall()
    return RedisStore(server.url)


def test_what_was_set_is_got(store: AnyStore) -> None:
    """Bytes come back as they went in, whatever they are, until they are deleted."""
    value = bytes(range(256))
    assert store.get("k") is None
    assert store.set("k", value, 60)
    assert store.get("k") == value
    assert store.delete("k")
    assert not store.delete("k")
    assert store.get("k") is None


def test_a_value_ends_with_its_time(
    store: AnyStore, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every value has an end: Redis knows its TTL, and SQLite gives no expired one."""
    store.set("k", b"v", 60)
    if isinstance(store, SQLiteStore):
        with sqlite3.connect(tmp_path / "cache.db") as db:
            db.execute("UPDATE entries SET expires = expires - 61")
        assert store.get("k") is None
    else:
        assert 0 < request.getfixturevalue("shared_redis").client().ttl("affiliate:k") <= 60


def test_values_are_shared_by_threads(store: AnyStore) -> None:
    """Sixteen threads that write and read at once lose nothing."""
    start = threading.Barrier(16)

    def work(number: int) -> bytes | None:
        start.wait(10)
        store.set(f"k{number}", str(number).encode(), 60)
        return store.get(f"k{number}")

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(16))) == [str(n).encode() for n in range(16)]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (
            "affiliate.cache.stores.SQLiteStore",
            lambda path, _: {"CACHE_FILE": path, "CACHE_BYTES": 10**7},
        ),
        ("affiliate.cache.stores.redis.RedisStore", lambda _, url: {"CACHE_REDIS_URL": url}),
    ],
)
def test_flask_caching_makes_it_by_its_dotted_name(
    kind: str,
    settings: Callable[[str, str], dict[str, object]],
    tmp_path: Path,
    shared_redis: RedisServer,
) -> None:
    """Each store is a backend of Flask-Caching, named in its configuration."""
    config = {"CACHE_TYPE": kind, **settings(str(tmp_path / "cache.db"), shared_redis.url)}
    cache = FlaskCache(Flask("test"), config=config)
    assert cache.cache.set(str(tmp_path), b"v", 60)
    assert cache.cache.get(str(tmp_path)) == b"v"


def test_the_file_stays_within_its_bound(tmp_path: Path) -> None:
    """Writing ten times the limit keeps the file near the limit, and the newest is there."""
    store = SQLiteStore(tmp_path / "cache.db", 2 * 10**6)
    for number in range(2000):
        store.set(f"k{number}", b"x" * 10_000, 60)
    assert (tmp_path / "cache.db").stat().st_size < 3 * 10**6
    assert store.get("k1999") == b"x" * 10_000
    assert store.get("k0") is None


@pytest.mark.parametrize("amount", [1, 5])
def test_counters_add_up_over_threads(
    store: AnyStore, request: pytest.FixtureRequest, amount: int
) -> None:
    """A counter that many add to at once loses nothing, and has an end."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.incr("n", amount, 60), range(40)))
    assert store.incr("n", 0, 60) == 40 * amount
    if isinstance(store, RedisStore):
        assert (
            0 < request.getfixturevalue("shared_redis").client().pttl("affiliate:count:n") <= 60_000
        )


def test_a_counter_begins_anew_after_its_time(store: AnyStore) -> None:
    """When its seconds are over a counter starts at nothing."""
    store.incr("n", 7, 0.001)
    wait_until(lambda: store.incr("n", 0, 0.001) == 0)


def test_adding_puts_off_no_counter_s_end(store: AnyStore) -> None:
    """A counter that is added to all the time ends as long after its beginning as any other."""
    assert store.incr("n", 1, 1) == 1
    assert store.incr("n", 1, 1) == 2
    wait_until(lambda: store.incr("n", 1, 1) == 1)


def test_one_of_many_gets_the_lease(store: AnyStore) -> None:
    """Of sixteen who ask at once one leads; after its release the next does."""
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda n: store.lease("k", f"t{n}", 60), range(16)))
    assert won.count(True) == 1
    winner = f"t{won.index(True)}"
    store.release("k", "someone else")
    assert not store.lease("k", "late", 60)
    store.release("k", winner)
    assert store.lease("k", "late", 60)


def test_a_dead_leaders_lease_runs_out(store: AnyStore) -> None:
    """A lease that nobody gives back is free after its seconds."""
    assert store.lease("k", "dead", 0.05)
    wait_until(lambda: store.lease("k", "next", 60))
    store.release("k", "dead")
    assert not store.lease("k", "third", 60)


def test_its_holder_alone_extends_a_lease(store: AnyStore) -> None:
    """A lease that is extended in time lasts; by then another may have it, and keeps it."""
    seconds, is_in_time = 0.05, False
    while not is_in_time:  # a busy machine may let a short lease end before it is extended
        store.release("k", "first")
        start = time.monotonic()
        assert store.lease("k", "first", seconds)
        store.extend("k", "first", 60)
        is_in_time = time.monotonic() < start + seconds
        seconds *= 2
    assert store.lease("end", "clock", seconds)
    wait_until(lambda: store.lease("end", "other", 60))
    assert not store.lease("k", "second", 60)
    store.extend("k", "second", 0.001)
    assert not store.lease("k", "third", 60)
    store.extend("nothing", "first", 60)
    assert store.lease("nothing", "first", 60)


def test_keys_are_found_by_their_beginning(store: AnyStore) -> None:
    """Keys are listed by prefix, whatever marks stand in them; counters and leases are not."""
    for key in ("1:search:demo:0:q=a", "1:search:demo:0:q=b*", "1:search:other:0:q=a"):
        store.set(key, b"v", 60)
    store.lease("1:search:demo:0:q=a", "t", 60)
    store.incr("1:search:demo:hits", 1, 60)
    found = store.keys("1:search:demo:")
    assert sorted(found) == ["1:search:demo:0:q=a", "1:search:demo:0:q=b*"]
    entries, size = store.size()
    assert entries == 3
    assert size > 0


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    """A value that is asked for stays, while older ones make room."""
    store = SQLiteStore(tmp_path / "cache.db", 10**6)
    for number in range(400):
        store.set(f"k{number}", b"x" * 10_000, 60)
        assert store.get("k0") is not None
    assert store.get("k1") is None


def test_a_damaged_file_is_renamed_and_begun_anew(tmp_path: Path) -> None:
    """Garbage in place of the file costs its entries, not the site."""
    path = tmp_path / "cache.db"
    path.write_bytes(b"this is no database" * 1000)
    store = StoreWithFallback(SQLiteStore(path, 10**7))
    assert store.get("k") is None
    wait_until(lambda: store.set("k", b"v", 60))
    assert store.get("k") == b"v"
    assert (tmp_path / "cache.db.damaged").exists()


def test_damage_in_mid_use_is_survived(tmp_path: Path) -> None:
    """Pages overwritten under a running store end in a new file, without an error for anyone."""
    path = tmp_path / "cache.db"
    store = StoreWithFallback(SQLiteStore(path, 10**7))
    for number in range(200):
        assert store.set(f"k{number}", bytes(2000), 60)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the file holds what the log held
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 200_000)
    wait_until(lambda: store.set("new", b"v", 60) and store.get("new") == b"v")
    assert (tmp_path / "cache.db.damaged").exists()


def test_a_busy_file_is_someone_elses_lease(tmp_path: Path) -> None:
    """While another process holds the write lock nobody leads, and reading goes on."""
    store = SQLiteStore(tmp_path / "cache.db", 10**7)
    store.set("k", b"v", 60)
    with closing(sqlite3.connect(tmp_path / "cache.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not store.lease("k", "t", 60)
        assert store.get("k") == b"v"
        with pytest.raises(StoreRefused):
            store.set("k", b"w", 60)
        other.execute("ROLLBACK")
    assert store.lease("k", "t", 60)


def test_a_full_disk_refuses_and_keeps_reading(tmp_path: Path) -> None:
    """When nothing more fits, values stay in the process, and what is there is answered."""
    inner = SQLiteStore(tmp_path / "cache.db", 10**9)
    store = StoreWithFallback(inner)
    store.set("old", b"v", 60)
    connection = inner._idle[0][0]
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")  # how SQLite meets a full disk
    assert not store.set("new", bytes(100_000), 60)
    assert store.get("new") == bytes(100_000)
    assert store.get("old") == b"v"
    assert store.is_degraded


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a disk of 6 MB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(tmp_path)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small disk")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def free(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def test_the_cache_leaves_room_for_the_ledger(small_disk: Path) -> None:
    """On a small disk the file grows no more in time, and goes on with what was asked last."""
    store = SQLiteStore(small_disk / "cache.db", 256 * 10**6)
    for number in range(200):
        store.set(f"k{number}", random.randbytes(50_000), 60)
    assert free(small_disk) > 10**6
    assert [store.get(f"k{number}") is not None for number in (0, 198, 199)] == [False, True, True]
    store.close()


def test_the_cache_gives_way_on_a_full_disk(small_disk: Path) -> None:
    """When something else fills the disk the cache is deleted, and clicks are kept again."""
    store = SQLiteStore(small_disk / "cache.db", 256 * 10**6)
    with new_ledger(small_disk) as ledger:
        ledger.upgrade()
        for number in range(60):
            store.set(f"k{number}", random.randbytes(50_000), 60)
        filler = (small_disk / "filler").open("wb", buffering=0)
        with pytest.raises(OSError, match="No space"):  # noqa: PT012
            while filler.write(b"x" * 4096):
                pass
        for number in range(40):  # until the log wants more than it has
            with suppress(StoreRefused, StoreDown):
                store.set(f"n{number}", random.randbytes(100_000), 60)
        for number in range(300):
            ledger.record(Click(click_id=f"click-{number}", agency="a", id="1", position=1))
        store.set("k", b"v", 60)
        assert store.get("k") == b"v"
        assert len(list(ledger.stream_clicks())) == 300
        filler.close()
    store.close()


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.set("k", b"v", 60),
        lambda store: store.incr("k", 1, 60),
        lambda store: store.lease("k", "token", 60),
    ],
    ids=["value", "count", "lease"],
)
def test_the_first_write_of_any_kind_finds_the_disk_full(
    small_disk: Path, write: Callable[[SQLiteStore], object]
) -> None:
    """A value that fits into the file's own free pages gives way, too: clicks need the disk."""
    store = SQLiteStore(small_disk / "cache.db", 256 * 10**6)
    with (
        new_ledger(small_disk) as ledger,
        (small_disk / "filler").open("wb", buffering=0) as filler,
    ):
        ledger.upgrade()
        for number in range(40):
            store.set(f"k{number}", random.randbytes(50_000), 60)
        for number in range(20):
            store.delete(f"k{number}")
        with pytest.raises(OSError, match="No space"):  # noqa: PT012
            while filler.write(b"x" * 4096):
                pass
        write(store)
        for number in range(50):
            ledger.record(Click(click_id=f"click-{number}", agency="a", id="1", position=1))
        assert len(list(ledger.stream_clicks())) == 50
    store.close()


def test_a_file_that_cant_be_opened_is_a_store_out_of_reach(tmp_path: Path) -> None:
    """A folder that can't be made leaves the site with the process's own memory."""
    (tmp_path / "file").write_text("in the way")
    store = StoreWithFallback(SQLiteStore(tmp_path / "file" / "cache.db", 10**7))
    assert not store.set("k", b"v", 60)
    assert store.get("k") == b"v"
    assert store.is_degraded


class Slow:
    """Counts how often a store that does not answer is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = True
        self.full = False
        self.before: Callable[[], object] = lambda: None
        self.values: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        self.asked += 1
        self.before()
        if self.down:
            raise StoreDown("no answer")
        return self.values.get(key)

    def set(self, key: str, value: bytes, timeout: int) -> bool:
        self.asked += 1
        if self.down:
            raise StoreDown("no answer")
        assert timeout
        if self.full:
            raise StoreRefused("full")
        self.values[key] = value
        return True


def test_the_wait_for_a_dead_store_is_paid_once_a_second() -> None:
    """Behind an open breaker no request asks the store; one a second looks, then all do again."""
    now = [100.0]
    inner = Slow()
    store = StoreWithFallback(inner, now=lambda: now[0])
    for _ in range(50):
        assert store.get("k") is None
    assert inner.asked == 1
    store.set("k", b"v", 60)
    assert store.get("k") == b"v"
    assert inner.asked == 1
    now[0] += 1.1
    assert [store.get("other") for _ in range(5)] == [None] * 5
    assert inner.asked == 2
    inner.down = False
    now[0] += 1.1
    store.get("other")
    assert not store.is_degraded
    store.get("other")
    assert inner.asked == 4


def test_what_the_store_did_not_take_hides_its_older_value() -> None:
    """A new answer that only the process could keep is the one that is shown."""
    inner = Slow()
    inner.down = False
    store = StoreWithFallback(inner)
    store.set("k", b"old", 60)
    inner.full = True
    assert not store.set("k", b"new", 60)
    assert store.get("k") == b"new"
    inner.full = False
    assert store.set("k", b"newest", 60)
    assert store.get("k") == b"newest"


def test_a_store_that_is_slow_again_and_again_is_left_alone() -> None:
    """Five slow answers in a row open the breaker, so that visitors do not pay for each."""
    now = [0.0]
    inner = Slow()
    inner.down = False
    inner.before = lambda: now.__setitem__(0, now[0] + 0.1)
    store = StoreWithFallback(inner, slow_seconds=0.08, now=lambda: now[0])
    for _ in range(20):
        store.get("k")
    assert store.is_degraded
    assert inner.asked == 10
    now[0] += 1
    for _ in range(20):
        store.get("k")
    assert inner.asked == 11
    inner.before = lambda: None
    now[0] += 1
    store.get("k")
    assert not store.is_degraded


def test_a_process_with_much_to_do_keeps_its_store() -> None:
    """Slow answers to many at once are not the store's fault when it answers a lone one."""
    now = [0.0]
    inner = Slow()
    inner.down = False
    inner.before = lambda: inner.asked > 5 or now.__setitem__(0, now[0] + 0.1)
    store = StoreWithFallback(inner, slow_seconds=0.08, now=lambda: now[0])
    for _ in range(20):
        store.get("k")
    assert not store.is_degraded


def test_what_the_process_keeps_is_bounded_and_ends() -> None:
    """Without its store a process keeps 16 MB at most, each value to its own end."""
    now = [0.0]
    store = StoreWithFallback(Slow(), now=lambda: now[0])
    for number in range(40):
        store.set(f"k{number}", bytes(10**6), 60)
    kept = [number for number in range(40) if store.get(f"k{number}")]
    assert kept == list(range(24, 40))
    now[0] = 61
    assert store.get("k39") is None


def test_redis_gone_is_survived_and_comes_back(tmp_path: Path) -> None:
    """Without its server the site goes on with what the process keeps; then Redis is used again."""
    with redis_server(tmp_path) as server:
        store = StoreWithFallback(RedisStore(server.url))
        assert store.set("k", b"v", 60)
        server.stop()
        assert store.get("k") is None
        assert not store.set("mine", b"w", 60)
        assert store.get("mine") == b"w"
        assert store.is_degraded
        server.start()
        wait_until(lambda: store.set("k2", b"v", 60))
        assert server.client().get("affiliate:k2") == b"v"
        assert not store.is_degraded


@pytest.mark.parametrize(
    "harm",
    [("CONFIG", "SET", "maxmemory", "1"), ("REPLICAOF", "127.0.0.1", "1")],
    ids=["out of memory", "read-only"],
)
def test_redis_that_takes_no_writes_still_answers(tmp_path: Path, harm: tuple[str, ...]) -> None:
    """What was there is read from Redis, and what is new stays in the process."""
    with redis_server(tmp_path) as server:
        store = StoreWithFallback(RedisStore(server.url))
        store.set("old", b"v", 60)
        server.client().execute_command(*harm)  # type: ignore[no-untyped-call]
        assert not store.set("new", b"w", 60)
        assert store.get("new") == b"w"
        if "REPLICAOF" not in harm:
            assert store.get("old") == b"v"
        assert store.lease("k", "t", 60)


def test_a_full_redis_says_what_to_set(tmp_path: Path) -> None:
    """Also where a script of the store is refused, as by counts and leases."""
    with redis_server(tmp_path) as server:
        store = RedisStore(server.url)
        server.client().config_set("maxmemory", 1)
        writes: list[Callable[[], object]] = [
            lambda: store.set("k", b"v", 60),
            lambda: store.lease("n", "t", 60),
        ]
        for write in writes:
            with pytest.raises(StoreRefused, match="full: set maxmemory-policy to allkeys-lru"):
                write()


def test_redis_stopped_in_its_tracks_costs_one_short_wait(tmp_path: Path) -> None:
    """A Redis that hangs (SIGSTOP) opens the breaker; many requests then go on at once."""
    with redis_server(tmp_path) as server:
        inner = RedisStore(server.url)
        now = [0.0]
        store = StoreWithFallback(inner, now=lambda: now[0])
        store.set("k", b"v", 60)
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        try:
            for _ in range(100):
                store.get("k")
            assert store.is_degraded
        finally:
            server.process.send_signal(signal.SIGCONT)
        now[0] += 2
        wait_until(lambda: store.get("k") == b"v" or bool(now.__setitem__(0, now[0] + 2)))


def test_no_error_text_tells_the_password() -> None:
    """What a store says of its trouble has no address and no password in it."""
    store = RedisStore("redis://user:hunter2@127.0.0.1:1/0")
    with pytest.raises(StoreDown) as caught:
        store.get("k")
    text = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in text


def test_nobody_else_reads_the_cache_file(tmp_path: Path) -> None:
    """The file and those beside it are the owner's alone, whatever the umask."""
    store = SQLiteStore(tmp_path / "cache.db", 10**7)
    store.set("k", b"v", 60)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    store.close()


def test_counters_that_have_ended_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many clients are counted in each window, their counters don't add up."""
    store = SQLiteStore(tmp_path / "cache.db", 10**7)
    for window in range(5):
        monkeypatch.setattr("affiliate.cache.stores.sqlite.time.time", lambda at=window * 60.0: at)
        for client in range(20):
            assert [store.incr(f"{client}:{window}", 4, 60) for _ in range(2)] == [4, 8]
    with store._use_connection() as db:
        assert db.execute("SELECT count(*) FROM counters").fetchone()[0] <= 40
    store.close()


def test_keys_count_while_the_store_is_down() -> None:
    """What a process keeps by itself is bounded with its keys."""
    guarded = StoreWithFallback(Down())
    for number in range(600):
        guarded.set(f"{number}{'k' * 65_000}", b"", 60)
    local = guarded._local
    assert sum(len(key) for key in local._values) <= local._bytes <= 16 * 1024 * 1024
    assert local._values


class Down:
    """A store out of reach."""

    def set(self, *_: object) -> bool:
        raise StoreDown("it is down")
