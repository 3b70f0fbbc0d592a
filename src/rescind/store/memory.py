"""The world in the memory of this process: the default."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from rescind.errors import StoreError
from rescind.model import Bounds
from rescind.moments import SECOND
from rescind.store import SandboxInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")

Tables = dict[str, dict[str, Any]]
_GONE = object()
_EXPIRE_EVERY = 60 * SECOND


class _Sandbox:
    __slots__ = ("born", "lock", "logs", "tables", "used")

    def __init__(self, born: int) -> None:
        self.born = self.used = born
        self.lock = Lock()
        self.tables: Tables = {}
        self.logs: dict[str, deque[Any]] = {}


class _Transaction:
    """Reads from the sandbox and from its own writes, which reach the sandbox only on ``commit``."""

    __slots__ = ("_appended", "_cleared", "_sandbox", "_writes", "born")

    def __init__(self, sandbox: _Sandbox) -> None:
        self.born = sandbox.born
        self._sandbox = sandbox
        self._writes: Tables = {}
        self._appended: list[tuple[str, Any, int]] = []
        self._cleared: list[str] = []

    def read(self, table: str, key: str, default: Any = None) -> Any:
        for tables in (self._writes, self._sandbox.tables):
            rows = tables.get(table)
            if rows is not None and key in rows:
                value = rows[key]
                return default if value is _GONE else value
        return default

    def write(self, table: str, key: str, value: Any) -> None:
        rows = self._writes.get(table)
        if rows is None:
            rows = self._writes[table] = {}
        rows[key] = value

    def erase(self, table: str, key: str) -> None:
        self.write(table, key, _GONE)

    def add(self, table: str, key: str, amount: int = 1) -> None:
        self.write(table, key, self.read(table, key, 0) + amount)

    def rows(self, table: str) -> Mapping[str, Any]:
        before, writes = self._sandbox.tables.get(table, {}), self._writes.get(table)
        if not writes:
            return before
        return {key: value for key, value in (before | writes).items() if value is not _GONE}

    def append(self, log: str, entry: Any, keep: int) -> None:
        self._appended.append((log, entry, keep))

    def clear(self, log: str) -> None:
        self._cleared.append(log)

    def entries(self, log: str) -> Sequence[Any]:
        return tuple(self._sandbox.logs.get(log, ()))

    def commit(self) -> None:
        for name, writes in self._writes.items():
            table = self._sandbox.tables.setdefault(name, {})
            for key, value in writes.items():
                if value is _GONE:
                    table.pop(key, None)
                else:
                    table[key] = value
        for name in self._cleared:
            self._sandbox.logs.pop(name, None)
        for name, entry, keep in self._appended:
            log = self._sandbox.logs.get(name)
            if log is None:
                log = self._sandbox.logs[name] = deque(maxlen=keep)
            log.append(entry)


class MemoryStore:
    """Sandboxes in a dictionary, each under a lock of its own."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._sandboxes: dict[str, _Sandbox] = {}
        self._lock = Lock()
        self._expired = 0

    def transact(self, sandbox: str, now: int, work: Callable[[_Transaction], T]) -> T:
        """Run ``work`` under the sandbox's lock; see ``Store``."""
        world = self._sandboxes.get(sandbox) or self._begin(sandbox, now)
        with world.lock:
            transaction = _Transaction(world)
            result = work(transaction)
            transaction.commit()
            world.used = now
        return result

    def reset(self, sandbox: str, now: int) -> None:
        """Make the sandbox as new; see ``Store``."""
        world = self._sandboxes.get(sandbox)
        if world:
            with world.lock:
                world.born = world.used = now
                world.tables, world.logs = {}, {}

    def sandboxes(self) -> Sequence[SandboxInfo]:
        """The sandboxes that exist; see ``Store``."""
        return [_describe(name, world) for name, world in tuple(self._sandboxes.items())]

    def drop(self, sandbox: str) -> None:
        """Forget a sandbox; see ``Store``."""
        self._sandboxes.pop(sandbox, None)

    def _begin(self, name: str, now: int) -> _Sandbox:
        with self._lock:
            if len(self._sandboxes) >= self._bounds.sandboxes or now - self._expired > _EXPIRE_EVERY:
                self._expire(now)
            if len(self._sandboxes) >= self._bounds.sandboxes:
                raise StoreError(f"there are {self._bounds.sandboxes} sandboxes, and there is no room for another")
            return self._sandboxes.setdefault(name, _Sandbox(now))

    def _expire(self, now: int) -> None:
        self._expired = now
        oldest = now - self._bounds.idle_seconds * SECOND
        for name in [name for name, world in self._sandboxes.items() if world.used < oldest]:
            del self._sandboxes[name]


def _describe(name: str, world: _Sandbox) -> SandboxInfo:
    with world.lock:
        rows = {table: len(content) for table, content in (*world.tables.items(), *world.logs.items())}
        return SandboxInfo(name, world.born, world.used, rows)
