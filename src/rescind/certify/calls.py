"""What a client sent, read again from the journal: each call with its task, its order, and what was wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from rescind.certify.advice import AFTER, DELETE
from rescind.control.faults import WHOLE
from rescind.control.matching import url_text
from rescind.model import EFFECT, RIVAL, SECOND, TOOK_EFFECT

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from rescind.certify.advice import Advice, ClientContract
    from rescind.certify.scenarios import Condition
    from rescind.contract.operations import Operation
    from rescind.contract.parameters import Violation
    from rescind.contract.received import Received
    from rescind.contract.routing import Router
    from rescind.model import Fact, JournalEntry

_MS = SECOND // 1000
_CONDITIONS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
_MARGIN_BYTES = 1_000
"""How near to its bound a head may be cut: the journal leaves out a whole field, or cuts the last one."""


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
    is_abandoned: bool

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
        """Whether the client had a whole reply, before it gave up."""
        return (
            not self.is_abandoned
            and self.entry.delivery.reply is not None
            and (self.fault is None or self.fault in WHOLE)
        )

    @property
    def has_rival(self) -> bool:
        """Whether somebody else made the same call just before."""
        return RIVAL in self._facts

    @property
    def took_effect(self) -> bool:
        """Whether the call changed the world."""
        if self.is_safe:
            return False
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


class Reading(NamedTuple):
    """What is needed to read the journal: the router, the contract, and when the scenario began, in nanoseconds.

    ``aliases`` are other names of the orders, ``abandoned`` says when the client gave up an entry, and the
    journal keeps up to ``most_bytes`` of a head.
    """

    router: Router
    contract: ClientContract
    began: int
    aliases: Mapping[str, str]
    abandoned: Mapping[int, int]
    most_bytes: int


def client_calls(entries: Iterable[JournalEntry], reading: Reading) -> tuple[ClientCall, ...]:
    """Read the calls of a client from the journal."""
    return tuple(_call(number, entry, reading) for number, entry in enumerate(entries, 1))


def meets(calls: tuple[ClientCall, ...], met: Condition) -> bool:
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


def _call(number: int, entry: JournalEntry, reading: Reading) -> ClientCall:
    contract, left = reading.contract, reading.abandoned.get(entry.id)
    arrived = (entry.real - reading.began) / _MS
    answered = arrived + entry.took_ns / _MS + entry.delivery.delay_ms
    match = reading.router.match(entry.request.path)
    operation = match.operation(entry.request.method) if match else None
    received = operation.receive(entry.request, match.path_of(operation)) if match and operation else None
    values, _, wrong = operation.read(received) if operation and received else ({}, None, ())
    return ClientCall(
        number=number,
        entry=entry,
        arrived=arrived,
        answered=answered if left is None else (left - reading.began) / _MS,
        operation=operation,
        task=contract.tasks.get(operation.id) if operation and operation.vendor == contract.vendor.name else None,
        order=_order(operation, values, reading),
        advice=contract.advice(entry.operation, entry.outcome),
        violations=() if _is_cut(entry, reading) else tuple(_violations(entry, operation, wrong, contract)),
        identity=_identity(entry, operation, received),
        is_abandoned=left is not None,
    )


def _identity(entry: JournalEntry, operation: Operation | None, received: Received | None) -> Hashable:
    """Return what makes two calls the same: the operation, what the document knows of the request, the credential."""
    request = entry.request
    if operation is None or received is None or operation.is_fallback:
        return request.method, request.path, request.query, request.body
    given = tuple((name, tuple(operation.texts(received, name))) for name in operation.locations)
    return operation.id, given, request.body, *(request.headers.get(name) for name in _CONDITIONS)


def _is_cut(entry: JournalEntry, reading: Reading) -> bool:
    """Return whether the journal has not kept all of the request, so that it cannot be validated."""
    request = entry.request
    head = len(request.path) + len(request.query) + sum(map(len, (*request.headers, *request.headers.values())))
    return entry.request_bytes > len(request.body) or head >= reading.most_bytes - _MARGIN_BYTES


def _order(operation: Operation | None, values: Mapping[str, Any], reading: Reading) -> str | None:
    """Return the order that a call is about, as its parameter means it: the number ``072001`` is ``72001``."""
    if operation is None:
        return None
    name = reading.contract.orders.get(operation.id, reading.contract.order)
    value = values.get(name)
    return None if value is None else reading.aliases.get(url_text(value), url_text(value))


def _violations(
    entry: JournalEntry, operation: Operation | None, wrong: Iterable[Violation], contract: ClientContract
) -> Iterable[str]:
    """Yield in what a request is not valid by the document, whatever it was answered."""
    request = entry.request
    if operation is None or operation.vendor != contract.vendor.name:
        yield f"{request.method} {request.path} is not in the document of {contract.vendor.name}"
        return
    if operation.is_fallback:
        is_documented = request.method in operation.not_simulated or (entry.status or 0) in range(200, 300)
        if not is_documented:
            known = f"; the path has {operation.allow}" if operation.allow else ""
            yield f"{request.method} {request.path} is not in the document{known}"
        return
    if operation.path.endswith("/") and not request.path.endswith("/"):
        yield f"{request.path} lacks the slash at its end"
    for violation in wrong:
        yield f"{violation.location} {violation.parameter}: {violation.problem}"
