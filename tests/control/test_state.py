from __future__ import annotations

import json
from typing import Any

import pytest

from support import World, both_doors

pytestmark = both_doors


def state(world: World, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    reply = world.call(method, f"/_rescind/state/{path}", raw, Content_Type=content_type)
    return reply.status, json.loads(reply.body) if reply.body else None


def test_whole_state_shows_settings_and_records(world: World) -> None:
    status, everything = state(world, "GET", "rxuniverse")
    assert status == 200
    assert everything.keys() == {"settings", "statuses", "calculations", "stations", "orders"}
    assert everything["orders"]["72544"]["poNumber"] == "Example"
    assert everything["settings"]["job_tracker_installed"] is True


def test_record_is_added_replaced_changed_and_removed(world: World) -> None:
    path = "alephee/orders/5"
    assert state(world, "GET", path)[0] == 404
    status, record = state(world, "PUT", path, {"account": 1001, "items": [{"product": "MUG-BLUE", "quantity": 1}]})
    assert (status, record["id"], record["created_through_api"]) == (201, "5", True)
    assert state(world, "PUT", path, {"account": 1002})[0] == 200
    assert state(world, "PATCH", path, {"notes": "X"})[1]["account"] == 1002
    assert state(world, "GET", path)[1]["notes"] == "X"
    assert "5" in state(world, "GET", "alephee")[1]["orders"]
    assert state(world, "DELETE", path)[0] == 204
    assert state(world, "DELETE", path)[0] == 404


def test_put_brings_a_deleted_order_back(world: World) -> None:
    target = "/v2/orders?API_KEY=demo-key&accountId=1001&orderId=72001"
    assert world.outcome("DELETE", target) == "deleted"
    assert state(world, "PATCH", "alephee/orders/72001", {"deleted": None})[0] == 200
    assert world.outcome("DELETE", target) == "deleted"


def test_settings_change_in_part(world: World) -> None:
    assert state(world, "PATCH", "rxuniverse/settings", {"delete_reasons": {"1": "x"}})[1]["job_tracker_installed"]
    assert state(world, "GET", "rxuniverse/settings")[1]["delete_reasons"] == {"1": "x"}


def test_changes_stay_in_their_sandbox_and_reset_undoes_them(world: World) -> None:
    state(world, "DELETE", "rxuniverse/orders/72544")
    assert world.call("GET", "/~other/_rescind/state/rxuniverse/orders/72544").status == 200
    assert world.call("POST", "/_rescind/reset").status == 204
    assert state(world, "GET", "rxuniverse/orders/72544")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "nobody", None, 404, ["unknown vendor 'nobody'", "rxuniverse"]),
        ("GET", "alephee/pets/1", None, 404, ["no collection 'pets'", "orders"]),
        ("PUT", "alephee/pets/1", {}, 404, ["no collection 'pets'", "orders"]),
        ("PATCH", "alephee/orders/1", {}, 404, ["has no '1' in orders", "PUT"]),
        ("PUT", "alephee/orders/1", {}, 400, ["account: Missing data", "account"]),
        ("PUT", "alephee/orders/1", {"account": "x"}, 400, ["account: Not a valid integer", "account"]),
        ("PUT", "alephee/orders/1", {"account": 1, "colour": 1}, 400, ["colour: Unknown field", "account"]),
        ("PUT", "alephee/orders/1", {"account": 1, "id": "2"}, 400, ["id: is not '1'", "account"]),
        ("PUT", "alephee/orders/1", {"account": 1, "items": [{"product": "NO", "quantity": 1}]}, 400,
         ["items.0.product: products has no 'NO'", "account"]),
        ("PATCH", "alephee/settings", {"requests_per_minute": 0}, 400, ["requests_per_minute: Must be", "requests"]),
        ("PATCH", "alephee/settings", [], 400, ["JSON list", "send a JSON object"]),
        ("PATCH", "alephee/settings", b"{", 400, ["invalid JSON", "send a JSON object"]),
        ("PATCH", "alephee/settings", b'{"a": "\\ud800"}', 400, ["not UTF-8", "send a JSON object"]),
        ("PATCH", "alephee/settings", b"[" * 100_000, 400, ["nested too deeply", "send a JSON object"]),
        ("PATCH", "alephee/settings", b"x" * 1_000_000, 400, ["invalid JSON", "send a JSON object"]),
        ("POST", "alephee/settings", {}, 405, ["has no POST", "GET, HEAD, OPTIONS, PATCH"]),
    ],
)  # fmt: skip
def test_wrong_call_is_explained_and_changes_nothing(
    world: World, method: str, path: str, body: Any, status: int, words: list[str]
) -> None:
    before = state(world, "GET", "alephee")
    met, problem = state(world, method, path, body)
    assert met == status
    assert words[0] in problem["detail"]
    assert words[1] in problem["remedy"]
    assert state(world, "GET", "alephee") == before


def test_other_media_type_is_refused(world: World) -> None:
    status, problem = state(world, "PATCH", "alephee/settings", b"{}", "text/plain")
    assert (status, problem["remedy"]) == (415, "send Content-Type: application/json")
