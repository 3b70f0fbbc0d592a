"""The path of a request. It knows no web: the same engine serves every door, and tests in the same process."""

from __future__ import annotations

from functools import cached_property, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from rescind.contract.received import Received
from rescind.contract.routing import Router
from rescind.control import journal
from rescind.control.exchange import Exchange
from rescind.control.forms import in_form
from rescind.control.state import State
from rescind.coverage import counting
from rescind.coverage.catalogue import catalogue
from rescind.errors import Problem, StoreDownError, StoreError, crash_problem
from rescind.model import RIVAL, Bounds, Decision, Delivery, Reply, effect_fact
from rescind.rules.call import first_refusal
from rescind.rules.rate import untouched
from rescind.rules.watchdog import Watchdog
from rescind.rules.world import World
from rescind.stages import (
    assume_credential,
    authenticate,
    crash_decision,
    current_rate,
    follow_conventions,
    force,
    limit_rate,
    skip,
    validate,
)
from rescind.store import Failed, Rerun, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rescind.contract.operations import Operation
    from rescind.contract.replies import Example
    from rescind.control.clock import Clock
    from rescind.coverage.catalogue import CatalogueEntry
    from rescind.model import Request
    from rescind.rules.call import Call
    from rescind.rules.vendor import Vendor
    from rescind.store import Store, Transaction

    Run = Callable[[Callable[[Call], Any], Call], Any]

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
            (operation for vendor in vendors for operation in (*vendor.operations.values(), *vendor.fallbacks)),
            {vendor.name: vendor.spec.document.path for vendor in vendors},
        )
        self._debug_headers = debug_headers
        self._watchdog = Watchdog(self.bounds.rule_seconds)

    @cached_property
    def catalogue(self) -> list[CatalogueEntry]:
        """Every outcome of the vendors, with the requests that lead to it."""
        return catalogue(self.vendors.values())

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
        operation = match.operation(request.method) if match else None
        if match is None or operation is None:
            reply = self.router.answer_without_operation(request, match)
            return None, lambda transaction: self._note(transaction, request, reply)
        found, received = operation, operation.receive(request, match.path_of(operation))
        return operation, lambda transaction: self._decide_safely(transaction, found, received)

    def _fail(self, sandbox: str, request: Request, operation: Operation | None, failure: Exception) -> Delivery:
        """Answer where the store, or something that should never fail, has failed."""
        if isinstance(failure, StoreError):
            return self._store_failure(request, operation, failure)
        return self.refuse(sandbox, request, crash_problem(request, failure), operation)

    def abandon(self, sandbox: str, entry: int) -> None:
        """Note that the client of a journal entry left before its late reply came."""
        now = self.clock.system()
        self.transact(sandbox, lambda transaction: journal.abandon(transaction, entry, now, self.bounds))

    def foresee(self, sandbox: str, request: Request) -> Decision | None:
        """Return what would be decided on a call if nothing were ordered, and change nothing; None if it is unknown.

        The credential counts as the fixture has it, whatever became of it.
        """
        match = self.router.match(request.path)
        operation = match.operation(request.method) if match else None
        if match is None or operation is None:
            return None
        vendor, received = self.vendors[operation.vendor], operation.receive(request, match.path_of(operation))

        def work(transaction: Transaction) -> Decision:
            exchange = Exchange(operation, received, self.world(transaction, vendor))
            run = self._watchdog.run
            assume_credential(exchange)
            decision = self._admit(exchange, vendor, run) or self._judge(exchange, vendor, run)
            transaction.discard()
            return decision

        return self.transact(sandbox, work)

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
        try:
            return self._decide(transaction, operation, received, self._watchdog.run)
        except Rerun:
            raise
        except BaseException as failure:  # noqa: BLE001 - rules may raise anything, SystemExit too, and the server lives
            # The same path again, with the crash in the place of the rules, writes what was decided before it: the
            # rate, the override, the journal.
            transaction.discard()
            crash = crash_decision(received.request, failure)
            return self._decide(transaction, operation, received, lambda *_: crash)

    def _decide(self, transaction: Transaction, operation: Operation, received: Received, run: Run) -> Delivery:
        """Decide on the answer, and make all of its changes, as one atomic step; ``run`` runs the rules."""
        began = self.clock.system()
        vendor = self.vendors[operation.vendor]
        exchange = Exchange(operation, received, self.world(transaction, vendor))
        decision = (
            skip(exchange)
            or follow_conventions(exchange)
            or authenticate(exchange)
            or self._admit(exchange, vendor, run)
            or limit_rate(exchange)
            or self._force(exchange, vendor, run)
            or self._judge(exchange, vendor, run)
        )
        if exchange.intervention.has_rival:
            decision = decision._replace(facts=(RIVAL, *decision.facts))
        delivery = self._deliver(exchange, decision)
        counting.count(transaction, operation, decision)
        times = journal.Times(exchange.world.now, began, self.clock.system())
        entry = journal.record(exchange, decision, delivery, self.bounds, times)
        return delivery._replace(entry=entry) if delivery.delay_ms else delivery

    def _force(self, exchange: Exchange, vendor: Vendor, run: Run) -> Decision | None:
        """Answer as was ordered, after what was ordered to happen: a rival's call, the effect of this one."""
        forced = force(exchange, self.bounds)
        if exchange.intervention.has_rival:
            self._judge(exchange, vendor, run)
        if forced and exchange.intervention.takes_effect:
            natural = self._judge(exchange, vendor, run)
            return forced._replace(facts=(effect_fact(natural),))
        return forced

    def _judge(self, exchange: Exchange, vendor: Vendor, run: Run) -> Decision:
        """Decide by the contract and the rules."""
        decision: Decision = validate(exchange) or run(
            vendor.rules_of(exchange.operation).judge, self._call(exchange, vendor)
        )
        return decision

    def _call(self, exchange: Exchange, vendor: Vendor) -> Call:
        """Make what the rules see."""
        operation = exchange.operation
        return vendor.rules_of(operation).call(
            operation, exchange.received, exchange.world, exchange.credential, exchange.parameters, exchange.body
        )

    def _admit(self, exchange: Exchange, vendor: Vendor, run: Run) -> Decision | None:
        """Refuse a caller whose credential is good, and who is still not let in."""
        if not vendor.callers or not exchange.operation.security:
            return None
        refusal: Decision | None = run(partial(first_refusal, vendor.callers), self._call(exchange, vendor))
        return refusal

    def _deliver(self, exchange: Exchange, decision: Decision) -> Delivery:
        """Build the reply that was decided on, with the fault and the delay that were ordered."""
        intervention = exchange.intervention
        if decision.outcome is None:
            return Delivery(decision.reply, intervention.fault, intervention.delay_ms)
        example = exchange.operation.examples[decision.outcome]
        reply = example.reply(exchange.received, {"rate": current_rate(exchange, decision), **decision.values})
        reply = in_form(reply, intervention.fault)
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

    def state(self, transaction: Transaction, vendor: Vendor) -> State:
        """Return a vendor's state in a transaction, to look at and to change."""
        return State(vendor, self.world(transaction, vendor), self.bounds)

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
