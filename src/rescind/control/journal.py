"""The journal: every exchange of a sandbox, what decided it, and on which facts.

An entry is written in the call's own transaction, before the reply leaves. Secrets are masked when an entry is shown.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from rescind.control.masking import mask_headers, mask_request, mask_text
from rescind.documents import moments
from rescind.model import Decision, Fact, JournalEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rescind.contract.operations import Operation
    from rescind.control.exchange import Exchange
    from rescind.control.masking import MaskedRequest
    from rescind.control.secrets import Secrets
    from rescind.model import Bounds, Delivery, Reply, Request
    from rescind.store import Transaction

LOG = "journal"
_ABANDONED = "abandoned"
_MAX_TEXT = 1_000
_MOST_FACTS = 100
_ENTRY_SIZE = 500
"""About what an entry takes beside its texts."""

_FACT_SIZE = 100


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
    reply_unknown: bool


class Times(NamedTuple):
    """When an exchange took place: in the sandbox's time, and when it began and ended in the system's (nanoseconds)."""

    at: int
    began: int
    ended: int


def record(exchange: Exchange, decision: Decision, delivery: Delivery, bounds: Bounds, times: Times) -> int:
    """Write the entry of a call that reached its operation, and return its id."""
    transaction, operation, received = exchange.world.transaction, exchange.operation, exchange.received
    violations, path = exchange.violations, received.path
    entry = _entry(
        transaction,
        received.request,
        delivery,
        operation,
        bounds,
        times,
        forced=exchange.intervention.forced_by,
        decision=_bounded_decision(decision),
        violations=tuple([violation.as_record() for violation in violations]) if violations else (),
        path_parameters={name: _short(value) for name, value in path.items()} if path else path,
    )
    transaction.append(LOG, entry, bounds.journal, bounds.journal_bytes)
    return entry.id


def abandon(transaction: Transaction, entry: int, now: int, bounds: Bounds) -> None:
    """Note that the client left at ``now`` before the late reply of an entry came."""
    if len(transaction.rows(_ABANDONED)) < bounds.journal:
        transaction.write(_ABANDONED, str(entry), now)


def abandoned(transaction: Transaction) -> dict[int, int]:
    """Return when clients left before their replies came: the system's time by the id of the entry."""
    return {int(entry): at for entry, at in transaction.rows(_ABANDONED).items()}


def note(  # noqa: PLR0913, PLR0917 - an exchange that never became one
    transaction: Transaction,
    request: Request,
    delivery: Delivery,
    operation: Operation | None,
    bounds: Bounds,
    times: Times,
) -> None:
    """Write the entry of an exchange that did not get to the rules of its operation, if it has one."""
    entry = _entry(transaction, request, delivery, operation, bounds, times)
    transaction.append(LOG, entry, bounds.journal, bounds.journal_bytes)


def _entry(  # noqa: PLR0913, PLR0917 - what both kinds of entries have
    transaction: Transaction,
    request: Request,
    delivery: Delivery,
    operation: Operation | None,
    bounds: Bounds,
    times: Times,
    decision: Decision | None = None,
    **decided: Any,
) -> JournalEntry:
    serial: int = transaction.read("serials", LOG, 0) + 1
    transaction.write("serials", LOG, serial)
    kept, head_size = _bounded_request(request, bounds.journal_body)
    answered = _bounded_delivery(delivery, bounds)
    reply = delivery.reply
    size = _ENTRY_SIZE + head_size + len(kept.body) + (len(answered.reply.body) if answered.reply else 0)
    if decision:
        size += sum([_FACT_SIZE + len(str(fact.value)) for fact in decision.facts])
    return JournalEntry(
        id=serial,
        at=times.at,
        real=times.began,
        request=kept,
        delivery=answered,
        vendor=operation.vendor if operation else None,
        operation=operation.id if operation else None,
        secret_names=operation.credential_names if operation else (),
        took_ns=times.ended - times.began,
        request_bytes=len(request.body),
        reply_bytes=len(reply.body) if reply else 0,
        size=size,
        decision=decision,
        **decided,
    )


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
        "reply_unknown": entry.reply_unknown,
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


def _bounded_request(request: Request, limit: int) -> tuple[Request, int]:
    """Cut the head and the body to what the journal keeps; return the size of the head too."""
    headers = request.headers
    head_size = len(request.path) + len(request.query) + len("".join([*headers, *headers.values()]))
    if head_size > limit:
        request, head_size = _without_long_parts(request, limit), limit
    return (request if len(request.body) <= limit else request._replace(body=request.body[:limit])), head_size


def _without_long_parts(request: Request, limit: int) -> Request:
    """Keep the target and the fields of a head as far as they fit, in their order."""
    left = limit
    path, query = request.path[:left], request.query[: max(0, left - len(request.path))]
    left -= len(path) + len(query)
    headers = {}
    for name, value in request.headers.items():
        if left > len(name):
            headers[name] = value[: left - len(name)]
        left -= len(name) + len(value)
    return request._replace(path=path, query=query, headers=headers)


def _bounded_delivery(delivery: Delivery, bounds: Bounds) -> Delivery:
    reply = delivery.reply
    if reply is None or len(reply.body) <= bounds.journal_body:
        return delivery
    return delivery._replace(reply=reply._replace(body=reply.body[: bounds.journal_body]))


def _bounded_decision(decision: Decision) -> Decision:
    """Keep what was decided and why, without the values of the reply."""
    facts = decision.facts
    if facts:
        facts = tuple([Fact(_short(of), field, _short(value)) for of, field, value in facts[:_MOST_FACTS]])
    return Decision(decision.stage, decision.outcome, {}, decision.rule, _short(decision.says), facts)


def _fact(of: str, field: str, value: Any) -> str:
    written = str(value).lower() if value is None or isinstance(value, bool) else value
    return f"{of}: {field} is {written}" if field else f"{of}: not found"


def _short(value: Any) -> Any:
    """Cut a long text; a value that is neither text nor number becomes one."""
    if isinstance(value, str):
        return value if len(value) <= _MAX_TEXT else f"{value[:_MAX_TEXT]}..."
    return value if value is None or isinstance(value, bool | int | float) else _short(str(value))


def _decided_by(decision: Decision, secrets: Secrets) -> DecisionView:
    return {"stage": decision.stage, "rule": decision.rule, "says": secrets.repeated(decision.says)}


def _reply(reply: Reply | None, secrets: Secrets) -> ReplyView | None:
    if reply is None:
        return None
    headers = mask_headers(dict(reply.headers), secrets)
    body = mask_text(reply.body.decode(errors="replace"), headers.get("Content-Type", ""), secrets)
    shown = {name: secrets.repeated(value) for name, value in headers.items()}
    return {"status": reply.status, "headers": shown, "body": secrets.repeated(body)}
