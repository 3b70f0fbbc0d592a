"""The control API: the world of this sandbox, its state and its clock."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from flask import Blueprint

from rescind.control.payloads import AdvanceSchema, ClockSchema, checked
from rescind.web.control_api.vendors import vendor_of
from rescind.web.current import address, engine, json_object, transact

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

    from rescind.control.state import State
    from rescind.store import Transaction

T = TypeVar("T")

views = Blueprint("world", __name__)
_RECORD = "/state/<vendor>/<collection>/<identifier:id>"


@views.post("/reset")
def reset() -> ResponseReturnValue:
    """Make the sandbox as new."""
    engine().store.reset(address().sandbox, engine().clock.system())
    return "", HTTPStatus.NO_CONTENT


@views.get("/state/<vendor>")
def get_state(vendor: str) -> ResponseReturnValue:
    """Give a vendor's whole state."""
    return _state(vendor, transact(lambda transaction: transaction.snapshot())).everything()


@views.get("/state/<vendor>/settings")
def get_settings(vendor: str) -> ResponseReturnValue:
    """Give a vendor's settings."""
    return _in_state(vendor, lambda state: dict(state.settings()))


@views.patch("/state/<vendor>/settings")
def change_settings(vendor: str) -> ResponseReturnValue:
    """Change some of a vendor's settings."""
    changes = json_object()
    return _in_state(vendor, lambda state: dict(state.change_settings(changes)))


@views.get(_RECORD)
def get_record(vendor: str, collection: str, id: str) -> ResponseReturnValue:  # noqa: A002 - the document's name
    """Give one record."""
    return _in_state(vendor, lambda state: dict(state.get(collection, id)))


@views.put(_RECORD)
def put_record(vendor: str, collection: str, id: str) -> ResponseReturnValue:  # noqa: A002
    """Add or replace a record."""
    fields = json_object()
    record, is_new = _in_state(vendor, lambda state: state.put(collection, id, fields))
    return dict(record), HTTPStatus.CREATED if is_new else HTTPStatus.OK


@views.patch(_RECORD)
def change_record(vendor: str, collection: str, id: str) -> ResponseReturnValue:  # noqa: A002
    """Change some fields of a record."""
    fields = json_object()
    return _in_state(vendor, lambda state: dict(state.patch(collection, id, fields)))


@views.delete(_RECORD)
def delete_record(vendor: str, collection: str, id: str) -> ResponseReturnValue:  # noqa: A002
    """Remove a record."""
    _in_state(vendor, lambda state: state.delete(collection, id))
    return "", HTTPStatus.NO_CONTENT


@views.get("/clock")
def get_clock() -> ResponseReturnValue:
    """Give the sandbox's clock."""
    return transact(engine().clock.describe)


@views.put("/clock")
def set_clock() -> ResponseReturnValue:
    """Freeze the clock, or let it run."""
    wanted, clock = checked(ClockSchema(), json_object()), engine().clock
    return transact(lambda transaction: clock.set(transaction, wanted["mode"], wanted["now"]))


@views.post("/clock/advance")
def advance_clock() -> ResponseReturnValue:
    """Move the clock forward."""
    seconds, clock = checked(AdvanceSchema(), json_object())["seconds"], engine().clock
    return transact(lambda transaction: clock.advance(transaction, seconds))


def _in_state(name: str, work: Callable[[State], T]) -> T:
    return transact(lambda transaction: work(_state(name, transaction)))


def _state(name: str, transaction: Transaction) -> State:
    return engine().state(transaction, vendor_of(name))
