"""Alephee: delete an order for the indicated account.

Sources: "Delete an order", request, response and business rules
(https://developers.alephee.com/v2/orders/delete-methods/delete-an-order/request), "Authentication" and "Rate limiting"
of the same site. The key, the rate and the types of the parameters are checked by the contract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from marshmallow import fields, validate

from rescind.rules import Answer, Call, Magic, Moment, RecordSchema, Reference, Rules, Shape, Truth, magic_order

if TYPE_CHECKING:
    from rescind.model import Record

_RATE = validate.Range(min=1, max=1_000_000_000)


class Settings(RecordSchema):
    """The rate that a key has unless it has one of its own; the vendor does not publish its figure."""

    requests_per_minute = fields.Integer(strict=True, load_default=120, validate=_RATE)


class ApiKey(RecordSchema):
    """An API key: the accounts that it is associated with, and what it may."""

    accounts = fields.List(fields.Integer(strict=True), required=True)
    read_only = Truth(load_default=False)
    requests_per_minute = fields.Integer(strict=True, validate=_RATE)


class Product(RecordSchema):
    """A product and its available stock."""

    name = fields.String(required=True)
    available = fields.Integer(strict=True, required=True, validate=validate.Range(0, 1_000_000_000))


class Item(RecordSchema):
    """A line of an order."""

    product = Reference("products", required=True)
    quantity = fields.Integer(strict=True, required=True, validate=validate.Range(1, 1_000_000_000))


class Order(RecordSchema):
    """An order of an account. ``native_marketplace`` names the natively connected channel that it came from."""

    account = fields.Integer(strict=True, required=True)
    created_through_api = Truth(load_default=True)
    native_marketplace = fields.String(load_default=None, allow_none=True)
    items = fields.List(fields.Nested(Item), load_default=list)
    deleted = Moment(load_default=None, allow_none=True)
    magic = Magic()


SHAPE = Shape(
    settings=Settings(),
    collections={"credentials": ApiKey(), "products": Product(), "orders": Order()},
)


class Deletion(Call):
    """A call of deleteOrder."""

    def find_order(self) -> Record | None:
        """The order, if this account has it."""
        order = self.world.get("orders", str(self.parameters["orderId"]))
        return order if order and order["account"] == self.parameters["accountId"] else None


def account_not_associated(call: Deletion) -> bool:
    """If the account is not one of the key's, "an authentication error will occur"."""
    return call.parameters["accountId"] not in call.credential["accounts"]


def forbidden(call: Deletion) -> bool:
    """The key may not delete (the reason is assumed)."""
    return bool(call.credential["read_only"])


def missing_order_id(call: Deletion) -> bool:
    """One order per call is supported."""
    return "orderId" not in call.parameters


def order_not_found(call: Deletion) -> bool:
    """No such order in this account."""
    return not call.order


def already_deleted(call: Deletion) -> bool:
    """The order was deleted before (the reason is assumed)."""
    return call.order["deleted"] is not None


def native_marketplace_order(call: Deletion) -> bool:
    """Orders of native-connected marketplaces and channels cannot be deleted."""
    return call.order["native_marketplace"] is not None


def not_created_by_api(call: Deletion) -> bool:
    """Only orders created through the POST order endpoint can be deleted."""
    return not call.order["created_through_api"]


def delete(call: Deletion) -> Answer:
    """The order is deleted; with revertStock its quantities return to the available stock of the products."""
    if call.parameters["revertStock"]:
        for item in call.order["items"]:
            product = call.world.get("products", item["product"])
            if product:
                call.world.change("products", product, available=product["available"] + item["quantity"])
    call.world.change("orders", call.order, deleted=call.world.timestamp)
    return Answer("deleted")


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
    )
}
