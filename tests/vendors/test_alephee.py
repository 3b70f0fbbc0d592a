"""Alephee's rules, line by line of vendors.md."""

from __future__ import annotations

import json

import pytest

from rescind.model import SECOND
from support import World, both_doors, header, outcome

pytestmark = both_doors

DELETE = "/v2/orders?API_KEY=demo-key&accountId=1001&orderId="
RATE = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-retryafter")


def stock(world: World, product: str) -> int:
    reply = world.call("GET", f"/_rescind/state/alephee/products/{product}")
    return int(json.loads(reply.body)["available"])


def test_deletion_with_revert_stock_returns_each_quantity(world: World) -> None:
    assert world.outcome("DELETE", DELETE + "72001&revertStock=true") == "deleted"
    assert stock(world, "MUG-BLUE") == 45
    assert stock(world, "TEE-BLACK-M") == 13


@pytest.mark.parametrize("suffix", ["", "&revertStock=false"])
def test_deletion_without_revert_stock_leaves_the_stock(world: World, suffix: str) -> None:
    assert world.outcome("DELETE", DELETE + "72001" + suffix) == "deleted"
    assert stock(world, "MUG-BLUE") == 40


def test_second_deletion_is_304_without_a_body_and_returns_no_stock_again(world: World) -> None:
    world.call("DELETE", DELETE + "72001&revertStock=true")
    again = world.call("DELETE", DELETE + "72001&revertStock=true")
    assert (again.status, again.body) == (304, b"")
    assert stock(world, "MUG-BLUE") == 45


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("accountId=x&orderId=1", "missing_api_key"),
        ("API_KEY=&accountId=1001", "missing_api_key"),
        ("API_KEY=nobody&accountId=x", "unknown_api_key"),
        ("API_KEY=demo-key&API_KEY=demo-key&accountId=1001&orderId=72001", "unknown_api_key"),
        ("API_KEY=demo-key&orderId=72001", "invalid_parameter"),
        ("API_KEY=demo-key&accountId=2001x", "invalid_parameter"),
        ("API_KEY=demo-key&accountId=2001&orderId=x", "invalid_parameter"),
        ("API_KEY=demo-key&accountId=1001&accountId=1001&orderId=72001", "invalid_parameter"),
        ("API_KEY=demo-key&accountId=1001&orderId=72001&revertStock=maybe", "invalid_parameter"),
        ("API_KEY=demo-key&accountId=1001&orderId=%FF", "invalid_parameter"),
        ("API_KEY=demo-key&accountId=1001&orderId=%00", "invalid_parameter"),
        ("API_KEY=demo-key&accountId=1001&orderId=" + "9" * 5000, "invalid_parameter"),
        ("API_KEY=demo-key&accountId=1001&orderId=", "invalid_parameter"),
        ("API_KEY=read-only-key&accountId=2001", "account_not_associated"),
        ("API_KEY=read-only-key&accountId=1001", "forbidden"),
        ("API_KEY=demo-key&accountId=1001", "missing_order_id"),
        ("API_KEY=demo-key&accountId=1002&orderId=72001", "order_not_found"),
        ("API_KEY=demo-key&accountId=1001&orderId=99999", "order_not_found"),
        ("API_KEY=demo-key&accountId=1001&orderId=72004", "native_marketplace_order"),
        ("API_KEY=demo-key&accountId=1001&orderId=72005", "not_created_by_api"),
        ("API_KEY=demo-key&accountId=1001&orderId=72001", "deleted"),
    ],
)
def test_first_refusal_in_the_documented_order_decides(world: World, query: str, expected: str) -> None:
    assert world.outcome("DELETE", f"/v2/orders?{query}") == expected


def test_invalid_parameter_names_the_parameter(world: World) -> None:
    reply = world.call("DELETE", DELETE + "72001&revertStock=perhaps")
    assert json.loads(reply.body) == {"Status": 400, "Message": "The value of revertStock is not valid."}


def test_native_order_that_was_deleted_before_is_already_deleted(world: World) -> None:
    patched = world.call(
        "PATCH", "/_rescind/state/alephee/orders/72004", b'{"deleted": "now"}', content_type="application/json"
    )
    assert patched.status == 200
    assert world.outcome("DELETE", DELETE + "72004") == "already_deleted"


def test_every_response_carries_the_four_rate_headers(world: World) -> None:
    for query in ("", "API_KEY=x", "API_KEY=demo-key", "API_KEY=demo-key&accountId=1001&orderId=72001"):
        reply = world.call("DELETE", f"/v2/orders?{query}")
        assert all(int(header(reply, name)) >= -1 for name in RATE), query


def test_rate_is_gcra_per_key_and_not_per_account(world: World) -> None:
    query = "/v2/orders?API_KEY=four-a-minute-key&orderId=404&accountId="
    told = []
    for account in (1001, 1002, 1001, 1002, 1001):
        reply = world.call("DELETE", f"{query}{account}")
        told.append(tuple(int(header(reply, name)) for name in RATE))
    assert told == [(4, 3, 15, -1), (4, 2, 30, -1), (4, 1, 45, -1), (4, 0, 60, -1), (4, 0, 60, 15)]
    assert outcome(reply) == "rate_limited"
    assert world.outcome("DELETE", DELETE + "404") == "order_not_found"  # another key


def test_refused_requests_are_not_processed_and_cost_nothing(world: World) -> None:
    query = "/v2/orders?API_KEY=four-a-minute-key&accountId=1001&orderId="
    for _ in range(4):
        world.call("DELETE", f"{query}404")
    for _ in range(10):
        assert world.outcome("DELETE", f"{query}72001") == "rate_limited"
    world.time += 15 * SECOND
    assert world.outcome("DELETE", f"{query}72001") == "deleted"
    assert world.outcome("DELETE", f"{query}72001") == "rate_limited"


def test_requests_without_a_usable_key_are_told_an_untouched_rate(world: World) -> None:
    for _ in range(3):
        reply = world.call("DELETE", "/v2/orders?API_KEY=nobodys")
        assert [header(reply, name) for name in RATE] == ["120", "120", "0", "-1"]


def test_forced_429_tells_of_a_spent_rate(world: World) -> None:
    reply = world.call("DELETE", DELETE + "72001", Prefer="code=429")
    assert [header(reply, name) for name in RATE] == ["120", "0", "60", "1"]


@pytest.mark.parametrize(
    "target",
    [
        "/v2/orders?api_key=demo-key&ACCOUNTID=1001&orderid=72001",
        "/V2/Orders/?API_KEY=demo-key&accountId=1001&orderId=72001&revertStock=TRUE",
        "/v2/orders/?aPi_KeY=demo-key&AccountId=1001&OrderId=72001&REVERTSTOCK=False",
    ],
)
def test_case_of_names_booleans_and_path_does_not_matter(world: World, target: str) -> None:
    assert world.outcome("DELETE", target) == "deleted"


def test_parameter_in_two_cases_is_given_twice(world: World) -> None:
    target = "/v2/orders?API_KEY=demo-key&accountId=1001&ACCOUNTID=1002&orderId=72001"
    assert world.outcome("DELETE", target) == "invalid_parameter"


@pytest.mark.parametrize("method", ["PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_other_methods_are_refused_as_the_framework_does(world: World, method: str) -> None:
    reply = world.call(method, "/v2/orders")
    assert reply.status == 405
    assert header(reply, "Allow") == "DELETE, GET, PUT"
    assert header(reply, "Content-Type") == "application/json; charset=utf-8"
    assert (header(reply, "x-ratelimit-limit"), header(reply, "x-ratelimit-remaining")) == ("120", "120")
    if method != "HEAD":
        assert json.loads(reply.body) == {"Message": f"The requested resource does not support http method '{method}'."}


def test_unknown_path_names_its_uri(world: World) -> None:
    reply = world.call("GET", "/v2/invoices?x=1")
    uri = "http://sandbox.localhost/v2/invoices"
    assert (reply.status, json.loads(reply.body)) == (
        404, {"Message": f"No HTTP resource was found that matches the request URI '{uri}'."},
    )  # fmt: skip


def test_creation_is_not_simulated_and_the_journal_says_so(world: World) -> None:
    reply = world.call("POST", "/v2/orders")
    assert (reply.status, header(reply, "Allow")) == (501, "DELETE, GET, PUT")
    assert "not simulated" in json.loads(reply.body)["detail"]
    (entry,) = json.loads(world.call("GET", "/_rescind/journal").body)["entries"]
    assert (entry["outcome"], entry["decided_by"]["stage"]) == (None, "not simulated")
