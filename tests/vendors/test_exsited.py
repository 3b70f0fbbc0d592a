"""Exsited's rules, line by line of vendors.md."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rescind.model import SECOND
from support import Met, World, both_doors, header, outcome

pytestmark = both_doors

ORDER = "/api/v3/orders/ORD-10001"
TOKEN = "/api/v1/oauth2/token"
CLIENT = {
    "grant_type": "client_credentials",
    "client_id": "rescind-client",
    "client_secret": "rescind-secret",
    "redirect_uri": "https://client.example/callback",
}


def grant(world: World, body: Any, content_type: str = "application/json") -> Met:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return world.call("POST", TOKEN, raw, content_type=content_type)


def tokens(world: World, body: dict[str, str]) -> dict[str, Any]:
    reply = grant(world, body)
    assert reply.status == 200, reply
    parsed: dict[str, Any] = json.loads(reply.body)
    return parsed


def delete(world: World, token: str, target: str = ORDER) -> str:
    return world.outcome("DELETE", target, Authorization=f"Bearer {token}")


def test_issued_token_deletes_an_order_for_good(world: World) -> None:
    token = tokens(world, CLIENT)["access_token"]
    assert delete(world, token) == "deleted"
    assert delete(world, token) == "order_not_found"
    assert world.call("GET", "/_rescind/state/exsited/orders/ORD-10001").status == 404


def test_token_expires_by_the_sandbox_clock_at_its_last_second(world: World) -> None:
    issued = tokens(world, CLIENT)
    assert issued["expires_in"] == 3600
    world.time += 3600 * SECOND - 1000
    assert delete(world, issued["access_token"], "/api/v3/orders/none") == "order_not_found"
    world.time += 1000
    assert delete(world, issued["access_token"]) == "expired_token"


def test_refresh_token_gives_a_new_pair_and_is_spent(world: World) -> None:
    first = tokens(world, CLIENT)
    world.time += 4000 * SECOND
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = tokens(world, refresh)
    assert {second["access_token"], second["refresh_token"]}.isdisjoint(first.values())
    assert delete(world, second["access_token"]) == "deleted"
    assert outcome(grant(world, refresh)) == "invalid_grant"


def test_token_of_another_sandbox_is_unknown(world: World) -> None:
    token = tokens(world, CLIENT)["access_token"]
    assert delete(world, token, "/~other" + ORDER) == "invalid_token"


@pytest.mark.parametrize(
    ("authorization", "expected", "challenge"),
    [
        (None, "missing_token", "Bearer"),
        ("", "missing_token", "Bearer"),
        ("Bearer", "missing_token", "Bearer"),
        ("Basic exs-token", "missing_token", "Bearer"),
        ("Bearer nobody", "invalid_token", "Bearer"),
        ("Bearer exs-token x", "invalid_token", "Bearer"),
        (
            "Bearer exs-expired-token",
            "expired_token",
            "Bearer",
        ),
    ],
)
def test_bad_token_is_challenged(world: World, authorization: str | None, expected: str, challenge: str) -> None:
    headers = {"Authorization": authorization} if authorization is not None else {}
    reply = world.call("DELETE", ORDER, **headers)
    assert (outcome(reply), header(reply, "WWW-Authenticate")) == (expected, challenge)


def test_scheme_is_compared_without_case(world: World) -> None:
    assert world.outcome("DELETE", ORDER, Authorization="bearer exs-token") == "deleted"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "invalid_request"),
        (b"{", "invalid_request"),
        (b"[]", "invalid_request"),
        (b"\xff\xfe", "invalid_request"),
        (b'{"grant_type": NaN}', "invalid_request"),
        (b'{"grant_type": "\\ud800"}', "invalid_request"),
        (b"[" * 100_000, "invalid_request"),
        (b"1" * 10_000, "invalid_request"),
        (b"x" * 1_000_000, "invalid_request"),
        ({}, "invalid_request"),
        ({"grant_type": 1}, "invalid_request"),
        ({**CLIENT, "client_id": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": "rescind-client"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({**CLIENT, "client_id": "nobody"}, "invalid_client_redirect"),
        ({**CLIENT, "client_secret": "wrong"}, "invalid_client_redirect"),
        ({**CLIENT, "client_secret": "wröng"}, "invalid_client_redirect"),
        ({**CLIENT, "redirect_uri": "https://elsewhere.example"}, "invalid_client_redirect"),
        ({"grant_type": "refresh_token", "refresh_token": "nothing"}, "invalid_grant"),
        (CLIENT, "issued"),
    ],
)
def test_grant_is_refused_as_rfc_6749_says(world: World, body: Any, expected: str) -> None:
    assert outcome(grant(world, body)) == expected


def test_grant_of_another_media_type_is_an_invalid_request(world: World) -> None:
    assert outcome(grant(world, CLIENT, "application/x-www-form-urlencoded")) == "invalid_request"
    assert outcome(grant(world, CLIENT, "application/json; charset=utf-8")) == "issued"


def test_tokens_are_not_to_be_cached(world: World) -> None:
    assert header(grant(world, CLIENT), "Cache-Control") == "no-store"


def test_new_token_ends_the_former_one_of_its_client(world: World) -> None:
    first, second = tokens(world, CLIENT)["access_token"], tokens(world, CLIENT)["access_token"]
    assert delete(world, first) == "invalid_token"
    assert delete(world, second) == "deleted"
    assert delete(world, "exs-token") == "order_not_found"


@pytest.mark.parametrize("target", [f"/{ORDER}", ORDER.replace("/orders/", "//orders//"), f"//{ORDER}"])
def test_repeated_slashes_are_merged(world: World, target: str) -> None:
    assert delete(world, "exs-token", target) == "deleted"


def test_deletion_carries_a_content_type_without_content(world: World) -> None:
    reply = world.call("DELETE", ORDER, Authorization="Bearer exs-token")
    assert (reply.status, reply.body) == (204, b"")
    assert header(reply, "Content-Type") == "application/json"


def test_errors_have_numbers_as_codes(world: World) -> None:
    for method, target, token, status in (
        ("DELETE", ORDER, "nobody", 401), ("DELETE", "/api/v3/orders/none", "exs-token", 404),
        ("TRACE", ORDER, "exs-token", 405), ("GET", "/api/v3/accounts", "exs-token", 404),
    ):  # fmt: skip
        reply = world.call(method, target, Authorization=f"Bearer {token}")
        (error,) = json.loads(reply.body)["errors"]
        assert (reply.status, error["code"]) == (status, status)


BEARER = {"Authorization": "Bearer exs-token"}


def call(world: World, method: str, target: str, body: Any = None) -> tuple[int, Any]:
    raw = b"" if body is None else json.dumps(body).encode()
    reply = world.call(method, target, raw, content_type="application/json", **BEARER)
    return reply.status, json.loads(reply.body) if reply.body else None


def new_order(**fields: Any) -> dict[str, Any]:
    return {
        "order": {"account_id": "ACC-1001", "lines": [{"item_id": "ITEM-SEAT", "item_order_quantity": 2}], **fields}
    }


def test_created_order_can_be_read_cancelled_and_deleted(world: World) -> None:
    status, created = call(world, "POST", "/api/v3/orders", new_order(name="Mine"))
    order = created["order"]
    assert (status, order["status"], order["total"], order["display_name"]) == (201, "ACTIVE", "240.00", "Mine")
    target = f"/api/v3/orders/{order['id']}"
    assert call(world, "GET", target) == (200, created)
    status, cancelled = call(world, "POST", f"{target}/cancel", {"order": {"effective_date": "2026-12-24"}})
    assert (status, cancelled["order"]["status"], cancelled["order"]["version"]) == (200, "CANCELLED", "2")
    assert call(world, "GET", target)[1]["order"] == cancelled["order"]
    assert call(world, "DELETE", target) == (204, None)
    for method, path in (("GET", target), ("DELETE", target), ("POST", f"{target}/cancel")):
        assert call(world, method, path, {"order": {"effective_date": "2026-12-24"}})[0] == 404


def test_values_of_an_order_are_text(world: World) -> None:
    order = call(world, "GET", ORDER)[1]["order"]
    plain = {name: value for name, value in order.items() if name not in {"currency", "time_zone", "lines"}}
    texts = [
        *plain.values(),
        *order["currency"].values(),
        *(value for line in order["lines"] for value in line.values()),
    ]
    assert all(isinstance(value, str) for value in texts)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, "invalid_order"), ([], "invalid_order"), ({"order": {}}, "invalid_order"), (new_order(lines=[]), "invalid_order"),
        (new_order(lines=[{"item_id": "ITEM-SEAT", "item_order_quantity": "0"}]), "invalid_order"),
        (new_order(account_id=1), "invalid_order"), (new_order(account_id="ACC-NONE"), "unknown_account"),
        (new_order(lines=[{"item_id": "ITEM-SEAT"}, {"item_id": "x"}]), "unknown_item"), (new_order(), "created"),
    ],
)  # fmt: skip
def test_creation_is_refused_by_what_is_wrong(world: World, body: Any, expected: str) -> None:
    raw = b"" if body is None else json.dumps(body).encode()
    assert world.outcome("POST", "/api/v3/orders", raw, content_type="application/json", **BEARER) == expected


def test_list_has_pages_and_ends_with_null_as_text(world: World) -> None:
    first = call(world, "GET", "/api/v3/orders?limit=2&order_by=created_on&direction=desc")[1]
    assert [order["id"] for order in first["orders"]] == ["ORD-10003", "ORD-10002"]
    assert first["pagination"] == {
        "records": 3, "limit": 2, "offset": 0, "previous_page": "NULL",
        "next_page": "http://sandbox.localhost/api/v3/orders?limit=2&offset=2&order_by=created_on&direction=desc",
    }  # fmt: skip
    last = call(world, "GET", "/api/v3/orders?limit=2&offset=2&direction=None&order_by=nothing")[1]
    assert [order["id"] for order in last["orders"]] == ["ORD-10003"]
    assert last["pagination"]["next_page"] == "NULL"
    assert "?limit=2&offset=0&" in last["pagination"]["previous_page"]
    for query in ("limit=0", "limit=x", "offset=-1", "limit=1&limit=2"):
        assert world.outcome("GET", f"/api/v3/orders?{query}", **BEARER) == "invalid_parameter"


def test_magic_orders_are_in_no_list(world: World) -> None:
    listed = call(world, "GET", "/api/v3/orders")[1]["orders"]
    assert [order["id"] for order in listed] == ["ORD-10001", "ORD-10002", "ORD-10003"]


@pytest.mark.parametrize("target", [ORDER + "/reactivate", ORDER + "/lines/x", ORDER + "/lines/x/information"])
def test_what_the_vendor_has_below_an_order_is_not_simulated(world: World, target: str) -> None:
    reply = world.call("POST", target, **BEARER)
    assert reply.status == 501
    assert "not simulated" in json.loads(reply.body)["detail"]


def test_links_to_pages_keep_the_order(world: World) -> None:
    page = call(world, "GET", "/api/v3/orders?limit=1&order_by=created_on&direction=desc")[1]
    assert page["pagination"]["next_page"].endswith("?limit=1&offset=1&order_by=created_on&direction=desc")


def test_time_with_an_offset_is_kept_in_utc(world: World) -> None:
    record = b'{"created": "2026-11-01T00:30:00+05:00"}'
    world.call("PUT", "/_rescind/state/exsited/orders/X", record, content_type="application/json")
    assert call(world, "GET", "/api/v3/orders/X")[1]["order"]["created_on"] == "2026-10-31T19:30:00Z"
