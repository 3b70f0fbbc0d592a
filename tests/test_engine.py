"""The path of a request: what is decided is committed, counted and journaled, whatever happens on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support import World, outcome

if TYPE_CHECKING:
    from pathlib import Path

TARGET = "/v2/orders?API_KEY=demo-key&accountId=1001&orderId=72001"
DOCUMENT = """
openapi: 3.1.0
info: {title: Boxes, version: "1"}
paths:
  /boxes/{id}:
    delete:
      operationId: deleteBox
      parameters: [{name: id, in: path, required: true, schema: {type: string}, example: b1}]
      responses: {"204": {description: Gone., x-examples: {deleted: {summary: Gone.}}}}
    post:
      operationId: fillBox
      parameters: [{name: id, in: path, required: true, schema: {type: string}, example: b1}]
      requestBody: {required: true, content: {application/json: {schema: {type: object}}}}
      responses: {"201": {description: Filled.}}
"""
CRASHING = """
from rescind.rules import Answer, Call, Rules, Shape

SHAPE = Shape(collections={})


def deleted(call):
    \"\"\"Deletes, and crashes.\"\"\"
    call.world.put("boxes", "b1", {"touched": True})
    raise ZeroDivisionError("by zero")


RULES = {
    "deleteBox": Rules((), deleted, ("deleted",)),
    "fillBox": Rules((), lambda call: Answer("created"), ("created",)),
}
"""


def override(world: World, **wanted: Any) -> None:
    reply = world.call("POST", "/_rescind/overrides", json.dumps(wanted).encode(), Content_Type="application/json")
    assert reply.status == 201, reply.body


def entries(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(world.call("GET", "/_rescind/journal").body)["entries"]
    return found


def met(world: World, name: str) -> tuple[int, int]:
    """How often an outcome was met naturally, and by force."""
    report = json.loads(world.call("GET", "/_rescind/coverage").body)
    found = next(one for operation in report["operations"] for one in operation["outcomes"] if one["id"] == name)
    return found["natural"], found["forced"]


@pytest.fixture
def boxes(tmp_path: Path) -> World:
    (tmp_path / "boxes.yaml").write_text(DOCUMENT)
    return _world(tmp_path)


def _world(spec: Path) -> World:
    fixtures = spec / "fixtures"
    fixtures.mkdir(exist_ok=True)
    return World(spec, fixtures)


def test_override_with_only_a_delay_leaves_the_preference_and_the_counting_alone(world: World) -> None:
    override(world, vendor="alephee", delay_ms=250, times=2)
    forced = world.call("DELETE", TARGET, Prefer="code=429")
    assert (outcome(forced), dict(forced.headers)["Preference-Applied"], forced.delay_ms) == (
        "rate_limited",
        "code=429",
        250,
    )
    natural = world.call("DELETE", TARGET)
    assert (outcome(natural), natural.delay_ms) == ("deleted", 250)
    assert met(world, "alephee.deleteOrder.deleted") == (1, 0)
    assert met(world, "alephee.deleteOrder.rate_limited") == (0, 1)
    assert [entry["forced"] for entry in entries(world)] == ["preference", None]


def test_fault_after_the_effect_leaves_the_answer_natural(world: World) -> None:
    override(world, vendor="alephee", fault="reply_lost")
    world.call("DELETE", TARGET)
    (entry,) = entries(world)
    assert (entry["forced"], entry["fault"], entry["decided_by"]["stage"]) == (None, "reply_lost", "effect")
    assert met(world, "alephee.deleteOrder.deleted") == (1, 0)


def test_fault_before_the_effect_is_forced_and_counts_for_nothing(world: World) -> None:
    override(world, vendor="alephee", fault="hang")
    cut_off = world.call("DELETE", TARGET)
    assert (cut_off.status, cut_off.fault) == (0, "hang")
    (entry,) = entries(world)
    assert (entry["forced"], entry["outcome"], entry["reply"]) == ("override", None, None)
    assert json.loads(world.call("GET", "/_rescind/coverage").body)["total"]["met"] == 0


def test_override_fault_and_preferred_outcome_go_together(world: World) -> None:
    override(world, vendor="alephee", fault="truncated_body", times=2)
    both = world.call("DELETE", TARGET, Prefer="code=500")
    assert (outcome(both), both.fault) == ("server_error", "truncated_body")
    other = world.call("DELETE", TARGET, Prefer="fault=hang")  # the override's fault goes first
    assert (outcome(other), other.fault) == ("deleted", "truncated_body")


def test_preference_applied_names_only_what_was_applied(world: World) -> None:
    override(world, vendor="alephee", fault="slow_body", times=1)
    both = world.call("DELETE", TARGET, Prefer="code=500, fault=hang")
    assert (outcome(both), both.fault, dict(both.headers)["Preference-Applied"]) == (
        "server_error",
        "slow_body",
        "code=500",
    )
    assert entries(world)[0]["decided_by"]["rule"] == "override 1; Prefer: code=500"


def test_forced_outcome_leaves_the_fault_to_the_preference_and_no_typo_passes(world: World) -> None:
    override(world, vendor="alephee", outcome="forbidden", times=3)
    met = world.call("DELETE", TARGET, Prefer="code=500, fault=slow_body")
    assert (outcome(met), met.fault, dict(met.headers)["Preference-Applied"]) == (
        "forbidden",
        "slow_body",
        "fault=slow_body",
    )
    assert world.call("DELETE", TARGET, Prefer="fault=slow_bdy").status == 400
    assert entries(world)[1]["forced"] is None
    plain = world.call("DELETE", TARGET, Prefer="code=500")
    assert (outcome(plain), "Preference-Applied" in dict(plain.headers)) == ("forbidden", False)


@pytest.mark.parametrize("stop", ["raise SystemExit(3)", "raise GeneratorExit", "import sys; sys.exit()"])
def test_rule_that_wants_to_end_the_process_is_a_500_in_the_journal(tmp_path: Path, stop: str) -> None:
    (tmp_path / "boxes.yaml").write_text(DOCUMENT)
    (tmp_path / "boxes.py").write_text(CRASHING.replace('raise ZeroDivisionError("by zero")', stop))
    world = _world(tmp_path)
    assert world.call("DELETE", "/boxes/b1").status == 500
    assert entries(world)[0]["status"] == 500


def test_problem_of_validation_gets_the_ordered_fault_and_uses_the_override_up(boxes: World) -> None:
    override(boxes, vendor="boxes", fault="reply_lost")
    refused = boxes.call("POST", "/boxes/b1", b"no json", Content_Type="application/json")
    assert (refused.status, refused.fault) == (400, "reply_lost")
    (entry,) = entries(boxes)
    assert (entry["status"], entry["fault"], entry["decided_by"]["stage"]) == (400, "reply_lost", "contract")
    assert json.loads(boxes.call("GET", "/_rescind/overrides").body)["overrides"][0]["used"] == 1
    assert boxes.call("POST", "/boxes/b1", b"{}", Content_Type="application/json").fault is None


def test_preference_that_does_not_exist_uses_up_what_was_ordered_and_is_in_the_journal(world: World) -> None:
    override(world, vendor="alephee", delay_ms=70)
    refused = world.call("DELETE", TARGET, Prefer="code=999")
    assert (refused.status, refused.delay_ms) == (400, 70)
    (entry,) = entries(world)
    assert (entry["operation"], entry["status"], entry["decided_by"]["stage"]) == ("deleteOrder", 400, "preference")
    assert world.outcome("DELETE", TARGET) == "deleted"


def test_crash_in_a_rule_is_a_500_in_the_journal_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "boxes.yaml").write_text(DOCUMENT)
    (tmp_path / "boxes.py").write_text(CRASHING)
    world = _world(tmp_path)
    override(world, vendor="boxes", delay_ms=90)
    crashed = world.call("DELETE", "/boxes/b1")
    assert (crashed.status, crashed.delay_ms) == (500, 90)
    assert "boxes.py:10: ZeroDivisionError: by zero" in json.loads(crashed.body)["detail"]
    (entry,) = entries(world)
    assert (entry["vendor"], entry["operation"], entry["status"]) == ("boxes", "deleteBox", 500)
    assert entry["decided_by"]["stage"] == "rule"
    assert "ZeroDivisionError" in entry["decided_by"]["says"]
    assert json.loads(world.call("GET", "/_rescind/overrides").body)["overrides"][0]["used"] == 1
    assert "boxes" not in json.loads(world.call("GET", "/_rescind/state/boxes").body)


def test_facts_of_a_success_are_what_its_effect_looked_at(world: World) -> None:
    world.call("DELETE", "/api/v2/orders/72544")
    (entry,) = entries(world)
    assert entry["decided_by"]["rule"] == "cancel"
    assert not [fact for fact in entry["facts"] if "prevents_cancel" in fact]  # what the last refusal looked at
