"""What a test (an override) or the client itself (``Prefer``) orders about one call."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from rescind.control.faults import can_make, socket_problem, takes_effect
from rescind.control.overrides import Overrides, delay_of
from rescind.control.preference import preferred
from rescind.errors import Problem

if TYPE_CHECKING:
    from rescind.contract.operations import Operation
    from rescind.contract.received import Received
    from rescind.control.overrides import Override
    from rescind.model import Bounds, Request
    from rescind.store import Transaction


class Intervention(NamedTuple):
    """What was ordered about a call, and by whom.

    ``outcome`` is forced if there is one, after the call's own effect if it ``takes_effect``. Without one the call is
    answered naturally, unless ``is_cut_off``: then a fault occurs before the call takes effect. ``has_rival`` says that
    somebody else makes the same call just before. ``applied`` is what ``Preference-Applied`` says (RFC 7240), and
    ``problem`` the answer to an order that cannot be met.
    """

    outcome: str | None = None
    fault: str | None = None
    delay_ms: float = 0
    is_cut_off: bool = False
    takes_effect: bool = False
    has_rival: bool = False
    forced_by: str | None = None
    rule: str = ""
    applied: str | None = None
    problem: Problem | None = None

    @property
    def decides(self) -> bool:
        """Whether the call is not answered naturally."""
        return self.outcome is not None or self.is_cut_off or self.problem is not None


NO_INTERVENTION = Intervention()


def intervene(transaction: Transaction, operation: Operation, received: Received, bounds: Bounds) -> Intervention:
    """Find what is ordered about the call: an override decides what it names, and leaves the rest to ``Prefer``."""
    override = Overrides(transaction).take(operation, received)
    found = NO_INTERVENTION if override is None else _by_override(override, received.request, bounds)
    header = received.request.headers.get("prefer")
    if header and not found.is_cut_off and found.problem is None:
        found = _by_preference(operation, header, received.request, found)
    if found.fault == "hang":
        return found._replace(delay_ms=min(found.delay_ms or bounds.hang_ms, bounds.hang_ms))
    return found


def _by_override(override: Override, request: Request, bounds: Bounds) -> Intervention:
    outcome, fault, rule = override["outcome"], override["fault"], f"override {override['id']}"
    delay_ms = delay_of(override, bounds)
    if fault is not None and not can_make(fault, has_socket=request.has_socket):
        return Intervention(delay_ms=delay_ms, rule=rule, problem=socket_problem(HTTPStatus.CONFLICT, rule, fault))
    cut_off = outcome is None and fault is not None and not takes_effect(fault, override["effect"])
    by = "override" if outcome is not None or cut_off else None
    effect = outcome is not None and bool(override["effect"])
    return Intervention(outcome, fault, delay_ms, cut_off, effect, override["rival"], by, rule)


def _by_preference(operation: Operation, header: str, request: Request, override: Intervention) -> Intervention:
    """Add the outcome and the fault that the client prefers, each unless the override has one."""
    try:
        preference = preferred(operation, header)
    except Problem as problem:
        return _refused(override, problem, "Prefer")
    if preference is None:
        return override
    outcome = preference.outcome if override.outcome is None else None
    fault = preference.fault if override.fault is None else None
    applied = preference.applied(outcome, fault)
    if not applied:
        return override
    rule = f"Prefer: {applied}"
    if fault is not None and not can_make(fault, has_socket=request.has_socket):
        return _refused(override, socket_problem(HTTPStatus.BAD_REQUEST, rule, fault), rule)
    forced = override.outcome or outcome
    cut_off = forced is None and fault is not None and not takes_effect(fault, None)
    return override._replace(
        outcome=forced,
        fault=override.fault or fault,
        is_cut_off=cut_off,
        forced_by="preference" if outcome is not None or cut_off else override.forced_by,
        rule=f"{override.rule}; {rule}" if override.rule else rule,
        applied=applied,
    )


def _refused(override: Intervention, problem: Problem, rule: str) -> Intervention:
    """Answer with the problem in the place of a forced outcome; a fault and a delay stay as they were ordered."""
    return override._replace(outcome=None, forced_by=None, problem=problem, rule=rule)
