"""Creating an order from the cart. Carts are records of the fixtures, by customer; their own calls are not simulated.

Sources: "Create order" (https://www.mintlify.com/klvxn/ecommerce-api/api/orders/create-order), and for the order of the
checks orders/views.py of https://github.com/Klvxn/Ecommerce-API.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rescind.rules import Answer
from rescind.vendors.ecommerce.addresses import address_errors, keep_address
from rescind.vendors.ecommerce.orders import OrderView
from rescind.vendors.ecommerce.shape import ITEMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.model import Record

CHECKOUT, SAVE = "checkout", "save_order"


class Creation(OrderView):
    """A call of createOrder."""

    @property
    def action(self) -> Any:
        """What is to become of the cart."""
        return self._fields.get("action")

    @property
    def address(self) -> Any:
        """The billing address that was given, if any."""
        return self._fields.get("billing_address")

    @cached_property
    def cart(self) -> Record:
        """The customer's cart."""
        return self.world.get("carts", self.credential["customer"]) or {"items": []}

    @cached_property
    def customer(self) -> Record:
        """Who calls."""
        return self.world.get("customers", self.credential["customer"]) or {"billing_address": None}

    @property
    def _fields(self) -> Mapping[str, Any]:
        return self.body if isinstance(self.body, dict) else {}


def invalid_action(call: Creation) -> bool:
    """The action is neither checkout nor save_order."""
    return call.action not in (CHECKOUT, SAVE)


def empty_cart(call: Creation) -> bool:
    """The cart is empty."""
    return not call.cart["items"]


def no_billing_address(call: Creation) -> bool:
    """No billing address was given, and the customer has none."""
    return not call.address and call.customer["billing_address"] is None


def invalid_address(call: Creation) -> Answer | None:
    """Fields of the address are missing or not valid."""
    errors = address_errors(call.address) if call.address else {}
    return Answer("invalid_address", {"errors": errors}) if errors else None


def create(call: Creation) -> Answer:
    """The order awaits its payment, and the cart is empty; checkout goes on to the payment."""
    world, order = call.world, call.world.new_uuid("order")
    address = keep_address(world, order, call.address) if call.address else call.customer["billing_address"]
    fields = {"status": "awaiting_payment", "created": world.timestamp, "updated": None, "magic": None}
    world.put("orders", order, {**fields, "customer": call.credential["customer"], "billing_address": address})
    first = max((int(item["id"]) for item in world.records(ITEMS)), default=0) + 1
    for number, item in enumerate(call.cart["items"], first):
        world.put(ITEMS, str(number), {**item, "order": order})
    world.change("carts", call.cart, items=[])
    if call.action == SAVE:
        return Answer("saved")
    prefix = urlsplit(call.received.request.base_url).path
    return Answer("checkout", {"order": order, "prefix": prefix})
