"""The words in which a vendor's rules are written.

A vendor module reads like the vendor's page: an ordered list of refusals, each a function named after its outcome, and
then the effect. Rules see one ``Call`` and depend on nothing else, since the store may run them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rescind.contract.expressions import MISSING
from rescind.errors import Finding, SpecError
from rescind.model import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rescind.contract.operations import Operation
    from rescind.contract.parameters import Violation
    from rescind.contract.received import Received
    from rescind.model import Record
    from rescind.rate import Rate
    from rescind.store.world import World

    Rule = Callable[[Any], bool | Answer | None]


_MAX_FACTS = 20


class Call:
    """One call of an operation: what was asked, by whom, and the world that it meets.

    ``parameters`` and ``body`` are typed as the contract says; they are filled once the request has been validated.
    ``forced`` says what forced the answer, ``preference`` the words in which the client did; ``fault`` and ``delay_ms``
    spoil the reply.
    Vendors subclass it to name what their rules speak of, and say in ``find_order`` which order is meant.
    """

    def __init__(self, operation: Operation, received: Received, world: World) -> None:
        self.operation = operation
        self.received = received
        self.world = world
        self.parameters: Mapping[str, Any] = {}
        self.body: Any = MISSING
        self.credential: Record = {}
        self.rate: Rate | None = None
        self.forced: str | None = None
        self.preference: str | None = None
        self.fault: str | None = None
        self.delay_ms: float = 0
        self.violations: tuple[Violation, ...] = ()

    @cached_property
    def order(self) -> Record:
        """The order that the call is about; empty if there is none."""
        return self.find_order() or {}

    def find_order(self) -> Record | None:
        """Look the order up."""
        return None

    def shown(self) -> Mapping[str, Any]:
        """The order as the replies of this operation show it."""
        return self.order


@dataclass(frozen=True)
class Rules:
    """How an operation behaves: the first refusal that applies decides, else the effect.

    A refusal gives True (its outcome is its own name), an ``Answer`` or nothing. ``answers`` names the outcomes that
    the effect can give. ``call`` is the class that the rules want to see.
    """

    refusals: tuple[Rule, ...]
    effect: Callable[[Any], Answer]
    answers: tuple[str, ...]
    call: type[Call] = Call

    def judge(self, call: Call) -> Answer:
        """Decide, and change the world where the decision is the effect."""
        for refusal in self.refusals:
            call.world.notes.clear()
            verdict = refusal(call)
            if verdict:
                answer = verdict if isinstance(verdict, Answer) else Answer(refusal.__name__)
                return _explained(answer, "rule", refusal, call)
        answer = self.effect(call)
        return _explained(answer, "effect", self.effect, call)

    def outcomes(self) -> set[str]:
        """Every outcome that these rules name."""
        return {*self.answers, *(refusal.__name__ for refusal in self.refusals if refusal is not magic_order)}


def _explained(answer: Answer, stage: str, rule: Callable[..., Any], call: Call) -> Answer:
    """The answer with what the journal says of it: the rule, its own words, and what it looked at.

    Raises SpecError for a rule that gives no answer, or one that the operation does not have.
    """
    if not isinstance(answer, Answer) or answer.outcome not in call.operation.examples:
        code = rule.__code__
        problem = f"{rule.__name__} gives {answer!r}, and {call.operation.id} has no such outcome"
        remedy = f"give an Answer with one of: {', '.join(call.operation.examples)}"
        raise SpecError([Finding(code.co_filename, code.co_firstlineno, 1, problem, remedy)])
    says = (rule.__doc__ or "").partition("\n")[0]
    notes = call.world.notes[:_MAX_FACTS]
    facts = tuple(fact for index, fact in enumerate(notes) if fact not in notes[:index])
    return answer._replace(stage=stage, rule=rule.__name__, says=says, facts=facts)


def magic_order(call: Call) -> Answer | None:
    """An order that the fixtures mark as magic always ends in the outcome that they name, and nothing changes."""
    if call.order.get("magic") in call.operation.examples:
        return Answer(call.order["magic"], {"order": call.shown()})
    return None
