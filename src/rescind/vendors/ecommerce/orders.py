"""Who may call, and what becomes of an order that is read or deleted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rescind.rules import Answer, Call
from rescind.vendors.ecommerce.shape import ITEMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rescind.model import Record


class OrderView(Call):
    """A call of one of the vendor's two views of orders."""

    def items_of(self, order: Record) -> list[Record]:
        """Return the items of an order."""
        return self.world.find(ITEMS, "order", order["id"])


class OrderCall(OrderView):
    """A call about one order."""

    def find_order(self) -> Record | None:
        """The order, whoever owns it."""
        return self.world.get("orders", self.parameters["id"])


class Reading(OrderCall):
    """A call of getOrder."""

    def order_values(self) -> dict[str, Any]:
        """The order with its items, its address and its totals."""
        return describe_order(self, self.order)


def describe_order(call: OrderView, order: Record) -> dict[str, Any]:
    """Return an order as the vendor shows it, in the vendor's order of fields."""
    request, path = call.received.request, call.operation.path.removesuffix("{id}/")
    lines = [_line(call, order, item) for item in call.items_of(order)]
    subtotal = _sum(lines, "total_price")
    saved, shipping = _sum(lines, "discount_amount"), _sum(lines, "shipping")
    return {
        "id": order["id"],
        "url": f"{request.base_url}{path}{order['id']}/",
        "customer": {"email": order["customer"]}
        | _fields(call, "customers", order["customer"], "first_name", "last_name"),
        "created": _seconds(order["created"]),
        "updated": _seconds(order["updated"] or order["created"]),
        "billing_address": _address(call, order["billing_address"]),
        "items": lines,
        "items_count": sum(line["quantity"] for line in lines),
        "savings_on_items": _money(saved),
        "status": order["status"],
        "subtotal": _money(subtotal),
        "amount_saved": _money(saved),
        "shipping": _money(shipping),
        "total_amount": _money(subtotal - saved + shipping),
    }


def wrong_token_type(call: Call) -> bool:
    """The token is a refresh token."""
    return bool(call.credential["is_refresh"])


def user_not_found(call: Call) -> bool:
    """The customer who was given the token is gone."""
    return call.world.get("customers", call.credential["customer"]) is None


def user_inactive(call: Call) -> bool:
    """The customer who was given the token is inactive."""
    customer = call.world.get("customers", call.credential["customer"]) or {"is_active": False}
    return not customer["is_active"]


def order_not_found(call: OrderCall) -> bool:
    """No such order."""
    return not call.order


def not_owner(call: OrderCall) -> bool:
    """Another customer's order: the same answer, so that nothing leaks."""
    return bool(call.order["customer"] != call.credential["customer"])


def delete(call: OrderCall) -> Answer:
    """The order goes for good and its items with it; its voucher is free again. All else stays."""
    for item in call.items_of(call.order):
        call.world.remove(ITEMS, item)
    for voucher in call.world.find("vouchers", "used_by", call.order["id"]):
        call.world.change("vouchers", voucher, used_by=None)
    call.world.remove("orders", call.order)
    return Answer("deleted")


def read(call: Reading) -> Answer:
    """The order with its items, its address and its totals."""
    return Answer("order", {"order": call.order_values()})


def describe(call: OrderCall) -> Answer:
    """What the path takes and gives; what PUT takes is shown for an order of one's own only."""
    is_own = bool(call.order) and call.order["customer"] == call.credential["customer"]
    return Answer("metadata" if is_own else "metadata_without_actions")


def describe_list(call: OrderView) -> Answer:  # noqa: ARG001 - the form of an effect
    """What the path takes and gives."""
    return Answer("metadata")


def _line(call: OrderView, order: Record, item: Record) -> dict[str, Any]:
    product = {"id": int(item["product"])} | _fields(call, "products", item["product"], "name", "slug")
    return {
        "id": int(item["id"]),
        "product": product,
        "variant": _number(item["variant"]),
        "unit_price": item["unit_price"],
        "quantity": item["quantity"],
        "shipping": item["shipping"],
        "discount_amount": item["discount_amount"],
        "total_price": _money(Decimal(item["unit_price"]) * item["quantity"]),
        "offer": _number(item["offer"]),
        "created": _seconds(order["created"]),
        "updated": _seconds(order["updated"] or order["created"]),
    }


def _seconds(moment: str) -> str:
    """Return a moment without its fraction, as the page shows it."""
    return f"{moment[:19]}Z"


def _number(identifier: str | None) -> int | None:
    return None if identifier is None else int(identifier)


def _address(call: OrderView, identifier: str | None) -> dict[str, Any] | None:
    if identifier is None:
        return None
    return _fields(call, "addresses", identifier, "street_address", "postal_code", "city", "state", "country")


def _fields(call: OrderView, collection: str, identifier: str, *names: str) -> dict[str, Any]:
    record = call.world.get(collection, identifier) or {}
    return {name: record.get(name, "") for name in names}


def _sum(lines: Iterable[Record], name: str) -> Decimal:
    return sum((Decimal(line[name]) for line in lines), Decimal())


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
