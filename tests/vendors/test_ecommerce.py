"""The shop's rules, line by line of vendors.md."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support import World, both_doors, header, outcome

pytestmark = both_doors

ADA = {"Authorization": "Bearer ada-token"}
GRACE = {"Authorization": "Bearer grace-token"}
DOCUMENTED = "a3d5c8e7-9b4f-4a2e-8c7d-1f3e5a6b9c0d"
ORDER = f"/api/v1/i/orders/{DOCUMENTED}/"


def state(world: World) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(world.call("GET", "/_rescind/state/ecommerce").body)
    return parsed


def test_deletion_takes_the_items_and_frees_the_voucher_and_touches_nothing_else(world: World) -> None:
    before = state(world)
    assert world.outcome("DELETE", ORDER, **ADA) == "deleted"
    after = state(world)
    assert before["orders"].keys() - after["orders"].keys() == {DOCUMENTED}
    gone = {name for name, item in before["order_items"].items() if item["order"] == DOCUMENTED}
    assert len(gone) == 2
    assert before["order_items"].keys() - after["order_items"].keys() == gone
    assert before["vouchers"]["WELCOME10"]["used_by"] == DOCUMENTED
    assert after["vouchers"]["WELCOME10"]["used_by"] is None
    for untouched in ("addresses", "customers", "products", "variants", "offers"):
        assert after[untouched] == before[untouched]


def test_second_deletion_finds_nothing(world: World) -> None:
    world.call("DELETE", ORDER, **ADA)
    assert world.outcome("DELETE", ORDER, **ADA) == "order_not_found"
    assert world.outcome("GET", ORDER, **ADA) == "order_not_found"


@pytest.mark.parametrize(
    "identifier",
    [
        "a3d5c8e7-9b4f-4a2e-8c7d-1f3e5a6b9c0d",
        "b7e6d5c4-3a2b-4c1d-9e8f-0a1b2c3d4e5f",
        "d9a8f7e6-5c4d-4e3f-9a01-2c3d4e5f6071",
        "e0b9a8f7-6d5e-4f40-8b12-3d4e5f607182",
    ],
)
def test_any_status_can_be_deleted(world: World, identifier: str) -> None:
    assert world.outcome("DELETE", f"/api/v1/i/orders/{identifier}/", **ADA) == "deleted"


def test_foreign_order_and_no_order_look_the_same(world: World) -> None:
    foreign = world.call("DELETE", ORDER, **GRACE)
    nothing = world.call("DELETE", "/api/v1/i/orders/00000000-0000-4000-8000-000000000001/", **GRACE)
    assert (foreign.status, foreign.body) == (nothing.status, nothing.body) == (404, b'{"detail":"Not found."}')
    assert (outcome(foreign), outcome(nothing)) == ("not_owner", "order_not_found")
    assert world.outcome("GET", ORDER, **ADA) == "order"


@pytest.mark.parametrize("identifier", ["42", "x", "%00", "%FF", "..", DOCUMENTED + "0", "a" * 5000])
def test_identifier_that_is_no_uuid_is_not_found(world: World, identifier: str) -> None:
    assert world.outcome("DELETE", f"/api/v1/i/orders/{identifier}/", **ADA) == "order_not_found"


def test_uuid_is_read_in_any_case(world: World) -> None:
    assert world.outcome("DELETE", f"/api/v1/i/orders/{DOCUMENTED.upper()}/", **ADA) == "deleted"


def test_trailing_slash_is_part_of_the_path(world: World) -> None:
    reply = world.call("DELETE", ORDER.rstrip("/"), **ADA)
    assert reply.status == 404
    assert "/api/v1/i/orders/{id}/" in json.loads(reply.body)["nearest"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_missing_and_unknown_tokens_are_told_apart(world: World, method: str) -> None:
    missing = world.call(method, ORDER)
    unknown = world.call(method, ORDER, Authorization="Bearer nobody")
    assert json.loads(missing.body) == {"detail": "Authentication credentials were not provided."}
    assert json.loads(unknown.body) == {"detail": "Invalid token."}
    assert (missing.status, unknown.status) == (401, 401)
    assert header(missing, "WWW-Authenticate") == "Bearer"


def test_order_reads_with_items_and_totals(world: World) -> None:
    order = json.loads(world.call("GET", ORDER, **ADA).body)
    assert order["url"] == f"http://sandbox.localhost{ORDER}"
    assert order["customer"] == {"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron"}
    assert order["created"] == "2026-11-16T11:06:40Z"  # two days before the sandbox began
    assert [item["total_price"] for item in order["items"]] == ["94.30", "24.00"]
    totals = ("items_count", "subtotal", "amount_saved", "savings_on_items", "shipping", "total_amount")
    assert [order[name] for name in totals] == [3, "123.80", "10.00", "10.00", "4.50", "118.30"]


def test_order_without_an_address_reads_null(world: World) -> None:
    order = json.loads(world.call("GET", "/api/v1/i/orders/e0b9a8f7-6d5e-4f40-8b12-3d4e5f607182/", **ADA).body)
    assert order["billing_address"] is None
    assert order["items"] == []
