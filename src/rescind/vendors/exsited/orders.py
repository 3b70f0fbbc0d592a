"""Deleting an order, and what a client needs around that: create, read, list and cancel.

Sources: "Order DELETE API Documentation"; for the others exsited/order/order.py and its DTOs of the vendor's Python
package (https://pypi.org/project/exsited/1.0.40/).
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from rescind.rules import Answer, Call

if TYPE_CHECKING:
    from rescind.model import Record

ACTIVE, CANCELLED = "ACTIVE", "CANCELLED"
LIMIT = 20
NO_PAGE = "NULL"


class OrderCall(Call):
    """A call about one order."""

    def find_order(self) -> Record | None:
        """The order with this identifier."""
        return self.world.get("orders", self.parameters["order_id"])

    def order_values(self) -> dict[str, Any]:
        """The order as the vendor shows it."""
        return describe(self, self.order)


class Creation(Call):
    """A call of createOrder."""

    @property
    def given(self) -> Record:
        """What the order is to be."""
        given: Record = self.body["order"]
        return given


class Listing(Call):
    """A call of listOrders."""

    @cached_property
    def orders(self) -> list[Record]:
        """Every order but the magic ones, sorted as is asked; an unknown field or direction is ignored."""
        orders = [order for order in self.world.records("orders") if not order["magic"]]
        field = _SORTED_BY.get(self.parameters.get("order_by", ""))
        if field:
            orders.sort(key=lambda order: str(order[field] or ""))
        return orders[::-1] if self.parameters.get("direction", "").lower() == "desc" else orders

    @property
    def limit(self) -> int:
        """How many orders a page has."""
        return int(self.parameters.get("limit", LIMIT))

    @property
    def offset(self) -> int:
        """How many orders come before the page."""
        return int(self.parameters.get("offset", 0))

    def page_at(self, offset: int) -> str:
        """Return the address of another page."""
        request = self.received.request
        asked = {name: self.parameters[name] for name in ("order_by", "direction") if name in self.parameters}
        return f"{request.base_url}{request.path}?{urlencode({'limit': self.limit, 'offset': offset} | asked)}"


_SORTED_BY = {"id": "id", "name": "name", "status": "status", "created_on": "created", "last_updated_on": "updated"}


def order_not_found(call: OrderCall) -> bool:
    """No such order, or one that was deleted (assumed)."""
    return not call.order


def delete(call: OrderCall) -> Answer:
    """The order is removed permanently; nothing of it remains."""
    call.world.remove("orders", call.order)
    return Answer("deleted")


def read(call: OrderCall) -> Answer:
    """The order with its lines and totals."""
    return Answer("order", {"order": call.order_values()})


def cancel(call: OrderCall) -> Answer:
    """The order is cancelled, and stays on record; that it is so at once, whatever the date, is assumed."""
    changed = {"status": CANCELLED, "effective_date": call.body["order"]["effective_date"]}
    order = {**call.order, **changed, "version": call.order["version"] + 1, **_touched(call)}
    call.world.put("orders", order["id"], order)
    return Answer("cancelled", {"order": describe(call, order), "event": call.world.new_uuid("event")})


def unknown_account(call: Creation) -> bool:
    """No such account (that it is refused so is assumed)."""
    return call.world.get("accounts", call.given["account_id"]) is None


def unknown_item(call: Creation) -> Answer | None:
    """No such item (that it is refused so is assumed)."""
    items = (line["item_id"] for line in call.given["lines"])
    unknown = next((item for item in items if call.world.get("items", item) is None), None)
    return None if unknown is None else Answer("unknown_item", {"item": unknown})


def create(call: Creation) -> Answer:
    """The order is active, and can be read at once."""
    identifier = f"ORD-{call.world.new_identifier('order')[:8].upper()}"
    order = {
        "id": identifier,
        "account": call.given["account_id"],
        "name": call.given.get("name", identifier),
        "status": ACTIVE,
        "lines": [_line(call, line) for line in call.given["lines"]],
        "version": 1,
        "created": call.world.timestamp,
        "created_by": call.credential["client"],
        "updated": None,
        "updated_by": "",
        "effective_date": "",
        "magic": None,
    }
    call.world.put("orders", identifier, order)
    return Answer("created", {"order": describe(call, order)})


def list_orders(call: Listing) -> Answer:
    """The orders of a page, and where the others are."""
    start, limit = call.offset, call.limit
    following, before = start + limit, max(start - limit, 0)
    pagination = {
        "records": len(call.orders),
        "limit": limit,
        "offset": start,
        "previous_page": call.page_at(before) if start > 0 else NO_PAGE,
        "next_page": call.page_at(following) if following < len(call.orders) else NO_PAGE,
    }
    shown = [describe(call, order) for order in call.orders[start:following]]
    return Answer("orders", {"orders": shown, "pagination": pagination})


def describe(call: Call, order: Record) -> dict[str, Any]:
    """Return an order as the vendor shows it: values are text, empty where nothing is set."""
    account = call.world.get("accounts", order["account"] or "") or {"currency": "", "time_zone": ""}
    lines = [_shown_line(call, line) for line in order["lines"]]
    subtotal = sum((Decimal(line["subtotal"]) for line in lines), Decimal())
    started = order["created"][:10]
    return {
        "id": order["id"],
        "account_id": order["account"] or "",
        "status": order["status"],
        "version": str(order["version"]),
        "name": order["name"],
        "display_name": order["name"],
        "price_tax_inclusive": "false",
        "order_start_date": started,
        "billing_start_date": started,
        "next_billing_from_date": "" if order["status"] == CANCELLED else started,
        "created_by": order["created_by"],
        "created_on": _seconds(order["created"]),
        "last_updated_by": order["updated_by"],
        "last_updated_on": _seconds(order["updated"] or ""),
        "currency": {"uuid": "", "name": account["currency"], "link": ""},
        "time_zone": {"uuid": "", "name": account["time_zone"], "link": ""},
        "lines": lines,
        "subtotal": _money(subtotal),
        "tax": _money(Decimal()),
        "total": _money(subtotal),
        "effective_date": order["effective_date"],
    }


def _line(call: Creation, given: Record) -> dict[str, Any]:
    quantity = int(given.get("item_order_quantity", 1))
    return {"item": given["item_id"], "quantity": quantity, "uuid": call.world.new_uuid("line")}


def _shown_line(call: Call, line: Record) -> dict[str, Any]:
    item = call.world.get("items", line["item"]) or {"name": "", "type": "", "price": "0.00"}
    total = _money(Decimal(item["price"]) * line["quantity"])
    return {
        "item_id": line["item"],
        "item_name": item["name"],
        "item_type": item["type"],
        "item_order_quantity": str(line["quantity"]),
        "charge_item_uuid": line["uuid"],
        "subtotal": total,
        "total": total,
    }


def _touched(call: Call) -> dict[str, str]:
    return {"updated": call.world.timestamp, "updated_by": call.credential["client"]}


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _seconds(moment: str) -> str:
    """Return a moment without its fraction, as the vendor's samples have it."""
    return f"{moment[:19]}Z" if moment else ""
