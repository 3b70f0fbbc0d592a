"""What the calls about orders have in common: who may make them, and which orders the API may not touch.

Sources: "Authentication" (https://developers.alephee.com/v2/introduction/using-the-api/authentication), and the
business rules of "Delete an order".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rescind.rules import Call

if TYPE_CHECKING:
    from rescind.model import Record

DELETED = "70"


class AccountCall(Call):
    """A call about an account."""

    def shown_status(self, order: Record) -> dict[str, Any]:
        """Return the status and the status type of an order; a deleted one is in no group of statuses."""
        status = self.world.get("statuses", status_of(order)) or {"name": "", "type": None}
        kind = status["type"]
        named = self.world.get("status_types", kind) if kind is not None else None
        return {
            "Status": {"Key": int(status_of(order)), "Value": status["name"]},
            "StatusType": {"Key": int(kind), "Value": named["name"]} if kind is not None and named else None,
        }


class OrderCall(AccountCall):
    """A call about one order."""

    def order_of_account(self, identifier: int) -> Record | None:
        """Return the order with this identifier, if this account has it."""
        order = self.world.get("orders", str(identifier))
        return order if order and order["account"] == self.parameters["accountId"] else None


def status_of(order: Record) -> str:
    """Return the number of an order's status: a deleted order stays on record."""
    return DELETED if order["deleted"] is not None else str(order["status"])


def account_not_associated(call: AccountCall) -> bool:
    """If the account is not one of the key's, "an authentication error will occur"."""
    return call.parameters["accountId"] not in call.credential["accounts"]


def forbidden(call: AccountCall) -> bool:
    """The key may not change anything (the reason is assumed)."""
    return bool(call.credential["read_only"])


def native_marketplace_order(call: OrderCall) -> bool:
    """Orders of native-connected marketplaces and channels cannot be deleted or cancelled."""
    identifier = call.order["marketplace"]
    marketplace = call.world.get("marketplaces", identifier) if identifier is not None else None
    return marketplace is not None and bool(marketplace["native"])


def not_created_by_api(call: OrderCall) -> bool:
    """Only orders created through the POST order endpoint can be deleted or cancelled."""
    return not call.order["created_through_api"]
