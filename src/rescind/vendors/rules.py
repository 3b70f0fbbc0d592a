"""The words in which a vendor's rules are written.

A vendor module reads like the vendor's page: an ordered list of refusals, each a function named after its outcome, and
then the effect. Rules see one ``Call`` and depend on nothing else, since the store may run them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rescind.contract.expressions import MISSING
from rescind.model import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rescind.contract.operations import Operation
    from rescind.contract.received import Received
    from rescind.model import Record
    from rescind.rate import Rate
    from rescind.store.world import World

    Rule = Callable[[Any], bool | Answer | None]


class Call:
    """One call of an operation: what was asked, by whom, and the world that it meets.

    ``parameters`` and ``body`` are typed as the contract says; they are filled once the request has been validated.
    ``preference`` is what the client chose, if it did.
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
        self.preference: str | None = None

    @cached_property
    def order(self) -> Record:
        """The order that the call is about; empty if there is none."""
        return self.find_order() or {}

    def find_order(self) -> Record | None:
        """Look the order up."""
        return None


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
            verdict = refusal(call)
            if verdict:
                return verdict if isinstance(verdict, Answer) else Answer(refusal.__name__)
        return self.effect(call)

    def outcomes(self) -> set[str]:
        """Every outcome that these rules name."""
        return {*self.answers, *(refusal.__name__ for refusal in self.refusals if refusal is not magic_order)}


def magic_order(call: Call) -> Answer | None:
    """An order that the fixtures mark as magic always ends in the outcome that they name, and nothing changes."""
    if call.order.get("magic") in call.operation.examples:
        return Answer(call.order["magic"], {"order": call.order})
    return None
