"""Templates in the spec: text with OpenAPI runtime expressions, such as ``Order {$request.path.id} is gone``.

``$request.path.NAME``, ``$request.query.NAME``, ``$request.header.NAME``, ``$url`` and ``$method`` are OpenAPI's own
(OpenAPI 3.1, section 4.8.20.4). Any other name is a value of the answer that was decided: ``$order.trayNumber``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rescind.contract.received import Received

_EXPRESSION = re.compile(r"\{\$([^{}]+)\}")


class Missing:
    """The type of ``MISSING``, which an expression gives when the exchange has no such value."""


MISSING = Missing()


class Scope(NamedTuple):
    """What an expression can see: the request, and the values of the answer."""

    received: Received
    values: Mapping[str, Any]


def compile_template(text: str) -> Callable[[Scope], Any]:
    """Compile a template once; calling it gives the text, or ``MISSING`` if a value is not there.

    A template that is one single expression gives the value itself, with its type.
    Raises ValueError for an expression that cannot be understood.
    """
    parts = _EXPRESSION.split(text)
    if len(parts) == 3 and not parts[0] and not parts[2]:  # noqa: PLR2004 - text, one expression, text
        return _expression(parts[1])
    literals, expressions = parts[::2], [_expression(part) for part in parts[1::2]]

    def fill(scope: Scope) -> Any:
        text = literals[0]
        for expression, literal in zip(expressions, literals[1:], strict=True):
            value = expression(scope)
            if value is MISSING:
                return MISSING
            text += f"{value}{literal}"
        return text

    return fill


def _expression(name: str) -> Callable[[Scope], Any]:
    match name.split("."):
        case ["url"]:
            return lambda scope: scope.received.request.base_url + scope.received.request.path
        case ["method"]:
            return lambda scope: scope.received.request.method
        case ["request", "path", key]:
            return lambda scope: scope.received.path.get(key, MISSING)
        case ["request", "query", key]:
            return lambda scope: scope.received.query.get(key, [MISSING])[0]
        case ["request", "header", key]:
            return lambda scope: scope.received.request.headers.get(key.lower(), MISSING)
        case ["request" | "response", *_]:
            raise ValueError(f"the expression ${name} is not one of $request.path, .query or .header, $url or $method")
        case [root, *steps]:
            return _value(root, steps)
    raise ValueError(f"the expression ${name} is empty")


def _value(root: str, steps: list[str]) -> Callable[[Scope], Any]:
    def look(scope: Scope) -> Any:
        value = scope.values.get(root, MISSING)
        for step in steps:
            try:
                value = value.get(step, MISSING)
            except AttributeError:
                return MISSING
        return value

    return look
