"""Beginning a scenario: a sandbox as new, the world that the scenario needs, and what the client is given."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypedDict

from rescind.certify.survey import as_request, deletion_of
from rescind.control.journal import LOG
from rescind.control.overrides import Overrides
from rescind.control.state import State
from rescind.control.steps import perform
from rescind.errors import Problem
from rescind.model import CONTROL_PREFIX
from rescind.rules.rate import arrival_with, rate_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.certify.advice import ClientContract
    from rescind.certify.scenarios import Plan, Scenario
    from rescind.coverage.catalogue import WayRequest
    from rescind.engine import Engine
    from rescind.store import Transaction

_TABLE, _KEY = "certification", "scenario"
_INTERVAL_SECONDS = 2
"""How long a call has to wait where a rate is used up."""

_PATIENCE_SECONDS = 30
"""How much longer than the time limit of a process a hang lasts, so that it is the process that is ended."""

STANDS, GONE = "stands", "gone"


class Begun(TypedDict):
    """What a scenario is begun with, as the sandbox keeps it.

    ``at`` is when it began in nanoseconds, ``before`` the state of each order. ``hang_ms`` is how long a hang lasts,
    ``first`` the id of the first entry that the journal will have.
    """

    scenario: str
    at: int
    before: dict[str, str]
    timeout_seconds: float
    hang_ms: float
    first: int


class Beginning(TypedDict):
    """What ``POST /scenarios/ID/begin`` answers.

    ``gives`` are the placeholders of each run, ``at_once`` says that the runs begin together.
    """

    scenario: str
    vendor: str
    base_url: str
    timeout_seconds: float
    gives: list[dict[str, str]]
    at_once: bool


def begin(  # noqa: PLR0913 - what a beginning consists of
    engine: Engine, sandbox: str, plan: Plan, scenario: Scenario, timeout_seconds: float, *, processes: bool
) -> list[dict[str, str]]:
    """Make the sandbox as new and ready for the scenario; return what each run is given.

    Where the runs are no ``processes`` of the caller's, there is one run, and Rescind plays the other.
    Raises Problem for a fault that this host cannot make.
    """
    engine.store.reset(sandbox, engine.clock.system())
    for step in scenario.before:
        _take(engine, sandbox, step)
    targets = scenario.targets if processes else scenario.targets[:1]
    rival: list[dict[str, Any]] = []
    if not processes and scenario.has_same_order_twice:
        if scenario.is_together:
            rival = [{"vendor": scenario.vendor, "operation": plan.contract.deletion.id, "rival": True}]
        else:
            engine.answer(sandbox, deletion_of(plan.contract, scenario.order))
    hang_ms = (timeout_seconds + (_PATIENCE_SECONDS if processes else 0)) * 1000
    before = {order: state_of(engine, sandbox, plan, order) for order in dict.fromkeys(targets)}

    def prepare(transaction: Transaction) -> None:
        overrides = Overrides(transaction)
        for override in (*rival, *scenario.overrides):
            wanted = {name: value for name, value in override.items() if name != "effect" or value is not None}
            if wanted.get("fault") == "hang":
                wanted["delay_ms"] = hang_ms
            overrides.add(wanted, engine.vendors, engine.bounds, has_socket=True)
        if scenario.rate is not None:
            _use_up(engine, transaction, plan.contract, scenario.rate if processes else 0)
        transaction.clear(LOG)
        begun = Begun(
            scenario=scenario.id,
            at=engine.clock.system(),
            before=before,
            timeout_seconds=timeout_seconds,
            hang_ms=min(hang_ms, engine.bounds.hang_ms),
            first=transaction.read("serials", LOG, 0) + 1,
        )
        transaction.write(_TABLE, _KEY, begun)

    engine.transact(sandbox, prepare)
    return [{**scenario.gives, "order": target} for target in targets]


def begun_in(transaction: Transaction, scenario: Scenario) -> Begun:
    """Return what the scenario was begun with, and end it. Raises Problem if it was not begun in this sandbox."""
    begun: Begun | None = transaction.read(_TABLE, _KEY)
    if begun is None or begun["scenario"] != scenario.id:
        running = f"{begun['scenario']} was begun here" if begun else "no scenario was begun here"
        remedy = f"POST {CONTROL_PREFIX}/scenarios/{scenario.id}/begin first, with the same base URL"
        raise Problem(HTTPStatus.CONFLICT, running, remedy)
    transaction.erase(_TABLE, _KEY)
    return begun


def state_of(engine: Engine, sandbox: str, plan: Plan, order: str) -> str:
    """Return ``gone`` or ``stands``: what a deletion of the order by its owner would show now."""
    decision = engine.foresee(sandbox, deletion_of(plan.contract, order))
    return GONE if decision and decision.outcome in plan.gone else STANDS


def _take(engine: Engine, sandbox: str, step: WayRequest) -> None:
    """Take one step of a way: a call of the control API or of the vendor."""
    if not step["path"].startswith(CONTROL_PREFIX):
        engine.answer(sandbox, as_request(step))
        return
    body: Mapping[str, Any] = step.get("json", {})
    call = step["method"], step["path"].removeprefix(CONTROL_PREFIX), body

    def state_in(transaction: Transaction, name: str) -> State:
        vendor = engine.vendors[name]
        return State(vendor, engine.world(transaction, vendor), engine.bounds)

    engine.transact(sandbox, lambda transaction: perform(call, transaction, engine.clock, state_in))


def _use_up(engine: Engine, transaction: Transaction, contract: ClientContract, left: int) -> None:
    """Leave so many calls of the credential's rate, which grows by one in the interval."""
    limit = contract.deletion.rate_limit
    assert limit is not None, "only scenarios of operations with a rate limit change it"  # noqa: S101 - tells mypy
    requests = max(1, limit.window_seconds // _INTERVAL_SECONDS)
    world = engine.world(transaction, contract.vendor)
    world.change_settings({limit.setting: requests})
    credential = contract.gives.get("api_key", contract.gives.get("token", ""))
    key = rate_key(contract.vendor.name, contract.deletion.id, credential)
    transaction.write("rates", key, arrival_with(left, engine.clock.now(transaction), requests, limit.window_seconds))
