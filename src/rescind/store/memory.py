"""The world in the memory of this process: the default."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

Tables = dict[str, dict[str, Any]]


class _Sandbox:
    __slots__ = ("born", "lock", "tables")

    def __init__(self, born: int) -> None:
        self.born = born
        self.lock = Lock()
        self.tables: Tables = {}


class _Transaction:
    """Reads from the sandbox and from its own writes, which reach the sandbox only on ``commit``."""

    __slots__ = ("_tables", "_writes", "born")

    def __init__(self, sandbox: _Sandbox) -> None:
        self.born = sandbox.born
        self._tables = sandbox.tables
        self._writes: Tables = {}

    def read(self, table: str, key: str, default: Any = None) -> Any:
        for tables in (self._writes, self._tables):
            rows = tables.get(table)
            if rows is not None and key in rows:
                return rows[key]
        return default

    def write(self, table: str, key: str, value: Any) -> None:
        self._writes.setdefault(table, {})[key] = value

    def rows(self, table: str) -> Mapping[str, Any]:
        return self._tables.get(table, {}) | self._writes.get(table, {})

    def commit(self) -> None:
        for table, rows in self._writes.items():
            self._tables.setdefault(table, {}).update(rows)


class MemoryStore:
    """Sandboxes in a dictionary, each under a lock of its own."""

    def __init__(self) -> None:
        self._sandboxes: dict[str, _Sandbox] = {}

    def transact(self, sandbox: str, now: int, work: Callable[[_Transaction], T]) -> T:
        """Run ``work`` under the sandbox's lock; see ``Store``."""
        world = self._sandboxes.get(sandbox) or self._sandboxes.setdefault(sandbox, _Sandbox(now))
        with world.lock:
            transaction = _Transaction(world)
            result = work(transaction)
            transaction.commit()
        return result

    def reset(self, sandbox: str, now: int) -> None:
        """Make the sandbox as new; see ``Store``."""
        world = self._sandboxes.get(sandbox)
        if world:
            with world.lock:
                world.born = now
                world.tables = {}
