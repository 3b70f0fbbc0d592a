"""The journal: every exchange of a sandbox, what decided it, and on which facts.

An entry is written in the call's own transaction, before the reply leaves. Secrets are masked when an entry is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, TypeVar

from rescind.contract.received import Received
from rescind.control.masking import is_secret, mask_headers, mask_query, mask_text, mask_value
from rescind.documents import moments
from rescind.model import Decision, Delivery, JournalEntry, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rescind.contract.operations import Operation
    from rescind.control.exchange import Exchange
    from rescind.model import Bounds
    from rescind.store import Transaction

M = TypeVar("M", Request, Reply)

LOG = "journal"
_MAX_TEXT = 1_000
_SHORTEST_SECRET = 4


class RequestView(TypedDict):
    """A request as the journal shows it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: str


class ReplyView(TypedDict):
    """A reply as the journal shows it."""

    status: int
    headers: dict[str, str]
    body: str


class DecisionView(TypedDict):
    """Where on the path of the request, and by which rule, an exchange was decided."""

    stage: str
    rule: str
    says: str


class EntryView(TypedDict):
    """An entry as the control API shows it, with its secrets masked."""

    id: int
    at: str
    request: RequestView
    vendor: str | None
    operation: str | None
    outcome: str | None
    status: int | None
    decided_by: DecisionView | None
    facts: list[str]
    violations: list[dict[str, Any]]
    forced: str | None
    fault: str | None
    delay_ms: float
    took_ms: float
    reply: ReplyView | None


class Times(NamedTuple):
    """When an exchange took place: in the sandbox's time, and when it began and ended in the system's (nanoseconds)."""

    at: int
    began: int
    ended: int


def record(exchange: Exchange, decision: Decision, delivery: Delivery, bounds: Bounds, times: Times) -> None:
    """Write the entry of a call that reached its operation."""
    transaction, operation = exchange.world.transaction, exchange.operation
    entry = JournalEntry(
        id=_serial(transaction),
        at=times.at,
        real=times.began,
        request=_bounded(exchange.received.request, bounds),
        delivery=_bounded_delivery(delivery, bounds),
        vendor=operation.vendor,
        operation=operation.id,
        forced=exchange.intervention.forced_by,
        decision=Decision(decision.stage, decision.outcome, {}, decision.rule, decision.says, decision.facts),
        violations=tuple([violation.as_record() for violation in exchange.violations]),
        path_parameters=exchange.received.path,
        secret_names=operation.credential_names,
        took_ns=times.ended - times.began,
        request_bytes=len(exchange.received.request.body),
        reply_bytes=len(delivery.reply.body) if delivery.reply else 0,
    )
    transaction.append(LOG, entry, bounds.journal)


def note(  # noqa: PLR0913, PLR0917 - an exchange that never became one
    transaction: Transaction,
    request: Request,
    delivery: Delivery,
    operation: Operation | None,
    bounds: Bounds,
    times: Times,
) -> None:
    """Write the entry of an exchange that did not get to the rules of its operation, if it has one."""
    entry = JournalEntry(
        id=_serial(transaction),
        at=times.at,
        real=times.began,
        request=_bounded(request, bounds),
        delivery=_bounded_delivery(delivery, bounds),
        vendor=operation.vendor if operation else None,
        operation=operation.id if operation else None,
        secret_names=operation.credential_names if operation else (),
        took_ns=times.ended - times.began,
        request_bytes=len(request.body),
        reply_bytes=len(delivery.reply.body) if delivery.reply else 0,
    )
    transaction.append(LOG, entry, bounds.journal)


def show(entry: JournalEntry) -> EntryView:
    """Format an entry for the control API, with its secrets masked."""
    request, decision, names = entry.request, entry.decision, entry.secret_names
    secrets = secret_values(entry)
    return {
        "id": entry.id,
        "at": moments.format(entry.at),
        "request": {
            "method": request.method,
            "path": request.path,
            "query": mask_query(Received(request, {}).query, names),
            "headers": mask_headers(request.headers, names),
            "body": mask_text(_text(request.body)),
        },
        "vendor": entry.vendor,
        "operation": entry.operation,
        "outcome": full_name(entry),
        "status": entry.status,
        "decided_by": _decided_by(decision, secrets) if decision else None,
        "facts": [mask_value(_fact(*fact), secrets) for fact in decision.facts] if decision else [],
        "violations": [
            {name: mask_value(part, secrets) for name, part in violation.items()} for violation in entry.violations
        ],
        "forced": entry.forced,
        "fault": entry.delivery.fault,
        "delay_ms": entry.delivery.delay_ms,
        "took_ms": entry.took_ns / 1_000_000,
        "reply": _reply(entry.delivery.reply),
    }


def secret_values(entry: JournalEntry) -> list[str]:
    """Return the values that stand where secrets do, longest first; very short ones would hide too much."""
    received = Received(entry.request, entry.path_parameters)
    found = {
        value
        for fields in (entry.request.headers, received.json_fields)
        for name, value in fields.items()
        if is_secret(name, entry.secret_names) and isinstance(value, str)
    }
    found |= {
        value for name, values in received.query.items() if is_secret(name, entry.secret_names) for value in values
    }
    found |= {value.rpartition(" ")[2] for value in found}
    return sorted((value for value in found if len(value) >= _SHORTEST_SECRET), key=len, reverse=True)


def select(entries: Iterable[JournalEntry], wanted: Mapping[str, Any]) -> list[JournalEntry]:
    """Select the entries by vendor, operation, outcome and status, since a time or after an entry's id."""
    return [entry for entry in entries if all(_has(entry, name, value) for name, value in wanted.items())]


def _has(entry: JournalEntry, name: str, value: Any) -> bool:
    match name:
        case "status":
            return bool(entry.status == value)
        case "since":
            return bool(entry.id > value) if isinstance(value, int) else entry.at >= moments.parse(value)
        case "outcome":
            return value in (entry.outcome, full_name(entry))
    return bool(getattr(entry, name) == value)


def full_name(entry: JournalEntry) -> str | None:
    """Return the outcome as it is named everywhere: ``vendor.operation.outcome``."""
    return f"{entry.vendor}.{entry.operation}.{entry.outcome}" if entry.outcome else None


def _bounded(message: M, bounds: Bounds) -> M:
    """Cut the body to what the journal keeps."""
    return (
        message
        if len(message.body) <= bounds.journal_body
        else message._replace(body=message.body[: bounds.journal_body])
    )


def _bounded_delivery(delivery: Delivery, bounds: Bounds) -> Delivery:
    reply = delivery.reply
    if reply is None or len(reply.body) <= bounds.journal_body:
        return delivery
    return delivery._replace(reply=_bounded(reply, bounds))


def _serial(transaction: Transaction) -> int:
    serial: int = transaction.read("serials", LOG, 0) + 1
    transaction.write("serials", LOG, serial)
    return serial


def _fact(of: str, field: str, value: Any) -> str:
    return f"{of}: {field} is {_short(value)}" if field else f"{of}: not found"


def _short(value: Any) -> str:
    text = str(value).lower() if value is None or isinstance(value, bool) else str(value)
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "..."


def _text(body: bytes) -> str:
    return body.decode(errors="replace")


def _decided_by(decision: Decision, secrets: list[str]) -> DecisionView:
    return {"stage": decision.stage, "rule": decision.rule, "says": mask_value(decision.says, secrets)}


def _reply(reply: Reply | None) -> ReplyView | None:
    if reply is None:
        return None
    return {"status": reply.status, "headers": mask_headers(dict(reply.headers)), "body": mask_text(_text(reply.body))}
