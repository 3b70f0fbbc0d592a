"""The journal: every exchange of a sandbox, what decided it, and on which facts.

An entry is written in the call's own transaction, before the reply leaves. Secrets are masked when an entry is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from rescind import moments
from rescind.contract.received import Received
from rescind.control.masking import is_secret, mask_headers, mask_query, mask_text, mask_value
from rescind.model import Answer, JournalEntry, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rescind.contract.operations import Operation
    from rescind.model import Bounds
    from rescind.store import Transaction
    from rescind.vendors.rules import Call

M = TypeVar("M", Request, Reply)

LOG = "journal"
_MAX_TEXT = 1_000
_SHORTEST_SECRET = 4


def record(call: Call, answer: Answer, reply: Reply, bounds: Bounds, real: tuple[int, int]) -> None:
    """Write the entry of a call that reached its operation; ``real`` is when it began and ended, in system time."""
    request, transaction = call.received.request, call.world.transaction
    operation = call.operation
    entry = JournalEntry(
        id=_serial(transaction),
        at=call.world.now,
        real=real[0],
        request=_bounded(request, bounds),
        reply=_bounded(reply, bounds),
        vendor=operation.vendor,
        operation=operation.id,
        outcome=answer.outcome or None,
        forced=call.forced,
        answer=Answer(answer.outcome, {}, answer.stage, answer.rule, answer.says, answer.facts),
        violations=tuple([violation._asdict() for violation in call.violations]),
        parameters=call.received.path,
        secret_names=operation.credential_names,
        took_ns=real[1] - real[0],
    )
    transaction.append(LOG, entry, bounds.journal)


def note(
    transaction: Transaction,
    times: tuple[int, int],
    exchange: tuple[Request, Reply],
    operation: Operation | None,
    bounds: Bounds,
) -> None:
    """Write the entry of an exchange that no rule has decided; ``times`` are the sandbox's and the system's."""
    request, reply = exchange
    entry = JournalEntry(_serial(transaction), *times, _bounded(request, bounds), _bounded(reply, bounds))
    if operation:
        names = operation.credential_names
        entry = entry._replace(vendor=operation.vendor, operation=operation.id, secret_names=names)
    transaction.append(LOG, entry, bounds.journal)


def show(entry: JournalEntry) -> dict[str, Any]:
    """An entry as the control API gives it, with its secrets masked."""
    request, reply, answer, names = entry.request, entry.reply, entry.answer, entry.secret_names
    secrets = secrets_of(entry)
    return {
        "id": entry.id,
        "at": moments.write(entry.at),
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
        "status": reply.status or None,
        "decided_by": answer and {"stage": answer.stage, "rule": answer.rule, "says": answer.says},
        "facts": [mask_value(_fact(*fact), secrets) for fact in answer.facts] if answer else [],
        "violations": [
            {name: mask_value(part, secrets) for name, part in violation.items()} for violation in entry.violations
        ],
        "forced": entry.forced,
        "fault": reply.fault,
        "delay_ms": reply.delay_ms,
        "took_ms": entry.took_ns / 1_000_000,
        "reply": _shown_reply(reply),
    }


def secrets_of(entry: JournalEntry) -> list[str]:
    """The values that stand where secrets do, longest first; very short ones would hide too much."""
    received = Received(entry.request, entry.parameters)
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
    """The entries that have the wanted vendor, operation, outcome and status, since a moment or after an entry's id."""
    return [entry for entry in entries if all(_has(entry, name, value) for name, value in wanted.items())]


def _has(entry: JournalEntry, name: str, value: Any) -> bool:
    match name:
        case "status":
            return bool(entry.reply.status == value)
        case "since":
            return bool(entry.id > value) if isinstance(value, int) else entry.at >= moments.parse(value)
        case "outcome":
            return value in (entry.outcome, full_name(entry))
    return bool(getattr(entry, name) == value)


def full_name(entry: JournalEntry) -> str | None:
    """The outcome as it is named everywhere: ``vendor.operation.outcome``."""
    return f"{entry.vendor}.{entry.operation}.{entry.outcome}" if entry.outcome else None


def _bounded(message: M, bounds: Bounds) -> M:
    """The message with as much of its body as the journal keeps."""
    return (
        message
        if len(message.body) <= bounds.journal_body
        else message._replace(body=message.body[: bounds.journal_body])
    )


def _serial(transaction: Transaction) -> int:
    serial: int = transaction.read("serials", LOG, 0) + 1
    transaction.write("serials", LOG, serial)
    return serial


def _fact(of: str, field: str, value: Any) -> str:
    return f"{of}: {field} is {_short(value)}" if field else f"{of}: there is none"


def _short(value: Any) -> str:
    text = str(value).lower() if value is None or isinstance(value, bool) else str(value)
    return text if len(text) <= _MAX_TEXT else text[:_MAX_TEXT] + "..."


def _text(body: bytes) -> str:
    return body.decode(errors="replace")


def _shown_reply(reply: Reply) -> dict[str, Any] | None:
    if not reply.status:
        return None
    return {"status": reply.status, "headers": mask_headers(dict(reply.headers)), "body": mask_text(_text(reply.body))}
