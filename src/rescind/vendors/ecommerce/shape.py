"""The shop's world: customers, their tokens and carts, a small catalogue, orders and their items."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from rescind.rules import Magic, Moment, RecordSchema, Reference, Shape, Truth

ITEMS = "order_items"


class Money(fields.String):
    """An amount as a decimal string with two places."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            validate=validate.Regexp(r"^\d{1,9}\.\d{2}\Z", error='Write an amount as text, such as "19.90".'), **kwargs
        )


class Settings(RecordSchema):
    """The key that the shop signs its tokens with."""

    signing_key = fields.String(load_default="a key of the sandbox, and no secret")


class Token(RecordSchema):
    """A token, access or refresh, and the customer who was given it; without ``expires`` it never does."""

    customer = fields.String(required=True)
    is_refresh = Truth(load_default=False)
    expires = Moment(load_default=None, allow_none=True)


class Customer(RecordSchema):
    """A customer; the identifier is the e-mail address. Nobody gets a token without a ``password``."""

    password = fields.String(load_default="")
    is_active = Truth(load_default=True)
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    billing_address = Reference("addresses", load_default=None, allow_none=True)


class Address(RecordSchema):
    """A postal address, which outlives the orders that it is used for."""

    street_address = fields.String(required=True)
    postal_code = fields.Integer(strict=True, required=True)
    city = fields.String(required=True)
    state = fields.String(load_default="")
    country = fields.String(required=True)


class Product(RecordSchema):
    """A product."""

    is_numbered = True
    name = fields.String(required=True)
    slug = fields.String(required=True)


class Variant(RecordSchema):
    """A variant of a product."""

    is_numbered = True
    product = Reference("products", required=True)
    name = fields.String(required=True)


class Offer(RecordSchema):
    """An offer that items can be bought under."""

    is_numbered = True
    name = fields.String(required=True)
    percent = fields.Integer(strict=True, required=True, validate=validate.Range(0, 100))


class Voucher(RecordSchema):
    """A voucher, free unless an order has used it."""

    used_by = Reference("orders", load_default=None, allow_none=True)


class Bought(RecordSchema):
    """A product in a quantity, with its price."""

    product = Reference("products", required=True)
    variant = Reference("variants", load_default=None, allow_none=True)
    offer = Reference("offers", load_default=None, allow_none=True)
    unit_price = Money(required=True)
    quantity = fields.Integer(strict=True, required=True, validate=validate.Range(1, 1_000_000))
    shipping = Money(load_default="0.00")
    discount_amount = Money(load_default="0.00")


class Item(Bought):
    """A line of an order."""

    is_numbered = True
    order = Reference("orders", required=True)


class Cart(RecordSchema):
    """A customer's cart; the identifier is the customer's e-mail address."""

    items = fields.List(fields.Nested(Bought), load_default=list)


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
        "carts": Cart(),
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
