"""The path of a request. It knows no web: the same engine serves every door, and tests in the same process."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from rescind.contract.parameters import Refusal
from rescind.contract.received import Received
from rescind.contract.routing import Router
from rescind.control import journal
from rescind.control.exchange import Exchange
from rescind.control.interventions import intervene
from rescind.coverage import counting
from rescind.errors import Problem, StoreDownError, StoreError, crash_problem
from rescind.model import FORCED, Bounds, Decision, Delivery, Fact, Reply
from rescind.rules.rate import gcra, spent, untouched
from rescind.rules.watchdog import Watchdog
from rescind.rules.world import World
from rescind.store import Failed, Rerun, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rescind.contract.operations import Operation
    from rescind.contract.replies import Example
    from rescind.contract.security import SecurityScheme
    from rescind.control.clock import Clock
    from rescind.model import Request
    from rescind.rules.call import Call
    from rescind.rules.rate import Rate
    from rescind.rules.vendor import Vendor
    from rescind.store import Store, Transaction

    Judge = Callable[[Call], Decision]

T = TypeVar("T")


class Engine:
    """Answers requests to vendors, each in the world of a sandbox.

    Raises SpecError if two vendors claim one method and path.
    """

    def __init__(
        self,
        vendors: Sequence[Vendor],
        store: Store,
        clock: Clock,
        bounds: Bounds | None = None,
        *,
        debug_headers: bool = True,
    ) -> None:
        self.vendors = {vendor.name: vendor for vendor in vendors}
        self.store = store
        self.clock = clock
        self.bounds = bounds or Bounds()
        self.router = Router(
            (operation for vendor in vendors for operation in vendor.operations.values()),
            {vendor.name: vendor.spec.document.path for vendor in vendors},
        )
        self._debug_headers = debug_headers
        self._watchdog = Watchdog(self.bounds.rule_seconds)

    def answer(self, sandbox: str, request: Request) -> Delivery:
        """Answer a request in a sandbox's world. Whatever goes wrong is answered too, and is in the journal."""
        operation, work = self._plan(request)
        try:
            return self.transact(sandbox, work)
        except Exception as failure:  # noqa: BLE001 - the last line of defence, for the client and for the operator
            return self._fail(sandbox, request, operation, failure)

    def answer_all(self, calls: Sequence[tuple[str, Request]]) -> list[Delivery]:
        """Answer calls that came together, each in its sandbox, in as few round trips to the store as it takes."""
        plans = [self._plan(request) for _, request in calls]
        steps = [Step(sandbox, work) for (sandbox, _), (_, work) in zip(calls, plans, strict=True)]
        results = self.store.transact_all(steps, self.clock.system())
        return [
            self._fail(sandbox, request, operation, result.failure) if isinstance(result, Failed) else result
            for (sandbox, request), (operation, _), result in zip(calls, plans, results, strict=True)
        ]

    def _plan(self, request: Request) -> tuple[Operation | None, Callable[[Transaction], Delivery]]:
        """Match the operation, and return what is to be done in a transaction."""
        match = self.router.match(request.path)
        operation = match.methods.get(request.method) if match else None
        if match is None or operation is None:
            reply = self.router.answer_without_operation(request, match)
            return None, lambda transaction: self._note(transaction, request, reply)
        found, received = operation, Received(request, match.path_of(operation))
        return operation, lambda transaction: self._decide_safely(transaction, found, received)

    def _fail(self, sandbox: str, request: Request, operation: Operation | None, failure: Exception) -> Delivery:
        """Answer where the store, or something that should never fail, has failed."""
        if isinstance(failure, StoreError):
            return self._store_failure(request, operation, failure)
        return self.refuse(sandbox, request, crash_problem(request, failure), operation)

    def refuse(self, sandbox: str, request: Request, problem: Problem, operation: Operation | None = None) -> Delivery:
        """Answer with a problem, and write that into the journal, if the store can take it."""
        try:
            return self.transact(
                sandbox, lambda transaction: self._note(transaction, request, problem.reply(), operation)
            )
        except StoreError:
            return Delivery(problem.reply())
        except Exception as failure:  # noqa: BLE001 - whatever the journal makes of it, the client gets its answer
            crash_problem(request, failure)
            return Delivery(problem.reply())

    def _decide_safely(self, transaction: Transaction, operation: Operation, received: Received) -> Delivery:
        """Decide on the answer; a rule that crashes, or does not end, is answered and journaled like any other."""
        rules = self.vendors[operation.vendor].rules[operation.id]
        try:
            return self._decide(transaction, operation, received, self._watchdog.bounded(rules.judge))
        except Rerun:
            raise
        except BaseException as failure:  # noqa: BLE001 - rules may raise anything, SystemExit too, and the server lives
            # The same path again, with the crash in the place of the rules, writes what was decided before it: the
            # rate, the override, the journal.
            transaction.discard()
            crash = _crash_decision(received.request, failure)
            return self._decide(transaction, operation, received, lambda _: crash)

    def _decide(self, transaction: Transaction, operation: Operation, received: Received, judge: Judge) -> Delivery:
        """Decide on the answer, and make all of its changes, as one atomic step."""
        began = self.clock.system()
        vendor = self.vendors[operation.vendor]
        exchange = Exchange(operation, received, self.world(transaction, vendor))
        decision = (
            authenticate(exchange)
            or limit_rate(exchange)
            or force(exchange, self.bounds)
            or validate(exchange)
            or judge(self._call(exchange, vendor))
        )
        delivery = self._deliver(exchange, decision)
        counting.count(transaction, operation, decision)
        times = journal.Times(exchange.world.now, began, self.clock.system())
        journal.record(exchange, decision, delivery, self.bounds, times)
        return delivery

    def _call(self, exchange: Exchange, vendor: Vendor) -> Call:
        """Make what the rules see."""
        operation = exchange.operation
        return vendor.rules[operation.id].call(
            operation, exchange.received, exchange.world, exchange.credential, exchange.parameters, exchange.body
        )

    def _deliver(self, exchange: Exchange, decision: Decision) -> Delivery:
        """Build the reply that was decided on, with the fault and the delay that were ordered."""
        intervention = exchange.intervention
        if decision.outcome is None:
            return Delivery(decision.reply, intervention.fault, intervention.delay_ms)
        example = exchange.operation.examples[decision.outcome]
        reply = example.reply(exchange.received, {"rate": _current_rate(exchange, decision), **decision.values})
        headers = reply.headers + self._debug_headers_of(example)
        if intervention.applied:
            headers += (("Preference-Applied", intervention.applied),)
        return Delivery(Reply(reply.status, headers, reply.body), intervention.fault, intervention.delay_ms)

    def _note(
        self, transaction: Transaction, request: Request, reply: Reply, operation: Operation | None = None
    ) -> Delivery:
        """Answer without a vendor, and write that into the journal."""
        delivery = Delivery(reply)
        now = self.clock.system()
        times = journal.Times(self.clock.now(transaction), now, now)
        journal.note(transaction, request, delivery, operation, self.bounds, times)
        return delivery

    def transact(self, sandbox: str, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` as one atomic step in a sandbox. Raises what it raises, and StoreError."""
        return self.store.transact(sandbox, self.clock.system(), work)

    def world(self, transaction: Transaction, vendor: Vendor) -> World:
        """Return a vendor's world in a transaction, at the sandbox's time."""
        return World(transaction, vendor.name, vendor.fixture.seeds, self.clock.now(transaction))

    def _store_failure(self, request: Request, operation: Operation | None, failure: StoreError) -> Delivery:
        """Answer with the vendor's documented server error, if there is one; else with a problem."""
        statuses = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
        outcome = operation.first(*statuses) if operation and isinstance(failure, StoreDownError) else None
        if operation is None or outcome is None:
            return Delivery(failure.as_problem().reply())
        limit, settings = operation.rate_limit, self.vendors[operation.vendor].fixture.seeds.settings
        values = {"rate": untouched(settings[limit.setting])} if limit else {}
        example = operation.examples[outcome]
        reply = example.reply(Received(request, {}), values)
        return Delivery(reply._replace(headers=reply.headers + self._debug_headers_of(example)))

    def _debug_headers_of(self, example: Example) -> tuple[tuple[str, str], ...]:
        return (("X-Rescind-Outcome", example.outcome.id),) if self._debug_headers else ()


def authenticate(exchange: Exchange) -> Decision | None:
    """Refuse a request that satisfies none of the operation's security requirements."""
    refusals = []
    for schemes in exchange.operation.security:
        states = [(scheme, state) for scheme in schemes if (state := _credential_state(exchange, scheme))]
        if not states:
            return None
        refusals.append(states[0])
    if not refusals:
        return None
    scheme, state = next((one for one in refusals if one[1] != "missing"), refusals[0])
    outcome = scheme.refusals.get(state) or exchange.operation.default_refusal("security")
    if outcome is None:
        detail = f"the credential is {state}, and {exchange.operation.id} documents no answer to that"
        remedy = f"send a credential of the fixtures as {scheme.name}"
        return _own_decision("authentication", Problem(HTTPStatus.UNAUTHORIZED, detail, remedy))
    return Decision("authentication", outcome, facts=(Fact("credential", "state", state),))


def limit_rate(exchange: Exchange) -> Decision | None:
    """Refuse a request that its credential's rate does not allow."""
    limit = exchange.operation.rate_limit
    if limit is None:
        return None
    world = exchange.world
    key = f"{world.vendor}/{exchange.operation.id}/{exchange.credential.get('id', '')}"
    before = world.transaction.read("rates", key)
    after, exchange.rate = gcra(before, world.now, _requests(exchange), limit.window_seconds)
    if exchange.rate.allowed:
        world.transaction.write("rates", key, after)
        return None
    facts = (Fact("rate", "limit", exchange.rate.limit), Fact("rate", "retry_after", exchange.rate.retry_after))
    return Decision("rate limit", limit.refusal, facts=facts)


def force(exchange: Exchange, bounds: Bounds) -> Decision | None:
    """Answer as a test or the client has ordered. A delay, or a fault after the effect, leaves the answer natural."""
    intervention = intervene(exchange.world.transaction, exchange.operation, exchange.received, bounds)
    exchange.intervention = intervention
    if not intervention.decides:
        return None
    if intervention.problem:
        return _own_decision("preference", intervention.problem)._replace(rule=intervention.rule)
    return Decision(FORCED, intervention.outcome, rule=intervention.rule)


def validate(exchange: Exchange) -> Decision | None:
    """Refuse a request that breaks the contract, with the outcome that the spec names for the part that is wrong."""
    operation = exchange.operation
    exchange.parameters, exchange.body, exchange.violations = operation.read(exchange.received)
    if not exchange.violations:
        return None
    first = next((one for one in exchange.violations if one.refusal is not Refusal.BY_RULES), None)
    if first is None:
        return None
    if isinstance(first.refusal, Refusal):
        detail = f"{first.location} {first.parameter}: {first.problem}"
        remedy = f"{operation.id} documents no answer to this; see its contract"
        return _own_decision("contract", Problem(HTTPStatus.BAD_REQUEST, detail, remedy))
    fact = Fact(f"{first.location} {first.parameter}", "problem", first.problem)
    return Decision("contract", first.refusal, {"violation": first.as_record()}, facts=(fact,))


def _own_decision(stage: str, problem: Problem) -> Decision:
    return Decision(stage, None, says=problem.detail, reply=problem.reply())


def _crash_decision(request: Request, failure: BaseException) -> Decision:
    return _own_decision("rule", crash_problem(request, failure))


def _credential_state(exchange: Exchange, scheme: SecurityScheme) -> str | None:
    """Return what is wrong with the credential: ``missing``, ``unknown`` or ``expired``; None if it is good."""
    credential, world = scheme.credential(exchange.received), exchange.world
    if credential is None:
        return "missing"
    if "credentials" not in world.seeds.collections:
        exchange.credential = {"id": credential}
        return None
    record = world.get("credentials", credential)
    if record is None:
        return "unknown"
    if record.get("expires") and world.is_past(record["expires"]):
        return "expired"
    exchange.credential = record
    return None


def _requests(exchange: Exchange) -> int:
    limit = exchange.operation.rate_limit
    assert limit is not None, "only asked for operations with a rate limit"  # noqa: S101 - tells mypy
    requests: int = exchange.credential.get(limit.setting) or exchange.world.settings[limit.setting]
    return requests


def _current_rate(exchange: Exchange, decision: Decision) -> Rate | None:
    """Return the rate that the reply states: without a usable key an unused one, with a forced refusal a spent one."""
    limit = exchange.operation.rate_limit
    if limit is None:
        return None
    rate = exchange.rate or untouched(_requests(exchange))
    return spent(rate.limit, limit.window_seconds) if decision.outcome == limit.refusal and rate.allowed else rate
