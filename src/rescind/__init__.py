"""Rescind: a sandbox that gives every documented answer of a vendor's order-deletion API, on demand.

For tests in Python: ``start`` a server, and take a ``Sandbox`` of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rescind.client import Sandbox, SandboxError, Server, VerificationError
    from rescind.local import start

__version__ = "0.1.0"
__all__ = ["Sandbox", "SandboxError", "Server", "VerificationError", "start"]


def __getattr__(name: str) -> object:
    """What is imported only by those who use it: the command line starts without."""
    if name == "start":
        from rescind.local import start  # noqa: PLC0415

        return start
    if name in __all__:
        from rescind import client  # noqa: PLC0415

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
