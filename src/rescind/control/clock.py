"""The time of a sandbox: real, shifted or frozen. The only place that asks the system for the time."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from rescind.control.payloads import moment_at
from rescind.documents import moments
from rescind.errors import Problem
from rescind.model import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.store import Transaction

_TABLE, _KEY = "clock", "clock"
_REAL = {"mode": "real", "offset": 0}


class Clock:
    """Tells each sandbox its time. ``system`` gives nanoseconds since the epoch."""

    def __init__(self, system: Callable[[], int] = time.time_ns) -> None:
        self.system = system

    def now(self, transaction: Transaction) -> int:
        """Return the sandbox's time, in nanoseconds since the epoch."""
        setting = transaction.read(_TABLE, _KEY)
        if setting is None:
            return self.system()
        offset: int = setting["offset"]
        return offset if setting["mode"] == "frozen" else self.system() + offset

    def describe(self, transaction: Transaction) -> dict[str, Any]:
        """Return the clock as the control API shows it."""
        mode = transaction.read(_TABLE, _KEY, _REAL)["mode"]
        return {"mode": mode, "now": moments.format(self.now(transaction))}

    def set(self, transaction: Transaction, mode: str, now: str | None) -> dict[str, Any]:
        """Freeze the clock or let it run, from ``now`` if given: frozen where it is, real from the system's time.

        Raises Problem for a moment that cannot be written.
        """
        before = self.now(transaction)
        wanted = moment_at("now", now, before) if now else None
        if mode == "frozen":
            return self._keep(transaction, mode, before if wanted is None else wanted)
        return self._keep(transaction, mode, 0 if wanted is None else wanted - self.system())

    def advance(self, transaction: Transaction, seconds: float) -> dict[str, Any]:
        """Move the clock forward. Raises Problem if it would pass the last moment that can be written."""
        setting = transaction.read(_TABLE, _KEY, _REAL)
        return self._keep(transaction, setting["mode"], setting["offset"] + round(seconds * SECOND))

    def _keep(self, transaction: Transaction, mode: str, offset: int) -> dict[str, Any]:
        now = offset if mode == "frozen" else self.system() + offset
        if not moments.FIRST <= now <= moments.LAST:
            limits = f"{moments.format(moments.FIRST)} and {moments.format(moments.LAST)}"
            raise Problem(HTTPStatus.BAD_REQUEST, "the time is out of range", f"expected a time between {limits}")
        transaction.write(_TABLE, _KEY, {"mode": mode, "offset": offset})
        return self.describe(transaction)
