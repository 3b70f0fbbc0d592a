"""All that is known once the runs of a scenario have ended: what requirements look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rescind.certify.advice import DELETE, READ
from rescind.certify.preparation import GONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rescind.certify.advice import ClientContract
    from rescind.certify.calls import ClientCall
    from rescind.certify.runs import Run
    from rescind.certify.scenarios import Scenario


@dataclass(frozen=True)
class Trial:
    """One trial of a client in a scenario. ``before`` and ``after`` are the states of its orders.

    ``hang_ms`` is how long a hang lasts that the client does not end. ``is_complete`` says that the journal still has
    every call.
    """

    scenario: Scenario
    contract: ClientContract
    runs: tuple[Run, ...]
    calls: tuple[ClientCall, ...]
    before: Mapping[str, str]
    after: Mapping[str, str]
    hang_ms: float
    is_complete: bool

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Each run with its calls; runs at once about one order are one part, since their calls look alike."""
        runs, scenario = self.runs, self.scenario
        if len(runs) == 1 or (scenario.is_together and scenario.has_same_order_twice):
            return (Part(self, runs, scenario.order, self.calls),)
        if scenario.is_together:
            pairs = zip(runs, scenario.targets, strict=True)
            return tuple(
                Part(self, (run,), order, tuple(call for call in self.calls if call.order == order))
                for run, order in pairs
            )
        return tuple(Part(self, (run,), scenario.order, tuple(self._during(index))) for index, run in enumerate(runs))

    def _during(self, index: int) -> Iterator[ClientCall]:
        """Yield the calls of a run, up to the beginning of the next."""
        start = self.runs[index].started if index else 0
        end = self.runs[index + 1].started if index + 1 < len(self.runs) else float("inf")
        return (call for call in self.calls if start <= call.arrived < end)


@dataclass(frozen=True)
class Part:
    """A run of a trial with its calls, or several whose calls look alike, and the order that they are to delete."""

    trial: Trial
    runs: tuple[Run, ...]
    order: str
    calls: tuple[ClientCall, ...]

    @cached_property
    def deletions(self) -> tuple[ClientCall, ...]:
        """The calls that delete the order."""
        return tuple(call for call in self.calls if call.task == DELETE and call.order == self.order)

    @property
    def last(self) -> ClientCall | None:
        """The last deletion of the order, whose answer decides on what a client can know."""
        return self.deletions[-1] if self.deletions else None

    def reads_after(self, deletion: ClientCall | None) -> tuple[ClientCall, ...]:
        """Return the answered reads of the order, or of a list, after a deletion; without one, all of them."""
        after = deletion.number if deletion else 0
        return tuple(
            call
            for call in self.calls
            if call.task == READ and call.is_answered and call.number > after and call.order in {None, self.order}
        )

    @property
    def last_allows(self) -> Iterator[tuple[str, ...]]:
        """Yield the claims that the last deletion, and the last read after it, allow as far as they were answered."""
        for call in (*self.deletions[-1:], *self.reads_after(self.last)[-1:]):
            if call.is_answered and call.advice:
                yield call.advice.claims

    @property
    def is_gone(self) -> bool:
        """Whether the order is gone now."""
        happened = bool(self.deleted_it) or any(call.has_rival for call in self.deletions)
        return happened or self.trial.after.get(self.order) == GONE

    @property
    def deleted_it(self) -> tuple[ClientCall, ...]:
        """The deletions of the order that took effect."""
        return tuple(call for call in self.deletions if call.took_effect)
