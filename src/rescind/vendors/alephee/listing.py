"""Listing the orders of an account.

Sources: "Get orders", request (https://developers.alephee.com/v2/orders/get-methods/get-orders/request) and types
(https://developers.alephee.com/v2/orders/get-methods/get-orders/response).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from rescind.rules import Answer
from rescind.vendors.alephee.orders import AccountCall, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rescind.model import Record

CANCELLED_TYPE, DELIVERED = 99, 80


class Listing(AccountCall):
    """A call of listOrders."""

    @cached_property
    def orders(self) -> list[Record]:
        """The orders of the account that meet every filter, the oldest first; no magic orders."""
        account = self.parameters["accountId"]
        mine = (one for one in self.world.records("orders") if one["account"] == account and not one["magic"])
        asked = [(meets, self.parameters[name]) for name, meets in FILTERS.items() if name in self.parameters]
        found = [order for order in mine if all(meets(self, order, value) for meets, value in asked)]
        return sorted(found, key=lambda order: (order["created"], int(order["id"])))

    def describe(self, order: Record) -> dict[str, Any]:
        """Return an order as the vendor shows it; what the sandbox does not keep is empty."""
        shown = self.shown_status(order)
        is_cancelled = bool(shown["StatusType"]) and shown["StatusType"]["Key"] == CANCELLED_TYPE
        return {
            "Id": int(order["id"]),
            "ExternalOrderId": order["external_id"],
            "PackId": "",
            "SourcePackId": "",
            "SellerAccount": self._seller(order["account"]),
            "Items": [
                self._item(order, number, item) | shown | {"IsCancelled": is_cancelled}
                for number, item in enumerate(order["items"], 1)
            ],
            "Payments": [],
            "Adjustments": [],
            "Shipping": {"TrackingNumber": order["tracking_number"], "TrackingStatus": order["tracking_status"]},
            "Buyer": None,
            "Billing": None,
            "ActiveClaims": [],
            "Documents": [],
            "Integrated": order["integrated"],
            "IntegratedOrderId": "",
            "ErpStatus": order["erp_status"],
            "Notes": order["notes"],
            **shown,
            "Marketplace": self._marketplace(order["marketplace"]),
            "DateCreated": order["created"],
            "LastUpdated": last_updated(order),
            "DateClosed": last_updated(order) if is_cancelled or shown["Status"]["Key"] == DELIVERED else None,
            "IsCancelled": is_cancelled,
            "Invoice": None,
        }

    def _seller(self, account: int) -> dict[str, Any]:
        known = self.world.get("accounts", str(account)) or {"name": "", "business_name": "", "own_code": ""}
        return {
            "Id": account,
            "OwnCode": known["own_code"],
            "Name": known["name"],
            "BusinessName": known["business_name"],
        }

    def _item(self, order: Record, number: int, item: Record) -> dict[str, Any]:
        product = self.world.get("products", item["product"]) or {"number": 0}
        return {
            "Id": int(order["id"]) * 100 + number,
            "Type": "Product",
            "Product": {"Id": product["number"], "Sku": item["product"]},
            "Quantity": item["quantity"],
            "UnitPrice": item["unit_price"],
        }

    def _marketplace(self, identifier: str | None) -> dict[str, Any] | None:
        known = self.world.get("marketplaces", identifier) if identifier is not None else None
        return {"Key": int(known["id"]), "Value": known["name"], "Channel": known["channel"]} if known else None


def list_orders(call: Listing) -> Answer:
    """The orders of the account that meet the criteria, a page of them."""
    limit, offset = call.parameters["limit"], call.parameters["offset"]
    total = len(call.orders)
    return Answer(
        "orders",
        {
            "paging": {"Limit": limit, "Offset": offset, "Total": total},
            "total": total,
            "orders": [call.describe(order) for order in call.orders[offset : offset + limit]],
        },
    )


def last_updated(order: Record) -> str:
    """Return when something last happened to an order."""
    return str(order["deleted"] or order["updated"] or order["created"])


def _has_status_type(call: Listing, order: Record, wanted: int) -> bool:
    status = call.world.get("statuses", status_of(order))
    return status is not None and status["type"] == str(wanted)


def _is_from(moment: str, wanted: str) -> bool:
    """Return whether a moment is at the minute that is wanted, or after it."""
    return moment[:16].replace("T", " ") >= wanted


def _in_order(external_id: str) -> tuple[int, str]:
    """Return a key that sorts numbers as numbers."""
    return len(external_id), external_id


FILTERS: Mapping[str, Callable[[Listing, Record, Any], bool]] = {
    "statusType": _has_status_type,
    "dateCreatedFrom": lambda _, order, wanted: _is_from(order["created"], wanted),
    "saleDateFrom": lambda _, order, wanted: _is_from(order["sold"] or order["created"], wanted),
    "statusDateFrom": lambda _, order, wanted: _is_from(last_updated(order), wanted),
    "idFrom": lambda _, order, wanted: int(order["id"]) >= wanted,
    "idTo": lambda _, order, wanted: int(order["id"]) <= wanted,
    "externalOrderIdFrom": lambda _, order, wanted: _in_order(order["external_id"]) >= _in_order(wanted),
    "externalOrderIdTo": lambda _, order, wanted: _in_order(order["external_id"]) <= _in_order(wanted),
    "Integrated": lambda _, order, wanted: order["integrated"] == wanted,
    "erpStatus": lambda _, order, wanted: order["erp_status"] == wanted,
    "marketplaceId": lambda _, order, wanted: order["marketplace"] == str(wanted),
}
"""What each parameter filters by; ``includePendingPayments`` and ``additionalInfo`` change nothing in the sandbox."""
