"""Beginning a scenario: a sandbox as new, the world that the scenario needs, and what the client is given."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from rescind.certify.survey import as_request, deletion_of
from rescind.control.journal import LOG
from rescind.control.overrides import Overrides
from rescind.control.steps import perform
from rescind.errors import Problem
from rescind.model import CONTROL_PREFIX
from rescind.rules.rate import rate_key, used_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rescind.certify.advice import ClientContract
    from rescind.certify.scenarios import Plan, Scenario
    from rescind.control.state import State
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
    hang_ms: float
    first: int
    runs: int


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


class Asked(NamedTuple):
    """What the caller asks of a beginning.

    ``processes`` says that the caller runs the client as often as the scenario wants it; else there is one run, and
    Rescind plays the other. ``has_socket`` says whether this host can make every fault.
    """

    timeout_seconds: float
    processes: bool
    has_socket: bool


class Preparation:
    """The beginning of a scenario in a sandbox."""

    def __init__(self, engine: Engine, sandbox: str, plan: Plan, scenario: Scenario, asked: Asked) -> None:
        self._engine = engine
        self._sandbox = sandbox
        self._plan = plan
        self._scenario = scenario
        self._asked = asked
        self._targets = scenario.targets if asked.processes else scenario.targets[:1]
        patience = _PATIENCE_SECONDS if asked.processes else 0
        wanted = (asked.timeout_seconds + patience) * 1000
        self._hang_ms = min(wanted, engine.bounds.hang_ms, engine.bounds.delay_ms)

    def begin(self) -> list[dict[str, str]]:
        """Make the sandbox as new and ready for the scenario; return what each run is given.

        Raises Problem for a fault that this host cannot make.
        """
        engine, scenario = self._engine, self._scenario
        engine.store.reset(self._sandbox, engine.clock.system())
        for step in scenario.before:
            _take(engine, self._sandbox, step)
        if self._plays_other and not scenario.is_together:
            engine.answer(self._sandbox, deletion_of(self._plan.contract, scenario.order))
        orders = dict.fromkeys(self._targets)
        before = {order: state_of(engine, self._sandbox, self._plan, order) for order in orders}
        engine.transact(self._sandbox, lambda transaction: self._prepare(transaction, before))
        return [{**scenario.gives, "order": target} for target in self._targets]

    @property
    def _plays_other(self) -> bool:
        """Whether Rescind makes the other of two deletions of one order."""
        return not self._asked.processes and self._scenario.has_same_order_twice

    def _prepare(self, transaction: Transaction, before: dict[str, str]) -> None:
        """Order the overrides, use up the rate, and note the beginning."""
        engine, scenario, overrides = self._engine, self._scenario, Overrides(transaction)
        for override in self._overrides():
            overrides.add(override, engine.vendors, engine.bounds, has_socket=self._asked.has_socket)
        if scenario.rate is not None:
            left = scenario.rate if self._asked.processes else 0
            _use_up(engine, transaction, self._plan.contract, left)
        transaction.clear(LOG)
        begun = Begun(
            scenario=scenario.id,
            at=engine.clock.system(),
            before=before,
            hang_ms=self._hang_ms,
            first=transaction.read("serials", LOG, 0) + 1,
            runs=len(self._targets),
        )
        transaction.write(_TABLE, _KEY, begun)

    def _overrides(self) -> Iterator[dict[str, Any]]:
        scenario = self._scenario
        if self._plays_other and scenario.is_together:
            yield {"vendor": scenario.vendor, "operation": self._plan.contract.deletion.id, "rival": True}
        for override in scenario.overrides:
            yield {**override, "delay_ms": self._hang_ms} if override.get("fault") == "hang" else dict(override)


def begun_in(transaction: Transaction, scenario: Scenario, runs: int) -> Begun:
    """Return what the scenario was begun with, and end it.

    Raises Problem if it was not begun in this sandbox, or not with so many runs.
    """
    begun: Begun | None = transaction.read(_TABLE, _KEY)
    if begun is None or begun["scenario"] != scenario.id:
        running = f"{begun['scenario']} was begun here" if begun else "no scenario was begun here"
        remedy = f"POST {CONTROL_PREFIX}/scenarios/{scenario.id}/begin first, with the same base URL"
        raise Problem(HTTPStatus.CONFLICT, running, remedy)
    if runs != begun["runs"]:
        detail = f"the claim has {runs} runs, and {scenario.id} was begun with {begun['runs']}"
        raise Problem(HTTPStatus.CONFLICT, detail, "claim once for each of the gives that begin answered")
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
        return engine.state(transaction, engine.vendors[name])

    engine.transact(sandbox, lambda transaction: perform(call, transaction, engine.clock, state_in))


def _use_up(engine: Engine, transaction: Transaction, contract: ClientContract, left: int) -> None:
    """Leave so many calls of the credential's rate from its first call on; it grows by one in the interval."""
    limit = contract.deletion.rate_limit
    assert limit is not None, "only scenarios of operations with a rate limit change it"  # noqa: S101 - tells mypy
    requests = max(1, limit.window_seconds // _INTERVAL_SECONDS)
    world = engine.world(transaction, contract.vendor)
    world.change_settings({limit.setting: requests})
    credential = contract.gives.get("api_key", contract.gives.get("token", ""))
    key = rate_key(contract.vendor.name, contract.deletion.id, credential)
    transaction.write("rates", key, used_up(left))
