"""Changing the billing address of an order, and what is wrong with an address, field by field.

Source: "Update order" (https://klvxn-ecommerce-api-38.mintlify.app/api/orders/update-order), and for the fields
orders/serializers.py of https://github.com/Klvxn/Ecommerce-API.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from rescind.rules import MISSING, Answer, Code
from rescind.vendors.ecommerce.orders import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rescind.model import Record
    from rescind.rules.world import World


class Update(Reading):
    """A call of updateOrder."""

    @cached_property
    def errors(self) -> dict[str, list[str]]:
        """What is wrong with the address, field by field."""
        body = {} if self.body is MISSING else self.body
        if not isinstance(body, dict):
            return {"non_field_errors": [Code("object")]}
        if body.get("address") is None:
            return {"address": [Code("null" if "address" in body else "required")]}
        if not isinstance(body["address"], dict):
            return {"address": [Code("object")]}
        return address_errors(body["address"])


def not_awaiting_payment(call: Update) -> bool:
    """The order does not await its payment any more."""
    return bool(call.order["status"] != "awaiting_payment")


def invalid_address(call: Update) -> Answer | None:
    """The address is missing, or fields of it are missing or not valid."""
    return Answer("invalid_address", {"errors": call.errors}) if call.errors else None


def update(call: Update) -> Answer:
    """The order has the new address, which no other order has."""
    identifier = keep_address(call.world, call.order["id"], call.body["address"])
    call.world.change("orders", call.order, billing_address=identifier, updated=call.world.timestamp)
    call.__dict__.pop("order", None)
    return Answer("updated", {"order": call.order_values()})


def address_errors(address: Any) -> dict[str, list[str]]:
    """Return what is wrong with an address, field by field."""
    if not isinstance(address, dict):
        return {"non_field_errors": [Code("object")]}
    problems = {name: problem(address.get(name, MISSING)) for name, problem in ADDRESS.items()}
    return {name: [Code(problem)] for name, problem in problems.items() if problem}


def keep_address(world: World, order: str, address: Record) -> str:
    """Add the address to the world, for this order only; return its identifier."""
    identifier = f"{order}-{world.new_identifier('address')[:8]}"
    fields = {name: str(address[name]).strip() for name in ADDRESS}
    world.put("addresses", identifier, {**fields, "postal_code": int(address["postal_code"])})
    return identifier


def _text_problem(value: Any, longest: int) -> str | None:
    if value is MISSING or value is None:
        return "required" if value is MISSING else "null"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return "string"
    text = str(value).strip()
    return ("blank" if not text else None) or (f"longer than {longest}" if len(text) > longest else None)


def _country_problem(value: Any) -> str | None:
    is_short = not isinstance(value, str) or len(value.strip()) < SHORTEST_COUNTRY
    return _text_problem(value, 30) or ("abbreviated" if is_short else None)


def _number_problem(value: Any) -> str | None:
    if value is MISSING or value is None:
        return "required" if value is MISSING else "null"
    if isinstance(value, str) and len(value) > LONGEST_NUMBER:
        return "too large"
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return None if is_number or (isinstance(value, str) and value.strip().isdecimal()) else "integer"


SHORTEST_COUNTRY = 4
LONGEST_NUMBER = 1_000
"""Characters that the framework takes for a number: MAX_STRING_LENGTH of rest_framework/fields.py."""

ADDRESS: Mapping[str, Callable[[Any], str | None]] = {
    "street_address": partial(_text_problem, longest=30),
    "postal_code": _number_problem,
    "city": partial(_text_problem, longest=50),
    "state": partial(_text_problem, longest=50),
    "country": _country_problem,
}
"""What is wrong with a field of an address: orders/serializers.py of the vendor's repository."""
