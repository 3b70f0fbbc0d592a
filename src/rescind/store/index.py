"""Which sandboxes a Redis has, in the order in which they were listed, and room for more."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rescind.store.codec import table_and_key
from rescind.store.protocol import SandboxInfo, no_room
from rescind.store.replicas import LOGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rescind.model import Bounds


class Index:
    """Two sorted sets of names by the time when they were listed: sandboxes with state, and those with traces only.

    A sandbox is listed when it begins, when it gets state, and now and then while it is used.
    """

    def __init__(self, client: Any, prefix: str, bounds: Bounds) -> None:
        self._client = client
        self._prefix = prefix
        self._bounds = bounds
        self._keys = {False: f"{prefix}:traces", True: f"{prefix}:sandboxes"}
        self._life_ns = bounds.idle_seconds * 10**9

    def key(self, sandbox: str, part: str) -> str:
        """Return a key; the braces keep the keys of one sandbox on one node of a cluster."""
        return f"{self._prefix}:{{~{sandbox}}}:{part}"

    def sandboxes(self) -> list[SandboxInfo]:
        """Return the sandboxes that exist, and take off the list those that have expired."""
        names = self._names()
        pipeline = self._client.pipeline(transaction=False)
        for name in names:
            pipeline.hmget(self.key(name, "meta"), "born", "used")
            pipeline.hkeys(self.key(name, "state"))
        found = pipeline.execute()
        infos = [
            self._describe(name, times, fields)
            for name, times, fields in zip(names, found[::2], found[1::2], strict=True)
            if times[0] is not None
        ]
        gone = set(names) - {info.name for info in infos}
        self.remove(gone)
        for name in gone:  # one may have begun in between
            if self._client.exists(self.key(name, "meta")):
                self.put(name, 0, has_value=True)
        return infos

    def put(self, sandbox: str, now: int, *, has_value: bool) -> None:
        """List a sandbox."""
        key = self._keys[has_value]
        self._client.zadd(key, {sandbox: now})
        self._client.zrem(self._keys[not has_value], sandbox)
        self._client.pexpire(key, 2 * self._life_ns // 10**6)

    def remove(self, sandboxes: Iterable[str]) -> None:
        """Take sandboxes off the list."""
        names = list(sandboxes)
        for key in self._keys.values() if names else ():
            self._client.zrem(key, *names)

    def make_room(self, sandbox: str, now: int) -> None:
        """Forget the sandboxes that were listed longest ago, until there is room for this one, which is listed.

        Those with state go only if they have expired. Raises StoreError if there is no room.
        """
        if self._count() <= self._bounds.sandboxes:
            return
        for key in self._keys.values():
            self._client.zremrangebyscore(key, "-inf", now - self._life_ns * 5 // 4)
        while self._count() > self._bounds.sandboxes:
            found = self._client.zpopmin(self._keys[False])
            name = found[0][0].decode() if found else sandbox
            if name == sandbox:
                self.remove([sandbox])
                raise no_room(self._bounds)
            self.forget(name)

    def forget(self, sandbox: str) -> None:
        """Delete a sandbox; whoever works on it sees that it is gone."""
        fields = (table_and_key(field) for field in self._client.hkeys(self.key(sandbox, "state")))
        logs = (f"log:{key}" for table, key in fields if table == LOGS)
        self._client.delete(*(self.key(sandbox, part) for part in ("meta", "state", "changes", *logs)))

    def heal(self, sandbox: str) -> None:
        """Delete what nobody can read, whatever it is."""
        pattern = self.key(sandbox, "*").replace("[", "\\[")
        self._client.delete(self.key(sandbox, "meta"), *self._client.scan_iter(pattern))

    def _names(self) -> list[str]:
        names = {name.decode() for key in self._keys.values() for name in self._client.zrange(key, 0, -1)}
        return sorted(names)

    def _describe(self, sandbox: str, times: Sequence[bytes], fields: Sequence[bytes]) -> SandboxInfo:
        keys = [table_and_key(field) for field in fields]
        rows = dict(Counter(table for table, _ in keys if table != LOGS))
        rows |= {log: self._client.llen(self.key(sandbox, f"log:{log}")) for table, log in keys if table == LOGS}
        return SandboxInfo(sandbox, int(times[0]), int(times[1]), rows)

    def _count(self) -> int:
        return sum(int(self._client.zcard(key)) for key in self._keys.values())
