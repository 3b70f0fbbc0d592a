from __future__ import annotations

import json

import pytest

from support import World, header, outcome

TARGET = "/v2/orders?API_KEY=demo-key&accountId=1001&orderId=72001"


@pytest.mark.parametrize(
    ("prefer", "expected", "applied"),
    [
        ("code=429", "rate_limited", "code=429"),
        ("example=forbidden", "forbidden", "example=forbidden"),
        ("code=401", "missing_api_key", "code=401"),  # the first that the document lists
        (
            "code=401, example=account_not_associated",
            "account_not_associated",
            "code=401, example=account_not_associated",
        ),
        ('example="server_error"', "server_error", "example=server_error"),
        ("Code=412; foo=bar", "native_marketplace_order", "code=412"),
        ("respond-async, code=404", "order_not_found", "code=404"),
        ("code=404, code=429", "order_not_found", "code=404"),  # RFC 7240: the first of a repeated preference counts
    ],
)
def test_preference_chooses_the_outcome(world: World, prefer: str, expected: str, applied: str) -> None:
    reply = world.call("DELETE", TARGET, Prefer=prefer)
    assert (outcome(reply), header(reply, "Preference-Applied")) == (expected, applied)


@pytest.mark.parametrize(
    "prefer", ["return=minimal", "wait=10", "handling=lenient", "", "respond-async", "dynamic=true"]
)
def test_preferences_of_others_are_ignored(world: World, prefer: str) -> None:
    reply = world.call("DELETE", TARGET, Prefer=prefer)
    assert outcome(reply) == "deleted"
    assert "Preference-Applied" not in dict(reply.headers)


@pytest.mark.parametrize(
    "prefer",
    [
        "code=418",
        "code=",
        "code=4x4",
        "example=rate_limted",
        "code=429, example=forbidden",
        "exmaple=deleted",
        "cod=429",
    ],
)
def test_typo_does_not_pass_silently(world: World, prefer: str) -> None:
    reply = world.call("DELETE", TARGET, Prefer=prefer)
    problem = json.loads(reply.body)
    assert (reply.status, header(reply, "Content-Type")) == (400, "application/problem+json")
    assert {"example": "rate_limited", "code": 429} in problem["outcomes"]
    assert world.outcome("DELETE", TARGET) == "deleted"


def test_preference_comes_after_authentication_and_rate_limit_and_before_validation(world: World) -> None:
    assert world.outcome("DELETE", "/v2/orders", Prefer="code=204") == "missing_api_key"
    assert world.outcome("DELETE", "/v2/orders?API_KEY=demo-key&accountId=x", Prefer="code=204") == "deleted"
    spent = "/v2/orders?API_KEY=four-a-minute-key"
    met = [world.outcome("DELETE", spent, Prefer="code=204") for _ in range(5)]
    assert met == ["deleted"] * 4 + ["rate_limited"]
