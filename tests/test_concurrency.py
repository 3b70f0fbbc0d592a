"""Many threads, one order: exactly one of them deletes it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import World


@pytest.mark.parametrize(
    ("target", "authorization", "success", "gone"),
    [
        ("/v2/orders?API_KEY=load-test-key&accountId=1001&orderId=72001", "", "deleted", "already_deleted"),
        ("/api/v2/orders/72544", "", "cancelled", "already_cancelled"),
        ("/api/v3/orders/ORD-10001", "Bearer exs-token", "deleted", "order_not_found"),
        ("/api/v1/i/orders/a3d5c8e7-9b4f-4a2e-8c7d-1f3e5a6b9c0d/", "Bearer ada-token", "deleted", "order_not_found"),
    ],
    ids=["alephee", "rxuniverse", "exsited", "ecommerce"],
)
def test_one_of_64_deletions_succeeds(world: World, target: str, authorization: str, success: str, gone: str) -> None:
    with ThreadPoolExecutor(64) as pool:
        met = Counter(pool.map(lambda _: world.outcome("DELETE", target, Authorization=authorization), range(64)))
    assert met == {success: 1, gone: 63}
