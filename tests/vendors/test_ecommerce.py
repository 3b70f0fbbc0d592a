"""The shop's rules, line by line of vendors.md."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rescind.model import SECOND
from support import World, both_doors, header, outcome

pytestmark = both_doors

ADA = {"Authorization": "Bearer ada-token"}
GRACE = {"Authorization": "Bearer grace-token"}
NOT_FOUND = b'{"detail":"No Order matches the given query."}'
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
    assert (foreign.status, foreign.body) == (nothing.status, nothing.body) == (404, NOT_FOUND)
    assert (outcome(foreign), outcome(nothing)) == ("not_owner", "order_not_found")
    assert world.outcome("GET", ORDER, **ADA) == "order"


@pytest.mark.parametrize(
    "identifier", ["42", "x", "%00", "%FF", "..", DOCUMENTED + "0", DOCUMENTED.upper(), "a" * 5000]
)
def test_identifier_that_is_no_uuid_is_not_found(world: World, identifier: str) -> None:
    reply = world.call("DELETE", f"/api/v1/i/orders/{identifier}/")
    assert (reply.status, outcome(reply)) == (404, "invalid_path_id")
    assert header(reply, "Content-Type") == "text/html; charset=utf-8"


def test_missing_slash_redirects_within_the_sandbox(world: World) -> None:
    for prefix in ("", "/~shop"):
        reply = world.call("DELETE", prefix + ORDER.rstrip("/") + "?a=%20b", **ADA)
        assert (reply.status, reply.body, outcome(reply)) == (301, b"", "missing_trailing_slash")
        assert header(reply, "Location") == f"{prefix}{ORDER}?a=%20b"
    assert world.outcome("GET", ORDER, **ADA) == "order"


def test_unknown_methods_and_paths_are_the_shops_own_and_in_the_journal(world: World) -> None:
    world.call("PATCH", ORDER, **ADA)
    world.call("PATCH", ORDER)
    world.call("GET", "/api/v1/i/customers/")
    world.call("GET", "/elsewhere")
    entries = json.loads(world.call("GET", "/_rescind/journal").body)["entries"]
    assert [(entry["status"], entry["vendor"], entry["outcome"]) for entry in entries] == [
        (405, "ecommerce", "ecommerce.otherMethods.method_not_allowed"),
        (401, "ecommerce", "ecommerce.otherMethods.not_authenticated"),
        (404, "ecommerce", "ecommerce.otherPaths.path_not_found"),
        (404, None, None),
    ]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_missing_and_unknown_tokens_are_told_apart(world: World, method: str) -> None:
    missing = world.call(method, ORDER)
    unknown = world.call(method, ORDER, Authorization="Bearer nobody")
    assert json.loads(missing.body) == {"detail": "Authentication credentials were not provided."}
    assert json.loads(unknown.body)["messages"][0]["message"] == "Token is invalid or expired"
    assert (missing.status, unknown.status) == (401, 401)
    assert header(missing, "WWW-Authenticate") == 'Bearer realm="api"'


def test_order_reads_with_items_and_totals(world: World) -> None:
    order = json.loads(world.call("GET", ORDER, **ADA).body)
    assert order["url"] == f"http://sandbox.localhost{ORDER}"
    assert order["customer"] == {"email": "customer@example.com", "first_name": "John", "last_name": "Doe"}
    assert (order["created"], order["updated"]) == ("2026-03-01T10:30:00Z", "2026-03-01T10:35:00Z")
    assert [item["total_price"] for item in order["items"]] == ["159.98", "15.99"]
    totals = ("items_count", "subtotal", "amount_saved", "savings_on_items", "shipping", "total_amount")
    assert [order[name] for name in totals] == [3, "175.97", "10.00", "10.00", "8.00", "173.97"]


def test_order_without_an_address_reads_null(world: World) -> None:
    order = json.loads(world.call("GET", "/api/v1/i/orders/e0b9a8f7-6d5e-4f40-8b12-3d4e5f607182/", **ADA).body)
    assert order["billing_address"] is None
    assert order["items"] == []


ADDRESS = {"street_address": "5 Side St", "postal_code": "54321", "city": "Anytown", "state": "CA", "country": "Canada"}


def put(world: World, body: Any, path: str = ORDER) -> Any:
    reply = world.call("PUT", path, json.dumps(body).encode(), **ADA, **{"Content-Type": "application/json"})
    return reply.status, outcome(reply), json.loads(reply.body) if reply.body else None


def test_address_changes_while_the_order_awaits_its_payment(world: World) -> None:
    status, name, order = put(world, {"address": ADDRESS})
    assert (status, name, order["billing_address"]) == (200, "updated", ADDRESS | {"postal_code": 54321})
    read = json.loads(world.call("GET", ORDER, **ADA).body)
    assert read == order
    assert read["updated"] > read["created"]
    paid = "/api/v1/i/orders/b7e6d5c4-3a2b-4c1d-9e8f-0a1b2c3d4e5f/"
    assert put(world, {"address": ADDRESS}, paid) == (403, "not_awaiting_payment", None)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"address": ["This field is required."]}),
        ({"address": None}, {"address": ["This field may not be null."]}),
        ({"address": 1}, {"address": ["Invalid data. Expected a dictionary."]}),
        ([], {"non_field_errors": ["Invalid data. Expected a dictionary."]}),
        ({"address": ADDRESS | {"postal_code": "x"}}, {"postal_code": ["A valid integer is required."]}),
        ({"address": ADDRESS | {"country": "CA"}}, {"country": ["Country name should be in full"]}),
        ({"address": ADDRESS | {"city": " "}}, {"city": ["This field may not be blank."]}),
        ({"address": ADDRESS | {"state": True}}, {"state": ["Not a valid string."]}),
        (
            {"address": ADDRESS | {"street_address": "x" * 31}},
            {"street_address": ["Ensure this field has no more than 30 characters."]},
        ),
    ],
)
def test_wrong_address_is_refused_field_by_field(world: World, body: Any, errors: Any) -> None:
    assert put(world, body) == (400, "invalid_address", errors)


def test_body_that_is_no_json_is_refused(world: World) -> None:
    for media_type, body, status, name in (
        ("application/json", b"{", 400, "malformed_json"),
        ("text/plain", b"x", 415, "unsupported_media_type"),
    ):
        reply = world.call("PUT", ORDER, body, **ADA, **{"Content-Type": media_type})
        assert (reply.status, outcome(reply)) == (status, name)


LIST = "/api/v1/i/orders/"


def sent(world: World, method: str, target: str, body: Any = None, token: str = "ada-token") -> tuple[int, Any]:
    raw = b"" if body is None else json.dumps(body).encode()
    reply = world.call(method, target, raw, content_type="application/json", Authorization=f"Bearer {token}")
    return reply.status, json.loads(reply.body) if reply.body else None


def test_saved_order_is_found_in_the_list_and_can_be_deleted(world: World) -> None:
    before = sent(world, "GET", LIST)[1]["count"]
    assert sent(world, "POST", LIST, {"action": "save_order"}) == (201, {"success": "Your Order has been saved"})
    page = sent(world, "GET", LIST + "?status=awaiting_payment&limit=1")[1]
    order = page["results"][0]
    assert (page["count"], order["total_amount"], order["items_count"]) == (2, "34.98", 2)
    assert order["billing_address"]["street_address"] == "123 Main St"
    assert order["url"] == f"http://sandbox.localhost{LIST}{order['id']}/"
    assert sent(world, "POST", LIST, {"action": "checkout"})[1] == {
        "error": "Can't create an order. Your cart is empty"
    }
    assert sent(world, "DELETE", f"{LIST}{order['id']}/") == (204, None)
    assert sent(world, "GET", LIST)[1]["count"] == before


def test_checkout_goes_to_the_payment_of_the_sandbox(world: World) -> None:
    reply = world.call("POST", f"/~mine{LIST}", b'{"action": "checkout"}', content_type="application/json",
                       Authorization="Bearer ada-token")  # fmt: skip
    order = json.loads(world.call("GET", f"/~mine{LIST}?limit=1", Authorization="Bearer ada-token").body)["results"][0]
    assert header(reply, "Location") == f"/~mine/api/v1/payments/checkout/order/{order['id']}/"


def test_pages_of_the_list_link_to_each_other_within_the_sandbox(world: World) -> None:
    target = f"/~mine{LIST}?limit=2"
    seen: list[str] = []
    while target:
        page = json.loads(world.call("GET", target, Authorization="Bearer ada-token").body)
        seen += [order["id"] for order in page["results"]]
        assert page["next"] is None or page["next"].startswith(f"http://sandbox.localhost/~mine{LIST}?")
        target = (page["next"] or "").removeprefix("http://sandbox.localhost")
    assert len(seen) == len(set(seen)) == page["count"] == 4


def test_tokens_of_a_login_expire_by_the_sandbox_clock_and_are_refreshed(world: World) -> None:
    login = {"email": "customer@example.com", "password": "rescind-password"}
    pair = sent(world, "POST", "/auth/token/", login)[1]
    assert sent(world, "GET", LIST, token=pair["access"])[0] == 200
    world.time += 3600 * SECOND
    assert sent(world, "GET", LIST, token=pair["access"])[1]["code"] == "token_not_valid"
    fresh = sent(world, "POST", "/auth/token/refresh/", {"refresh": pair["refresh"]})[1]["access"]
    assert sent(world, "GET", LIST, token=fresh)[0] == 200
    assert sent(world, "GET", LIST, token=pair["refresh"])[1]["messages"][0]["message"] == "Token has wrong type"
    world.time += 3 * 86_400 * SECOND
    assert sent(world, "POST", "/auth/token/refresh/", {"refresh": pair["refresh"]})[0] == 401


def test_tokens_of_a_login_differ_and_are_masked_in_the_journal(world: World) -> None:
    login = {"email": "customer@example.com", "password": "rescind-password"}
    pairs = [sent(world, "POST", "/auth/token/", login)[1] for _ in range(2)]
    tokens = {token for pair in pairs for token in pair.values()}
    assert len(tokens) == 4
    journal = world.call("GET", "/_rescind/journal").body.decode()
    assert not [token for token in (*tokens, "rescind-password") if token in journal]


def test_postal_code_that_python_would_not_parse_is_too_large(world: World) -> None:
    address = {"street_address": "a", "postal_code": "9" * 5000, "city": "b", "state": "c", "country": "Canada"}
    expected = {"postal_code": ["String value too large."]}
    assert sent(world, "POST", LIST, {"action": "save_order", "billing_address": address}) == (400, expected)
    assert sent(world, "PUT", ORDER, {"address": address}) == (400, expected)


def test_times_have_no_fraction_as_the_page_shows_them(world: World) -> None:
    world.time += 123_456_000
    sent(world, "POST", LIST, {"action": "save_order"})
    order = sent(world, "GET", LIST)[1]["results"][0]
    times = [order["created"], order["updated"], order["items"][0]["created"], order["items"][0]["updated"]]
    assert times == ["2026-11-18T11:06:40Z"] * 4


def test_form_that_is_not_utf_8_is_malformed(world: World) -> None:
    reply = world.call("POST", "/auth/token/", b"email=customer%40example.com&password=%FF",
                       content_type="application/x-www-form-urlencoded")  # fmt: skip
    assert (reply.status, outcome(reply)) == (400, "malformed_json")


def test_login_at_the_end_of_the_calendar_gives_a_token(world: World) -> None:
    clock = b'{"mode": "frozen", "now": "9999-12-30T00:00:00Z"}'
    assert world.call("PUT", "/_rescind/clock", clock, content_type="application/json").status == 200
    assert (
        sent(world, "POST", "/auth/token/", {"email": "customer@example.com", "password": "rescind-password"})[0] == 200
    )
