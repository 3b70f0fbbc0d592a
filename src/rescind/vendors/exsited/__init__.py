"""Exsited, billing: delete an order for good, with an OAuth 2.0 token, and create, read, list and cancel orders.

Sources: "Order DELETE API Documentation", "Exsited API Authentication"
(https://developer.exsited.com/exsited-api-authentication), and the vendor's own clients
(https://pypi.org/project/exsited/). RFC 6750 says what becomes of a bad token, which the contract checks.
"""

from __future__ import annotations

from rescind.rules import Rules, magic_order
from rescind.vendors.exsited.orders import (
    Creation,
    Listing,
    OrderCall,
    cancel,
    create,
    delete,
    list_orders,
    order_not_found,
    read,
    unknown_account,
    unknown_item,
)
from rescind.vendors.exsited.shape import SHAPE
from rescind.vendors.exsited.tokens import (
    Grant,
    invalid_client_redirect,
    invalid_grant,
    invalid_request,
    issue,
    unsupported_grant_type,
)

__all__ = ["RULES", "SHAPE"]

RULES = {
    "deleteOrder": Rules(
        call=OrderCall,
        refusals=(order_not_found, magic_order),
        effect=delete,
        answers=("deleted",),
    ),
    "getOrder": Rules(
        call=OrderCall,
        refusals=(order_not_found, magic_order),
        effect=read,
        answers=("order",),
    ),
    "cancelOrder": Rules(
        call=OrderCall,
        refusals=(order_not_found, magic_order),
        effect=cancel,
        answers=("cancelled",),
    ),
    "createOrder": Rules(
        call=Creation,
        refusals=(unknown_account, unknown_item),
        effect=create,
        answers=("created",),
    ),
    "listOrders": Rules(
        call=Listing,
        refusals=(),
        effect=list_orders,
        answers=("orders",),
    ),
    "issueToken": Rules(
        call=Grant,
        refusals=(unsupported_grant_type, invalid_request, invalid_client_redirect, invalid_grant),
        effect=issue,
        answers=("issued", "refreshed"),
    ),
}
