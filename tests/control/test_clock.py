from __future__ import annotations

import json
from typing import Any

import pytest

from rescind.model import SECOND
from support import World, both_doors

pytestmark = both_doors


def clock(world: World, method: str = "GET", path: str = "", body: Any = None, sandbox: str = "") -> Any:
    raw = b"" if body is None else json.dumps(body).encode()
    reply = world.call(method, f"{sandbox}/_rescind/clock{path}", raw, Content_Type="application/json")
    return reply.status, json.loads(reply.body)


def test_clock_is_real_until_it_is_told_otherwise(world: World) -> None:
    assert clock(world) == (200, {"mode": "real", "now": "2026-11-18T11:06:40Z"})
    world.time += 90 * SECOND
    assert clock(world)[1]["now"] == "2026-11-18T11:08:10Z"


def test_frozen_clock_stands_still_and_can_be_advanced(world: World) -> None:
    assert clock(world, "PUT", body={"mode": "frozen"})[1] == {"mode": "frozen", "now": "2026-11-18T11:06:40Z"}
    world.time += 90 * SECOND
    assert clock(world)[1]["now"] == "2026-11-18T11:06:40Z"
    assert clock(world, "POST", "/advance", {"seconds": 1.5})[1]["now"] == "2026-11-18T11:06:41.500000Z"


def test_real_clock_can_be_shifted_and_runs_on(world: World) -> None:
    clock(world, "PUT", body={"mode": "real", "now": "2030-01-01T00:00:00+01:00"})
    world.time += SECOND
    assert clock(world)[1] == {"mode": "real", "now": "2029-12-31T23:00:01Z"}
    clock(world, "POST", "/advance", {"seconds": 60})
    assert clock(world)[1]["now"] == "2029-12-31T23:01:01Z"
    assert clock(world, "PUT", body={"mode": "real"})[1]["now"] == "2026-11-18T11:06:41Z"


def test_relative_moment_counts_from_the_time_of_the_sandbox(world: World) -> None:
    clock(world, "PUT", body={"mode": "frozen", "now": "2030-01-02T00:00:00Z"})
    assert clock(world, "PUT", body={"mode": "frozen", "now": "now-1d"})[1]["now"] == "2030-01-01T00:00:00Z"


def test_clock_belongs_to_its_sandbox_and_reset_sets_it_right(world: World) -> None:
    clock(world, "PUT", body={"mode": "frozen", "now": "2030-01-01T00:00:00Z"}, sandbox="/~a")
    assert clock(world, sandbox="/~b")[1]["mode"] == "real"
    assert world.call("POST", "/~a/_rescind/reset").status == 204
    assert clock(world, sandbox="/~a")[1] == {"mode": "real", "now": "2026-11-18T11:06:40Z"}


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "", {}, "mode"),
        ("PUT", "", {"mode": "warp"}, "mode"),
        ("PUT", "", {"mode": "real", "now": "soon"}, "now"),
        ("PUT", "", {"mode": "real", "now": 7}, "now"),
        ("PUT", "", {"mode": "real", "tz": "x"}, "tz"),
        ("POST", "/advance", {}, "seconds"),
        ("POST", "/advance", {"seconds": -1}, "seconds"),
        ("POST", "/advance", {"seconds": "x"}, "seconds"),
        ("POST", "/advance", {"seconds": 1e300}, "seconds"),
        ("POST", "/advance", {"seconds": True}, "seconds"),
        ("POST", "/advance", {"seconds": None}, "seconds"),
    ],
)
def test_wrong_field_is_named_and_nothing_changes(world: World, method: str, path: str, body: Any, field: str) -> None:
    status, problem = clock(world, method, path, body)
    assert status == 400
    assert [error["field"] for error in problem["errors"]] == [field]
    assert clock(world)[1] == {"mode": "real", "now": "2026-11-18T11:06:40Z"}


def test_clock_cannot_leave_the_calendar(world: World) -> None:
    clock(world, "PUT", body={"mode": "frozen", "now": "9999-12-30T00:00:00Z"})
    status, problem = clock(world, "POST", "/advance", {"seconds": 3_000_000})
    assert (status, "out of range" in problem["detail"]) == (400, True)
    assert clock(world)[1]["now"] == "9999-12-30T00:00:00Z"


def test_relative_moment_that_leaves_the_calendar_is_refused_wherever_it_stands(world: World) -> None:
    clock(world, "PUT", body={"mode": "frozen", "now": "0001-02-01T00:00:00Z"})
    status, problem = clock(world, "PUT", body={"mode": "frozen", "now": "now-99d"})
    assert (status, [error["field"] for error in problem["errors"]]) == (400, ["now"])
    record = b'{"client": "rescind-client", "expires": "now-99d"}'
    put = world.call("PUT", "/_rescind/state/exsited/credentials/x", record, Content_Type="application/json")
    assert put.status == 400
    assert world.call("GET", "/_rescind/journal?since=now-99d").status == 400
