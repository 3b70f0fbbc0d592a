"""Alephee's rules, line by line of vendors.md."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rescind.model import SECOND
from support import Met, World, both_doors, header, outcome

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


LIST = "/v2/orders?API_KEY=demo-key&accountId=1001"


def listed(world: World, query: str = "") -> list[dict[str, Any]]:
    page = json.loads(world.call("GET", LIST + query).body)
    assert page["Total"] == page["Paging"]["Total"]
    results: list[dict[str, Any]] = page["Results"]
    return results


def update(world: World, body: Any) -> Met:
    return world.call("PUT", LIST, json.dumps(body).encode(), content_type="application/json")


def test_deleted_order_reads_as_status_70_and_is_in_no_group(world: World) -> None:
    world.call("DELETE", DELETE + "72001")
    order = listed(world)[0]
    assert (order["Id"], order["Status"], order["StatusType"]) == (72001, {"Key": 70, "Value": "Deleted"}, None)
    assert [one["Id"] for kind in (0, 1, 2, 99) for one in listed(world, f"&statusType={kind}")] == [
        72002,
        72004,
        72005,
    ]


def test_lost_reply_can_be_found_out_by_reading(world: World) -> None:
    override = {"vendor": "alephee", "fault": "reply_lost"}
    created = world.call("POST", "/_rescind/overrides", json.dumps(override).encode(), content_type="application/json")
    if created.status == 409:
        pytest.skip("a call in the same process has no socket to break")
    world.call("DELETE", DELETE + "72001")
    assert listed(world)[0]["Status"]["Key"] == 70


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [72001, 72002, 72004, 72005]), ("&limit=2&offset=1", [72002, 72004]), ("&offset=9", []), ("&statusType=2", [72005]),
        ("&idFrom=72002&idTo=72004", [72002, 72004]), ("&externalOrderIdFrom=5002&externalOrderIdTo=5005", [72002, 72005]),
        ("&externalOrderIdFrom=5006", [72004]), ("&marketplaceId=11", [72004]), ("&INTEGRATED=true", []), ("&erpStatus=x", []),
        ("&dateCreatedFrom=2026-11-17%2000:00", [72004, 72005]), ("&sort=dateCreated&includePendingPayments=TRUE", [72001, 72002, 72004, 72005]),
    ],
)  # fmt: skip
def test_list_is_filtered_and_paged(world: World, query: str, expected: list[int]) -> None:
    assert [order["Id"] for order in listed(world, query)] == expected


def test_list_is_limited_by_a_rate_of_its_own(world: World) -> None:
    target = "/v2/orders?API_KEY=four-a-minute-key&accountId=1001"
    assert [world.outcome("GET", target) for _ in range(5)] == ["orders"] * 4 + ["rate_limited"]
    assert world.outcome("DELETE", target + "&orderId=404") == "order_not_found"


def test_update_cancels_and_tracks_and_says_so_when_read(world: World) -> None:
    reply = update(world, {"OrderId": 72001, "Status": 90})
    assert json.loads(reply.body)["Results"][0]["Status"] == 200
    tracked = {"OrderId": 72002, "Status": 80, "Tracking": {"Number": "updated", "Status": "not_modified"}}
    assert outcome(update(world, tracked)) == "updated"
    first, second, *_ = listed(world)
    assert (first["IsCancelled"], first["Items"][0]["IsCancelled"], first["Status"]["Key"]) == (True, True, 90)
    assert second["Shipping"] == {"TrackingNumber": "updated", "TrackingStatus": "not_modified"}
    assert world.outcome("DELETE", DELETE + "72001") == "deleted"
    assert outcome(update(world, {"OrderId": 72001, "Status": 90})) == "order_not_found"


def test_update_of_several_orders_answers_for_each(world: World) -> None:
    body = [{"OrderId": number, "Status": 90} for number in (72001, 72004, 72005, 99999, 500)]
    reply = update(world, body)
    results = json.loads(reply.body)["Results"]
    assert (reply.status, [one["Status"] for one in results]) == (200, [200, 412, 412, 404, 500])
    assert [one["OrderStatus"]["OrderId"] for one in results] == [72001, 72004, 72005, 99999, 500]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], "invalid_order_status"), ({}, "invalid_order_status"), ({"OrderId": 72001, "Status": 70}, "invalid_order_status"),
        ({"OrderId": "72001", "Status": 90}, "invalid_order_status"), ({"OrderId": 99999, "Status": 90}, "order_not_found"),
        ({"OrderId": 72003, "Status": 90}, "order_not_found"), ({"OrderId": 72004, "Status": 90}, "native_marketplace_order"),
        ({"OrderId": 72004, "Status": 20}, "updated"), ({"OrderId": 72005, "Status": 90}, "not_created_by_api"),
        ({"OrderId": 72001, "Status": 10}, "not_modified"), ({"OrderId": 416, "Status": 90}, "range_not_satisfiable"),
    ],
)  # fmt: skip
def test_update_is_refused_by_the_first_rule_that_applies(world: World, body: Any, expected: str) -> None:
    assert outcome(update(world, body)) == expected


def test_units_that_never_left_the_stock_do_not_come_back(world: World) -> None:
    assert world.outcome("DELETE", DELETE + "72002&revertStock=true") == "deleted"
    assert stock(world, "LAMP-DESK") == 0


def test_identifier_of_an_order_is_a_number(world: World) -> None:
    reply = world.call(
        "PUT", "/_rescind/state/alephee/orders/mine", b'{"account": 1001}', content_type="application/json"
    )
    assert reply.status == 400
    assert "whole numbers" in reply.body.decode()


@pytest.mark.parametrize("path", ["/v2/accounts", "/v2/accounts/1001/marketplaces"])
def test_accounts_are_not_simulated(world: World, path: str) -> None:
    assert world.call("GET", path).status == 501


def test_number_with_a_fraction_of_zero_is_an_integer(world: World) -> None:
    assert outcome(update(world, {"OrderId": 72001.0, "Status": 90.0})) == "updated"
    assert listed(world)[0]["Status"]["Key"] == 90
    assert outcome(update(world, {"OrderId": 72001, "Status": 90})) == "not_modified"


@pytest.mark.parametrize("magic", ["forbidden", "rate_limited", "invalid_order_status"])
def test_magic_order_in_a_list_of_updates_has_its_text(world: World, magic: str) -> None:
    record = json.dumps({"account": 1001, "magic": magic}).encode()
    world.call("PUT", "/_rescind/state/alephee/orders/900", record, content_type="application/json")
    (result,) = json.loads(update(world, [{"OrderId": 900, "Status": 90}]).body)["Results"]
    assert (result["Status"] >= 400, len(result["Message"]) > 5) == (True, True)
