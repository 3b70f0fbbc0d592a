"""Alephee: delete an order for the indicated account, list orders, update their status.

Sources: the pages on orders at https://developers.alephee.com/v2, which each module names. The key, the rate and the
types of the parameters are checked by the contract.
"""

from __future__ import annotations

from rescind.rules import Rules, magic_order
from rescind.vendors.alephee.deletion import Deletion, already_deleted, delete, missing_order_id, order_not_found
from rescind.vendors.alephee.listing import Listing, list_orders
from rescind.vendors.alephee.orders import (
    account_not_associated,
    forbidden,
    native_marketplace_order,
    not_created_by_api,
)
from rescind.vendors.alephee.shape import SHAPE
from rescind.vendors.alephee.updates import OF_AN_ORDER, Update, of_one, update

__all__ = ["RULES", "SHAPE"]

RULES = {
    "deleteOrder": Rules(
        call=Deletion,
        refusals=(
            account_not_associated,
            forbidden,
            missing_order_id,
            order_not_found,
            magic_order,
            already_deleted,
            native_marketplace_order,
            not_created_by_api,
        ),
        effect=delete,
        answers=("deleted",),
    ),
    "listOrders": Rules(
        call=Listing,
        refusals=(account_not_associated,),
        effect=list_orders,
        answers=("orders",),
    ),
    "updateOrders": Rules(
        call=Update,
        refusals=(account_not_associated, forbidden, magic_order, *map(of_one, OF_AN_ORDER)),
        effect=update,
        answers=("updated",),
    ),
}
