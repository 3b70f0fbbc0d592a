"""Many threads, one order: exactly one of them deletes it."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import World

pytestmark = pytest.mark.usefixtures("restless_threads")


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


def test_resets_amid_deletions_leave_a_consistent_world(world: World) -> None:
    """Whatever the threads do, each deletion that was acknowledged after the last reset is in the world, and no other."""

    def work(number: int) -> str:
        if number % 10 == 0:
            world.call("POST", "/_rescind/reset")
            return "reset"
        return world.outcome("DELETE", "/api/v3/orders/ORD-10001", Authorization="Bearer exs-token")

    with ThreadPoolExecutor(32) as pool:
        met = Counter(pool.map(work, range(1000)))
    assert met["reset"] == 100
    assert 1 <= met["deleted"] <= 101
    entries = json.loads(world.call("GET", "/_rescind/journal?limit=10000").body)["entries"]
    deletions = sum(entry["outcome"] == "exsited.deleteOrder.deleted" for entry in entries)
    is_there = world.call("GET", "/_rescind/state/exsited/orders/ORD-10001").status == 200
    assert (deletions, is_there) in {(0, True), (1, False)}
