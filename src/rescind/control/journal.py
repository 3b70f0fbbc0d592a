"""The journal: every exchange of a sandbox, what decided it, and on which facts.

An entry is written in the call's own transaction, before the reply leaves. Secrets are masked when an entry is shown.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from rescind import moments
from rescind.contract.received import Received, parse_json
from rescind.model import JournalEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rescind.model import Answer, Bounds, Reply, Request
    from rescind.store import Transaction
    from rescind.vendors.rules import Call

LOG = "journal"
MASK = "***"
_SECRET_NAME = re.compile(r"key|token|secret|password|authorization|cookie", re.IGNORECASE)
_MAX_TEXT = 1_000


def record(call: Call, answer: Answer, reply: Reply, bounds: Bounds, real: tuple[int, int]) -> None:
    """Write the entry of a call that reached its operation; ``real`` is when it began and ended, in system time."""
    request, transaction = call.received.request, call.world.transaction
    entry = JournalEntry(
        id=_serial(transaction),
        at=call.world.now,
        real=real[0],
        request=request._replace(body=request.body[: bounds.journal_body]),
        reply=reply._replace(body=reply.body[: bounds.journal_body]),
        vendor=call.operation.vendor,
        operation=call.operation.id,
        outcome=answer.outcome or None,
        forced=call.forced,
        answer=answer._replace(values={}),
        violations=tuple(violation._asdict() for violation in call.violations),
        parameters=call.received.path,
        secrets=frozenset(filter(None, (scheme.credential(call.received) for scheme in call.operation.schemes))),
        took_ns=real[1] - real[0],
    )
    transaction.append(LOG, entry, bounds.journal)


def note(transaction: Transaction, times: tuple[int, int], request: Request, reply: Reply, bounds: Bounds) -> None:
    """Write the entry of an exchange that reached no operation; ``times`` are the sandbox's and the system's."""
    request = request._replace(body=request.body[: bounds.journal_body])
    transaction.append(LOG, JournalEntry(_serial(transaction), *times, request, reply), bounds.journal)


def show(entry: JournalEntry) -> dict[str, Any]:
    """An entry as the control API gives it, with its secrets masked."""
    request, reply, answer = entry.request, entry.reply, entry.answer
    received = Received(request, entry.parameters)
    shown = {
        "id": entry.id,
        "at": moments.write(entry.at),
        "request": {
            "method": request.method,
            "path": request.path,
            "query": received.query,
            "headers": dict(request.headers),
            "body": _text(request.body),
        },
        "vendor": entry.vendor,
        "operation": entry.operation,
        "outcome": full_name(entry),
        "status": reply.status or None,
        "decided_by": answer and {"stage": answer.stage, "rule": answer.rule, "says": answer.says},
        "facts": [_fact(*fact) for fact in answer.facts] if answer else [],
        "violations": list(entry.violations),
        "forced": entry.forced,
        "fault": reply.fault,
        "delay_ms": reply.delay_ms,
        "took_ms": entry.took_ns / 1_000_000,
        "reply": {"status": reply.status, "headers": dict(reply.headers), "body": _text(reply.body)}
        if reply.status
        else None,
    }
    masked: dict[str, Any] = _mask(shown, _secrets(entry))
    return masked


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


def _secrets(entry: JournalEntry) -> list[str]:
    """What must not be shown: the credential, and every value whose name says that it is secret."""
    secrets = set(entry.secrets)
    for name, value in entry.request.headers.items():
        if _SECRET_NAME.search(name):
            secrets |= {value, value.rpartition(" ")[2]}
    for pair in entry.request.query.split("&"):
        name, _, value = pair.partition("=")
        if _SECRET_NAME.search(name):
            secrets |= {value, unquote_plus(value)}
    for body in (entry.request.body, entry.reply.body):
        secrets |= {
            value for name, value in _fields(body).items() if _SECRET_NAME.search(name) and isinstance(value, str)
        }
    return sorted(filter(None, secrets), key=len, reverse=True)


def _fields(body: bytes) -> Mapping[str, Any]:
    try:
        fields = parse_json(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _mask(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
        return value
    if isinstance(value, dict):
        return {name: _mask(part, secrets) for name, part in value.items()}
    return [_mask(part, secrets) for part in value] if isinstance(value, list | tuple) else value
