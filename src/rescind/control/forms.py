"""Unusual forms of a good reply, which a client must understand: members and headers as it does not expect them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rescind.contract.received import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from rescind.model import Reply

_MEMBER = "rescindUnknownMember"
_HEADER = ("x-rescind-unknown-header", "1")


def in_form(reply: Reply, fault: str | None) -> Reply:
    """Return the reply in the form that a fault orders; unchanged for any other fault."""
    form = _FORMS.get(fault or "")
    return form(reply) if form else reply


def _with_unknown_members(reply: Reply) -> Reply:
    """Add a member to every object of a JSON body (RFC 8259), and a header."""
    headers = (*reply.headers, _HEADER)
    try:
        parsed = parse_json(reply.body)
    except ValueError:
        return reply._replace(headers=headers)
    return reply._replace(headers=headers, body=json.dumps(_extended(parsed), ensure_ascii=False).encode())


def _extended(value: Any) -> Any:
    if isinstance(value, list):
        return [_extended(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {_MEMBER: {"is": [None, 1, ""]}} | {name: _extended(part) for name, part in value.items()}


def _with_other_headers(reply: Reply) -> Reply:
    """Reverse the headers, with names in upper case: neither has a meaning (RFC 9110, sections 5.1 and 5.3)."""
    return reply._replace(headers=tuple((name.upper(), value) for name, value in reversed(reply.headers)))


_FORMS: dict[str, Callable[[Reply], Reply]] = {
    "unknown_members": _with_unknown_members,
    "other_headers": _with_other_headers,
}
FORMS: Final = frozenset(_FORMS)
"""The faults that are in the reply already, and leave the connection as it is."""
