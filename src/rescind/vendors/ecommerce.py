"""Ecommerce, a shop on Django REST framework: delete an order of one's own, and read it.

Sources: "Cancel order" (https://www.mintlify.com/klvxn/ecommerce-api/api/orders/cancel-order) and "Get order"
(https://klvxn-ecommerce-api-38.mintlify.app/api/orders/get-order). How the totals of an order add up is assumed.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from marshmallow import ValidationError, fields, validate

from rescind.rules import Answer, Call, Magic, Moment, RecordSchema, Reference, Rules, Shape, magic_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rescind.model import Record

ITEMS = "order_items"


def _is_uuid(text: str) -> None:
    try:
        UUID(text)
    except ValueError:
        raise ValidationError("Not a valid UUID.") from None


class Money(fields.String):
    """An amount as a decimal string with two places."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            validate=validate.Regexp(r"^\d{1,9}\.\d{2}\Z", error='Write an amount as text, such as "19.90".'), **kwargs
        )


class Settings(RecordSchema):
    """The settings of the shop, which has no setting."""


class Token(RecordSchema):
    """A bearer token and the customer who holds it."""

    customer = Reference("customers", required=True)


class Customer(RecordSchema):
    """A customer; the identifier is the e-mail address."""

    first_name = fields.String(required=True)
    last_name = fields.String(required=True)


class Address(RecordSchema):
    """A postal address, which outlives the orders that it is used for."""

    street_address = fields.String(required=True)
    postal_code = fields.String(required=True)
    city = fields.String(required=True)
    state = fields.String(load_default="")
    country = fields.String(required=True)


class Product(RecordSchema):
    """A product; the identifier is its slug."""

    uuid = fields.String(required=True, validate=_is_uuid)
    name = fields.String(required=True)


class Variant(RecordSchema):
    """A variant of a product."""

    product = Reference("products", required=True)
    name = fields.String(required=True)


class Offer(RecordSchema):
    """An offer that items can be bought under."""

    name = fields.String(required=True)
    percent = fields.Integer(strict=True, required=True, validate=validate.Range(0, 100))


class Voucher(RecordSchema):
    """A voucher, free unless an order has used it."""

    used_by = Reference("orders", load_default=None, allow_none=True)


class Item(RecordSchema):
    """A line of an order."""

    order = Reference("orders", required=True)
    product = Reference("products", required=True)
    variant = Reference("variants", load_default=None, allow_none=True)
    offer = Reference("offers", load_default=None, allow_none=True)
    unit_price = Money(required=True)
    quantity = fields.Integer(strict=True, required=True, validate=validate.Range(1, 1_000_000))
    shipping = Money(load_default="0.00")
    discount_amount = Money(load_default="0.00")


class Order(RecordSchema):
    """An order of a customer."""

    customer = Reference("customers", required=True)
    billing_address = Reference("addresses", load_default=None, allow_none=True)
    status = fields.String(
        load_default="paid", validate=validate.OneOf(["paid", "awaiting_payment", "delivered", "cancelled"])
    )
    created = Moment(load_default="now")
    updated = Moment(load_default=None, allow_none=True)
    magic = Magic()


SHAPE = Shape(
    settings=Settings(),
    collections={
        "credentials": Token(),
        "customers": Customer(),
        "addresses": Address(),
        "products": Product(),
        "variants": Variant(),
        "offers": Offer(),
        "vouchers": Voucher(),
        ITEMS: Item(),
        "orders": Order(),
    },
    indexes=((ITEMS, "order"), ("vouchers", "used_by")),
)


class OrderCall(Call):
    """A call about one order."""

    def find_order(self) -> Record | None:
        """The order, whoever owns it; a uuid means the same in any case."""
        identifier = self.parameters["id"]
        return self.world.get("orders", str(UUID(identifier))) or self.world.get("orders", identifier)

    @cached_property
    def items(self) -> list[Record]:
        """The order's items."""
        return self.world.find(ITEMS, "order", self.order["id"])


class Reading(OrderCall):
    """A call of getOrder."""

    def order_values(self) -> dict[str, Any]:
        """The order with its items, its address and its totals; its URL is the contract's matter."""
        order = self.order
        lines = [_line(self, item) for item in self.items]
        subtotal = sum((Decimal(line["unit_price"]) * line["quantity"] for line in lines), Decimal())
        saved, shipping = _sum(lines, "discount_amount"), _sum(lines, "shipping")
        return {
            "id": order["id"],
            "customer": {"email": order["customer"]}
            | _fields(self, "customers", order["customer"], "first_name", "last_name"),
            "created": order["created"],
            "updated": order["updated"] or order["created"],
            "billing_address": _address(self, order["billing_address"]),
            "items": lines,
            "items_count": sum(line["quantity"] for line in lines),
            "savings_on_items": _money(saved),
            "status": order["status"],
            "subtotal": _money(subtotal),
            "amount_saved": _money(saved),
            "shipping": _money(shipping),
            "total_amount": _money(subtotal - saved + shipping),
        }


def order_not_found(call: OrderCall) -> bool:
    """No such order."""
    return not call.order


def not_owner(call: OrderCall) -> bool:
    """Another customer's order: the same answer, so that nothing leaks."""
    return bool(call.order["customer"] != call.credential["customer"])


def delete(call: OrderCall) -> Answer:
    """The order goes for good and its items with it; its voucher is free again. All else stays."""
    for item in call.items:
        call.world.remove(ITEMS, item)
    for voucher in call.world.find("vouchers", "used_by", call.order["id"]):
        call.world.change("vouchers", voucher, used_by=None)
    call.world.remove("orders", call.order)
    return Answer("deleted")


def read(call: Reading) -> Answer:
    """The order with its items, its address and its totals."""
    return Answer("order", {"order": call.order_values()})


def _line(call: OrderCall, item: Record) -> dict[str, Any]:
    total = (
        Decimal(item["unit_price"]) * item["quantity"] - Decimal(item["discount_amount"]) + Decimal(item["shipping"])
    )
    product = _fields(call, "products", item["product"], "uuid", "name")
    return {
        "id": item["id"],
        "product": {"id": product["uuid"], "name": product["name"], "slug": item["product"]},
        "variant": item["variant"],
        "unit_price": item["unit_price"],
        "quantity": item["quantity"],
        "shipping": item["shipping"],
        "discount_amount": item["discount_amount"],
        "total_price": _money(total),
        "offer": item["offer"],
        "created": call.order["created"],
        "updated": call.order["updated"] or call.order["created"],
    }


def _address(call: OrderCall, identifier: str | None) -> dict[str, Any] | None:
    if identifier is None:
        return None
    return _fields(call, "addresses", identifier, "street_address", "postal_code", "city", "state", "country")


def _fields(call: OrderCall, collection: str, identifier: str, *names: str) -> dict[str, Any]:
    record = call.world.get(collection, identifier) or {}
    return {name: record.get(name, "") for name in names}


def _sum(lines: Iterable[Record], name: str) -> Decimal:
    return sum((Decimal(line[name]) for line in lines), Decimal())


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


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
}
