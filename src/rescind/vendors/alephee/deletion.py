"""Deleting an order for the indicated account.

Sources: "Delete an order", request, response and business rules
(https://developers.alephee.com/v2/orders/delete-methods/delete-an-order/request).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rescind.rules import Answer
from rescind.vendors.alephee.orders import OrderCall

if TYPE_CHECKING:
    from rescind.model import Record


class Deletion(OrderCall):
    """A call of deleteOrder."""

    def find_order(self) -> Record | None:
        """The order, if this account has it."""
        return self.order_of_account(self.parameters["orderId"])


def missing_order_id(call: Deletion) -> bool:
    """One order per call is supported."""
    return "orderId" not in call.parameters


def order_not_found(call: Deletion) -> bool:
    """No such order in this account."""
    return not call.order


def already_deleted(call: Deletion) -> bool:
    """The order was deleted before (the reason is assumed)."""
    return call.order["deleted"] is not None


def delete(call: Deletion) -> Answer:
    """The order is deleted; with revertStock the quantities that left the stock return to it."""
    if call.parameters["revertStock"]:
        for item in [item for item in call.order["items"] if item["stock_moved"]]:
            product = call.world.get("products", item["product"])
            if product:
                call.world.change("products", product, available=product["available"] + item["quantity"])
    call.world.change("orders", call.order, deleted=call.world.timestamp)
    return Answer("deleted")
