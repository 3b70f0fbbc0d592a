"""The stages that a call passes on its way to the rules: each decides on the answer, or lets it pass."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from rescind.contract.http import refuse_method
from rescind.contract.parameters import Refusal
from rescind.control.interventions import intervene
from rescind.errors import Problem, crash_problem
from rescind.model import FORCED, Decision, Fact
from rescind.rules.rate import arrival_of, gcra, rate_key, spent, untouched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.contract.parameters import Violation
    from rescind.contract.security import SecurityScheme
    from rescind.control.exchange import Exchange
    from rescind.model import Bounds, Request
    from rescind.rules.rate import Rate


def skip(exchange: Exchange) -> Decision | None:
    """Answer by Rescind itself where the vendor's document does not say what its own answer is."""
    operation, request = exchange.operation, exchange.received.request
    if not operation.is_fallback:
        return None
    why = operation.not_simulated.get(request.method)
    if why:
        detail = f"{request.method} {request.path} is not simulated: {why}"
        remedy = (
            f"use {operation.allow}" if operation.allow else "stub this call: the sandbox has no method of this path"
        )
        problem = Problem(HTTPStatus.NOT_IMPLEMENTED, detail, remedy, {"Allow": operation.allow})
        return _own_decision("not simulated", problem)
    return None if operation.examples else _own_decision("routing", refuse_method(request, operation.allow))


def follow_conventions(exchange: Exchange) -> Decision | None:
    """Answer what the vendor's framework answers by itself, before it knows who calls."""
    operation, received = exchange.operation, exchange.received
    violation = operation.early_violation(received, "path")
    if violation is None and _lacks_slash(exchange):
        return Decision("convention", operation.conventions.missing_slash, _with_location(exchange))
    violation = violation or operation.early_violation(received, "query")
    if violation is not None:
        exchange.violations = (violation,)
        return _refuse(exchange, violation, "convention")
    accept, refusal = received.request.headers.get("accept"), operation.conventions.not_acceptable
    if refusal in operation.examples and not operation.conventions.accepts(accept):
        return Decision("convention", refusal, facts=(Fact("Accept", "value", accept),))
    return None


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


def assume_credential(exchange: Exchange) -> None:
    """Take the credential as the fixture has it, whether or not it is good now."""
    for scheme in exchange.operation.schemes:
        identifier = scheme.credential(exchange.received) or ""
        seeds = exchange.world.seeds.collections.get("credentials", {})
        exchange.credential = {**seeds.get(identifier, {}), "id": identifier}


def limit_rate(exchange: Exchange) -> Decision | None:
    """Refuse a request that its credential's rate does not allow."""
    limit = exchange.operation.rate_limit
    if limit is None or limit.refusal is None:
        return None
    world = exchange.world
    key = rate_key(world.vendor, exchange.operation.id, exchange.credential.get("id", ""))
    kept, requests = world.transaction.read("rates", key), _requests(exchange)
    before = arrival_of(kept, world.now, requests, limit.window_seconds)
    after, exchange.rate = gcra(before, world.now, requests, limit.window_seconds)
    if after != kept:
        world.transaction.write("rates", key, after)
    if exchange.rate.allowed:
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
    moves = intervention.outcome is not None and intervention.outcome == exchange.operation.conventions.missing_slash
    return Decision(FORCED, intervention.outcome, _with_location(exchange) if moves else {}, rule=intervention.rule)


def validate(exchange: Exchange) -> Decision | None:
    """Refuse a request that breaks the contract, with the outcome that the spec names for the part that is wrong."""
    operation = exchange.operation
    exchange.parameters, exchange.body, exchange.violations = operation.read(exchange.received)
    if not exchange.violations:
        return None
    first = next((one for one in exchange.violations if one.refusal is not Refusal.BY_RULES), None)
    return _refuse(exchange, first, "contract") if first else None


def _refuse(exchange: Exchange, violation: Violation, stage: str) -> Decision:
    if isinstance(violation.refusal, Refusal):
        detail = f"{violation.location} {violation.parameter}: {violation.problem}"
        remedy = f"{exchange.operation.id} documents no answer to this; see its contract"
        return _own_decision(stage, Problem(HTTPStatus.BAD_REQUEST, detail, remedy))
    fact = Fact(f"{violation.location} {violation.parameter}", "problem", violation.problem)
    values = {
        "violation": violation.as_record(),
        "content_type": exchange.received.request.headers.get("content-type", ""),
    }
    return Decision(stage, violation.refusal, values, facts=(fact,))


def _with_location(exchange: Exchange) -> Mapping[str, str]:
    return {"location": exchange.received.request.with_slash()}


def _lacks_slash(exchange: Exchange) -> bool:
    operation, path = exchange.operation, exchange.received.request.path
    return (
        operation.conventions.missing_slash in operation.examples
        and operation.path.endswith("/")
        and not path.endswith("/")
    )


def _own_decision(stage: str, problem: Problem) -> Decision:
    return Decision(stage, None, says=problem.detail, reply=problem.reply())


def crash_decision(request: Request, failure: BaseException) -> Decision:
    """Return the decision that a crash of a rule makes."""
    return _own_decision("rule", crash_problem(request, failure))


def _credential_state(exchange: Exchange, scheme: SecurityScheme) -> str | None:
    """Return what is wrong with the credential, as ``x-refusals`` calls it; None if it is good."""
    credential, world = scheme.credential(exchange.received), exchange.world
    if "malformed" in scheme.refusals and scheme.is_malformed(exchange.received):
        return "malformed"
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


def current_rate(exchange: Exchange, decision: Decision) -> Rate | None:
    """Return the rate that the reply states: without a usable key an unused one, with a forced refusal a spent one."""
    limit = exchange.operation.rate_limit
    if limit is None:
        return None
    rate = exchange.rate or untouched(_requests(exchange))
    return spent(rate.limit, limit.window_seconds) if decision.outcome == limit.refusal and rate.allowed else rate
