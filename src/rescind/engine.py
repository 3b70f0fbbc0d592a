"""The path of a request. It knows no web: the same engine serves HTTP and tests in the same process."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from rescind.contract.received import Received
from rescind.contract.routing import Router
from rescind.control import coverage, journal
from rescind.control.faults import takes_effect
from rescind.control.overrides import Overrides, delay_of
from rescind.control.preference import preferred
from rescind.errors import StoreDownError
from rescind.model import Answer, Bounds, Fact, Reply
from rescind.problems import Problem
from rescind.rate import gcra, spent, untouched
from rescind.store.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rescind.contract.operations import Operation
    from rescind.contract.replies import Example
    from rescind.contract.routing import Match
    from rescind.contract.security import SecurityScheme
    from rescind.control.clock import Clock
    from rescind.model import Request
    from rescind.rate import Rate
    from rescind.store import Store, Transaction
    from rescind.vendors.rules import Call
    from rescind.vendors.vendor import Vendor

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

    def answer(self, sandbox: str, request: Request) -> Reply:
        """Answer a request in a sandbox's world; where no vendor has an answer, with a problem."""
        operation = None
        try:
            match = self._match(request)
            operation = match.methods[request.method]
            received = Received(request, match.path_of(operation))
            return self._answer(sandbox, operation, received)
        except Problem as problem:
            reply = problem.reply()
            self.note(sandbox, request, reply, operation)
            return reply

    def note(self, sandbox: str, request: Request, reply: Reply, operation: Operation | None = None) -> None:
        """Write an exchange into the journal that no rule has decided."""
        real = self.clock.system()

        def write(transaction: Transaction) -> None:
            times = (self.clock.now(transaction), real)
            journal.note(transaction, times, (request, reply), operation, self.bounds)

        self._transact(sandbox, write)

    def _answer(self, sandbox: str, operation: Operation, received: Received) -> Reply:
        try:
            return self._transact(sandbox, lambda transaction: self._exchange(transaction, operation, received))
        except StoreDownError as failure:
            return self._failure(operation, received, failure)

    def _transact(self, sandbox: str, work: Callable[[Transaction], T]) -> T:
        return self.store.transact(sandbox, self.clock.system(), work)

    def _match(self, request: Request) -> Match[Operation]:
        match = self.router.match(request.path)
        if match is None:
            nearest = self.router.nearest(request.path)
            remedy = "check the base URL and the path; these are the nearest known ones"
            raise Problem(HTTPStatus.NOT_FOUND, f"no vendor has a path {request.path}", remedy, nearest=nearest)
        if request.method not in match.methods:
            headers = {"Allow": match.allow}
            detail = f"{request.path} has no {request.method}"
            raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, f"use {match.allow}", headers)
        return match

    def _exchange(self, transaction: Transaction, operation: Operation, received: Received) -> Reply:
        """One atomic step: everything that decides on the answer, and everything that it changes."""
        began = self.clock.system()
        vendor = self.vendors[operation.vendor]
        world = World(transaction, vendor.name, vendor.fixture.seeds, self.clock.now(transaction))
        rules = vendor.rules[operation.id]
        call = rules.call(operation, received, world)
        answer = (
            authenticate(call)
            or limit_rate(call)
            or self._override(call)
            or prefer(call)
            or validate(call)
            or rules.judge(call)
        )
        reply = self._reply(call, answer)
        coverage.count(transaction, operation, answer, forced=call.forced is not None)
        journal.record(call, answer, reply, self.bounds, (began, self.clock.system()))
        return reply

    def _override(self, call: Call) -> Answer | None:
        """Answer as a test has ordered; a delay, or a fault that lets the call take effect, has the real answer."""
        override = Overrides(call.world.transaction).take(call.operation, call.received)
        if override is None:
            return None
        call.forced = "override"
        call.fault, call.delay_ms = override["fault"], delay_of(override, self.bounds)
        return forced_answer(override["outcome"], override["fault"], override["effect"], f"override {override['id']}")

    def _failure(self, operation: Operation, received: Received, failure: StoreDownError) -> Reply:
        """The vendor's own answer to a failure of its own. Raises ``failure`` if it documents none."""
        outcome = operation.first(HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
        if outcome is None:
            raise failure
        limit, settings = operation.rate_limit, self.vendors[operation.vendor].fixture.seeds.settings
        values = {"rate": untouched(settings[limit.setting])} if limit else {}
        example = operation.examples[outcome]
        reply = example.reply(received, values)
        return reply._replace(headers=reply.headers + self._debug_headers_of(example))

    def _reply(self, call: Call, answer: Answer) -> Reply:
        if call.fault == "hang":
            call.delay_ms = self.bounds.hang_ms
        if not answer.outcome:
            return Reply(0, (), b"", call.fault, call.delay_ms)
        example = call.operation.examples[answer.outcome]
        reply = example.reply(call.received, {"rate": _rate_told(call, answer), **answer.values})
        headers = reply.headers + self._debug_headers_of(example)
        if call.preference:
            headers += (("Preference-Applied", call.preference),)
        return Reply(reply.status, headers, reply.body, call.fault, call.delay_ms)

    def _debug_headers_of(self, example: Example) -> tuple[tuple[str, str], ...]:
        return (("X-Rescind-Outcome", example.outcome.id),) if self._debug_headers else ()


def authenticate(call: Call) -> Answer | None:
    """Refuse a request that satisfies none of the operation's security requirements."""
    refusals = []
    for schemes in call.operation.security:
        states = [(scheme, state) for scheme in schemes if (state := _credential_state(call, scheme))]
        if not states:
            return None
        refusals.append(states[0])
    if not refusals:
        return None
    scheme, state = next((one for one in refusals if one[1] != "missing"), refusals[0])
    outcome = scheme.refusals.get(state) or call.operation.default_refusal("security")
    if outcome is None:
        detail = f"the credential is {state}, and {call.operation.id} documents no answer to that"
        raise Problem(HTTPStatus.UNAUTHORIZED, detail, f"send a credential of the fixtures as {scheme.name}")
    return Answer(outcome, stage="authentication", facts=(Fact("credential", "state", state),))


def limit_rate(call: Call) -> Answer | None:
    """Refuse a request that its credential's rate does not allow."""
    limit = call.operation.rate_limit
    if limit is None:
        return None
    key = f"{call.world.vendor}/{call.operation.id}/{call.credential.get('id', '')}"
    transaction = call.world.transaction
    before = transaction.read("rates", key)
    after, call.rate = gcra(before, call.world.now, _requests(call), limit.window_seconds)
    if call.rate.allowed:
        transaction.write("rates", key, after)
        return None
    facts = (Fact("rate", "limit", call.rate.limit), Fact("rate", "retry_after", call.rate.retry_after))
    return Answer(limit.refusal, stage="rate limit", facts=facts)


def prefer(call: Call) -> Answer | None:
    """Give the answer, or the fault, that the client chose."""
    header = call.received.request.headers.get("prefer")
    preference = preferred(call.operation, header) if header and call.forced is None else None
    if preference is None:
        return None
    call.forced, call.preference, call.fault = "preference", preference.applied, preference.fault
    return forced_answer(preference.outcome, preference.fault, None, f"Prefer: {preference.applied}")


def forced_answer(outcome: str | None, fault: str | None, effect: bool | None, by: str) -> Answer | None:  # noqa: FBT001 - the override's own field
    """The outcome that was ordered, without any effect; without one, no answer for a fault that strikes before it."""
    if outcome is None and (fault is None or takes_effect(fault, effect)):
        return None
    return Answer(outcome or "", stage="forced", rule=by)


def validate(call: Call) -> Answer | None:
    """Refuse a request that breaks the contract, with the outcome that the spec names for the part that is wrong."""
    call.parameters, call.body, call.violations = call.operation.read(call.received)
    first = next((violation for violation in call.violations if violation.refusal != ""), None)
    if first is None:
        return None
    if first.refusal is None:
        detail = f"{first.location} {first.parameter}: {first.problem}"
        raise Problem(
            HTTPStatus.BAD_REQUEST, detail, f"{call.operation.id} documents no answer to this; see its contract"
        )
    fact = Fact(f"{first.location} {first.parameter}", "problem", first.problem)
    return Answer(first.refusal, {"violation": first._asdict()}, stage="contract", facts=(fact,))


def _credential_state(call: Call, scheme: SecurityScheme) -> str | None:
    """What is wrong with the credential: ``missing``, ``unknown`` or ``expired``; None if it is good."""
    credential = scheme.credential(call.received)
    if credential is None:
        return "missing"
    if "credentials" not in call.world.seeds.collections:
        call.credential = {"id": credential}
        return None
    record = call.world.get("credentials", credential)
    if record is None:
        return "unknown"
    if record.get("expires") and call.world.is_past(record["expires"]):
        return "expired"
    call.credential = record
    return None


def _requests(call: Call) -> int:
    limit = call.operation.rate_limit
    assert limit is not None, "only asked for operations with a rate limit"  # noqa: S101 - tells mypy
    requests: int = call.credential.get(limit.setting) or call.world.settings[limit.setting]
    return requests


def _rate_told(call: Call, answer: Answer) -> Rate | None:
    """The rate that the reply tells of: without a usable key an untouched one, with a forced refusal a spent one."""
    limit = call.operation.rate_limit
    if limit is None:
        return None
    rate = call.rate or untouched(_requests(call))
    return spent(rate.limit, limit.window_seconds) if answer.outcome == limit.refusal and rate.allowed else rate
