"""Overrides: queued, taken in order, exactly as often as they say."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rescind.control.delays import draw
from support import World, outcome

TARGET = "/v2/orders?API_KEY=load-test-key&accountId=1001&orderId="


def control(world: World, method: str, path: str, body: Any = None) -> Any:
    raw = b"" if body is None else json.dumps(body).encode()
    reply = world.call(method, f"/_rescind/{path}", raw, Content_Type="application/json")
    return reply.status, json.loads(reply.body) if reply.body else None


def test_overrides_strike_in_their_order_and_then_no_more(world: World) -> None:
    for override in (
        {"vendor": "alephee", "operation": "deleteOrder", "outcome": "rate_limited", "times": 2},
        {"vendor": "alephee", "outcome": "server_error"},
    ):
        assert control(world, "POST", "overrides", override)[0] == 201
    met = [world.outcome("DELETE", f"{TARGET}72001") for _ in range(5)]
    assert met == ["rate_limited", "rate_limited", "server_error", "deleted", "already_deleted"]
    listed = control(world, "GET", "overrides")[1]["overrides"]
    assert [(one["id"], one["used"]) for one in listed] == [("1", 2), ("2", 1)]


def test_override_of_seven_strikes_exactly_seven_of_many_parallel_calls(world: World) -> None:
    control(world, "POST", "overrides", {"vendor": "alephee", "outcome": "forbidden", "times": 7})
    with ThreadPoolExecutor(50) as pool:
        met = Counter(pool.map(lambda _: world.outcome("DELETE", f"{TARGET}404"), range(200)))
    assert met == {"forbidden": 7, "order_not_found": 193}


@pytest.mark.parametrize(
    ("match", "hits"),
    [
        ({}, True),
        ({"orderId": 72001}, True),
        ({"orderId": "72001"}, True),
        ({"orderId": 72002}, False),
        ({"orderId": {"matches": "^72"}}, True),
        ({"orderId": {"matches": "^73"}}, False),
        ({"orderId": 72001, "accountId": 1002}, False),
        ({"API_KEY": "load-test-key"}, True),
        ({"revertStock": False}, False),  # it was not sent
    ],
)
def test_override_strikes_only_what_it_matches(world: World, match: dict[str, Any], hits: bool) -> None:
    status, _ = control(world, "POST", "overrides", {"vendor": "alephee", "outcome": "forbidden", "match": match})
    assert status == 201
    assert (world.outcome("DELETE", f"{TARGET}72001") == "forbidden") is hits


def test_override_may_match_a_field_of_the_body(world: World) -> None:
    override = {
        "vendor": "exsited",
        "outcome": "invalid_client",
        "match": {"grant_type": "refresh_token"},
        "times": None,
    }
    control(world, "POST", "overrides", override)
    met = [
        outcome(world.call("POST", "/api/v1/oauth2/token", json.dumps(body).encode(), Content_Type="application/json"))
        for body in ({"grant_type": "password"}, {"grant_type": "refresh_token"}, {"grant_type": "refresh_token"})
    ]
    assert met == ["unsupported_grant_type", "invalid_client", "invalid_client"]


def test_forced_outcome_changes_nothing_and_delay_alone_lets_the_call_through(world: World) -> None:
    control(world, "POST", "overrides", {"vendor": "alephee", "outcome": "deleted"})
    control(world, "POST", "overrides", {"vendor": "alephee", "delay_ms": 250})
    assert world.outcome("DELETE", f"{TARGET}72001") == "deleted"
    delayed = world.call("DELETE", f"{TARGET}72001")
    assert (outcome(delayed), delayed.delay_ms) == ("deleted", 250)
    assert world.outcome("DELETE", f"{TARGET}72001") == "already_deleted"


@pytest.mark.parametrize(
    ("fault", "effect", "happens"),
    [
        ("reply_lost", None, True), ("reply_lost", True, True), ("reply_lost", False, False),
        ("hang", None, False), ("hang", True, True), ("hang", False, False),
        ("connection_reset", None, False), ("empty_reply", None, False), ("garbage", None, False),
        ("truncated_body", None, True), ("malformed_chunk", None, True), ("slow_body", None, True),
        ("unknown_members", None, True), ("other_headers", None, True), ("chunked_body", None, True),
        ("stale_connection", None, True),
    ],
)  # fmt: skip
def test_fault_strikes_before_or_after_the_effect(world: World, fault: str, effect: bool | None, happens: bool) -> None:
    override = {"vendor": "rxuniverse", "fault": fault} | ({} if effect is None else {"effect": effect})
    assert control(world, "POST", "overrides", override)[0] == 201
    assert world.call("DELETE", "/api/v2/orders/72544").fault == fault
    expected = "already_cancelled" if happens else "cancelled"
    assert world.outcome("DELETE", "/api/v2/orders/72544") == expected


def test_ordered_outcome_can_come_after_the_effect(world: World) -> None:
    control(world, "POST", "overrides", {"vendor": "alephee", "outcome": "server_error", "effect": True})
    assert world.outcome("DELETE", f"{TARGET}72001") == "server_error"
    (entry,) = control(world, "GET", "journal")[1]["entries"]
    assert (entry["forced"], entry["facts"]) == ("override", ["call: took effect is true"])
    assert world.outcome("DELETE", f"{TARGET}72001") == "already_deleted"


def test_ordered_effect_does_not_happen_where_the_rules_refuse(world: World) -> None:
    control(world, "POST", "overrides", {"vendor": "alephee", "outcome": "server_error", "effect": True})
    world.call("DELETE", f"{TARGET}72004")
    (entry,) = control(world, "GET", "journal")[1]["entries"]
    assert entry["facts"] == ["call: took effect is false"]


def test_rival_makes_the_same_call_just_before(world: World) -> None:
    control(world, "POST", "overrides", {"vendor": "alephee", "rival": True})
    assert world.outcome("DELETE", f"{TARGET}72001") == "already_deleted"
    entry = control(world, "GET", "journal")[1]["entries"][0]
    assert (entry["facts"][0], entry["forced"]) == ("rival: called first is true", None)
    assert world.outcome("DELETE", f"{TARGET}72002") == "deleted"


def test_rival_can_be_faster_than_a_call_that_never_arrives(world: World) -> None:
    control(world, "POST", "overrides", {"vendor": "rxuniverse", "rival": True, "fault": "connection_reset"})
    assert world.call("DELETE", "/api/v2/orders/72544").fault == "connection_reset"
    assert world.outcome("DELETE", "/api/v2/orders/72544") == "already_cancelled"


def test_hang_lasts_as_long_as_it_is_ordered_to_and_no_longer_than_the_bound(world: World) -> None:
    for delay in (1500, 600_000):
        control(world, "POST", "overrides", {"vendor": "rxuniverse", "fault": "hang", "delay_ms": delay})
    met = [world.call("DELETE", "/api/v2/orders/72544").delay_ms for _ in range(2)]
    assert met == [1500, 60_000]


def test_unusual_forms_of_a_reply_mean_the_same(world: World) -> None:
    control(world, "POST", "overrides", {"vendor": "rxuniverse", "fault": "unknown_members"})
    body = json.loads(world.call("DELETE", "/api/v2/orders/72544").body)
    assert (body["orderNumber"], body["rescindUnknownMember"]) == ("72544", {"is": [None, 1, ""]})
    control(world, "POST", "overrides", {"vendor": "rxuniverse", "fault": "other_headers"})
    other = world.call("DELETE", "/api/v2/orders/72545")
    assert ("CONTENT-TYPE", "application/json") in other.headers


def test_override_goes_before_preference(world: World) -> None:
    control(world, "POST", "overrides", {"vendor": "alephee", "outcome": "forbidden"})
    met = [world.outcome("DELETE", f"{TARGET}72001", Prefer="code=500") for _ in range(2)]
    assert met == ["forbidden", "server_error"]


def test_overrides_are_removed_one_by_one_or_all_or_by_reset(world: World) -> None:
    for _ in range(3):
        control(world, "POST", "overrides", {"vendor": "alephee", "outcome": "forbidden"})
    assert control(world, "DELETE", "overrides/2")[0] == 204
    assert control(world, "DELETE", "overrides/2")[0] == 404
    assert [one["id"] for one in control(world, "GET", "overrides")[1]["overrides"]] == ["1", "3"]
    assert control(world, "DELETE", "overrides")[0] == 204
    control(world, "POST", "overrides", {"vendor": "alephee", "outcome": "forbidden"})
    control(world, "POST", "reset")
    assert control(world, "GET", "overrides")[1] == {"overrides": []}


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "vendor", "Missing data"),
        ({"vendor": "alephe", "outcome": "deleted"}, "vendor", "expected one of: alephee"),
        ({"vendor": "alephee", "operation": "delete", "outcome": "deleted"}, "operation", "deleteOrder"),
        ({"vendor": "alephee", "outcome": "delted"}, "outcome", "rate_limited"),
        ({"vendor": "alephee", "fault": "explode"}, "fault", "reply_lost"),
        ({"vendor": "alephee"}, "outcome", "needs an outcome, a fault, delay_ms or rival"),
        ({"vendor": "alephee", "outcome": "deleted", "times": 0}, "times", "Must be"),
        ({"vendor": "alephee", "outcome": "deleted", "times": "2"}, "times", "integer"),
        ({"vendor": "alephee", "outcome": "deleted", "match": {"order": 1}}, "match.order", "orderId"),
        (
            {"vendor": "alephee", "outcome": "deleted", "match": {"orderId": {"matches": "("}}},
            "match.orderId.value",
            "regular",
        ),
        (
            {"vendor": "alephee", "outcome": "deleted", "match": {"orderId": {"matches": "(?=a)"}}},
            "match.orderId.value",
            "regular",
        ),
        ({"vendor": "alephee", "fault": "garbage", "effect": True}, "effect", "reply_lost"),
        ({"vendor": "alephee", "delay_ms": -1}, "delay_ms", "from 0 to"),
        ({"vendor": "alephee", "delay_ms": 10**9}, "delay_ms", "from 0 to"),
        ({"vendor": "alephee", "delay_ms": 10**400}, "delay_ms", "from 0 to"),
        ({"vendor": "alephee", "delay_ms": {"lognormal": {"median": 1, "sigma": 10**400}}}, "delay_ms", "from 0 to"),
        ({"vendor": "alephee", "delay_ms": {"uniform": [5, 1]}}, "delay_ms", "uniform"),
        ({"vendor": "alephee", "delay_ms": {"normal": 1}}, "delay_ms", "lognormal"),
        ({"vendor": "alephee", "outcome": "deleted", "colour": 1}, "colour", "Unknown field"),
    ],
)
def test_override_that_does_not_fit_is_refused_by_field(world: World, body: Any, field: str, words: str) -> None:
    status, problem = control(world, "POST", "overrides", body)
    assert status == 400
    assert [error["field"].removesuffix(".value") for error in problem["errors"]] == [field.removesuffix(".value")]
    assert words in problem["errors"][0]["problem"]
    assert control(world, "GET", "overrides")[1] == {"overrides": []}


def test_overrides_are_bounded_and_spent_ones_make_room() -> None:
    world = World(overrides=2)
    override = {"vendor": "alephee", "outcome": "forbidden"}
    assert [control(world, "POST", "overrides", override)[0] for _ in range(3)] == [201, 201, 409]
    world.call("DELETE", f"{TARGET}72001")
    assert control(world, "POST", "overrides", override)[0] == 201
    assert [one["id"] for one in control(world, "GET", "overrides")[1]["overrides"]] == ["2", "3"]


def test_delays_are_drawn_by_seed_and_within_their_bounds() -> None:
    uniform = [draw({"uniform": [10, 20]}, str(seed), 1000) for seed in range(200)]
    assert all(10 <= delay <= 20 for delay in uniform)
    assert len(set(uniform)) > 100
    lognormal = sorted(draw({"lognormal": {"median": 50, "sigma": 1}}, str(seed), 1000) for seed in range(999))
    assert 40 < lognormal[499] < 60
    assert lognormal[-1] <= 1000
    assert draw({"uniform": [10, 20]}, "a", 1000) == draw({"uniform": [10, 20]}, "a", 1000)
