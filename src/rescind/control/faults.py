"""Failures below HTTP. How they look on the wire is the server's matter; here is what they mean for the world."""

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

_UNLESS_SAID = {"hang": False, "reply_lost": True}


def takes_effect(fault: str, effect: bool | None) -> bool:  # noqa: FBT001 - the override's own field
    """Whether the call takes effect although the fault strikes."""
    certain = FAULTS[fault]
    if certain is not None:
        return certain
    return _UNLESS_SAID[fault] if effect is None else effect
