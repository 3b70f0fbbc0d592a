"""Random calls to vendors and control API of a real server, against a naive model: they never differ."""

from __future__ import annotations

from itertools import count

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from support import Server

NAMES = ("a", "b", "c")
NAME = st.sampled_from(NAMES)
ALEPHEE = st.sampled_from([72001, 72002, 72003, 72004, 72005, 99999])
RXUNIVERSE = st.sampled_from(["72544", "72545", "72546", "72547", "nothing"])
EXSITED = st.sampled_from(["ORD-10001", "ORD-10002", "ORD-x"])
ECOMMERCE = st.sampled_from(
    [
        "a3d5c8e7-9b4f-4a2e-8c7d-1f3e5a6b9c0d",
        "c8f7e6d5-4b3c-4d2e-8f90-1b2c3d4e5f60",
        "00000000-0000-4000-8000-000000000001",
    ]
)


class Model:
    """What one sandbox holds, as naively as can be."""

    def __init__(self) -> None:
        self.alephee = {72001: "", 72002: "", 72004: "native_marketplace_order", 72005: "not_created_by_api"}
        self.mugs = 40
        self.cancelled: set[str] = set()
        self.tracker = True
        self.exsited = {"ORD-10001", "ORD-10002", "ORD-10003"}
        self.ecommerce = {
            "a3d5c8e7-9b4f-4a2e-8c7d-1f3e5a6b9c0d": "ada",
            "c8f7e6d5-4b3c-4d2e-8f90-1b2c3d4e5f60": "grace",
        }
        self.forced: list[str] = []
        self.calls = 0


class Sandboxes(RuleBasedStateMachine):
    url: str
    client: httpx.Client
    serials = count()

    @initialize()
    def begin(self) -> None:
        serial = next(self.serials)
        self.base = {name: f"{self.url}/~model-{serial}-{name}" for name in NAMES}
        self.models = {name: Model() for name in NAMES}

    def meets(self, name: str, expected: str, method: str, path: str, **headers: str) -> None:
        self.models[name].calls += 1
        reply = self.client.request(method, self.base[name] + path, headers=headers)
        assert reply.headers["x-rescind-outcome"].rpartition(".")[2] == expected

    def control(self, name: str, method: str, path: str, body: object = None) -> httpx.Response:
        return self.client.request(method, f"{self.base[name]}/_rescind/{path}", json=body)

    @rule(name=NAME, order=ALEPHEE, revert=st.booleans())
    def delete_alephee(self, name: str, order: int, revert: bool) -> None:
        model = self.models[name]
        path = f"/v2/orders?API_KEY=load-test-key&accountId=1001&orderId={order}&revertStock={str(revert).lower()}"
        expected = model.alephee.get(order, "order_not_found") or "deleted"
        if model.forced:
            expected = model.forced.pop(0)
        elif expected == "deleted":
            model.alephee[order] = "already_deleted"
            model.mugs += 5 if revert and order == 72001 else 0
        self.meets(name, expected, "DELETE", path)

    @rule(name=NAME, order=RXUNIVERSE)
    def cancel(self, name: str, order: str) -> None:
        model = self.models[name]
        if order == "nothing":
            expected = "not_found"
        elif not model.tracker:
            expected = "job_tracker_missing"
        elif order in model.cancelled:
            expected = "already_cancelled"
        else:
            expected = "non_cancel_station" if order == "72547" else "cancelled"
        if expected == "cancelled":
            model.cancelled.add(order)
        self.meets(name, expected, "DELETE", f"/api/v2/orders/{order}")

    @rule(name=NAME, order=RXUNIVERSE)
    def read_status(self, name: str, order: str) -> None:
        known = "marked_for_cancellation" if order in self.models[name].cancelled else "status"
        self.meets(name, "not_found" if order == "nothing" else known, "GET", f"/api/v2/orders/{order}/status")

    @rule(name=NAME, order=EXSITED)
    def delete_exsited(self, name: str, order: str) -> None:
        model = self.models[name]
        expected = "deleted" if order in model.exsited else "order_not_found"
        model.exsited.discard(order)
        self.meets(name, expected, "DELETE", f"/api/v3/orders/{order}", Authorization="Bearer exs-token")

    @rule(name=NAME, order=ECOMMERCE, who=st.sampled_from(["ada", "grace"]), method=st.sampled_from(["GET", "DELETE"]))
    def shop(self, name: str, order: str, who: str, method: str) -> None:
        owner = self.models[name].ecommerce.get(order)
        if owner != who:
            expected = "not_owner" if owner else "order_not_found"
        else:
            expected = "order" if method == "GET" else "deleted"
        if expected == "deleted":
            del self.models[name].ecommerce[order]
        self.meets(name, expected, method, f"/api/v1/i/orders/{order}/", Authorization=f"Bearer {who}-token")

    @rule(name=NAME, installed=st.booleans())
    def change_settings(self, name: str, installed: bool) -> None:
        assert (
            self.control(name, "PATCH", "state/rxuniverse/settings", {"job_tracker_installed": installed}).status_code
            == 200
        )
        self.models[name].tracker = installed

    @rule(name=NAME, outcome=st.sampled_from(["rate_limited", "server_error", "deleted"]), times=st.integers(1, 3))
    def override(self, name: str, outcome: str, times: int) -> None:
        assert (
            self.control(
                name, "POST", "overrides", {"vendor": "alephee", "outcome": outcome, "times": times}
            ).status_code
            == 201
        )
        self.models[name].forced += [outcome] * times

    @rule(name=NAME)
    def reset(self, name: str) -> None:
        assert self.control(name, "POST", "reset").status_code == 204
        self.models[name] = Model()

    @rule(name=NAME)
    def look(self, name: str) -> None:
        model = self.models[name]
        assert self.control(name, "GET", "state/alephee/products/MUG-BLUE").json()["available"] == model.mugs
        orders = self.control(name, "GET", "state/exsited").json()["orders"]
        assert {order for order in orders if order.startswith("ORD-1")} == model.exsited
        entries = self.control(name, "GET", "journal").json()["entries"]
        assert len(entries) == model.calls


@pytest.fixture(scope="module", autouse=True)
def real_server(server: Server, client: httpx.Client) -> None:
    """The machine speaks to the session's server."""
    Sandboxes.url, Sandboxes.client = server.url, client


TestSandboxes = Sandboxes.TestCase
TestSandboxes.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
