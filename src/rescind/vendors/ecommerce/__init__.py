"""Ecommerce, a shop on Django REST framework: delete an order of one's own, read it, change its address.

Sources: "Cancel order" (https://www.mintlify.com/klvxn/ecommerce-api/api/orders/cancel-order), "Get order", whose
example says how totals add up (https://klvxn-ecommerce-api-38.mintlify.app/api/orders/get-order), and "Update order"
(https://klvxn-ecommerce-api-38.mintlify.app/api/orders/update-order). What the framework does by itself is in the
document's conventions.
"""

from __future__ import annotations

from rescind.rules import Rules, magic_order
from rescind.vendors.ecommerce.addresses import Update, invalid_address, not_awaiting_payment, update
from rescind.vendors.ecommerce.orders import (
    OrderCall,
    Reading,
    delete,
    describe,
    not_owner,
    order_not_found,
    read,
    user_inactive,
    user_not_found,
    wrong_token_type,
)
from rescind.vendors.ecommerce.shape import SHAPE

__all__ = ["CALLERS", "RULES", "SHAPE"]

CALLERS = (wrong_token_type, user_not_found, user_inactive)
RULES = {
    "updateOrder": Rules(
        call=Update,
        refusals=(order_not_found, not_owner, magic_order, not_awaiting_payment, invalid_address),
        effect=update,
        answers=("updated",),
    ),
    "describeOrder": Rules(refusals=(), effect=describe, answers=("metadata",)),
    "deleteOrder": Rules(
        call=OrderCall,
        refusals=(order_not_found, not_owner, magic_order),
        effect=delete,
        answers=("deleted",),
    ),
    "getOrder": Rules(
        call=Reading,
        refusals=(order_not_found, not_owner, magic_order),
        effect=read,
        answers=("order",),
    ),
}
