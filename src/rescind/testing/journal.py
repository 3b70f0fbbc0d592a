"""The journal of a sandbox as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rescind.testing.control_client import SandboxError

if TYPE_CHECKING:
    from rescind.control.journal import EntryView
    from rescind.testing.sandbox import Sandbox


def format_journal(sandbox: Sandbox, last: int) -> str:
    """Format the last exchanges of a sandbox for a person."""
    try:
        entries = sandbox.journal(limit=last)
    except SandboxError as error:
        return f"The journal cannot be read: {error}"
    return "\n".join(line for entry in entries for line in _format_entry(entry)) or "No call has reached it."


def _format_entry(entry: EntryView) -> list[str]:
    request, reply = entry["request"], entry["reply"] or {"status": entry["fault"], "body": ""}
    query = "&".join(f"{name}={value}" for name, values in request["query"].items() for value in values)
    lines = [f"{entry['id']}. {request['method']} {request['path']}" + (f"?{query}" if query else "")]
    lines += [f"   {request['body']}"] if request["body"] else []
    lines.append(f"   {reply['status']} {entry['outcome'] or ''} {entry['fault'] or ''}".rstrip())
    lines += [f"   {reply['body']}"] if reply["body"] else []
    lines += [f"   because {fact}" for fact in entry["facts"]]
    return lines
