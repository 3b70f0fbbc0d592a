"""Rescind: a sandbox that gives every documented answer of a vendor's order-deletion API, on demand.

``create_app`` is the Flask app. For tests in Python: ``start`` a server, and take a ``Sandbox`` of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rescind.testing import Sandbox, SandboxError, Server, VerificationError, start
    from rescind.web.app import create_app

__version__ = "0.2.0"
__all__ = ["Sandbox", "SandboxError", "Server", "VerificationError", "create_app", "start"]


def __getattr__(name: str) -> object:
    """Import a name when it is first used: the command line starts without Flask, and tests without the server."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module("rescind.web.app" if name == "create_app" else "rescind.testing")
    return getattr(module, name)
