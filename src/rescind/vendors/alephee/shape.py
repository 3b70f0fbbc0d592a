"""The world of two shops: API keys, accounts, products and their stock, marketplaces, orders and their statuses."""

from __future__ import annotations

from marshmallow import fields, validate

from rescind.rules import Magic, Moment, RecordSchema, Reference, Shape, Truth

_RATE = validate.Range(min=1, max=1_000_000_000)


class Settings(RecordSchema):
    """The rate that a key has unless it has one of its own; the vendor does not publish its figure."""

    requests_per_minute = fields.Integer(strict=True, load_default=120, validate=_RATE)


class ApiKey(RecordSchema):
    """An API key: the accounts that it is associated with, and what it may."""

    accounts = fields.List(fields.Integer(strict=True), required=True)
    read_only = Truth(load_default=False)
    requests_per_minute = fields.Integer(strict=True, validate=_RATE)


class Account(RecordSchema):
    """A seller's account."""

    is_numbered = True
    name = fields.String(required=True)
    business_name = fields.String(load_default="")
    own_code = fields.String(load_default="")


class Product(RecordSchema):
    """A product, whose identifier is its SKU, and its available stock. ``number`` is Alephee's own identifier."""

    name = fields.String(required=True)
    number = fields.Integer(strict=True, load_default=0)
    available = fields.Integer(strict=True, required=True, validate=validate.Range(0, 1_000_000_000))


class Marketplace(RecordSchema):
    """Where orders come from. Orders of a ``native`` one cannot be deleted or cancelled by the API."""

    is_numbered = True
    name = fields.String(required=True)
    channel = fields.String(load_default="")
    native = Truth(load_default=False)


class StatusType(RecordSchema):
    """A group of statuses, by its number."""

    is_numbered = True
    name = fields.String(required=True)


class Status(RecordSchema):
    """A status of an order, by its number. One without a ``type`` is in no group."""

    is_numbered = True
    name = fields.String(required=True)
    type = Reference("status_types", load_default=None, allow_none=True)


class Item(RecordSchema):
    """A line of an order. Its units come back to the stock only if they left it: ``stock_moved``."""

    product = Reference("products", required=True)
    quantity = fields.Integer(strict=True, required=True, validate=validate.Range(1, 1_000_000_000))
    unit_price = fields.Float(load_default=0.0, validate=validate.Range(0, 1_000_000_000))
    stock_moved = Truth(load_default=True)


class Order(RecordSchema):
    """An order of an account. ``deleted`` is when it was deleted; after that its status is the vendor's 70."""

    is_numbered = True
    account = fields.Integer(strict=True, required=True)
    external_id = fields.String(load_default="")
    created_through_api = Truth(load_default=True)
    marketplace = Reference("marketplaces", load_default=None, allow_none=True)
    items = fields.List(fields.Nested(Item), load_default=list)
    status = Reference("statuses", load_default="10")
    tracking_number = fields.String(load_default="")
    tracking_status = fields.String(load_default="")
    integrated = Truth(load_default=False)
    erp_status = fields.String(load_default="")
    notes = fields.String(load_default="")
    created = Moment(load_default="now")
    sold = Moment(load_default=None, allow_none=True)
    updated = Moment(load_default=None, allow_none=True)
    deleted = Moment(load_default=None, allow_none=True)
    magic = Magic()


SHAPE = Shape(
    settings=Settings(),
    collections={
        "credentials": ApiKey(),
        "accounts": Account(),
        "products": Product(),
        "marketplaces": Marketplace(),
        "status_types": StatusType(),
        "statuses": Status(),
        "orders": Order(),
    },
)
