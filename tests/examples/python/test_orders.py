"""The client against every answer that the vendor documents."""

from __future__ import annotations

import pytest
from orders import OrderNotFound, Orders, Refused


@pytest.fixture
def waits():
    """How long the client has waited."""
    return []


@pytest.fixture
def orders(sandbox, waits):
    """The client, with the sandbox in the place of the vendor."""
    key = sandbox.credentials("alephee").params["API_KEY"]
    client = Orders(sandbox.base_url, key, "1001", sleep=waits.append)
    yield client
    client.close()


def test_deletion_returns_the_stock(orders, sandbox):
    orders.delete("72001")
    assert sandbox.state.get("alephee", "products", "MUG-BLUE")["available"] == 45


def test_second_deletion_is_no_error(orders, sandbox):
    orders.delete("72001")
    orders.delete("72001")
    assert [entry["status"] for entry in sandbox.journal()] == [204, 304]


def test_order_that_does_not_exist(orders):
    with pytest.raises(OrderNotFound):
        orders.delete("99999")


def test_rate_limit_is_waited_for(orders, sandbox, waits):
    sandbox.override("alephee", outcome="rate_limited", times=2)
    orders.delete("72001")
    sandbox.verify({"vendor": "alephee", "parameters": {"orderId": 72001}}, count=3)
    assert len(waits) == 2


def test_lost_reply_does_not_look_like_a_failure(orders, sandbox):
    sandbox.fault("alephee", "reply_lost")
    orders.delete("72001")
    assert sandbox.state.get("alephee", "orders", "72001")["deleted"]


@pytest.mark.rescind_outcomes(
    "alephee.deleteOrder",
    only=["unknown_api_key", "account_not_associated", "forbidden", "native_marketplace_order", "not_created_by_api"],
)
def test_refusal_is_told(sandbox, rescind_outcome):
    facts = rescind_outcome.parameters
    client = Orders(sandbox.base_url, facts["API_KEY"], facts["accountId"])
    with pytest.raises(Refused, match=str(rescind_outcome.status)):
        client.delete(facts["orderId"])
    client.close()
