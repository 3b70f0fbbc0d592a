"""RxUniverse, an optical lab system: cancel an order, and read its status.

Sources: "Cancel an Order"
(https://rxuniverse.atlassian.net/wiki/pages/viewpage.action?navigatingVersions=true&pageId=3070623751) and "Fetch Order
Status" (https://rxuniverse.atlassian.net/wiki/pages/viewpage.action?pageId=3075244040).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import fields

from rescind.rules import Answer, Call, Magic, Moment, RecordSchema, Reference, Rules, Shape, Truth, magic_order

if TYPE_CHECKING:
    from rescind.model import Record

COMPLETE, HOLD = "C", "W"


class Settings(RecordSchema):
    """The lab's settings. ``delete_reasons`` is its delete reasons file: texts by code."""

    job_tracker_installed = Truth(load_default=True)
    enter_reason_code_when_deleting_order = Truth(load_default=False)
    delete_reasons = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)


class Station(RecordSchema):
    """A station of the lab; some prevent an order that has been through them from being cancelled."""

    description = fields.String(required=True)
    prevents_cancel = Truth(load_default=False)


class Status(RecordSchema):
    """A status that an order can have; the identifier is its letter."""

    description = fields.String(required=True)


class Order(RecordSchema):
    """A job. ``stations`` are those it has been through, the current one last; ``flagged`` is when it was cancelled."""

    trayNumber = fields.String(load_default="")  # noqa: N815 - the vendor's name
    poNumber = fields.String(load_default="")  # noqa: N815 - the vendor's name
    status = Reference("statuses", load_default="P")
    stations = fields.List(Reference("stations"), load_default=list)
    flagged = Moment(load_default=None, allow_none=True)
    magic = Magic()


SHAPE = Shape(
    settings=Settings(),
    collections={"statuses": Status(), "stations": Station(), "orders": Order()},
    indexes=(("orders", "trayNumber"), ("orders", "poNumber")),
)


class OrderCall(Call):
    """A call about one order, by order number, tray number or purchase order number, tried in this order."""

    def find_order(self) -> Record | None:
        """The order. Tray numbers find active orders only; a purchase order number must be unique."""
        identifier = self.parameters["orderIdentifier"]
        by_tray = (
            order for order in self.world.find("orders", "trayNumber", identifier) if order["status"] != COMPLETE
        )
        by_purchase_order = self.world.find("orders", "poNumber", identifier)
        unique = by_purchase_order[0] if len(by_purchase_order) == 1 else None
        return self.world.get("orders", identifier) or next(by_tray, None) or unique

    def order_values(self) -> dict[str, Any]:
        """Its numbers."""
        order = self.order
        return {"orderNumber": order["id"], "trayNumber": order["trayNumber"], "poNumber": order["poNumber"]}

    @property
    def reason_required(self) -> bool:
        """The setting "Orders1:Enter reason code when deleting order"."""
        return bool(self.world.settings["enter_reason_code_when_deleting_order"])

    @property
    def reasons(self) -> Record:
        """The delete reasons file."""
        reasons: Record = self.world.settings["delete_reasons"]
        return reasons


class StatusCall(OrderCall):
    """A call of getOrderStatus."""

    def order_values(self) -> dict[str, Any]:
        """Its numbers, its current station and its status."""
        order = self.order
        station = order["stations"][-1] if order["stations"] else ""
        status = self.world.get("statuses", order["status"]) or {"description": ""}
        return super().order_values() | {
            "currentStation": station,
            "currentStationDesc": _station(self, station)["description"],
            "status": order["status"],
            "statusDesc": status["description"],
            "onHold": order["status"] == HOLD,
        }


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
    return Answer("cancelled_reason_ignored" if ignored else "cancelled", {"order": call.order_values()})


def marked_for_cancellation(call: OrderCall) -> bool:
    """The order is marked for cancellation, which the vendor says with a 200."""
    return call.order["flagged"] is not None


def read_status(call: StatusCall) -> Answer:
    """The order's station and status."""
    return Answer("status", {"order": call.order_values()})


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
        call=StatusCall,
        refusals=(not_found, magic_order, marked_for_cancellation),
        effect=read_status,
        answers=("status",),
    ),
}
