"""Random calls to vendors and control API, against a naive model of a few lines for each vendor: they never differ."""

from __future__ import annotations

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from support import World

NAMES = st.sampled_from(["", "/~a", "/~b"])
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
    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.models = {name: Model() for name in ("", "/~a", "/~b")}

    def meets(self, name: str, expected: str, method: str, path: str, **headers: str) -> None:
        self.models[name].calls += 1
        assert self.world.outcome(method, name + path, **headers) == expected

    def control(self, name: str, method: str, path: str, body: object = None) -> int:
        raw = b"" if body is None else json.dumps(body).encode()
        return self.world.call(method, f"{name}/_rescind/{path}", raw, Content_Type="application/json").status

    @rule(name=NAMES, order=ALEPHEE, revert=st.booleans())
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

    @rule(name=NAMES, order=RXUNIVERSE)
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

    @rule(name=NAMES, order=RXUNIVERSE)
    def read_status(self, name: str, order: str) -> None:
        known = "marked_for_cancellation" if order in self.models[name].cancelled else "status"
        self.meets(name, "not_found" if order == "nothing" else known, "GET", f"/api/v2/orders/{order}/status")

    @rule(name=NAMES, order=EXSITED)
    def delete_exsited(self, name: str, order: str) -> None:
        model = self.models[name]
        expected = "deleted" if order in model.exsited else "order_not_found"
        model.exsited.discard(order)
        self.meets(name, expected, "DELETE", f"/api/v3/orders/{order}", Authorization="Bearer exs-token")

    @rule(name=NAMES, order=ECOMMERCE, who=st.sampled_from(["ada", "grace"]), method=st.sampled_from(["GET", "DELETE"]))
    def shop(self, name: str, order: str, who: str, method: str) -> None:
        owner = self.models[name].ecommerce.get(order)
        if owner != who:
            expected = "not_owner" if owner else "order_not_found"
        else:
            expected = "order" if method == "GET" else "deleted"
        if expected == "deleted":
            del self.models[name].ecommerce[order]
        self.meets(name, expected, method, f"/api/v1/i/orders/{order}/", Authorization=f"Bearer {who}-token")

    @rule(name=NAMES, installed=st.booleans())
    def change_settings(self, name: str, installed: bool) -> None:
        assert self.control(name, "PATCH", "state/rxuniverse/settings", {"job_tracker_installed": installed}) == 200
        self.models[name].tracker = installed

    @rule(name=NAMES, outcome=st.sampled_from(["rate_limited", "server_error", "deleted"]), times=st.integers(1, 3))
    def override(self, name: str, outcome: str, times: int) -> None:
        assert self.control(name, "POST", "overrides", {"vendor": "alephee", "outcome": outcome, "times": times}) == 201
        self.models[name].forced += [outcome] * times

    @rule(name=NAMES)
    def reset(self, name: str) -> None:
        assert self.control(name, "POST", "reset") == 204
        self.models[name] = Model()

    @rule(name=NAMES)
    def look(self, name: str) -> None:
        model = self.models[name]
        mug = json.loads(self.world.call("GET", f"{name}/_rescind/state/alephee/products/MUG-BLUE").body)
        assert mug["available"] == model.mugs
        orders = json.loads(self.world.call("GET", f"{name}/_rescind/state/exsited").body)["orders"]
        assert {order for order in orders if order.startswith("ORD-1")} == model.exsited
        entries = json.loads(self.world.call("GET", f"{name}/_rescind/journal").body)["entries"]
        assert len(entries) == model.calls


TestSandboxes = Sandboxes.TestCase
TestSandboxes.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
