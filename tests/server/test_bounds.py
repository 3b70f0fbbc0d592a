"""The control API is for this machine, and nothing that a client can grow grows without a bound."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from support import Met, Server, World, serving


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8080"}, 200),
        ({"Host": "[::1]:8080"}, 200),
        ({"Host": "rescind.localhost"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[bad"}, 403),
        ({"Origin": "http://evil.example@127.0.0.1"}, 403),
    ],
)
def test_foreign_pages_do_not_reach_the_control_api(server: Server, headers: dict[str, str], status: int) -> None:
    assert httpx.get(f"{server.url}/_rescind/health", headers=headers).status_code == status


def test_vendors_answer_whatever_the_host_is_called(server: Server) -> None:
    assert (
        httpx.get(f"{server.url}/api/v2/orders/72545/status", headers={"Host": "api.vendor.example"}).status_code == 200
    )


@pytest.mark.parametrize("host", ["[", "a:b", "a:99999", "a:999999", "[::::]", "[.]", "a b", "a/b", "a?b"])
def test_odd_host_is_a_bad_request(server: Server, host: str) -> None:
    assert httpx.get(f"{server.url}/_rescind/health", headers={"Host": host}).status_code == 400


def put(world: World, sandbox: str, order: str) -> Met:
    path = f"/{sandbox}_rescind/state/rxuniverse/orders/{order}"
    return world.call("PUT", path, b"{}", Content_Type="application/json")


def test_records_are_bounded() -> None:
    world = World(records=2)
    assert [put(world, "", order).status for order in ("a", "b", "c", "a")] == [201, 201, 409, 200]


def test_sandboxes_are_bounded_and_the_idle_ones_make_room() -> None:
    world = World(sandboxes=2, idle_seconds=10)
    assert [put(world, f"~{name}/", "a").status for name in ("x", "y", "z")] == [201, 201, 503]
    world.time += 11 * 10**9
    assert put(world, "~y/", "b").status == 201
    world.time += 5 * 10**9
    assert put(world, "~z/", "a").status == 201  # x was idle, y was not
    names = [one["name"] for one in json.loads(world.call("GET", "/~y/_rescind/sandboxes").body)["sandboxes"]]
    assert names == ["y", "z"]


def test_refusals_are_answered_even_if_the_journal_has_no_room() -> None:
    with serving("--max-sandboxes", "1") as server:
        override = {"vendor": "alephee", "outcome": "rate_limited"}
        assert httpx.post(f"{server.url}/~a/_rescind/overrides", json=override).status_code == 201
        assert httpx.get(f"{server.url}/nowhere", headers={"Host": "a b"}).status_code == 400
        assert httpx.get(f"{server.url}/nowhere").status_code == 503


def test_sandboxes_are_listed_and_dropped(world: World) -> None:
    world.call("DELETE", "/~a/api/v2/orders/72544")
    world.time += 3 * 10**9
    world.call("DELETE", "/~b/api/v2/orders/72544")
    listed = json.loads(world.call("GET", "/_rescind/sandboxes").body)["sandboxes"]
    assert [(one["name"], one["base_path"], one["age_seconds"]) for one in listed] == [
        ("a", "/~a", 3.0),
        ("b", "/~b", 0.0),
    ]
    assert listed[0]["rows"]["journal"] == 1
    for _ in range(2):
        assert world.call("DELETE", "/_rescind/sandboxes/a").status == 204
    assert world.outcome("DELETE", "/~a/api/v2/orders/72544") == "cancelled"
    assert world.call("DELETE", "/_rescind/sandboxes/no%20name").status == 400
    assert world.call("DELETE", "/_rescind/sandboxes").status == 204
    assert json.loads(world.call("GET", "/_rescind/sandboxes").body) == {"sandboxes": []}


def test_bodies_with_too_many_values_are_refused(world: World) -> None:
    def refusal(body: object) -> tuple[int, str]:
        reply = world.call("POST", "/_rescind/overrides", json.dumps(body).encode(), Content_Type="application/json")
        return reply.status, json.loads(reply.body)["detail"]

    assert refusal({"match": [[0] * 5_000, [{"a": 0}] * 3_000]}) == (400, "the body has more than 10,000 values")
    status, detail = refusal({f"field-{number}": 0 for number in range(9_000)})
    assert (status, detail.count("Unknown field.")) == (400, 100)


def test_connections_are_bounded() -> None:
    with serving("--max-connections", "1") as server, httpx.Client() as first, httpx.Client() as second:
        health = f"{server.url}/_rescind/health"
        assert first.get(health).status_code == 200
        assert second.get(health).status_code == 503


@pytest.mark.parametrize(
    "name", ["max_sandboxes", "max_overrides", "max_journal", "max_delay_ms", "max_hang_ms", "idle_seconds"]
)
def test_bounds_are_settings(name: str) -> None:
    with pytest.raises(RuntimeError, match=f"invalid {name.replace('_', '-')} 0: use a number from 1"):
        Server(f"--{name.replace('_', '-')}", "0")


def test_idle_connections_are_closed() -> None:
    with serving("--idle-seconds", "1") as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            connection.sendall(b"GET /_rescind/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            assert connection.recv(1) == b""
