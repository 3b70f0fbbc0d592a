"""Which sandboxes a Redis has, in the order in which they were listed, and room for more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rescind.store.protocol import no_room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rescind.model import Bounds


class Index:
    """Two sorted sets of names by the time when they were listed: sandboxes with state, and those with traces only.

    A sandbox is listed when it begins, when it gets state, and now and then while it is used.
    """

    def __init__(self, client: Any, prefix: str, bounds: Bounds) -> None:
        self._client = client
        self._bounds = bounds
        self._keys = {False: f"{prefix}:traces", True: f"{prefix}:sandboxes"}
        self._life_ns = bounds.idle_seconds * 10**9

    def names(self) -> list[str]:
        """Return the names of all sandboxes, some of which may be gone."""
        names = {name.decode() for key in self._keys.values() for name in self._client.zrange(key, 0, -1)}
        return sorted(names)

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

    def make_room(self, sandbox: str, now: int, forget: Callable[[str], None]) -> None:
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
            forget(name)

    def _count(self) -> int:
        return sum(int(self._client.zcard(key)) for key in self._keys.values())
