"""What a client sent, read again from the journal: each call with its task, its order, and what was wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING

from rescind.certify.advice import AFTER, DELETE
from rescind.control.faults import WHOLE
from rescind.control.matching import url_text
from rescind.model import EFFECT, RIVAL, SECOND, TOOK_EFFECT

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from rescind.certify.advice import Advice, ClientContract
    from rescind.certify.scenarios import Met
    from rescind.contract.operations import Operation
    from rescind.contract.received import Received
    from rescind.contract.routing import Router
    from rescind.model import Fact, JournalEntry

_MS = SECOND // 1000


@dataclass(frozen=True)
class ClientCall:
    """One call of the client. ``arrived`` and ``answered`` are in milliseconds since the scenario began.

    ``order`` is the order that it is about; ``violations`` say in what the request is not valid by the document. Two
    calls of one ``identity`` ask for the same.
    """

    number: int
    entry: JournalEntry
    arrived: float
    answered: float
    operation: Operation | None
    task: str | None
    order: str | None
    advice: Advice | None
    violations: tuple[str, ...]
    identity: Hashable

    @property
    def outcome(self) -> str | None:
        """The outcome that it met; None where nobody but Rescind answered."""
        return self.entry.outcome

    @property
    def fault(self) -> str | None:
        """The fault that it met."""
        return self.entry.delivery.fault

    @property
    def is_answered(self) -> bool:
        """Whether the client had a whole reply."""
        return self.entry.delivery.reply is not None and (self.fault is None or self.fault in WHOLE)

    @property
    def has_rival(self) -> bool:
        """Whether somebody else made the same call just before."""
        return RIVAL in self._facts

    @property
    def took_effect(self) -> bool:
        """Whether the call changed the world."""
        decision = self.entry.decision
        forced = any(fact.field == TOOK_EFFECT and fact.value for fact in self._facts)
        return forced or (decision is not None and decision.stage == EFFECT)

    @property
    def is_safe(self) -> bool:
        """Whether the method asks for no change (RFC 9110, section 9.2.1)."""
        return self.entry.request.method in {"GET", "HEAD", "OPTIONS", "TRACE"}

    @cached_property
    def wait_ms(self) -> float | None:
        """How long the vendor asked the client to wait, in milliseconds."""
        reply = self.entry.delivery.reply
        if reply is None or self.advice is None or self.advice.retry != AFTER:
            return None
        text = next((value for name, value in reply.headers if name.lower() == self.advice.wait), "")
        if text.isascii() and text.isdecimal():
            return float(text) * 1000
        return _until(text, self.entry.at)

    @property
    def _facts(self) -> tuple[Fact, ...]:
        return self.entry.decision.facts if self.entry.decision else ()


def _until(date: str, now: int) -> float | None:
    """Return how many milliseconds there are until an HTTP-date (RFC 9110, section 5.6.7); None if it is no date."""
    try:
        return max(0, parsedate_to_datetime(date).timestamp() * 1000 - now / _MS)
    except ValueError:
        return None


def client_calls(
    entries: Iterable[JournalEntry], router: Router, contract: ClientContract, began: int
) -> tuple[ClientCall, ...]:
    """Read the calls of a client from the journal."""
    return tuple(_call(number, entry, router, contract, began) for number, entry in enumerate(entries, 1))


def meets(calls: tuple[ClientCall, ...], met: Met) -> bool:
    """Return whether the calls show that the client was in the situation."""
    found = [
        call
        for call in calls
        if (call.task == DELETE or (met.fault and met.is_followed))
        and (met.outcomes is None or call.outcome in met.outcomes)
        and (met.fault is None or call.fault == met.fault)
        and (not met.has_rival or call.has_rival)
    ]
    if met.is_followed:
        found = [call for call in found if call.number < len(calls)]
    rivals = sum(call.has_rival for call in found)  # Rescind's own call, where it plays the other run
    return len(found) + (rivals if met.calls > 1 else 0) >= met.calls


def _call(number: int, entry: JournalEntry, router: Router, contract: ClientContract, began: int) -> ClientCall:
    arrived = (entry.real - began) / _MS
    match = router.match(entry.request.path)
    operation = match.operation(entry.request.method) if match else None
    received = operation.receive(entry.request, match.path_of(operation)) if match and operation else None
    return ClientCall(
        number=number,
        entry=entry,
        arrived=arrived,
        answered=arrived + entry.took_ns / _MS + entry.delivery.delay_ms,
        operation=operation,
        task=contract.tasks.get(operation.id) if operation and operation.vendor == contract.vendor.name else None,
        order=_order(operation, received, contract),
        advice=contract.advice(entry.operation, entry.outcome),
        violations=tuple(_violations(entry, operation, received, contract)),
        identity=_identity(entry, operation, received),
    )


def _identity(entry: JournalEntry, operation: Operation | None, received: Received | None) -> Hashable:
    """Return what makes two calls the same: the operation, what the document knows of the request, the credential."""
    request = entry.request
    if operation is None or received is None or operation.is_fallback:
        return request.method, request.path, request.query, request.body
    given = tuple((name, tuple(operation.texts(received, name))) for name in operation.locations)
    return operation.id, given, request.body


def _order(operation: Operation | None, received: Received | None, contract: ClientContract) -> str | None:
    """Return the order that a call is about, as its parameter means it: the number ``072001`` is ``72001``."""
    if operation is None or received is None or contract.order not in operation.locations:
        return None
    value = operation.read(received)[0].get(contract.order)
    return None if value is None else url_text(value)


def _violations(
    entry: JournalEntry, operation: Operation | None, received: Received | None, contract: ClientContract
) -> Iterable[str]:
    """Yield in what a request is not valid by the document, whatever it was answered."""
    request = entry.request
    if operation is None or received is None or operation.vendor != contract.vendor.name:
        yield f"{request.method} {request.path} is not in the document of {contract.vendor.name}"
        return
    if operation.is_fallback:
        if request.method not in operation.not_simulated:
            known = f"; the path has {operation.allow}" if operation.allow else ""
            yield f"{request.method} {request.path} is not in the document{known}"
        return
    if operation.path.endswith("/") and not request.path.endswith("/"):
        yield f"{request.path} lacks the slash at its end"
    for violation in operation.read(received)[2]:
        yield f"{violation.location} {violation.parameter}: {violation.problem}"
