"""A vendor, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rescind.rules import fallback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rescind.contract.document import Spec
    from rescind.contract.operations import Operation
    from rescind.documents.fixtures import Fixture
    from rescind.documents.schemas import Shape
    from rescind.model import Record
    from rescind.rules.call import Rule, Rules

MAX_RATE = 1_000_000_000


@dataclass(frozen=True)
class Vendor:
    """One simulated API: what it promises, how it behaves, the world that it begins with.

    ``fallbacks`` answer methods and paths that have no operation; ``callers`` refuse callers whose credential is good.
    """

    name: str
    spec: Spec
    shape: Shape
    fixture: Fixture
    operations: Mapping[str, Operation]
    rules: Mapping[str, Rules]
    fallbacks: tuple[Operation, ...] = ()
    callers: tuple[Rule, ...] = ()

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """The names of all outcomes of all operations."""
        return tuple(dict.fromkeys(name for operation in self.operations.values() for name in operation.examples))

    @cached_property
    def client_tasks(self) -> Mapping[str, Mapping[str, Any]]:
        """What the document says, as ``x-client``, that a client does with an operation, by its id."""
        stated = {name: self.spec.at(one.place).get("x-client") for name, one in self.operations.items()}
        return {name: task for name, task in stated.items() if task}

    def rules_of(self, operation: Operation) -> Rules:
        """Return the rules of an operation or a fallback."""
        return fallback.rules_of(operation) if operation.is_fallback else self.rules[operation.id]

    def wrong_settings(self, settings: Record) -> Iterator[tuple[str, str]]:
        """Yield each setting that a rate limit needs and cannot use: its name, and what is wrong."""
        for operation in (*self.operations.values(), *self.fallbacks):
            name = operation.rate_limit.setting if operation.rate_limit else None
            rate = settings.get(name) if name else 1
            if name and (not isinstance(rate, int) or isinstance(rate, bool) or not 1 <= rate <= MAX_RATE):
                yield name, f"the rate limit of {operation.id} needs a number of requests from 1 to {MAX_RATE}"
