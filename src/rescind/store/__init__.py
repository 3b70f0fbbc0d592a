"""Where the world lives: everything that changes, behind atomic verbs.

A store keeps only what differs from the seeds, which is why a new sandbox costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rescind.errors import SettingsError
from rescind.store.protocol import DEFAULT_SANDBOX, SHARED, Failed, Rerun, SandboxInfo, Step, Store, Transaction

if TYPE_CHECKING:
    from rescind.model import Bounds

__all__ = ["DEFAULT_SANDBOX", "SHARED", "Failed", "Rerun", "SandboxInfo", "Step", "Store", "Transaction", "open_store"]


def open_store(url: str, bounds: Bounds) -> Store:
    """Open the store at a URL.

    Raises SettingsError for a URL that names none, and StoreDownError if it does not answer.
    """
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme == "memory":
        from rescind.store.memory import MemoryStore  # noqa: PLC0415 - each store is for those who choose it

        return MemoryStore(bounds)
    if scheme in SHARED:
        from rescind.store.redis import RedisStore  # noqa: PLC0415 - it takes longer to import than all else

        return RedisStore(url, bounds)
    known = ", ".join(f"{one}://" for one in ("memory", *SHARED))
    raise SettingsError(f"unknown store {url!r}: expected a URL that begins with one of: {known}")
