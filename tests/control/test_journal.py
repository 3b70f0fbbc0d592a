"""The journal, verification, and coverage."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from rescind.model import SECOND
from support import World

ORDER = "/api/v2/orders/72544"
TARGET = "/v2/orders?API_KEY=demo-key&accountId=1001&orderId="


def journal(world: World, query: str = "") -> list[dict[str, Any]]:
    reply = world.call("GET", f"/_rescind/journal{query}")
    assert reply.status == 200, reply
    entries: list[dict[str, Any]] = json.loads(reply.body)["entries"]
    return entries


def verify(world: World, body: Any) -> tuple[int, dict[str, Any]]:
    reply = world.call("POST", "/_rescind/journal/verify", json.dumps(body).encode(), Content_Type="application/json")
    return reply.status, json.loads(reply.body)


def coverage(world: World, query: str = "") -> dict[str, Any]:
    report: dict[str, Any] = json.loads(world.call("GET", f"/_rescind/coverage{query}").body)
    return report


def test_entry_says_what_came_what_was_answered_and_why(world: World) -> None:
    world.call("DELETE", ORDER)
    world.time += 3 * SECOND
    world.call("DELETE", f"{ORDER}?deleteReason=10", User_Agent="a client")
    first, second = journal(world)
    assert (first["id"], first["at"], first["outcome"]) == (
        1,
        "2026-11-18T11:06:40Z",
        "rxuniverse.cancelOrder.cancelled",
    )
    assert first["decided_by"]["rule"] == "cancel"
    assert second["request"] == {
        "method": "DELETE", "path": ORDER, "query": {"deleteReason": ["10"]}, "headers": {"user-agent": "a client"}, "body": "",
    }  # fmt: skip
    assert second["decided_by"] == {
        "stage": "rule", "rule": "already_cancelled", "says": "The order is already marked for cancellation.",
    }  # fmt: skip
    assert second["facts"] == ["orders 72544: flagged is 2026-11-18T11:06:40Z"]
    assert (second["status"], second["forced"], second["fault"]) == (400, None, None)
    assert json.loads(second["reply"]["body"]) == {"error": "Order already completed", "details": []}


UNKNOWN = [
    ({"vendor": "alephe"}, "vendor", "did you mean 'alephee'?"),
    ({"operation": "cancelOrdr"}, "operation", "did you mean 'cancelOrder'?"),
    ({"vendor": "alephee", "operation": "cancelOrder"}, "operation", "Unknown: 'cancelOrder'"),
    ({"outcome": "delted"}, "outcome", "did you mean 'deleted'?"),
    ({"outcome": "cancelOrder.cancelled"}, "outcome", "cancelOrder.cancelled'?"),
    ({"vendor": "rxuniverse", "outcome": "rate_limited"}, "outcome", "Unknown: 'rate_limited'"),
]


@pytest.mark.parametrize(
    ("match", "field", "words"),
    [
        *UNKNOWN,
        ({"fault": "reply_loss"}, "fault", "did you mean 'reply_lost'?"),
        ({"forced": "overide"}, "forced", "did you mean 'override'?"),
        ({"parameters": {"ordrId": 1}}, "parameters.ordrId", "did you mean 'orderId'?"),
        ({"operation": "cancelOrder", "parameters": {"orderId": 1}}, "parameters.orderId", "Unknown: 'orderId'"),
    ],
)
def test_verification_of_a_name_that_nothing_has_is_refused(
    world: World, match: dict[str, Any], field: str, words: str
) -> None:
    for body, place in (({"match": match, "count": 0}, "match"), ({"order": [{"method": "GET"}, match]}, "order.1")):
        status, problem = verify(world, body)
        assert (status, [error["field"] for error in problem["errors"]]) == (400, [f"{place}.{field}"])
        assert words in problem["errors"][0]["problem"]


@pytest.mark.parametrize(("query", "field", "words"), UNKNOWN)
def test_journal_of_a_name_that_nothing_has_is_refused(
    world: World, query: dict[str, Any], field: str, words: str
) -> None:
    for path in ("journal", "journal.har"):
        reply = world.call("GET", f"/_rescind/{path}?{urlencode(query)}")
        problem = json.loads(reply.body)
        assert (reply.status, [error["field"] for error in problem["errors"]]) == (400, [field])
        assert words in problem["errors"][0]["problem"]


@pytest.mark.parametrize(
    "match",
    [
        {"vendor": {"matches": "ale"}}, {"vendor": None}, {"operation": "otherMethods"}, {"outcome": "path_not_found"},
        {"vendor": "alephee", "parameters": {"API_KEY": "x"}}, {"operation": "checkIn", "parameters": {"station": "90"}},
    ],
)  # fmt: skip
def test_patterns_null_and_names_of_fallbacks_and_body_fields_are_no_unknown_names(
    world: World, match: dict[str, Any]
) -> None:
    assert verify(world, {"match": match, "count": 0})[0] == 200


@pytest.mark.parametrize(
    ("target", "headers", "stage", "facts"),
    [
        ("/v2/orders", {}, "authentication", ["credential: state is missing"]),
        (f"{TARGET}x", {}, "contract", ['query orderId: problem is "x" is not of type "integer"']),
        (f"{TARGET}99999", {}, "rule", ["orders 99999: not found"]),
        (f"{TARGET}72004", {}, "rule", ["orders 72004: marketplace is 11", "marketplaces 11: native is true"]),
        (f"{TARGET}1", {"Prefer": "code=500"}, "forced", []),
    ],
)
def test_entry_names_the_stage_and_the_facts(
    world: World, target: str, headers: dict[str, str], stage: str, facts: list[str]
) -> None:
    world.call("DELETE", target, **headers)
    (entry,) = journal(world)
    assert entry["decided_by"]["stage"] == stage
    assert entry["facts"] == facts


def test_exchanges_that_no_rule_decided_are_there_too(world: World) -> None:
    world.call("DELETE", "/nowhere")
    world.call("POST", "/v2/orders")
    world.call("DELETE", TARGET + "1", Prefer="code=999")
    assert [(entry["vendor"], entry["status"]) for entry in journal(world)] == [
        (None, 404),
        ("alephee", 501),
        ("alephee", 400),
    ]


def test_secrets_of_a_conversation_are_masked(world: World) -> None:
    client = {
        "grant_type": "client_credentials", "client_id": "rescind-client", "client_secret": "rescind-secret",
        "redirect_uri": "https://client.example/callback",
    }  # fmt: skip
    reply = world.call("POST", "/api/v1/oauth2/token", json.dumps(client).encode(), Content_Type="application/json")
    tokens = json.loads(reply.body)
    world.call("DELETE", "/api/v3/orders/none", Authorization=f"Bearer {tokens['access_token']}")
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for _ in range(2):
        world.call("POST", "/api/v1/oauth2/token", json.dumps(refresh).encode(), Content_Type="application/json")
    world.call("DELETE", f"{TARGET}1")
    shown = json.dumps(journal(world)) + world.call("GET", "/_rescind/journal.har").body.decode()
    for secret in (tokens["access_token"], tokens["refresh_token"], "rescind-secret", "demo-key"):
        assert secret not in shown
    assert "rescind-client" in shown


@pytest.mark.parametrize(
    ("target", "body", "headers"),
    [
        ("/nowhere?api_key=S3CRET", b"", {}),
        ("/nowhere?acc%65ss_tok%65n=S3CRET", b"", {}),
        ("/nowhere?access_token=%FFS3CRET", b"", {}),
        ("/nowhere", b"grant_type=password&client_secret=S3CRET&x=1", {}),
        ("/nowhere", b'{"a": {"client_secret": "S3CRET"}}', {}),
        ("/nowhere", b'[{"password": "S3CRET"}]', {}),
        ("/nowhere", b'{"client_secret": "S3CRET",}', {}),
        ("/nowhere", b'{"client_secret": "S3CRET-cut-off', {}),
        ("/nowhere", b'{"client_secret": "\\u0041S3CRET"}', {}),
        ("/nowhere", b'{"client_secret": "a\\"S3CRET"}', {}),
        ("/nowhere", b"", {"Authorization": "Basic S3CRET"}),
        ("/nowhere", b"", {"Cookie": "session=S3CRET"}),
        ("/nowhere", b"", {"X_Api_Key": "S3CRET"}),
        ("/nowhere", b"", {"X_Session_Id": "S3CRET"}),
        ("/nowhere", b"", {"Referer": "http://x/?api_key=S3CRET&y=1"}),
        ("/v2/orders?API_KEY=S3CRET", b"", {"Prefer": "code=999"}),
    ],
)
def test_secret_is_masked_wherever_it_stands(world: World, target: str, body: bytes, headers: dict[str, str]) -> None:
    world.call("DELETE", target, body, **headers)
    misses = {
        "match": {
            "method": "X",
            "parameters": {"API_KEY": "x", "client_secret": "x"},
            "headers": {"authorization": "x"},
        }
    }
    shown = [
        journal(world),
        verify(world, {**misses, "count": 1})[1],
        world.call("GET", "/_rescind/journal.har").body.decode(),
    ]
    assert "S3CRET" not in json.dumps(shown)
    assert "***" in json.dumps(shown)


def test_what_is_no_secret_is_not_masked(world: World) -> None:
    world.call("DELETE", f"{ORDER}?author=2", b'{"monkey": "7"}', Idempotency_Key="2", Authorization="Bearer 2")
    (entry,) = journal(world)
    assert entry["at"] == "2026-11-18T11:06:40Z"
    assert entry["request"]["path"] == ORDER
    assert entry["request"]["query"] == {"author": ["2"]}
    assert entry["request"]["headers"] == {"idempotency-key": "2", "authorization": "***"}


def test_journal_is_queried(world: World) -> None:
    for target in (ORDER, ORDER, f"{TARGET}404", "/nowhere"):
        world.call("DELETE", target)
    queries = {
        "?vendor=rxuniverse": [1, 2],
        "?operation=deleteOrder": [3],
        "?outcome=already_cancelled": [2],
        "?outcome=rxuniverse.cancelOrder.already_cancelled": [2],
        "?status=404": [3, 4],
        "?since=2": [3, 4],
        "?since=2026-11-18T11:06:41Z": [],
        "?vendor=rxuniverse&status=200": [1],
        "?limit=1": [4],
        "?since=now-1m": [1, 2, 3, 4],
        "?since=now%2B1m": [],
    }
    for query, expected in queries.items():
        assert [entry["id"] for entry in journal(world, query)] == expected, query


@pytest.mark.parametrize(
    "query",
    [
        "?status=x",
        "?since=soon",
        "?limit=0",
        "?limit=10001",
        "?after=-1",
        "?after=x",
        "?colour=red",
        "?vendor=alephee&statsu=1",
    ],
)
def test_query_that_does_not_fit_is_refused(world: World, query: str) -> None:
    assert world.call("GET", f"/_rescind/journal{query}").status == 400


def test_journal_comes_in_pages(world: World) -> None:
    for _ in range(5):
        world.call("DELETE", ORDER)
    pages = []
    target = "/_rescind/journal?after=0&limit=2&vendor=rxuniverse"
    while target:
        reply = world.call("GET", target)
        page = json.loads(reply.body)
        pages.append([entry["id"] for entry in page["entries"]])
        link = dict(reply.headers).get("Link", "")
        assert (page["next"] is None) == (not link)
        target = f"/_rescind/{link[1:].partition('>')[0]}" if link else ""
    assert pages == [[1, 2], [3, 4], [5]]
    archive = world.call("GET", "/_rescind/journal.har?after=1&limit=2")
    assert len(json.loads(archive.body)["log"]["entries"]) == 2
    assert dict(archive.headers)["Link"] == '<journal.har?after=3&limit=2>; rel="next"'
    assert [entry["id"] for entry in journal(world, "?limit=2")] == [4, 5]
    assert [entry["id"] for entry in journal(world, "?after=3&status=400")] == [4, 5]


def test_page_has_a_thousand_entries_unless_the_query_says_otherwise(world: World) -> None:
    for _ in range(1_100):
        world.call("DELETE", "/nowhere")
    assert [entry["id"] for entry in journal(world)] == list(range(101, 1_101))
    assert [entry["id"] for entry in journal(world, "?after=0")] == list(range(1, 1_001))
    assert len(journal(world, "?limit=1100")) == 1_100


def test_journal_comes_as_lines_and_as_archive(world: World) -> None:
    world.call("DELETE", f"{ORDER}?deleteReason=a%20b")
    world.call("DELETE", ORDER)
    lines = world.call("GET", "/_rescind/journal", Accept="application/x-ndjson")
    assert dict(lines.headers)["Content-Type"].startswith("application/x-ndjson")
    assert [json.loads(line)["id"] for line in lines.body.splitlines()] == [1, 2]
    log = json.loads(world.call("GET", "/_rescind/journal.har").body)["log"]
    assert (log["version"], log["creator"]["name"], len(log["entries"])) == ("1.2", "rescind", 2)
    entry = log["entries"][0]
    assert entry["request"]["queryString"] == [{"name": "deleteReason", "value": "a b"}]
    assert entry["response"]["status"] == 200
    assert {"startedDateTime", "time", "cache", "timings"} <= entry.keys()


def test_journal_is_a_ring_and_keeps_a_bounded_part_of_bodies() -> None:
    world = World(journal=3, journal_body=5)
    for number in range(5):
        world.call("DELETE", f"/api/v2/orders/{number}", b"0123456789")
    entries = journal(world)
    assert [entry["id"] for entry in entries] == [3, 4, 5]
    assert entries[0]["request"]["body"] == "01234"
    assert len(entries[0]["reply"]["body"]) == 5
    assert world.call("DELETE", "/_rescind/journal").status == 204
    assert journal(world) == []


def test_journal_keeps_a_bounded_part_of_heads_and_violations() -> None:
    world = World(journal_body=300)
    world.call("DELETE", f"{ORDER}?a={'q' * 400}", X_Long="h" * 1_000)
    wrong = json.dumps({"grant_type": ["wrong" * 10_000]}).encode()
    world.call("POST", "/api/v1/oauth2/token", wrong, Content_Type="application/json")
    head, body = journal(world)
    assert len(head["request"]["path"]) + sum(len(value) for value in head["request"]["headers"].values()) <= 300
    assert head["request"]["query"]["a"][0].startswith("qqq")
    assert len(body["request"]["body"]) <= 300
    assert body["violations"]
    assert len(json.dumps(body["violations"])) < 2_000


def test_verification_counts(world: World) -> None:
    for _ in range(3):
        world.call("DELETE", ORDER, X_Trace="t1")
    match = {
        "vendor": "rxuniverse",
        "parameters": {"orderIdentifier": 72544},
        "headers": {"X-Trace": {"matches": "^t"}},
    }
    assert verify(world, {"match": match, "count": 3}) == (200, {"verified": True, "count": 3, "matched": [1, 2, 3]})
    assert verify(world, {"match": {**match, "status": 400}, "at_least": 2, "at_most": 2})[1]["verified"]
    assert verify(world, {"match": {"outcome": "already_cancelled"}, "count": 2})[1]["verified"]
    assert verify(world, {"match": {"outcome": "rxuniverse.cancelOrder.cancelled"}, "count": 1})[1]["verified"]


def test_verification_of_what_is_absent_or_repeated(world: World) -> None:
    world.call("DELETE", f"{ORDER}?deleteReason=1&deleteReason=10")
    world.call("DELETE", ORDER, Prefer="fault=hang")
    world.call("DELETE", "/api/v2/orders/%FF")
    assert verify(world, {"match": {"parameters": {"deleteReason": "10"}}, "count": 1})[1]["verified"]
    assert verify(world, {"match": {"fault": None, "forced": None}, "count": 2})[1]["verified"]
    assert verify(world, {"match": {"parameters": {"orderIdentifier": {"matches": "."}}}, "count": 2})[1]["verified"]
    assert verify(world, {"match": {"status": 200.0}, "count": 1})[1]["verified"]


def test_failed_verification_shows_the_nearest_misses(world: World) -> None:
    world.call("DELETE", f"{TARGET}72001")
    world.call("DELETE", ORDER)
    status, verdict = verify(
        world, {"match": {"vendor": "alephee", "parameters": {"orderId": 72002, "accountId": 1001}}, "at_least": 1}
    )
    assert (status, verdict["verified"], verdict["count"]) == (200, False, 0)
    nearest = verdict["nearest"][0]
    assert (nearest["id"], nearest["outcome"]) == (1, "alephee.deleteOrder.deleted")
    assert nearest["misses"] == [{"field": "parameters.orderId", "expected": 72002, "got": "72001"}]
    assert "demo-key" not in json.dumps(verdict)


def test_verification_of_an_order_of_calls(world: World) -> None:
    world.call("DELETE", ORDER)
    world.call("GET", f"{ORDER}/status")
    world.call("DELETE", ORDER)
    assert verify(world, {"order": [{"operation": "cancelOrder"}, {"operation": "getOrderStatus"}]})[1]["matched"] == [
        1,
        2,
    ]
    _, verdict = verify(world, {"order": [{"method": "GET"}, {"method": "GET"}]})
    assert (verdict["verified"], verdict["step"], verdict["matched"]) == (False, 1, [2])
    assert verdict["nearest"][0]["misses"] == [{"field": "method", "expected": "GET", "got": "DELETE"}]


def test_verification_of_the_pace(world: World) -> None:
    for pause in (0, 1.5, 0.2):
        world.time += int(pause * SECOND)
        world.call("DELETE", ORDER)
    verdict = verify(world, {"match": {"vendor": "rxuniverse"}, "min_interval_ms": 1000})[1]
    assert (verdict["verified"], verdict["too_soon"]) == (False, [{"id": 3, "after_ms": 200.0}])
    assert verify(world, {"match": {"vendor": "rxuniverse"}, "min_interval_ms": 200})[1]["verified"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "count"),
        ({"count": -1}, "count"),
        ({"count": "3"}, "count"),
        ({"match": {"vendr": "x"}, "count": 1}, "match.vendr"),
        ({"match": {"status": []}, "count": 1}, "match.status"),
        ({"order": []}, "order"),
        ({"order": [{}], "count": 1}, "order"),
        ({"order": [{}], "match": {"vendor": "alephee"}}, "order"),
        ({"at_least": 3, "at_most": 1}, "at_least"),
    ],
)
def test_verification_that_does_not_fit_is_refused(world: World, body: Any, field: str) -> None:
    status, problem = verify(world, body)
    assert (status, [error["field"] for error in problem["errors"]]) == (400, [field])


def test_coverage_counts_natural_and_forced_and_lists_what_was_missed(world: World) -> None:
    world.call("DELETE", ORDER)
    world.call("DELETE", ORDER)
    world.call("DELETE", ORDER, Prefer="example=job_tracker_missing")
    report = coverage(world, "?vendor=rxuniverse")
    assert report["total"] == {"outcomes": 28, "met": 3, "percent": 10.7}
    cancel = next(one for one in report["operations"] if one["operation"] == "cancelOrder")
    counts = {one["outcome"]: (one["natural"], one["forced"]) for one in cancel["outcomes"] if one["met"]}
    assert counts == {"cancelled": (1, 0), "already_cancelled": (1, 0), "job_tracker_missing": (0, 1)}
    assert "rxuniverse.cancelOrder.not_found" in report["missed"]
    assert report["provenance"]["vendor-docs"] == {"outcomes": 16, "met": 0, "percent": 0.0}
    ignored = coverage(world, "?vendor=rxuniverse&ignore=rxuniverse.cancelOrder.not_found")
    assert ignored["total"]["outcomes"] == 27
    chosen = coverage(world, "?operation=rxuniverse.cancelOrder&operation=alephee.deleteOrder")
    assert [one["operation"] for one in chosen["operations"]] == ["deleteOrder", "cancelOrder"]
    assert chosen["total"] == {"outcomes": 24, "met": 3, "percent": 12.5}


def test_coverage_comes_in_every_format(world: World) -> None:
    world.call("DELETE", ORDER)
    markdown = world.call("GET", "/_rescind/coverage?format=markdown").body.decode()
    assert "| `rxuniverse.cancelOrder` | 1 | 11 | 9.1 |" in markdown
    junit = ET.fromstring(world.call("GET", "/_rescind/coverage", Accept="application/xml").body)
    suite = next(one for one in junit if one.get("name") == "rxuniverse.cancelOrder")
    assert (suite.get("tests"), suite.get("failures")) == ("11", "10")
    page = world.call("GET", "/_rescind/coverage", Accept="text/html,application/xhtml+xml;q=0.9")
    assert dict(page.headers)["Content-Type"].startswith("text/html")
    assert "NO-TRACKER" in page.body.decode()


@pytest.mark.parametrize(
    "query", ["?format=pdf", "?vendor=alephe", "?ignore=alephee.deleteOrder.x", "?operation=deleteOrder", "?x=1"]
)
def test_coverage_of_what_does_not_exist_is_refused(world: World, query: str) -> None:
    assert world.call("GET", f"/_rescind/coverage{query}").status == 400


def test_reset_forgets_journal_and_coverage(world: World) -> None:
    world.call("DELETE", ORDER)
    world.call("POST", "/_rescind/reset")
    assert journal(world) == []
    assert coverage(world)["total"]["met"] == 0
