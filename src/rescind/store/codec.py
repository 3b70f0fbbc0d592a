"""Encode what a store outside of this process keeps, and decode it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rescind.model import Decision, Delivery, Fact, JournalEntry, Reply, Request
from rescind.store.pending import GONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rescind.store.pending import Pending

encode = json.JSONEncoder(separators=(",", ":"), default=lambda body: body.decode("latin-1")).encode
"""A JSON value, or a journal entry, as ASCII. Bodies are bytes, and become the text that has these code points."""

decode = json.JSONDecoder().decode


def entry_of(text: str) -> JournalEntry:
    """Decode a journal entry."""
    fields = dict(zip(JournalEntry._fields, decode(text), strict=True))
    fields["request"] = _with_bytes(Request(*fields["request"]))
    fields["delivery"] = _delivery(*fields["delivery"])
    fields["decision"] = _decision(*fields["decision"]) if fields["decision"] else None
    fields["violations"] = tuple(fields["violations"])
    fields["secret_names"] = tuple(fields["secret_names"])
    return JournalEntry(**fields)


def changes_of(pending: Pending) -> str:
    """Encode the writes for the replicas of other processes: table, key and, unless it is gone, value."""
    changes = [
        (table, key) if value is GONE else (table, key, value)
        for table, rows in pending.writes.items()
        for key, value in rows.items()
    ]
    return encode(changes) if changes else ""


def fields_of(pending: Pending) -> tuple[list[bytes | str], list[bytes]]:
    """Encode the writes for the script: each field that is set and then its value, and the fields that are gone."""
    kept: list[bytes | str] = []
    gone: list[bytes] = []
    for table, rows in pending.writes.items():
        for key, value in rows.items():
            if value is GONE:
                gone.append(_field(table, key))
            else:  # most values are counters, and an encoder takes longer to begin than to write one
                kept += _field(table, key), str(value) if type(value) is int else encode(value)
    return kept, gone


def log_steps(pending: Pending, logs: Sequence[str]) -> list[Any]:
    """Encode what happens to each log for the script."""
    steps: list[Any] = []
    for log in logs:
        appended = [new for new in pending.appended if new.log == log]
        bounds = (appended[-1].keep, appended[-1].keep_bytes) if appended else (0, 0)
        fate = "clear" if log in pending.cleared else "keep"
        steps.append(f"{fate} {bounds[0]} {bounds[1]} {len(appended)}")
        steps += [encode(new.entry) for new in appended]
    return steps


def _field(table: str, key: str) -> bytes:
    return f"{table}\0{key}".encode("utf-8", "surrogatepass")


def table_and_key(field: bytes) -> tuple[str, str]:
    """Return the table and the key that a field of the sandbox's hash stands for."""
    table, _, key = field.decode("utf-8", "surrogatepass").partition("\0")
    return table, key


def _delivery(reply: list[Any] | None, *rest: Any) -> Delivery:
    return Delivery(_reply(*reply) if reply else None, *rest)


def _reply(status: int, headers: list[list[str]], body: str) -> Reply:
    return Reply(status, tuple((name, value) for name, value in headers), body.encode("latin-1"))


def _decision(*parts: Any) -> Decision:
    decision = Decision(*parts)
    return decision._replace(facts=tuple(Fact(*fact) for fact in decision.facts))


def _with_bytes(request: Any) -> Request:
    decoded: Request = request._replace(body=request.body.encode("latin-1"))
    return decoded
