"""The world of an account: API clients and their tokens, customers' accounts, items, orders and their lines."""

from __future__ import annotations

from marshmallow import fields, validate

from rescind.rules import Magic, Moment, RecordSchema, Reference, Shape, Truth

_AMOUNT = validate.Regexp(r"^\d{1,9}\.\d{2}\Z", error='Write an amount as text, such as "120.00".')
_DATE = validate.Regexp(r"^(\d{4}-\d{2}-\d{2})?\Z", error="Write a date such as 2026-11-20.")


class Settings(RecordSchema):
    """The settings of the account, which has no setting."""


class AccessToken(RecordSchema):
    """An access token; without ``expires`` it never does."""

    client = Reference("clients", required=True)
    expires = Moment(load_default=None, allow_none=True)


class Client(RecordSchema):
    """An API client and its secret."""

    secret = fields.String(required=True, validate=validate.Length(min=1))
    redirect_uri = fields.String(required=True)


class RefreshToken(RecordSchema):
    """A refresh token, spent by its first use unless it is ``reusable``."""

    client = Reference("clients", required=True)
    reusable = Truth(load_default=False)


class Account(RecordSchema):
    """A customer's account."""

    name = fields.String(required=True)
    currency = fields.String(load_default="AUD")
    time_zone = fields.String(load_default="UTC")


class Item(RecordSchema):
    """Something that is sold, and its price."""

    name = fields.String(required=True)
    type = fields.String(load_default="SALE")
    price = fields.String(required=True, validate=_AMOUNT)


class Line(RecordSchema):
    """A line of an order."""

    item = Reference("items", required=True)
    quantity = fields.Integer(strict=True, load_default=1, validate=validate.Range(1, 1_000_000))
    uuid = fields.String(load_default="")


class Order(RecordSchema):
    """An order of an account. ``effective_date`` is that of its cancellation, empty before."""

    account = Reference("accounts", load_default=None, allow_none=True)
    name = fields.String(load_default="")
    status = fields.String(load_default="ACTIVE")
    lines = fields.List(fields.Nested(Line), load_default=list)
    version = fields.Integer(strict=True, load_default=1, validate=validate.Range(1, 1_000_000_000))
    created = Moment(load_default="now")
    created_by = fields.String(load_default="")
    updated = Moment(load_default=None, allow_none=True)
    updated_by = fields.String(load_default="")
    effective_date = fields.String(load_default="", validate=_DATE)
    magic = Magic()


SHAPE = Shape(
    settings=Settings(),
    collections={
        "credentials": AccessToken(),
        "clients": Client(),
        "refresh_tokens": RefreshToken(),
        "accounts": Account(),
        "items": Item(),
        "orders": Order(),
    },
    indexes=(("credentials", "client"),),
)
