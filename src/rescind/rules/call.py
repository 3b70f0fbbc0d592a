"""What rules see and how they are applied: one call, an ordered list of refusals, an effect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rescind.errors import Finding, SpecError
from rescind.model import EFFECT, Answer, Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rescind.contract.operations import Operation
    from rescind.contract.received import Received
    from rescind.model import Record
    from rescind.rules.world import World

    Rule = Callable[[Any], bool | Answer | None]


_MAX_FACTS = 20


class Call:
    """One call of an operation: what was asked, by whom, and the world that it meets.

    ``parameters`` and ``body`` are typed as the contract says, ``credential`` is the record of who calls. Vendors
    subclass it to name what their rules speak of, and say in ``find_order`` which order is meant.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a call consists of
        self,
        operation: Operation,
        received: Received,
        world: World,
        credential: Record,
        parameters: Mapping[str, Any],
        body: Any,
    ) -> None:
        self.operation = operation
        self.received = received
        self.world = world
        self.credential = credential
        self.parameters = parameters
        self.body = body

    @cached_property
    def order(self) -> Record:
        """The order that the call is about; empty if it is unknown."""
        return self.find_order() or {}

    def find_order(self) -> Record | None:
        """Look the order up."""
        return None

    def order_values(self) -> Mapping[str, Any]:
        """Return the order as the replies of this operation show it."""
        return self.order


@dataclass(frozen=True)
class Rules:
    """How an operation behaves: the first refusal that applies decides, else the effect.

    A refusal returns True (its outcome is its own name), an ``Answer``, or False or None to let the call pass.
    ``answers`` names the outcomes that the effect can return. ``call`` is the class that the rules want to see.
    """

    refusals: tuple[Rule, ...]
    effect: Callable[[Any], Answer]
    answers: tuple[str, ...]
    call: type[Call] = Call

    def judge(self, call: Call) -> Decision:
        """Decide, and change the world where the decision is the effect.

        Raises whatever a rule raises, and SpecError for a rule that returns an outcome which the operation lacks.
        """
        refusal = first_refusal(self.refusals, call)
        if refusal:
            return refusal
        call.world.notes.clear()
        return _decision(EFFECT, self.effect(call), self.effect, call)

    def outcomes(self) -> set[str]:
        """Return every outcome that these rules name."""
        return {*self.answers, *(refusal.__name__ for refusal in self.refusals if refusal is not magic_order)}


def first_refusal(refusals: tuple[Rule, ...], call: Call) -> Decision | None:
    """Return the decision of the first refusal that applies. Raises as ``Rules.judge`` does."""
    notes = call.world.notes
    for refusal in refusals:
        notes.clear()
        verdict = refusal(call)
        if verdict:
            answer = verdict if isinstance(verdict, Answer) else Answer(refusal.__name__)
            return _decision("rule", answer, refusal, call)
    return None


def _decision(stage: str, answer: Answer, rule: Callable[..., Any], call: Call) -> Decision:
    """Return the answer with what the journal shows: the rule, its docstring's first line, the facts it read."""
    if not isinstance(answer, Answer) or answer.outcome not in call.operation.examples:
        code = rule.__code__
        problem = f"{rule.__name__} returns {answer!r}, and {call.operation.id} has no such outcome"
        remedy = f"return an Answer with one of: {', '.join(call.operation.examples)}"
        raise SpecError([Finding(code.co_filename, code.co_firstlineno, 1, problem, remedy)])
    says = (rule.__doc__ or "").partition("\n")[0]
    notes = call.world.notes[:_MAX_FACTS]
    facts = tuple([fact for index, fact in enumerate(notes) if fact not in notes[:index]])
    return Decision(stage, answer.outcome, answer.values, rule.__name__, says, facts)


def magic_order(call: Call) -> Answer | None:
    """End a magic order in the outcome that the fixtures name for it, and change nothing."""
    if call.order.get("magic") in call.operation.examples:
        return Answer(call.order["magic"], {"order": call.order_values()})
    return None
