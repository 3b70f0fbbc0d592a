"""The world in the memory of this process: the default."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from rescind.model import SECOND, Bounds
from rescind.store.pending import Pending, Tables, apply
from rescind.store.protocol import SandboxInfo, no_room

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rescind.model import JournalEntry
    from rescind.store.protocol import Transaction

T = TypeVar("T")

_EXPIRE_EVERY = 60 * SECOND


class _Sandbox:
    __slots__ = ("born", "lock", "logs", "tables", "used")

    def __init__(self, born: int) -> None:
        self.born = self.used = born
        self.lock = Lock()
        self.tables: Tables = {}
        self.logs: dict[str, deque[JournalEntry]] = {}

    def entries(self, log: str) -> Sequence[JournalEntry]:
        return tuple(self.logs.get(log, ()))

    def commit(self, pending: Pending) -> None:
        apply(pending.writes, self.tables)
        for name in pending.cleared:
            self.logs.pop(name, None)
        for name, entry, keep in pending.appended:
            log = self.logs.get(name)
            if log is None:
                log = self.logs[name] = deque(maxlen=keep)
            log.append(entry)


class MemoryStore:
    """Sandboxes in a dictionary, each under a lock of its own."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._sandboxes: dict[str, _Sandbox] = {}
        self._lock = Lock()
        self._expired = 0

    def transact(self, sandbox: str, now: int, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` under the sandbox's lock; see ``Store``."""
        world = self._sandboxes.get(sandbox) or self._begin(sandbox, now)
        with world.lock:
            pending = Pending(world.born, world.tables, world.entries)
            result = work(pending)
            world.commit(pending)
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
        """Return the sandboxes that exist; see ``Store``."""
        with self._lock:
            found = tuple(self._sandboxes.items())
        return [_describe(name, world) for name, world in found]

    def drop(self, sandbox: str) -> None:
        """Forget a sandbox; see ``Store``."""
        with self._lock:
            self._sandboxes.pop(sandbox, None)

    def of(self, version: str) -> MemoryStore:  # noqa: ARG002 - it lives no longer than the process
        """Return the same store; see ``Store``."""
        return self

    def _begin(self, name: str, now: int) -> _Sandbox:
        with self._lock:
            if len(self._sandboxes) >= self._bounds.sandboxes or now - self._expired > _EXPIRE_EVERY:
                self._expire(now)
            if len(self._sandboxes) >= self._bounds.sandboxes:
                raise no_room(self._bounds)
            return self._sandboxes.setdefault(name, _Sandbox(now))

    def _expire(self, now: int) -> None:
        self._expired = now
        oldest = now - self._bounds.idle_seconds * SECOND
        for name in [name for name, world in self._sandboxes.items() if world.used < oldest]:
            self._sandboxes.pop(name, None)


def _describe(name: str, world: _Sandbox) -> SandboxInfo:
    with world.lock:
        rows = {table: len(content) for table, content in (*world.tables.items(), *world.logs.items())}
        return SandboxInfo(name, world.born, world.used, rows)
