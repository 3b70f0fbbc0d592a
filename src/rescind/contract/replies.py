"""Replies: a named example of the spec, with values put in only where the spec says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rescind.contract.bodies import compile_reply_body
from rescind.contract.expressions import MISSING, Scope, compile_template
from rescind.model import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rescind.contract.bodies import Body
    from rescind.contract.received import Received
    from rescind.documents.reading import Pointer
    from rescind.model import Outcome

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class HeaderText(NamedTuple):
    """The value of a header, a template or plain, and what is sent where a value of the template is not there."""

    text: Any
    otherwise: Any = MISSING


class VaryingHeader(NamedTuple):
    """A header whose value is filled in."""

    name: str
    template: Callable[[Scope], Any]
    otherwise: Any


@dataclass(frozen=True, slots=True)
class Example:
    """An outcome, and how the spec says that it looks.

    ``headers`` that vary come before ``fixed_headers``. ``static`` is the whole reply where nothing varies. ``place``
    is where the document has it.
    """

    outcome: Outcome
    body: Body
    headers: tuple[VaryingHeader, ...]
    fixed_headers: tuple[tuple[str, str], ...]
    static: Reply | None
    place: Pointer = ()

    def reply(self, received: Received, values: Mapping[str, Any]) -> Reply:
        """Return the reply, filled from the request and from the values of the answer.

        A template whose value is not there leaves the example as it stands; a header without one is then left out.
        """
        return self.static or self._fill(Scope(received, values))

    def _fill(self, scope: Scope) -> Reply:
        headers = []
        for header in self.headers:
            value = header.template(scope)
            value = header.otherwise if value is MISSING else value
            if value is not MISSING:
                headers.append((header.name, _field_value(value)))
        return Reply(self.outcome.status, (*headers, *self.fixed_headers), self.body.fill(scope))


def compile_example(  # noqa: PLR0913, PLR0917 - the parts of an example, each on its own
    outcome: Outcome,
    media_type: str | None,
    value: Any,
    templates: Mapping[str, str],
    headers: Mapping[str, HeaderText],
    place: Pointer = (),
    texts: Mapping[str, str] | None = None,
) -> Example:
    """Compile an example. ``media_type`` is None for a reply without a body; ``texts`` are those of codes in values.

    Raises ValueError for an expression that cannot be understood, or a pointer to a part that does not exist.
    """
    body = compile_reply_body(value, media_type, templates, texts or {})
    varying = tuple(
        VaryingHeader(name, compile_template(text), otherwise)
        for name, (text, otherwise) in headers.items()
        if _varies(text)
    )
    fixed = [(name, _field_value(text)) for name, (text, _) in headers.items() if not _varies(text)]
    if media_type:
        fixed.append(("Content-Type", media_type))
    static = None if body.gaps or varying else Reply(outcome.status, tuple(fixed), body.start.encode(errors="replace"))
    return Example(outcome, body, varying, tuple(fixed), static, place)


def _varies(text: Any) -> bool:
    return "{$" in str(text)


def _field_value(value: Any) -> str:
    """Return the value as a header can carry it: without the characters that would end the line."""
    return str(value) if isinstance(value, int) else _CONTROL.sub(" ", str(value))
