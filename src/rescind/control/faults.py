"""Failures below HTTP: which there are, and what they mean for the world. ``server`` makes them on the wire."""

from __future__ import annotations

from types import MappingProxyType

# Whether the call takes effect before its reply is spoiled. ``None`` leaves it to the override.
FAULTS = MappingProxyType(
    {
        "connection_reset": False,
        "empty_reply": False,
        "garbage": False,
        "truncated_body": True,
        "malformed_chunk": True,
        "slow_body": True,
        "hang": None,
        "reply_lost": None,
    }
)

TIMED = tuple(name for name, effect in FAULTS.items() if effect is None)
"""The faults that can strike before or after the effect."""

_DEFAULT_EFFECT = {"hang": False, "reply_lost": True}


def takes_effect(fault: str, effect: bool | None) -> bool:  # noqa: FBT001 - the override's own field
    """Return whether the call takes effect although the fault occurs."""
    certain = FAULTS[fault]
    if certain is not None:
        return certain
    return _DEFAULT_EFFECT[fault] if effect is None else effect


def needs_socket(fault: str) -> bool:
    """Return whether the fault breaks the connection; a slow body is only slow."""
    return fault != "slow_body"
