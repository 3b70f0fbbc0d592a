"""Updating the status of orders; 90 cancels.

Sources: "Update orders status", request
(https://developers.alephee.com/v2/orders/put-methods/update-orders-status/request) and types
(https://developers.alephee.com/v2/orders/put-methods/update-orders-status/response). How the request carries several
orders, and how those of them are answered that are refused, is assumed.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from rescind.rules import Answer, Code, magic_order
from rescind.vendors.alephee import orders
from rescind.vendors.alephee.orders import OrderCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.model import Record

CANCELLED = 90


class Update(OrderCall):
    """A call of updateOrders: about one order, or about a list of them."""

    @property
    def changes(self) -> list[Record]:
        """What is to change, order by order."""
        return self.body if isinstance(self.body, list) else [self.body]

    @property
    def number(self) -> int:
        """The identifier of the order; 72001.0 is an integer in JSON too."""
        return int(self.body["OrderId"])

    @property
    def status(self) -> int:
        """The status that the order is to have."""
        return int(self.body["Status"])

    def about(self, change: Record) -> Update:
        """Return the call as if it were about this one order."""
        return Update(self.operation, self.received, self.world, self.credential, self.parameters, change)

    def find_order(self) -> Record | None:
        """The order, if this account has it and it was not deleted; a list is about no single order."""
        if isinstance(self.body, list):
            return None
        order = self.order_of_account(self.number)
        return order if order and order["deleted"] is None else None

    @property
    def cancels(self) -> bool:
        """Whether the order is to be cancelled."""
        return self.status == CANCELLED


def order_not_found(call: Update) -> Answer | None:
    """No such order in this account, or a deleted one (assumed)."""
    return None if call.order else Answer("order_not_found", {"number": call.number})


def native_marketplace_order(call: Update) -> bool:
    """An order from an external marketplace cannot be cancelled."""
    return call.cancels and orders.native_marketplace_order(call)


def not_created_by_api(call: Update) -> bool:
    """Only orders created by the POST orders API can be cancelled."""
    return call.cancels and orders.not_created_by_api(call)


def not_modified(call: Update) -> bool:
    """The order has this status already (assumed)."""
    return bool(call.order["status"] == str(call.status) and "Tracking" not in call.body)


OF_AN_ORDER = (order_not_found, native_marketplace_order, not_created_by_api, not_modified)


def of_one(rule: Callable[[Update], Any]) -> Callable[[Update], Any]:
    """Return the rule for a call about one order; in a list, each order has its own answer in the reply."""

    @wraps(rule)
    def refuse(call: Update) -> Any:
        return None if isinstance(call.body, list) else rule(call)

    return refuse


def update(call: Update) -> Answer:
    """Each order has its new status, and its tracking."""
    results = [_apply(call.about(change)) for change in call.changes]
    return Answer("updated", {"total": len(results), "results": results})


def _apply(call: Update) -> dict[str, Any]:
    magic = magic_order(call)
    refusal = magic.outcome if magic else next((rule.__name__ for rule in OF_AN_ORDER if rule(call)), None)
    if refusal is None:
        tracking = call.body.get("Tracking", {})
        call.world.change(
            "orders",
            call.order,
            status=str(call.status),
            tracking_number=tracking.get("Number", call.order["tracking_number"]),
            tracking_status=tracking.get("Status", call.order["tracking_status"]),
            updated=call.world.timestamp,
        )
    outcome = refusal or "updated"
    status = call.operation.examples[outcome].outcome.status
    return {"OrderStatus": call.body, "Status": status, "Message": Code(outcome)}
