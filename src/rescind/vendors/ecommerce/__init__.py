"""Ecommerce, a shop on Django REST framework: delete an order of one's own, read, list, create and change orders.

Sources: "Cancel order" (https://www.mintlify.com/klvxn/ecommerce-api/api/orders/cancel-order), "Get order", whose
example says how totals add up (https://klvxn-ecommerce-api-38.mintlify.app/api/orders/get-order), and those that each
module names. What the framework does by itself is in the document's conventions.
"""

from __future__ import annotations

from rescind.rules import Rules, magic_order
from rescind.vendors.ecommerce import creation
from rescind.vendors.ecommerce.addresses import Update, invalid_address, not_awaiting_payment, update
from rescind.vendors.ecommerce.creation import Creation, create, empty_cart, invalid_action, no_billing_address
from rescind.vendors.ecommerce.listing import Listing, invalid_status, list_orders
from rescind.vendors.ecommerce.orders import (
    OrderCall,
    OrderView,
    Reading,
    delete,
    describe,
    describe_list,
    not_owner,
    order_not_found,
    read,
    user_inactive,
    user_not_found,
    wrong_token_type,
)
from rescind.vendors.ecommerce.shape import SHAPE
from rescind.vendors.ecommerce.tokens import (
    Login,
    Refresh,
    invalid_fields,
    invalid_refresh_token,
    no_active_account,
    obtain,
    refresh,
    wrong_refresh_token_type,
)

__all__ = ["CALLERS", "RULES", "SHAPE"]

CALLERS = (wrong_token_type, user_not_found, user_inactive)
RULES = {
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
    "updateOrder": Rules(
        call=Update,
        refusals=(order_not_found, not_owner, magic_order, not_awaiting_payment, invalid_address),
        effect=update,
        answers=("updated",),
    ),
    "describeOrder": Rules(
        call=OrderCall,
        refusals=(),
        effect=describe,
        answers=("metadata", "metadata_without_actions"),
    ),
    "listOrders": Rules(
        call=Listing,
        refusals=(invalid_status,),
        effect=list_orders,
        answers=("orders",),
    ),
    "createOrder": Rules(
        call=Creation,
        refusals=(invalid_action, empty_cart, no_billing_address, creation.invalid_address),
        effect=create,
        answers=("saved", "checkout"),
    ),
    "describeOrders": Rules(
        call=OrderView,
        refusals=(),
        effect=describe_list,
        answers=("metadata",),
    ),
    "obtainToken": Rules(
        call=Login,
        refusals=(invalid_fields, no_active_account),
        effect=obtain,
        answers=("tokens",),
    ),
    "refreshToken": Rules(
        call=Refresh,
        refusals=(invalid_fields, invalid_refresh_token, wrong_refresh_token_type),
        effect=refresh,
        answers=("refreshed",),
    ),
    "describeTokens": Rules(refusals=(), effect=describe_list, answers=("metadata",)),
    "describeRefresh": Rules(refusals=(), effect=describe_list, answers=("metadata",)),
}
