"""The body of an example: serialised once, with gaps where the spec puts values in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rescind.contract.expressions import MISSING, Scope, compile_template
from rescind.model import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Steps = tuple[str, ...]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_MARK = re.compile(r'"\\u0000gap (\d+)\\u0000"')


class Gap(NamedTuple):
    """A place in a body: the template that fills it, what the example shows there, and templates inside of that."""

    steps: Steps
    template: Callable[[Scope], Any]
    shown: Any
    inner: list[tuple[Steps, Callable[[Scope], Any]]]

    def value(self, scope: Scope) -> Any:
        """Return what fills the gap; where a template's value is not there, what the example shows."""
        value = self.template(scope)
        if value is MISSING:
            value = self.shown
        for steps, template in self.inner:
            new = template(scope)
            if new is not MISSING:
                value = _replaced(value, steps, new)
        return value


class Body(NamedTuple):
    """The text of a body around its gaps. ``write`` serialises the value that fills one."""

    start: str
    gaps: tuple[tuple[Gap, str], ...]
    write: Callable[[Any], str]

    def fill(self, scope: Scope) -> bytes:
        """Return the bytes of the body."""
        text = self.start
        for gap, after in self.gaps:
            text += self.write(gap.value(scope)) + after
        return text.encode(errors="replace")


def compile_reply_body(
    value: Any, media_type: str | None, templates: Mapping[str, str], texts: Mapping[str, str]
) -> Body:
    """Compile an example's value and the templates that fill it, by JSON pointers into the value.

    A ``Code`` in the answer is shown as its text in ``texts``.

    Raises ValueError for an expression that cannot be understood, or a pointer to a part that does not exist.
    """
    if media_type is None:
        return Body("", (), _encode)
    write = _encode if media_type.partition(";")[0].endswith("json") else _as_text
    value, gaps = _with_gaps(value, {pointer: _compiled(text, texts) for pointer, text in templates.items()})
    if gaps and not gaps[0].steps:
        return Body("", ((gaps[0], ""),), write)
    start, *rest = _MARK.split(write(value))
    filled = tuple((gaps[int(index)], after) for index, after in zip(rest[::2], rest[1::2], strict=True))
    return Body(start, filled, _encode)


def _with_gaps(value: Any, templates: Mapping[str, Callable[[Scope], Any]]) -> tuple[Any, list[Gap]]:
    """Return the value with a mark at each gap, and the gaps. A pointer into a gap belongs to that gap."""
    gaps: list[Gap] = []
    for pointer in sorted(templates, key=lambda pointer: pointer.count("/")):
        steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
        template = templates[pointer]
        outer = next((gap for gap in gaps if steps[: len(gap.steps)] == gap.steps), None)
        if outer:
            inside = steps[len(outer.steps) :]
            _part(outer.shown, inside)
            outer.inner.append((inside, template))
        else:
            gap = Gap(steps, template, _part(value, steps), [])
            value = _replaced(value, steps, f"\0gap {len(gaps)}\0")
            gaps.append(gap)
    return value, gaps


def _compiled(text: str, texts: Mapping[str, str]) -> Callable[[Scope], Any]:
    template = compile_template(text)
    return (lambda scope: _spelled_out(template(scope), texts)) if texts else template


def _spelled_out(value: Any, texts: Mapping[str, str]) -> Any:
    """Return the value with the texts in the place of their codes."""
    if isinstance(value, dict):
        return {key: _spelled_out(part, texts) for key, part in value.items()}
    if isinstance(value, list):
        return [_spelled_out(part, texts) for part in value]
    return texts[value] if isinstance(value, Code) else value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else _encode(value)


def _part(value: Any, steps: Steps) -> Any:
    """Return the part of ``value`` at ``steps``. Raises ValueError if it does not exist."""
    for step in steps:
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise ValueError(f"the value has no {step!r}") from None
    return value


def _replaced(value: Any, steps: Steps, new: Any) -> Any:
    """Return a copy of ``value`` with the part at ``steps`` replaced; a last field that is not there is added."""
    if not steps:
        return new
    step, rest = steps[0], steps[1:]
    if isinstance(value, list):
        index = int(step)
        return [*value[:index], _replaced(value[index], rest, new), *value[index + 1 :]]
    return {**value, step: _replaced(value[step], rest, new) if rest else new}
