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
