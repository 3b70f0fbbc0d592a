"""A call on its way through the stages of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rescind.contract.expressions import MISSING
from rescind.control.interventions import NO_INTERVENTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rescind.contract.operations import Operation
    from rescind.contract.parameters import Violation
    from rescind.contract.received import Received
    from rescind.control.interventions import Intervention
    from rescind.model import Record
    from rescind.rules.rate import Rate
    from rescind.rules.world import World


class Exchange:
    """A call on its way through the stages: what they have found so far."""

    __slots__ = (
        "body",
        "credential",
        "intervention",
        "operation",
        "parameters",
        "rate",
        "received",
        "violations",
        "world",
    )

    def __init__(self, operation: Operation, received: Received, world: World) -> None:
        self.operation = operation
        self.received = received
        self.world = world
        self.credential: Record = {}
        self.rate: Rate | None = None
        self.intervention: Intervention = NO_INTERVENTION
        self.parameters: Mapping[str, Any] = {}
        self.body: Any = MISSING
        self.violations: tuple[Violation, ...] = ()
