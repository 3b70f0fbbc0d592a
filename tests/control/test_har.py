"""The archive says what was on the wire: URLs as sent, sizes in bytes, reason phrases."""

from __future__ import annotations

import json
from typing import Any

from support import World


def archived(world: World) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(world.call("GET", "/~h/_rescind/journal.har").body)["log"]["entries"]
    return entries


def test_url_is_as_it_was_sent(world: World) -> None:
    target = "/api/v2/orders/a%26b%20c%2Fd?deleteReason=x%26y+z&deleteReason=%3D"
    world.call("DELETE", f"/~h{target}")
    (entry,) = archived(world)
    assert entry["request"]["url"] == f"http://sandbox.localhost/~h{target}"
    assert entry["request"]["queryString"] == [
        {"name": "deleteReason", "value": "x&y z"},
        {"name": "deleteReason", "value": "="},
    ]


def test_secrets_of_the_url_are_masked(world: World) -> None:
    world.call("DELETE", "/~h/v2/orders?API%5FKEY=S3CRETKEY&accountId=1001&orderId=1")
    (entry,) = archived(world)
    assert entry["request"]["url"].endswith("?API%5FKEY=***&accountId=1001&orderId=1")
    assert "S3CRETKEY" not in json.dumps(entry)


def test_sizes_are_bytes_and_the_status_text_is_the_reason_phrase(world: World) -> None:
    body = '{"grant_type": "é€"}'.encode()
    world.call("POST", "/~h/api/v1/oauth2/token", body, Content_Type="application/json")
    world.call("DELETE", "/~h/api/v2/orders/%C3%A9")
    world.call("DELETE", "/~h/api/v2/orders/72544", Prefer="fault=hang")
    token, missing, hanging = archived(world)
    assert (token["request"]["bodySize"], token["response"]["statusText"]) == (len(body), "Bad Request")
    reply = missing["response"]
    assert reply["bodySize"] == reply["content"]["size"] == len(reply["content"]["text"].encode())
    assert (hanging["response"]["status"], hanging["response"]["statusText"]) == (0, "")


def test_sizes_are_those_of_the_wire_even_where_the_journal_cut_the_bodies() -> None:
    world = World(journal_body=10)
    world.call("DELETE", "/~h/api/v2/orders/72544", b"x" * 1000)
    (entry,) = archived(world)
    assert (entry["request"]["bodySize"], entry["response"]["bodySize"]) == (1000, 79)
