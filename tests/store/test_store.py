"""Every store keeps the same promises. The class runs over each backend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import redis

from redis_servers import RedisServer
from rescind.errors import SettingsError, StoreDownError, StoreError
from rescind.model import Bounds, Decision, Delivery, Fact, JournalEntry, Reply, Request
from rescind.store import Failed, Step, open_store
from rescind.store.memory import MemoryStore
from rescind.store.redis import RedisStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.store import Store, Transaction


BOUNDS = Bounds(sandboxes=3)


SHARED = ("redis", "unix", "cluster")


def address(kind: str, request: pytest.FixtureRequest) -> str:
    """The address of a store of this kind."""
    match kind:
        case "redis":
            return str(request.getfixturevalue("redis_server").url)
        case "unix":
            return f"unix://{request.getfixturevalue('redis_server').socket}"
        case "cluster":
            return str(request.getfixturevalue("redis_cluster"))
    return "memory://"


@pytest.fixture(params=["memory", *SHARED])
def store(request: pytest.FixtureRequest) -> Store:
    return open_store(address(request.param, request), BOUNDS).of(str(uuid4()))


@pytest.fixture(params=SHARED)
def shared(request: pytest.FixtureRequest) -> tuple[Store, Store]:
    """Two processes' views of one store."""
    url, version = address(request.param, request), str(uuid4())
    return open_store(url, BOUNDS).of(version), open_store(url, BOUNDS).of(version)


def add_one(transaction: Transaction) -> int:
    count: int = transaction.read("counters", "one", 0) + 1
    transaction.write("counters", "one", count)
    return count


class TestStore:
    def test_writes_are_read_in_the_same_transaction_and_in_the_next(self, store: Store) -> None:
        def write_and_read(transaction: Transaction) -> tuple[object, object]:
            transaction.write("t", "k", 1)
            return transaction.read("t", "k"), dict(transaction.rows("t"))

        assert store.transact("a", 0, write_and_read) == (1, {"k": 1})
        assert store.transact("a", 0, lambda tx: (tx.read("t", "k"), dict(tx.rows("t")))) == (1, {"k": 1})

    def test_none_is_a_value_and_absence_is_the_default(self, store: Store) -> None:
        store.transact("a", 0, lambda tx: tx.write("t", "k", None))
        assert store.transact("a", 0, lambda tx: (tx.read("t", "k", 7), tx.read("t", "other", 7))) == (None, 7)

    def test_nothing_is_written_when_the_work_fails(self, store: Store) -> None:
        def fail(transaction: Transaction) -> None:
            transaction.write("t", "k", 1)
            raise LookupError

        with pytest.raises(LookupError):
            store.transact("a", 0, fail)
        assert store.transact("a", 0, lambda tx: tx.read("t", "k")) is None

    def test_steps_that_come_together_happen_in_their_order_and_fail_alone(self, store: Store) -> None:
        def fail(transaction: Transaction) -> int:
            transaction.write("counters", "one", 99)
            raise LookupError

        def erase(transaction: Transaction) -> int:
            transaction.erase("counters", "one")
            return add_one(transaction)

        steps = [
            Step("a", add_one),
            Step("b", add_one),
            Step("a", fail),
            Step("a", add_one),
            Step("b", erase),
            Step("b", add_one),
        ]
        results = store.transact_all(steps, 0)
        assert [result.failure.__class__ if isinstance(result, Failed) else result for result in results] == [
            1, 1, LookupError, 2, 1, 2,
        ]  # fmt: skip
        assert [store.transact(name, 0, add_one) for name in "ab"] == [3, 3]

    def test_logs_of_steps_that_come_together_are_whole(self, store: Store) -> None:
        def append(number: int) -> Step[None]:
            return Step("a", lambda tx: tx.append("log", entry(number), 10, 10**6))

        store.transact_all([append(1), append(2), Step("a", lambda tx: tx.clear("log")), append(3), append(4)], 0)
        assert [one.id for one in store.transact("a", 0, lambda tx: tx.entries("log"))] == [3, 4]

    def test_discarded_changes_do_not_happen(self, store: Store) -> None:
        def discard(transaction: Transaction) -> None:
            transaction.write("counters", "one", 99)
            transaction.append("log", entry(1), 10, 10**6)
            transaction.discard()
            add_one(transaction)

        store.transact("a", 0, discard)
        assert store.transact("a", 0, lambda tx: (tx.read("counters", "one"), tx.entries("log"))) == (1, ())

    def test_sandboxes_do_not_see_each_other(self, store: Store) -> None:
        store.transact("a", 0, lambda tx: tx.write("t", "k", 1))
        assert store.transact("b", 0, lambda tx: tx.read("t", "k")) is None

    def test_sandbox_remembers_when_it_began_until_it_is_reset(self, store: Store) -> None:
        assert store.transact("a", 5, lambda tx: tx.born) == 5
        assert store.transact("a", 6, lambda tx: tx.born) == 5
        store.reset("a", 7)
        assert store.transact("a", 8, lambda tx: tx.born) == 7

    def test_reset_leaves_nothing_and_other_sandboxes_alone(self, store: Store) -> None:
        for name in ("a", "b"):
            store.transact(name, 0, add_one)
        store.reset("a", 1)
        assert store.transact("a", 1, add_one) == 1
        assert store.transact("b", 1, add_one) == 2
        store.reset("never-used", 1)

    @pytest.mark.usefixtures("restless_threads")
    def test_transactions_of_many_threads_happen_one_after_the_other(self, store: Store) -> None:
        with ThreadPoolExecutor(32) as pool:
            counts = list(pool.map(lambda _: store.transact("a", 0, add_one), range(2000)))
        assert sorted(counts) == list(range(1, 2001))

    def test_sandboxes_are_listed_with_what_they_hold_until_they_are_dropped(self, store: Store) -> None:
        store.transact("a", 5, add_one)
        store.transact("b", 6, lambda tx: tx.append("log", entry(1), 10, 10**6))
        store.transact("a", 7, lambda tx: tx.write("t", "k", None))
        shown = {info.name: info for info in store.sandboxes()}
        assert (shown["a"].born, shown["a"].used, dict(shown["a"].rows)) == (5, 7, {"counters": 1, "t": 1})
        assert dict(shown["b"].rows) == {"log": 1}
        store.drop("a")
        store.drop("never-used")
        assert [info.name for info in store.sandboxes()] == ["b"]
        assert store.transact("a", 9, lambda tx: (tx.born, tx.read("counters", "one"))) == (9, None)

    def test_rows_keep_the_order_in_which_they_were_first_written(self, store: Store) -> None:
        for key in ("b", "c", "a", "b"):
            store.transact("s", 0, lambda tx, key=key: tx.write("t", key, key))  # type: ignore[misc]
        store.transact("s", 0, lambda tx: tx.erase("t", "c"))
        store.transact("s", 0, lambda tx: tx.write("t", "c", "again"))
        assert list(store.transact("s", 0, lambda tx: tx.rows("t"))) == ["b", "a", "c"]

    def test_log_keeps_its_last_entries_whole(self, store: Store) -> None:
        for number in range(5):
            store.transact("s", 0, lambda tx, number=number: tx.append("log", entry(number), 3, 10**6))  # type: ignore[misc]
        assert list(store.transact("s", 0, lambda tx: tx.entries("log"))) == [entry(2), entry(3), entry(4)]
        store.transact("s", 0, lambda tx: tx.clear("log"))
        assert list(store.transact("s", 0, lambda tx: tx.entries("log"))) == []
        store.transact("s", 0, lambda tx: tx.append("log", entry(7), 3, 10**6))
        store.reset("s", 0)
        assert list(store.transact("s", 0, lambda tx: tx.entries("log"))) == []

    def test_log_keeps_no_more_bytes_than_the_bound(self, store: Store) -> None:
        def kept() -> list[int]:
            return [one.id for one in store.transact("s", 0, lambda tx: tx.entries("log"))]

        def append(number: int, path: str) -> None:
            new = entry(number)._replace(request=Request("DELETE", path, "", {}, b""), size=len(path))
            store.transact("s", 0, lambda tx: tx.append("log", new, 100, 10_000))

        for number in range(20):
            append(number, "x" * 1_000)
        assert 1 <= len(kept()) <= 10
        assert kept()[-1] == 19
        store.transact("s", 0, lambda tx: tx.clear("log"))
        append(20, "x" * 9_000)
        assert kept() == [20]
        append(21, "x" * 11_000)
        assert kept() == []
        append(22, "x")
        assert kept() == [22]

    def test_sandbox_with_traces_only_makes_room_and_one_with_state_does_not(self, store: Store) -> None:
        store.transact("state", 1, add_one)
        for number in range(20):
            store.transact(f"trace-{number}", 2 + number, lambda tx: tx.write("serials", "journal", 1))
            store.transact(f"trace-{number}", 2 + number, lambda tx: tx.append("log", entry(1), 10, 10**6))
        assert len(store.sandboxes()) == 3
        assert store.transact("state", 30, add_one) == 2
        assert store.transact("trace-19", 30, lambda tx: tx.read("serials", "journal")) == 1
        store.transact("trace-19", 30, add_one)  # it has state now
        for name in ("b", "c"):
            store.transact(name, 31, lambda tx: tx.write("serials", "journal", 1))
        assert {info.name for info in store.sandboxes()} == {"state", "trace-19", "c"}

    def test_there_is_no_room_for_more_sandboxes_than_the_bound(self, store: Store) -> None:
        for name in "abc":
            store.transact(name, 1, add_one)
        with pytest.raises(StoreError, match="there are 3 sandboxes"):
            store.transact("d", 1, add_one)
        assert store.transact("a", 1, add_one) == 2
        store.drop("b")
        assert store.transact("d", 1, add_one) == 1

    @pytest.mark.parametrize("value", [10**30, 1.5, "\ud800", "\0", {"a": [None, True]}, "ä 漢"])
    def test_any_json_comes_back_as_it_went(self, store: Store, value: object) -> None:
        store.transact("a", 0, lambda tx: tx.write("t", "k ä\ud800", value))
        store.of("another version")
        assert store.transact("a", 0, lambda tx: dict(tx.rows("t"))) == {"k ä\ud800": value}


class TestSharedStore:
    """What a store promises to the processes that share it."""

    def test_each_sees_what_the_other_has_written(self, shared: tuple[Store, Store]) -> None:
        one, other = shared
        assert [store.transact("a", 0, add_one) for store in (one, other, one, other)] == [1, 2, 3, 4]
        one.transact("a", 0, lambda tx: tx.erase("counters", "one"))
        assert other.transact("a", 0, add_one) == 1

    def test_who_was_away_for_long_reads_anew(self, shared: tuple[Store, Store]) -> None:
        one, other = shared
        other.transact("a", 0, add_one)
        for _ in range(100):
            one.transact("a", 0, add_one)
        assert other.transact("a", 0, add_one) == 102

    def test_reset_and_drop_reach_the_other(self, shared: tuple[Store, Store]) -> None:
        one, other = shared
        for store in shared:
            store.transact("a", 0, add_one)
        one.reset("a", 5)
        assert other.transact("a", 6, lambda tx: (tx.born, tx.read("counters", "one"))) == (5, None)
        one.drop("a")
        assert other.transact("a", 7, lambda tx: tx.born) == 7

    def test_what_is_raised_is_raised_of_the_world_as_it_is(self, shared: tuple[Store, Store]) -> None:
        def need(transaction: Transaction) -> int:
            count: int | None = transaction.read("counters", "one")
            if count is None:
                raise LookupError
            return count

        one, other = shared
        with pytest.raises(LookupError):
            other.transact("a", 0, need)
        one.transact("a", 0, add_one)
        assert other.transact("a", 0, need) == 1
        one.transact("a", 0, lambda tx: tx.erase("counters", "one"))
        with pytest.raises(LookupError):
            other.transact("a", 0, need)

    def test_wiping_what_was_not_there_before_reaches_what_the_other_has_made_since(
        self, shared: tuple[Store, Store]
    ) -> None:
        one, other = shared
        one.reset("a", 1)
        one.drop("a")
        assert one.transact("a", 2, lambda tx: tx.entries("log")) == ()
        other.transact("a", 3, add_one)
        one.reset("a", 5)
        assert other.transact("a", 6, lambda tx: (tx.born, tx.read("counters", "one"))) == (5, None)
        one.drop("b")
        assert one.transact("b", 7, lambda tx: tx.born) == 7

    def test_both_agree_on_when_a_sandbox_began(self, shared: tuple[Store, Store]) -> None:
        one, other = shared
        assert one.transact("a", 1, lambda tx: tx.entries("log")) == ()
        other.transact("a", 3, add_one)
        assert one.transact("a", 9, lambda tx: (tx.born, tx.read("counters", "one"))) == (3, 1)

    def test_journal_is_one(self, shared: tuple[Store, Store]) -> None:
        for number, store in enumerate(shared * 2):
            store.transact("a", 0, lambda tx, number=number: tx.append("log", entry(number), 9, 10**6))  # type: ignore[misc]
        assert [one.id for one in shared[0].transact("a", 0, lambda tx: tx.entries("log"))] == [0, 1, 2, 3]

    @pytest.mark.usefixtures("restless_threads")
    def test_batches_of_both_happen_one_after_the_other(self, shared: tuple[Store, Store]) -> None:
        def batch(number: int) -> list[int | Failed]:
            return shared[number % 2].transact_all([Step(name, add_one) for name in "abab"], 0)

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(batch, range(100)))
        for place in (0, 1):  # of "a" and of "b"
            counts = [result for results in found for result in results[place::2]]
            assert sorted(map(repr, counts)) == sorted(map(repr, range(1, 201)))

    @pytest.mark.usefixtures("restless_threads")
    def test_transactions_of_both_happen_one_after_the_other(self, shared: tuple[Store, Store]) -> None:
        with ThreadPoolExecutor(8) as pool:
            counts = list(pool.map(lambda number: shared[number % 2].transact("a", 0, add_one), range(1000)))
        assert sorted(counts) == list(range(1, 1001))

    def test_versions_of_the_fixtures_never_meet(self, shared: tuple[Store, Store]) -> None:
        one, _ = shared
        one.transact("a", 0, add_one)
        assert one.of(str(uuid4())).transact("a", 0, add_one) == 1


def test_sandbox_in_redis_lives_only_for_its_time(redis_server: RedisServer) -> None:
    version = str(uuid4())
    store = open_store(redis_server.url, Bounds(idle_seconds=60)).of(version)
    store.transact("a", 0, lambda tx: tx.write("t", "k", 1))
    store.transact("a", 0, lambda tx: tx.append("log", entry(1), 5, 10**6))
    store.transact("a", 0, add_one)
    with redis.Redis(port=redis_server.port) as client:
        keys = list(client.scan_iter(f"rescind:{version}:*"))
        assert len(keys) == 5
        lives = [client.pttl(key) for key in keys]
        assert all(0 < life <= 120_000 for life in lives)
        for key in client.scan_iter(f"rescind:{version}:*a*:*"):
            client.delete(key)
    assert store.sandboxes() == []
    assert store.transact("a", 3, lambda tx: (tx.born, tx.read("t", "k"))) == (3, None)


@pytest.mark.parametrize(
    ("part", "spoil", "problem"),
    [
        ("meta", lambda client, key: client.set(key, "x"), "holds something else"),
        ("state", lambda client, key: client.set(key, "x"), "holds something else"),
        ("log:log", lambda client, key: client.set(key, "x"), "holds something else"),
        ("state", lambda client, key: client.hset(key, "t\0k", "x"), "holds a corrupt value"),
        ("state", lambda client, key: client.hset(key, "t\0k", "1 {x"), "holds a corrupt value"),
        ("log:log", lambda client, key: client.lset(key, 0, "[1]"), "holds a corrupt value"),
    ],
)  # fmt: skip
def test_what_nobody_can_read_is_named_and_a_reset_heals_it(
    redis_server: RedisServer, part: str, spoil: Callable[[redis.Redis, str], object], problem: str
) -> None:
    version = str(uuid4())
    store = open_store(redis_server.url, BOUNDS).of(version)
    for name in ("a", "b"):
        store.transact(name, 0, lambda tx: tx.append("log", entry(1), 9, 10**6))
        store.transact(name, 0, add_one)
    with redis.Redis(port=redis_server.port) as client:
        key = f"rescind:{version}:{{~a}}:{part}"
        if (part != "state" and "log" not in part) or problem == "holds something else":
            client.delete(key)
        spoil(client, key)

    def read_all(transaction: Transaction) -> object:
        transaction.append("log", entry(2), 9, 10**6)
        return add_one(transaction), transaction.entries("log")

    fresh = open_store(redis_server.url, BOUNDS).of(version)
    failed, fine = fresh.transact_all([Step("a", read_all), Step("b", add_one)], 0)
    assert isinstance(failed, Failed)
    assert problem in str(failed.failure)
    assert "reset the sandbox" in str(failed.failure)
    assert fine == 2
    fresh.reset("a", 1)
    assert fresh.transact("a", 1, add_one) == 1
    assert fresh.transact("a", 1, lambda tx: tx.entries("log")) == ()


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        (
            "postgres://localhost",
            "unknown store 'postgres://localhost': expected a URL that begins with one of: memory://, redis://",
        ),
        ("redis://localhost:many/0", "invalid store URL"),
        ("redis://localhost/abc", "invalid database number 'abc'"),
        ("redis://localhost/0?foo=1", "invalid store URL"),
        ("redis://[::1", "invalid store URL"),
    ],
)
def test_wrong_address_is_refused_with_what_would_be_right(address: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        open_store(address, BOUNDS)


@pytest.mark.parametrize(
    "address",
    ["redis://:secret@127.0.0.1:1/0", "redis+cluster://:secret@127.0.0.1:1", "redis://127.0.0.1:1/0?password=secret"],
)
def test_store_that_does_not_answer_is_named_without_its_password(address: str) -> None:
    with pytest.raises(StoreDownError, match=r"127.0.0.1:1.* does not answer") as raised:
        open_store(address, BOUNDS)
    assert "secret" not in str(raised.value)


def test_full_redis_says_so_and_lets_sandboxes_be_dropped(tmp_path: Path, redis_server: RedisServer) -> None:  # noqa: ARG001 - it skips, or fails, where there is no Redis
    full = RedisServer(tmp_path)
    try:
        store, other = (open_store(full.url, BOUNDS).of("v") for _ in range(2))
        store.transact("a", 0, add_one)
        with redis.Redis(port=full.port) as client:
            client.config_set("maxmemory", "1mb")
            with pytest.raises(StoreDownError, match="has no memory left; drop sandboxes"):
                store.transact("a", 0, add_one)
            other.drop("a")
            client.config_set("maxmemory", "0")
        assert store.transact("a", 0, add_one) == 1
    finally:
        full.stop()


def test_sandbox_that_begins_while_another_process_looks_is_listed(redis_server: RedisServer) -> None:
    version = str(uuid4())
    one, other = (RedisStore(redis_server.url, BOUNDS, version) for _ in range(2))
    scripts = vars(vars(other)["_scripts"])
    script = scripts["_commit_script"]

    def late(**arguments: object) -> object:
        scripts["_commit_script"] = script
        assert one.sandboxes() == []
        return script(**arguments)

    scripts["_commit_script"] = late  # between the listing of the sandbox and its first commit
    other.transact("x", 0, add_one)
    assert [info.name for info in one.sandboxes()] == ["x"]


@pytest.mark.usefixtures("restless_threads")
def test_sandboxes_expire_are_dropped_and_begin_at_once_in_many_threads() -> None:
    store = MemoryStore(Bounds(sandboxes=4, idle_seconds=1))

    def work(number: int) -> None:
        for step in range(200):
            name, now = str((number + step) % 6), step * 10**10
            with suppress(StoreError):  # there is no room just now
                store.transact(name, now, add_one)
            store.drop(name)
            store.sandboxes()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


def write(transaction: Transaction) -> None:
    transaction.write("orders", "one", "x" * 10_000)


def trace(transaction: Transaction) -> None:
    serial = transaction.read("serials", "log", 0) + 1
    transaction.write("serials", "log", serial)
    transaction.append("log", entry(serial)._replace(size=1_000), 100, 10**6)


def test_sandboxes_of_traces_make_room_for_those_with_a_state() -> None:
    store = MemoryStore(Bounds(total_bytes=100_000))
    for number in range(40):
        store.transact(f"trace-{number}", number, trace)
    for number in range(7):
        store.transact(f"state-{number}", number, write)
    names = {one.name for one in store.sandboxes()}
    assert {f"state-{number}" for number in range(7)} <= names
    assert "trace-0" not in names
    assert "trace-39" in names


def test_sandbox_that_exists_still_answers_when_memory_is_full() -> None:
    store = MemoryStore(Bounds(total_bytes=100_000))
    for number in range(9):
        store.transact(f"state-{number}", number, write)
    store.transact("state-0", 10, trace)
    with pytest.raises(StoreError, match="the sandboxes take 100000 bytes, and there is no room for more"):
        store.transact("new", 20, trace)
    with pytest.raises(StoreError):
        store.transact("state-0", 20, lambda tx: tx.write("orders", "two", 2))
    for _ in range(50):
        store.transact("state-0", 20, trace)
    entries = store.transact("state-0", 20, lambda tx: tx.entries("log"))
    assert [one.id for one in entries] == [51]  # an old one goes for each new one
    assert store.transact("state-0", 20, lambda tx: tx.read("orders", "one")) == "x" * 10_000
    store.transact("state-0", 21, lambda tx: tx.erase("orders", "one"))
    store.transact("new", 21, trace)


def test_snapshot_outlives_its_transaction(store: Store) -> None:
    def change(transaction: Transaction) -> Transaction:
        transaction.write("t", "k", 2)
        return transaction.snapshot()

    store.transact("a", 5, lambda tx: tx.write("t", "k", 1))
    snapshot = store.transact("a", 6, change)
    store.transact("a", 7, lambda tx: tx.write("t", "k", 3))
    store.drop("a")
    assert (snapshot.read("t", "k"), snapshot.rows("t"), snapshot.born) == (2, {"k": 2}, 5)


def entry(number: int) -> JournalEntry:
    request = Request("DELETE", "/v2/orders", "a=b", {"host": "h"}, b"\x00\xff{}", "http://h/~s")
    delivery = Delivery(Reply(404, (("Content-Type", "application/json"),), b"{}"), "slow_body", 12.5)
    decision = Decision("rule", "gone", {}, "gone", "It is gone.", (Fact("orders 1", "deleted", None),))
    return JournalEntry(
        number,
        1,
        2,
        request,
        delivery,
        "v",
        "op",
        None,
        decision,
        ({"location": "query", "parameter": "a", "problem": "is required", "refusal": None},),
        {"id": "1"},
        ("k",),
        9,
    )
