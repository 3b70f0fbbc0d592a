"""Listing one's own orders, in pages.

Sources: "List orders" (https://klvxn-ecommerce-api-38.mintlify.app/api/orders/list-orders), and for the pages
rest_framework/pagination.py of Django REST framework 3.15.1.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from rescind.rules import Answer
from rescind.vendors.ecommerce.orders import OrderView, describe_order

if TYPE_CHECKING:
    from rescind.model import Record

LIMIT = 10
STATUSES = ("paid", "awaiting_payment", "delivered", "cancelled")


class Listing(OrderView):
    """A call of listOrders."""

    @cached_property
    def orders(self) -> list[Record]:
        """The customer's orders, the newest first; no magic orders."""
        mine = (one for one in self.world.records("orders") if one["customer"] == self.credential["customer"])
        found = [one for one in mine if not one["magic"] and self.status in ("", one["status"])]
        return sorted(found, key=lambda order: str(order["created"]), reverse=True)

    @cached_property
    def status(self) -> str:
        """The status that is asked for; empty for any."""
        return self._last("status")

    @cached_property
    def limit(self) -> int:
        """How many orders a page has."""
        return _positive(self._last("limit"), LIMIT, smallest=1)

    @cached_property
    def offset(self) -> int:
        """How many orders come before the page."""
        return _positive(self._last("offset"), 0, smallest=0)

    def page_at(self, offset: int) -> str:
        """Return the address of another page; the first one needs no offset."""
        request = self.received.request
        query = parse_qs(request.query, keep_blank_values=True)
        query.pop("offset", None)
        query |= {"limit": [str(self.limit)]} | ({"offset": [str(offset)]} if offset > 0 else {})
        return f"{request.base_url}{request.path}?{urlencode(sorted(query.items()), doseq=True)}"

    def _last(self, name: str) -> str:
        """Return a parameter; of a repeated one the last, as Django reads it."""
        return self.received.query.get(name, [""])[-1]


def invalid_status(call: Listing) -> Answer | None:
    """The status is none that an order can have."""
    return None if call.status in ("", *STATUSES) else Answer("invalid_status", {"choice": call.status})


def list_orders(call: Listing) -> Answer:
    """The orders of a page, and where the pages beside it are."""
    count, start, following = len(call.orders), call.offset, call.offset + call.limit
    page = {
        "count": count,
        "next": call.page_at(following) if following < count else None,
        "previous": call.page_at(start - call.limit) if start > 0 else None,
        "results": [describe_order(call, order) for order in call.orders[start:following]],
    }
    return Answer("orders", {"page": page})


def _positive(text: str, default: int, smallest: int) -> int:
    """Return the number, or the default for a text that is none: the framework does not refuse it."""
    with suppress(ValueError):
        if int(text) >= smallest:
            return int(text)
    return default
