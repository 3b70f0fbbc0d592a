"""Replies: a named example of the spec, with values put in only where the spec says so."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rescind.contract.expressions import MISSING, Scope, compile_template
from rescind.model import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rescind.contract.received import Received
    from rescind.documents import Pointer
    from rescind.model import Outcome

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Substitution:
    """A place in an example's value, and the template that fills it."""

    pointer: tuple[str, ...]
    template: Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Example:
    """An outcome, and how the spec says that it looks.

    ``media_type`` is None for a reply without a body. ``static`` is the whole reply where nothing varies.
    ``place`` is where the document has it.
    """

    outcome: Outcome
    media_type: str | None
    value: Any
    substitutions: tuple[Substitution, ...]
    headers: tuple[tuple[str, Callable[[Scope], Any]], ...]
    static: Reply | None
    place: Pointer = ()

    def reply(self, received: Received, values: Mapping[str, Any]) -> Reply:
        """The reply, filled from the request and from the values of the answer.

        A template whose value is not there leaves the example as it stands; a header is then left out.
        """
        return self.static or self._fill(Scope(received, values))

    def _fill(self, scope: Scope) -> Reply:
        value = self.value
        for substitution in self.substitutions:
            new = substitution.template(scope)
            if new is not MISSING:
                value = _replace(value, substitution.pointer, new)
        headers = [(name, template(scope)) for name, template in self.headers]
        if self.media_type:
            headers.append(("Content-Type", self.media_type))
        written = tuple((name, _CONTROL.sub(" ", str(text))) for name, text in headers if text is not MISSING)
        return Reply(self.outcome.status, written, serialise(value, self.media_type))


def compile_example(  # noqa: PLR0913, PLR0917 - the parts of an example, each on its own
    outcome: Outcome,
    media_type: str | None,
    value: Any,
    templates: Mapping[str, str],
    headers: Mapping[str, Any],
    place: Pointer = (),
) -> Example:
    """Compile an example. ``headers`` are templates, or values that are no text, by name.

    Raises ValueError for an expression that cannot be understood, or a pointer that leads nowhere.
    """
    substitutions = []
    for pointer, text in templates.items():
        steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
        _refuse_what_leads_nowhere(value, steps)
        substitutions.append(Substitution(steps, compile_template(text)))
    fillers = tuple(
        (name, compile_template(text) if isinstance(text, str) else _constant(text)) for name, text in headers.items()
    )
    example = Example(outcome, media_type, value, tuple(substitutions), fillers, None, place)
    if substitutions or any("{$" in str(text) for text in headers.values()):
        return example
    written = [(name, _CONTROL.sub(" ", str(text))) for name, text in headers.items()]
    if media_type:
        written.append(("Content-Type", media_type))
    static = Reply(outcome.status, tuple(written), serialise(value, media_type))
    return Example(outcome, media_type, value, (), fillers, static, place)


def serialise(value: Any, media_type: str | None) -> bytes:
    """The bytes of a value: a text as it is where the media type is not JSON, else its JSON."""
    if media_type is None:
        return b""
    text = value if isinstance(value, str) and not media_type.partition(";")[0].endswith("json") else _encode(value)
    return text.encode(errors="replace")


def _constant(value: Any) -> Callable[[Scope], Any]:
    return lambda _: value


def _replace(value: Any, steps: tuple[str, ...], new: Any) -> Any:
    """A copy of ``value`` with the part at ``steps`` replaced; a last field that is not there is added."""
    if not steps:
        return new
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        index = int(step)
        return [*value[:index], _replace(value[index], rest, new), *value[index + 1 :]]
    return {**value, step: _replace(value[step], rest, new) if rest else new}


def _refuse_what_leads_nowhere(value: Any, steps: tuple[str, ...]) -> None:
    for step in steps:
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise ValueError(f"the value has no {step!r}") from None
