"""The world in the memory of this process: the default."""

from __future__ import annotations

from collections import OrderedDict, deque
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from rescind.model import SECOND, Bounds
from rescind.store.pending import GONE, Pending, Tables
from rescind.store.protocol import TRACES, Failed, SandboxInfo, no_bytes, no_room

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rescind.model import JournalEntry
    from rescind.store.pending import Appended
    from rescind.store.protocol import Step, Transaction

T = TypeVar("T")

_SANDBOX_BYTES = 1_000
_ROW_BYTES = 100
"""About what a sandbox and a row take beside what is in them."""


class _Log:
    """The last entries of a log."""

    __slots__ = ("entries", "size")

    def __init__(self) -> None:
        self.entries: deque[JournalEntry] = deque()
        self.size = 0

    def append(self, new: Appended, *, may_grow: bool) -> None:
        most = new.keep_bytes if may_grow else max(self.size, new.entry.size)
        self.entries.append(new.entry)
        self.size += new.entry.size
        while len(self.entries) > new.keep or self.size > most:
            self.size -= self.entries.popleft().size


class _Sandbox:
    """A world, under its ``lock``; its ``counted`` size and value are the store's, under the lock of that."""

    __slots__ = (
        "born", "counted_size", "counted_value", "has_value", "lock", "logs", "size", "tables", "tables_size", "used",
    )  # fmt: skip

    def __init__(self, born: int) -> None:
        self.lock = Lock()
        self.begin(born)
        self.counted_size, self.counted_value = self.size, False

    def begin(self, born: int) -> None:
        self.born = self.used = born
        self.tables: Tables = {}
        self.logs: dict[str, _Log] = {}
        self.tables_size, self.size = _SANDBOX_BYTES, _SANDBOX_BYTES
        self.has_value = False

    def entries(self, log: str) -> Sequence[JournalEntry]:
        return tuple(self.logs[log].entries) if log in self.logs else ()

    def commit(self, pending: Pending, *, may_grow: bool) -> None:
        for name, writes in pending.writes.items():
            self._write(name, writes)
        for log in pending.cleared:
            self.logs.pop(log, None)
        for new in pending.appended:
            log_of = self.logs.get(new.log)
            if log_of is None:
                log_of = self.logs[new.log] = _Log()
            log_of.append(new, may_grow=may_grow)
        self.size = self.tables_size + sum([log.size for log in self.logs.values()])

    def _write(self, name: str, writes: dict[str, Any]) -> None:
        rows = self.tables.get(name)
        if rows is None:
            rows = self.tables[name] = {}
        if name in TRACES:  # numbers, in every call
            before = len(rows)
            rows.update(writes)
            self.tables_size += (len(rows) - before) * _ROW_BYTES
            return
        self.has_value = True
        for key, value in writes.items():
            if key in rows:
                self.tables_size -= _row_size(key, rows[key])
            if value is GONE:
                rows.pop(key, None)
            else:
                rows[key] = value
                self.tables_size += _row_size(key, value)


class MemoryStore:
    """Sandboxes in a dictionary, each under a lock of its own.

    Where there is no room for more, sandboxes that only hold traces of calls go first, then those that are idle; of
    both the least recently used. So they are kept in that order. If that is not enough, the sandboxes that exist still
    answer: their journals lose old entries for new ones, and only what would change more than traces is refused.
    """

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._sandboxes: dict[str, _Sandbox] = {}
        self._by_use: dict[bool, OrderedDict[str, _Sandbox]] = {False: OrderedDict(), True: OrderedDict()}
        self._lock = Lock()
        self._size = 0

    def transact(self, sandbox: str, now: int, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` under the sandbox's lock; see ``Store``."""
        world = self._sandboxes.get(sandbox) or self._begin(sandbox, now)
        with world.lock:
            pending = Pending(world.born, world.tables, world.entries)
            result = work(pending)
            has_room = self._size <= self._bounds.total_bytes or self._make_room(now, sandbox)
            if not has_room and pending.adds_outside(TRACES):
                raise no_bytes(self._bounds)
            world.commit(pending, may_grow=has_room)
            world.used = now
            self._note_use(sandbox, world)
        return result

    def transact_all(self, steps: Sequence[Step[T]], now: int) -> list[T | Failed]:
        """Run the steps one after the other; see ``Store``."""
        results: list[T | Failed] = []
        for step in steps:
            try:
                results.append(self.transact(step.sandbox, now, step.work))
            except Exception as failure:  # noqa: BLE001 - it is the caller's
                results.append(Failed(failure))
        return results

    def reset(self, sandbox: str, now: int) -> None:
        """Make the sandbox as new; see ``Store``."""
        world = self._sandboxes.get(sandbox)
        if world:
            with world.lock:
                world.begin(now)
                self._note_use(sandbox, world)

    def sandboxes(self) -> Sequence[SandboxInfo]:
        """Return the sandboxes that exist; see ``Store``."""
        with self._lock:
            found = tuple(self._sandboxes.items())
        return [_describe(name, world) for name, world in found]

    def drop(self, sandbox: str) -> None:
        """Forget a sandbox; see ``Store``."""
        with self._lock:
            self._forget(sandbox)

    def of(self, version: str) -> MemoryStore:  # noqa: ARG002 - it lives no longer than the process
        """Return the same store; see ``Store``."""
        return self

    def _begin(self, name: str, now: int) -> _Sandbox:
        if not self._make_room(now, name):
            too_many = len(self._sandboxes) >= self._bounds.sandboxes
            raise no_room(self._bounds) if too_many else no_bytes(self._bounds)
        with self._lock:
            world = self._sandboxes.get(name)
            if world is None:
                world = self._sandboxes[name] = self._by_use[False][name] = _Sandbox(now)
                self._size += world.size
            return world

    def _note_use(self, name: str, world: _Sandbox) -> None:
        """Keep the order of use and the size of everything, unless the sandbox was forgotten meanwhile."""
        with self._lock:
            if self._sandboxes.get(name) is not world:
                return
            self._size += world.size - world.counted_size
            world.counted_size = world.size
            if world.has_value is world.counted_value:
                self._by_use[world.has_value].move_to_end(name)
            else:
                del self._by_use[world.counted_value][name]
                self._by_use[world.has_value][name] = world
                world.counted_value = world.has_value

    def _make_room(self, now: int, for_whom: str) -> bool:
        """Forget sandboxes until there is room, in constant time for each; return whether there is."""
        with self._lock:
            while self._is_full(for_whom):
                name = self._expendable(now, for_whom)
                if name is None:
                    return False
                self._forget(name)
            return True

    def _is_full(self, for_whom: str) -> bool:
        is_new = for_whom not in self._sandboxes
        return self._size > self._bounds.total_bytes or (is_new and len(self._sandboxes) >= self._bounds.sandboxes)

    def _expendable(self, now: int, for_whom: str) -> str | None:
        traces, valued = (next(iter(self._by_use[has_value].items()), None) for has_value in (False, True))
        if traces and traces[0] != for_whom:
            return traces[0]
        is_idle = valued and valued[1].used < now - self._bounds.idle_seconds * SECOND
        return valued[0] if valued and is_idle and valued[0] != for_whom else None

    def _forget(self, name: str) -> None:
        world = self._sandboxes.pop(name, None)
        if world:
            self._size -= world.counted_size
            del self._by_use[world.counted_value][name]


def _row_size(key: str, value: Any) -> int:
    if value is None or isinstance(value, int | float):
        return _ROW_BYTES + len(key)
    return _ROW_BYTES + len(key) + len(value if isinstance(value, str) else repr(value))


def _describe(name: str, world: _Sandbox) -> SandboxInfo:
    with world.lock:
        rows = {table: len(content) for table, content in world.tables.items()}
        rows |= {name: len(log.entries) for name, log in world.logs.items()}
        return SandboxInfo(name, world.born, world.used, rows)
