"""Failures below HTTP, and unusual forms of a good reply: which there are, and what they mean for the world.

``server`` makes those on the wire, ``control.forms`` those of the reply itself.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rescind.errors import Problem

if TYPE_CHECKING:
    from http import HTTPStatus

# Whether the call takes effect before its reply is spoiled. ``None`` leaves it to the override.
FAULTS = MappingProxyType(
    {
        "connection_reset": False,
        "empty_reply": False,
        "garbage": False,
        "truncated_body": True,
        "malformed_chunk": True,
        "slow_body": True,
        "unknown_members": True,
        "other_headers": True,
        "chunked_body": True,
        "stale_connection": True,
        "hang": None,
        "reply_lost": None,
    }
)

TIMED = tuple(name for name, effect in FAULTS.items() if effect is None)
"""The faults that can strike before or after the effect."""

WHOLE = frozenset({"slow_body", "unknown_members", "other_headers", "chunked_body", "stale_connection"})
"""The faults after which the client has a whole reply."""

_WITHOUT_SOCKET = frozenset({"slow_body", "unknown_members", "other_headers"})
_DEFAULT_EFFECT = {"hang": False, "reply_lost": True}


def takes_effect(fault: str, effect: bool | None) -> bool:  # noqa: FBT001 - the override's own field
    """Return whether the call takes effect although the fault occurs."""
    certain = FAULTS[fault]
    if certain is not None:
        return certain
    return _DEFAULT_EFFECT[fault] if effect is None else effect


def socket_problem(status: HTTPStatus, rule: str, fault: str) -> Problem:
    """Refuse a fault on a host that gives no access to its connections."""
    remedy = "use rescind serve, gunicorn or flask run; see docs/deployment.md"
    return Problem(status, f"{rule}: the fault {fault!r} needs the socket, and this host gives no access to it", remedy)


def can_make(fault: str, *, has_socket: bool) -> bool:
    """Return whether a host lets Rescind make the fault."""
    return has_socket or fault in _WITHOUT_SOCKET
