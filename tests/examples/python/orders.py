"""A client of an order-deletion API, as an integration team would write one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 5


class Refused(Exception):
    """The vendor does not delete the order, and says why."""


class OrderNotFound(Refused):
    """The account has no such order."""


class Orders:
    """The orders of one account."""

    def __init__(
        self, base_url: str, api_key: str, account: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = httpx.Client(base_url=base_url, params={"API_KEY": api_key, "accountId": account})
        self._sleep = sleep

    def delete(self, order: str) -> None:
        """Delete an order. To delete it twice is no error: a lost reply must not look like one."""
        for _ in range(TRIES):
            try:
                reply = self._client.delete("/v2/orders", params={"orderId": order, "revertStock": "true"})
            except httpx.TransportError:
                continue  # the order may be gone or not; the next try tells
            if reply.status_code == httpx.codes.TOO_MANY_REQUESTS:
                self._sleep(float(reply.headers.get("x-ratelimit-retryafter", 1)))
                continue
            if reply.status_code in {httpx.codes.NO_CONTENT, httpx.codes.NOT_MODIFIED}:
                return
            error = OrderNotFound if reply.status_code == httpx.codes.NOT_FOUND else Refused
            raise error(f"{reply.status_code}: {reply.text}")
        raise Refused(f"order {order} could not be deleted in {TRIES} tries")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
