"""Every store keeps the same promises. The class runs over each backend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from rescind.store.memory import MemoryStore

if TYPE_CHECKING:
    from rescind.store import Store, Transaction


@pytest.fixture(params=[MemoryStore])
def store(request: pytest.FixtureRequest) -> Store:
    made: Store = request.param()
    return made


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
