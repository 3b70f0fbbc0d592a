"""RxUniverse, an optical lab system: cancel an order, read it and its status, complete it, move it to a station.

Sources: "Cancel an Order"
(https://rxuniverse.atlassian.net/wiki/pages/viewpage.action?navigatingVersions=true&pageId=3070623751), "Fetch Order
Status" (https://rxuniverse.atlassian.net/wiki/pages/viewpage.action?pageId=3075244040), "Fetch a Single Order",
"Complete an Order" and "Create Job Track" of the same wiki.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rescind.rules import Answer, Call, Rules, magic_order
from rescind.vendors.rxuniverse.shape import SHAPE

if TYPE_CHECKING:
    from rescind.model import Record

__all__ = ["RULES", "SHAPE"]

UNVALID, COMPLETE, HOLD = "U", "C", "W"


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
    def reason(self) -> str:
        """The reason that was given: in the query, in a form or in a JSON body, as the vendor's framework reads it."""
        in_body = self.body.get("deleteReason", "") if isinstance(self.body, dict) else ""
        return str(self.parameters.get("deleteReason", in_body))

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
        calculation = self.world.get("calculations", CALCULATED[order["rtCalculated"], order["ltCalculated"]])
        return super().order_values() | {
            "calculationDesc": (calculation or {"description": ""})["description"],
            "currentStation": station,
            "currentStationCustomerDesc": _station(self, station)["customer_description"],
            "currentStationDateTime": _milliseconds(order["stationed"]),
            "currentStationDesc": _station(self, station)["description"],
            "status": order["status"],
            "statusDesc": status["description"],
            "onHold": order["status"] == HOLD,
            "unvalidMessage": order["unvalidMessage"],
            "rtCalculated": order["rtCalculated"],
            "ltCalculated": order["ltCalculated"],
        }


class FullCall(StatusCall):
    """A call of getOrder."""

    def order_values(self) -> dict[str, Any]:
        """The fields of its status, and those that only the order has."""
        return super().order_values() | {name: self.order[name] for name in FIELDS}


FIELDS = (
    "arCode", "arDesc", "balanceLens", "createdUser", "customerJobId", "customerNumber", "dateCompleted", "dateOrdered",
    "dateReceived", "dateTimeValid", "dateWanted", "frameA",
)  # fmt: skip
"""The fields of a single order beside those of its status, as far as their names are known."""

CALCULATED = {(True, True): "both", (True, False): "right", (False, True): "left", (False, False): "none"}
"""The calculations by whether the right and the left eye are calculated."""


def not_found(call: OrderCall) -> bool:
    """No order has this number, tray number or purchase order number."""
    return not call.order


def job_tracker_missing(call: OrderCall) -> bool:
    """The Job Tracker module is not installed."""
    return not call.world.settings["job_tracker_installed"]


def already_cancelled(call: OrderCall) -> bool:
    """The order is already marked for cancellation."""
    return call.order["flagged"] is not None


def already_completed(call: OrderCall) -> bool:
    """The order is complete (assumed: the vendor's v1 refuses it so)."""
    return bool(call.order["status"] == COMPLETE)


def delete_reasons_empty(call: OrderCall) -> bool:
    """A reason is required and none is configured."""
    return call.reason_required and not call.reasons


def delete_reason_missing(call: OrderCall) -> bool:
    """A reason is required and none was given."""
    return call.reason_required and not call.reason


def delete_reason_invalid(call: OrderCall) -> Answer | None:
    """A reason is required and the given one is not configured."""
    is_invalid = call.reason_required and call.reason not in call.reasons
    return Answer("delete_reason_invalid", {"reason": call.reason}) if is_invalid else None


def non_cancel_station(call: OrderCall) -> bool:
    """The order has been through a station that prevents it from being cancelled."""
    return any(_station(call, number)["prevents_cancel"] for number in call.order["stations"])


def cancel(call: OrderCall) -> Answer:
    """The order is flagged for deletion, not removed; the answer is its last known state."""
    call.world.change("orders", call.order, flagged=call.world.timestamp)
    ignored = call.reason and not call.reason_required
    return Answer("cancelled_reason_ignored" if ignored else "cancelled", {"order": call.order_values()})


def marked_for_cancellation(call: OrderCall) -> bool:
    """The order is marked for cancellation, which the vendor says with a 200."""
    return call.order["flagged"] is not None


def read_status(call: StatusCall) -> Answer:
    """The order's station and status."""
    return Answer("status", {"order": call.order_values()})


def read_order(call: FullCall) -> Answer:
    """The order with its station and status."""
    return Answer("order", {"order": call.order_values()})


def order_not_found(call: OrderCall) -> bool:
    """01: no order has this number."""
    return not call.order


def order_deleted(call: OrderCall) -> bool:
    """02: the order is marked for cancellation."""
    return call.order["flagged"] is not None


def order_unvalid(call: OrderCall) -> bool:
    """03: the order is unvalid."""
    return bool(call.order["status"] == UNVALID)


def order_already_completed(call: OrderCall) -> bool:
    """04: the order is complete."""
    return bool(call.order["status"] == COMPLETE)


def order_on_hold(call: OrderCall) -> bool:
    """05: the order is on hold."""
    return bool(call.order["status"] == HOLD)


def complete(call: OrderCall) -> Answer:
    """The order is complete; the vendor flags it, and its Job Tracker completes it a little later."""
    answer = Answer("completed", {"order": call.order_values()})
    call.world.change("orders", call.order, status=COMPLETE, dateCompleted=call.world.timestamp[:10])
    return answer


class CheckIn(OrderCall):
    """A call of checkIn."""

    def find_order(self) -> Record | None:
        """The order with this number."""
        return self.world.get("orders", self.body["order"])


def job_not_found(call: CheckIn) -> Answer | None:
    """No such order."""
    return None if call.order else Answer("job_not_found", {"input": call.body})


def invalid_station(call: CheckIn) -> Answer | None:
    """No such station."""
    known = call.world.get("stations", call.body["station"])
    return None if known else Answer("invalid_station", {"input": call.body})


def check_in(call: CheckIn) -> Answer:
    """The order is at the station, and has been there from now on."""
    stations = [*call.order["stations"], call.body["station"]]
    call.world.change("orders", call.order, stations=stations, stationed=call.world.timestamp)
    return Answer("checked_in", {"input": call.body})


def _milliseconds(moment: str | None) -> str | None:
    """Return a moment of the world with milliseconds, as the vendor writes it."""
    if moment is None:
        return None
    seconds, _, fraction = moment.removesuffix("Z").partition(".")
    return f"{seconds}.{fraction[:3]:0<3}Z"


def _station(call: OrderCall, number: str) -> Record:
    return call.world.get("stations", number) or {
        "description": "",
        "customer_description": "",
        "prevents_cancel": False,
    }


RULES = {
    "cancelOrder": Rules(
        call=OrderCall,
        refusals=(
            not_found,
            magic_order,
            job_tracker_missing,
            already_cancelled,
            already_completed,
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
    "getOrder": Rules(
        call=FullCall,
        refusals=(not_found, magic_order, marked_for_cancellation),
        effect=read_order,
        answers=("order",),
    ),
    "completeOrder": Rules(
        call=OrderCall,
        refusals=(
            order_not_found,
            magic_order,
            order_deleted,
            order_unvalid,
            order_already_completed,
            order_on_hold,
        ),
        effect=complete,
        answers=("completed",),
    ),
    "checkIn": Rules(
        call=CheckIn,
        refusals=(job_not_found, invalid_station),
        effect=check_in,
        answers=("checked_in",),
    ),
}
