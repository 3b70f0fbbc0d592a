"""Control calls that prepare a world, made in the process: those that a fixture's ways may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rescind.control.payloads import AdvanceSchema, ClockSchema, checked
from rescind.errors import RescindError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rescind.control.clock import Clock
    from rescind.control.state import State
    from rescind.store import Transaction

    StateOf = Callable[[Transaction, str], State]


def perform(
    step: tuple[str, str, Mapping[str, Any]], transaction: Transaction, clock: Clock, state_of: StateOf
) -> None:
    """Make one control call: method, path below the control API, and body.

    Raises Problem as the call would, and RescindError for one that prepares nothing.
    """
    method, path, body = step
    match (method, *path.strip("/").split("/")):
        case ("PATCH", "state", vendor, "settings"):
            state_of(transaction, vendor).change_settings(body)
        case ("PUT", "state", vendor, collection, identifier):
            state_of(transaction, vendor).put(collection, identifier, body)
        case ("PATCH", "state", vendor, collection, identifier):
            state_of(transaction, vendor).patch(collection, identifier, body)
        case ("DELETE", "state", vendor, collection, identifier):
            state_of(transaction, vendor).delete(collection, identifier)
        case ("PUT", "clock"):
            clock.set(transaction, **checked(ClockSchema(), body))
        case ("POST", "clock", "advance"):
            clock.advance(transaction, **checked(AdvanceSchema(), body))
        case _:
            raise RescindError(f"{method} {path} does not prepare a world; use state or clock")
