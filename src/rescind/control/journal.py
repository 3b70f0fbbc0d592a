"""The journal: every exchange of a sandbox, what decided it, and on which facts.

An entry is written in the call's own transaction, before the reply leaves. Secrets are masked when an entry is shown.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, TypeVar

from rescind.control.masking import mask_headers, mask_request, mask_text
from rescind.documents import moments
from rescind.model import Decision, Delivery, JournalEntry, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rescind.contract.operations import Operation
    from rescind.control.exchange import Exchange
    from rescind.control.masking import MaskedRequest
    from rescind.control.secrets import Secrets
    from rescind.model import Bounds
    from rescind.store import Transaction

M = TypeVar("M", Request, Reply)

LOG = "journal"
_MAX_TEXT = 1_000


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


def show(entry: JournalEntry, request: MaskedRequest | None = None) -> EntryView:
    """Format an entry for the control API, with its secrets masked; its ``request`` may be masked already."""
    request = request or mask_request(entry)
    decision, secrets = entry.decision, request.secrets
    return {
        "id": entry.id,
        "at": moments.format(entry.at),
        "request": {
            "method": entry.request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "body": request.body,
        },
        "vendor": entry.vendor,
        "operation": entry.operation,
        "outcome": full_name(entry),
        "status": entry.status,
        "decided_by": _decided_by(decision, secrets) if decision else None,
        "facts": [secrets.repeated(_fact(*fact)) for fact in decision.facts] if decision else [],
        "violations": [
            {name: secrets.repeated(part) for name, part in violation.items()} for violation in entry.violations
        ],
        "forced": entry.forced,
        "fault": entry.delivery.fault,
        "delay_ms": entry.delivery.delay_ms,
        "took_ms": entry.took_ns / 1_000_000,
        "reply": _reply(entry.delivery.reply, secrets),
    }


class Page(NamedTuple):
    """Some of the entries that a query asks for, oldest first; ``next`` is the id that the next page comes after."""

    entries: Sequence[JournalEntry]
    next: int | None


def select(entries: Sequence[JournalEntry], wanted: Mapping[str, Any], limit: int, after: int | None) -> Page:
    """Select entries by vendor, operation, outcome and status, ``since`` a moment (nanoseconds) or ``since_id``.

    Gives the first ``limit`` entries that come ``after`` an id or, without one, the last.
    """
    found = [entry for entry in entries if all(_has(entry, name, value) for name, value in wanted.items())]
    if after is None:
        return Page(found[-limit:], None)
    start = bisect_right(found, after, key=lambda entry: entry.id)
    page = found[start : start + limit]
    return Page(page, page[-1].id if start + limit < len(found) else None)


def _has(entry: JournalEntry, name: str, value: Any) -> bool:
    match name:
        case "status":
            return bool(entry.status == value)
        case "since":
            return bool(entry.at >= value)
        case "since_id":
            return bool(entry.id > value)
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


def _decided_by(decision: Decision, secrets: Secrets) -> DecisionView:
    return {"stage": decision.stage, "rule": decision.rule, "says": secrets.repeated(decision.says)}


def _reply(reply: Reply | None, secrets: Secrets) -> ReplyView | None:
    if reply is None:
        return None
    headers = mask_headers(dict(reply.headers), secrets)
    body = mask_text(reply.body.decode(errors="replace"), headers.get("Content-Type", ""), secrets)
    shown = {name: secrets.repeated(value) for name, value in headers.items()}
    return {"status": reply.status, "headers": shown, "body": secrets.repeated(body)}
