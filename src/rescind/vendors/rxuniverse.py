"""RxUniverse, an optical lab system: cancel an order, and read its status.

Sources: the vendor's page on ``DELETE /api/v2/orders/{orderIdentifier}`` (seed 004 and the public page of the same
name) and its page on fetching an order's status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import fields, validate

from rescind.fixtures import Magic, Moment, RecordSchema, Reference, Shape
from rescind.model import Answer
from rescind.vendors.rules import Call, Rules, magic_order

if TYPE_CHECKING:
    from rescind.model import Record

STATUSES = {"U": "Unvalid", "V": "Valid", "P": "Process", "C": "Complete", "W": "Hold"}


class Settings(RecordSchema):
    """The lab's settings. ``delete_reasons`` is its delete reasons file: texts by code."""

    job_tracker_installed = fields.Boolean(load_default=True)
    enter_reason_code_when_deleting_order = fields.Boolean(load_default=False)
    delete_reasons = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class Station(RecordSchema):
    """A station of the lab; some prevent an order that has been through them from being cancelled."""

    description = fields.String(required=True)
    prevents_cancel = fields.Boolean(load_default=False)


class Order(RecordSchema):
    """A job. ``stations`` are those it has been through, the current one last; ``flagged`` is when it was cancelled."""

    trayNumber = fields.String(load_default="")  # noqa: N815 - the vendor's name
    poNumber = fields.String(load_default="")  # noqa: N815 - the vendor's name
    status = fields.String(load_default="P", validate=validate.OneOf(STATUSES))
    stations = fields.List(Reference("stations"), load_default=list)
    flagged = Moment(load_default=None, allow_none=True)
    magic = Magic()


SHAPE = Shape(
    settings=Settings(),
    collections={"stations": Station(), "orders": Order()},
    indexes=(("orders", "trayNumber"), ("orders", "poNumber")),
)


class OrderCall(Call):
    """A call about one order, by order number, tray number or purchase order number, tried in this order."""

    def find_order(self) -> Record | None:
        """The order. Tray numbers find active orders only; a purchase order number must be unique."""
        identifier = self.parameters["orderIdentifier"]
        by_tray = (order for order in self.world.find("orders", "trayNumber", identifier) if order["status"] != "C")
        by_purchase_order = self.world.find("orders", "poNumber", identifier)
        unique = by_purchase_order[0] if len(by_purchase_order) == 1 else None
        return self.world.get("orders", identifier) or next(by_tray, None) or unique

    @property
    def reason_required(self) -> bool:
        """The setting "Orders1:Enter reason code when deleting order"."""
        return bool(self.world.settings["enter_reason_code_when_deleting_order"])

    @property
    def reasons(self) -> Record:
        """The delete reasons file."""
        reasons: Record = self.world.settings["delete_reasons"]
        return reasons


def not_found(call: OrderCall) -> bool:
    """No order has this number, tray number or purchase order number."""
    return not call.order


def job_tracker_missing(call: OrderCall) -> bool:
    """The Job Tracker module is not installed."""
    return not call.world.settings["job_tracker_installed"]


def already_cancelled(call: OrderCall) -> bool:
    """The order is already marked for cancellation."""
    return call.order["flagged"] is not None


def delete_reasons_empty(call: OrderCall) -> bool:
    """A reason is required and none is configured."""
    return call.reason_required and not call.reasons


def delete_reason_missing(call: OrderCall) -> bool:
    """A reason is required and none was given."""
    return call.reason_required and not call.parameters.get("deleteReason")


def delete_reason_invalid(call: OrderCall) -> bool:
    """A reason is required and the given one is not configured."""
    return call.reason_required and call.parameters["deleteReason"] not in call.reasons


def non_cancel_station(call: OrderCall) -> bool:
    """The order has been through a station that prevents it from being cancelled."""
    return any(_station(call, number)["prevents_cancel"] for number in call.order["stations"])


def cancel(call: OrderCall) -> Answer:
    """The order is flagged for deletion, not removed; the answer is its last known state."""
    call.world.change("orders", call.order, flagged=call.world.timestamp)
    ignored = call.parameters.get("deleteReason") and not call.reason_required
    return Answer("cancelled_reason_ignored" if ignored else "cancelled", {"order": _numbers(call.order)})


def marked_for_cancellation(call: OrderCall) -> bool:
    """The order is marked for cancellation, which the vendor says with a 200."""
    return call.order["flagged"] is not None


def read_status(call: OrderCall) -> Answer:
    """The order's station and status."""
    station = call.order["stations"][-1] if call.order["stations"] else ""
    state = {
        "currentStation": station,
        "currentStationDesc": _station(call, station)["description"],
        "status": call.order["status"],
        "statusDesc": STATUSES[call.order["status"]],
        "onHold": call.order["status"] == "W",
    }
    return Answer("status", {"order": _numbers(call.order) | state})


def _numbers(order: Record) -> dict[str, Any]:
    return {"orderNumber": order["id"], "trayNumber": order["trayNumber"], "poNumber": order["poNumber"]}


def _station(call: OrderCall, number: str) -> Record:
    return call.world.get("stations", number) or {"description": "", "prevents_cancel": False}


RULES = {
    "cancelOrder": Rules(
        call=OrderCall,
        refusals=(
            not_found,
            magic_order,
            job_tracker_missing,
            already_cancelled,
            delete_reasons_empty,
            delete_reason_missing,
            delete_reason_invalid,
            non_cancel_station,
        ),
        effect=cancel,
        answers=("cancelled", "cancelled_reason_ignored"),
    ),
    "getOrderStatus": Rules(
        call=OrderCall,
        refusals=(not_found, magic_order, marked_for_cancellation),
        effect=read_status,
        answers=("status",),
    ),
}
